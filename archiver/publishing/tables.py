"""Parquet of a part: articles, and Common Crawl's columns. In: records. Out: two files. Never: all rows in memory.

Articles lie by registered domain and date of publication, so that a query about one outlet reads few row groups; bloom
filters on `id` and `url` let one about a page skip the rest.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.bodies import sha256_hex
from archiver.export import captures, parquet
from archiver.export.articles import article_row
from archiver.export.cdxj import Place
from archiver.model import Record
from archiver.publishing.indexes import line_of

if TYPE_CHECKING:
    import pyarrow

ROWS_OF_A_GROUP = 5_000


class Collected:
    """The rows of a part, on disk until they are sorted."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = OFF")
        self._file.execute("PRAGMA synchronous = OFF")
        self._file.execute("CREATE TABLE articles (domain, published, id, row)")
        self._file.execute("CREATE TABLE captures (surt, at, row)")
        self._file.execute("CREATE TABLE lines (line)")
        self._file.execute("BEGIN")

    def add(self, record: Record, data: bytes, place: Place | None) -> None:
        """Keep what a record gives. `data` is the record as it is stored, `place` where its answer lies in a WARC."""
        row = article_row(record, record_sha256=sha256_hex(data))
        order = row["domain"], row["published"] or "", row["id"]
        self._file.execute("INSERT INTO articles VALUES (?, ?, ?, ?)", (*order, json.dumps(row)))
        if record.capture.status is not None:  # what got no answer is no capture to an index
            capture = captures.capture_row(record, place)
            key = capture["url_surtkey"], capture["fetch_time"]
            self._file.execute("INSERT INTO captures VALUES (?, ?, ?)", (*key, json.dumps(capture)))
            self._file.execute("INSERT INTO lines VALUES (?)", (line_of(record, place),))

    def write_articles(self, path: Path) -> int:
        """Write the articles; return how many rows."""
        rows = self._rows("SELECT row FROM articles ORDER BY domain, published, id")
        return _write(parquet.typed(rows), parquet.schema(), path, blooms=("id", "url"))

    def write_captures(self, path: Path) -> int:
        """Write the captures by SURT key; return how many rows."""
        rows = self._rows("SELECT row FROM captures ORDER BY surt, at, row")
        return _write(captures.typed(rows), captures.schema(), path, blooms=("url",))

    def lines(self) -> Iterator[str]:
        """Yield the lines of the index, sorted by bytes."""
        with closing(self._file.execute("SELECT line FROM lines ORDER BY line")) as found:
            yield from (line for (line,) in found)

    def _rows(self, sql: str) -> Iterator[dict[str, Any]]:
        with closing(self._file.execute(sql)) as found:
            yield from (json.loads(row) for (row,) in found)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


def _write(rows: Iterator[dict[str, Any]], schema: pyarrow.Schema, path: Path, *, blooms: tuple[str, ...]) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count, more = 0, {}
    if "bloom_filter_options" in signature(pq.ParquetWriter.__init__).parameters:  # older pyarrow cannot write them
        more["bloom_filter_options"] = dict.fromkeys(blooms, True)
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=3, **more) as writer:
        while batch := [row for _, row in zip(range(ROWS_OF_A_GROUP), rows, strict=False)]:
            writer.write_table(pa.Table.from_pylist(batch, schema=schema), row_group_size=ROWS_OF_A_GROUP)
            count += len(batch)
    return count
