"""DuckDB over an archive. In: an archive. Out: a connection with two views. Never: changing the archive.

The views read Parquet files beside the catalog, which are made of the records when they are first asked for and named
after what they are made of.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.errors import ArchiveError, BadInput
from archiver.readahead import read_ahead, threads_for

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from archiver.api.opened import OpenArchive


def connected(archive: OpenArchive) -> DuckDBPyConnection:
    """Return a connection whose views are `articles` and `captures`. Raises BadInput where DuckDB is not installed."""
    try:
        import duckdb
    except ImportError as error:
        raise BadInput("duckdb", "is not installed; `pip install newsvault[data]` brings it") from error
    folder = _tables(archive)
    connection = duckdb.connect()
    for name in ("articles", "captures"):
        files = str(folder / name).replace("'", "''")
        connection.execute(f"CREATE VIEW {name} AS FROM read_parquet('{files}/**/*.parquet', hive_partitioning = true)")
    return connection


def _tables(archive: OpenArchive) -> Path:
    beside = archive.synced_catalog().path.parent
    folder = beside / f"tables-{_state(archive)}"
    if not folder.exists():
        part = Path(tempfile.mkdtemp(prefix=".tables-", dir=beside))
        try:
            archive.query().to_parquet(_made(part / "articles") / "articles.parquet")
            _write_captures(archive, part / "captures")
            part.replace(folder)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        for older in set(beside.glob("tables-*")) - {folder}:
            shutil.rmtree(older, ignore_errors=True)
    return folder


def _state(archive: OpenArchive) -> str:
    digest = hashlib.sha256()
    for (sha256,) in archive.catalog.select("SELECT record_sha256 FROM snapshots ORDER BY 1"):
        digest.update(bytes.fromhex(sha256))
    return digest.hexdigest()[:16]


def _write_captures(archive: OpenArchive, folder: Path) -> None:
    from archiver.export import captures

    names = [crawl for (crawl,) in archive.catalog.select("SELECT DISTINCT crawl FROM snapshots ORDER BY 1")]
    for crawl in names:
        captures.write(_captures(archive, crawl), folder, crawl=crawl)
    if not names:
        captures.write(iter(()), folder, crawl="none")


def _captures(archive: OpenArchive, crawl: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a crawl, by SURT key; a URL that gave no answer is no capture to Common Crawl."""
    from archiver.export.captures import capture_row

    sql = "SELECT record_key FROM snapshots WHERE crawl = ? AND status IS NOT NULL ORDER BY surt, captured_at"
    keys = (key for (key,) in archive.catalog.select(sql, (crawl,)))
    for _, record in read_ahead(archive.record, keys, threads=threads_for(archive.uri)):
        if isinstance(record, ArchiveError):
            raise record
        yield capture_row(record, None)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
