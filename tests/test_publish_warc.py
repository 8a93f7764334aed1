"""Published WARC files: what the indexes say of file, offset and length gives the very record."""

from __future__ import annotations

import io
import json
import socket
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import uvicorn
from cdx_toolkit.warc import fetch_warc_record
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from warcio.archiveiterator import ArchiveIterator

import archiver
from archiver.bodies import sha1_base32
from archiver.publishing import publish
from archiver.shards import read_listing
from archiver.takedown import plan, take_down
from tests import exports


def located(folder: Path) -> list[dict[str, Any]]:
    """What DuckDB finds in the columnar index."""
    sql = f"SELECT * FROM read_parquet('{folder}/captures/**/*.parquet', hive_partitioning = true)"
    return duckdb.sql(sql).to_arrow_table().to_pylist()


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    files = Starlette(routes=[Mount("/", StaticFiles(directory=folder))])
    server = uvicorn.Server(uvicorn.Config(files, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def test_offset_and_length_give_the_record_and_its_body(tmp_path: Path):
    exports.archive_at(tmp_path / "a").close()
    with archiver.open(str(tmp_path / "a")) as archive:
        publish(archive, warc=True)
        bodies = {
            (row.url, f"{row.captured_at:%Y%m%d%H%M%S}"): archive.snapshot(row.record_key).body
            for row in archive.find()
        }
        rows = located(tmp_path / "a")
        assert len(rows) == sum(row.status is not None for row in archive.find())
        placed = [row for row in rows if row["warc_filename"]]
        assert {row["fetch_status"] for row in rows if row not in placed} == {304}, "which has no body to be read"
        for row in placed:
            part = archive.store.get_range(row["warc_filename"], row["warc_record_offset"], row["warc_record_length"])
            found = ArchiveIterator(io.BytesIO(part), check_digests="raise")
            record = next(found)
            body = record.content_stream().read()
            assert next(found, None) is None, "one record, to its last byte"
            assert record.rec_headers["WARC-Target-URI"] == archiver_uri(row["url"])
            assert record.rec_type == "response", "a body that came twice is there twice"
            assert body == (bodies[row["url"], f"{row['fetch_time']:%Y%m%d%H%M%S}"] or b"")
            assert row["content_digest"] in (None, sha1_base32(body))
        lines = [line for path in (tmp_path / "a").glob("indexes/*/*/index.cdx.gz") for line in unpacked(path)]
        named = [members for line in lines if "filename" in (members := json.loads(line.split(" ", 2)[2]))]
        assert len(named) == len(placed)
        with file_server(tmp_path / "a") as url:
            for members in named:
                assert fetch_warc_record(members, url).rec_headers["WARC-Target-URI"] == members["url"]


def archiver_uri(url: str) -> str:
    from archiver.warc.http_blocks import ascii_uri

    return ascii_uri(url)


def unpacked(path: Path) -> list[str]:
    data, text = path.read_bytes(), b""
    while data:
        member = zlib.decompressobj(wbits=31)
        text += member.decompress(data)
        data = member.unused_data
    return text.decode().splitlines()


def warcs(archive: archiver.OpenArchive) -> set[str]:
    return {info.key for info in archive.store.list("warc/")}


def test_warc_files_are_made_once_and_until_they_are_not_wanted(tmp_path: Path):
    exports.archive_at(tmp_path / "a").close()
    with archiver.open(str(tmp_path / "a")) as archive:
        publish(archive)
        assert warcs(archive) == set()
        publish(archive, warc=True)
        first = warcs(archive)
        assert {one.key for one in read_listing(archive.store).of("warc")} == first
        assert len(first) == 2
        assert publish(archive).made == 0, "as the last time"
        assert list(archive.verify()) == []
        changed = next(iter(archive.find(crawl="crawl-2")))
        take_down(
            archive, plan(archive, changed.id), reason="an order of a court", at=datetime(2026, 12, 1, tzinfo=UTC)
        )
        assert warcs(archive) < first, "no file still has what was taken down"
        publish(archive)
        assert len(warcs(archive)) == 2
        publish(archive, warc=False)
        publish(archive, warc=False)
        assert warcs(archive) == set()
