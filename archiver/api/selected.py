"""A selection: which snapshots, as tables. In: a query, conditions. Out: rows, data frames, Parquet. Never: I/O early.

Columns are those of the exported table of articles (docs/reference/formats.md). What the catalog holds comes from
there; the other columns, the text among them, from the records, which are read and proved a few at a time.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.api.html import table
from archiver.api.snapshot import ArchivedSnapshot
from archiver.bodies import sha256_hex
from archiver.catalog import Query, Row
from archiver.catalog.queries import condition, order
from archiver.catalog.rows import COLUMNS as OF_A_ROW
from archiver.catalog.rows import from_values
from archiver.errors import ArchiveError, BadInput
from archiver.readahead import read_ahead, threads_for
from archiver.record import from_json
from archiver.timestamps import iso

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from archiver.api.opened import OpenArchive

_BATCH = 500  # rows held at once
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Selected:
    """Snapshots of an archive, not read yet: `where` and `select` narrow, everything else reads."""

    archive: OpenArchive
    query: Query
    conditions: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    names: tuple[str, ...] | None = None  # of the columns; None: all

    def where(self, sql: str, *values: Any) -> Selected:
        """Return what of it fulfils an SQL condition on the fields of `archiver list`, as in `"words > ?", 300`.

        Times are text as in `2026-11-02T08:30:00.000000Z`, `authors` and `flags` JSON arrays.
        """
        return replace(self, conditions=(*self.conditions, (sql, values)))

    def select(self, *names: str) -> Selected:
        """Return the same with these columns only. Raises BadInput for a name that is no column."""
        from archiver.export.articles import COLUMNS

        for name in names:
            if name not in COLUMNS:
                raise BadInput(f"column {name!r}", f"known are {', '.join(COLUMNS)}")
        return replace(self, names=names)

    def count(self) -> int:
        """Return how many there are; a limit counts."""
        return int(next(self._select("count(*)"))[0])

    def __iter__(self) -> Iterator[ArchivedSnapshot]:
        return (ArchivedSnapshot(self.archive, row) for row in self.rows())

    def rows(self) -> Iterator[Row]:
        """Yield what the catalog knows of each."""
        return map(from_values, self._select(", ".join(OF_A_ROW)))

    def to_dicts(self) -> Iterator[dict[str, Any]]:
        """Yield a row of the table for each, as JSON has it. Raises what makes a record unreadable."""
        from archiver.export.articles import COLUMNS, article_row

        names = self.names or tuple(COLUMNS)
        if set(names) <= set(OF_A_ROW):
            for row in self.rows():
                yield {name: _plain(getattr(row, name)) for name in names}
            return
        keys = (row.record_key for row in self.rows())
        read = self.archive.record_bytes
        for key, data in read_ahead(read, keys, threads=threads_for(self.archive.uri)):
            if isinstance(data, ArchiveError):
                raise data
            row_of_table = article_row(from_json(data, key), record_sha256=sha256_hex(data))
            yield {name: row_of_table[name] for name in names}

    def to_reader(self) -> pyarrow.RecordBatchReader:
        """Return the table as pyarrow reads it, batch after batch."""
        from archiver.export import parquet

        parquet.need_pyarrow()
        import pyarrow as pa

        schema = parquet.schema()
        if self.names is not None:
            schema = pa.schema([schema.field(name) for name in self.names])
        rows = parquet.typed(self.to_dicts())
        batches = iter(lambda: list(islice(rows, _BATCH)), [])
        return pa.RecordBatchReader.from_batches(
            schema, (pa.RecordBatch.from_pylist(batch, schema=schema) for batch in batches)
        )

    def to_arrow(self) -> pyarrow.Table:
        """Return the table in memory."""
        return self.to_reader().read_all()

    def to_pandas(self) -> pandas.DataFrame:
        """Return the table as pandas has it. Raises BadInput where pandas is not installed."""
        _need("pandas")
        return self.to_arrow().to_pandas()

    def to_polars(self) -> polars.DataFrame:
        """Return the table as polars has it. Raises BadInput where polars is not installed."""
        _need("polars")
        import polars as pl

        return pl.DataFrame(pl.from_arrow(self.to_arrow()))

    def to_parquet(self, path: str | PathLike[str]) -> Path:
        """Write the table into a file, a batch at a time, and return its path. What was there is replaced."""
        from archiver.export import parquet

        reader, to = self.to_reader(), Path(path)
        part = to.with_name(to.name + ".part")
        parquet.write_batches(reader, part)
        part.replace(to)
        return to

    def _select(self, what: str) -> Iterator[tuple[Any, ...]]:
        sql, values = condition(self.query)
        tail, more = order(self.query)
        parts = [sql, *(f"({sql})" for sql, _ in self.conditions)]
        bound = [*values, *(value for _, given in self.conditions for value in given), *more]
        statement = f"SELECT * FROM snapshots WHERE {' AND '.join(parts)}{tail}"
        catalog = self.archive.synced_catalog()
        with closing(catalog.connect()) as reader:
            reader.execute("PRAGMA query_only = ON")
            try:
                yield from reader.execute(f"SELECT {what} FROM ({statement})", bound)
            except sqlite3.Error as error:
                asked = " and ".join(sql for sql, _ in self.conditions)
                raise BadInput(asked or "this selection", f"cannot be selected by: {error}") from error

    def _repr_html_(self) -> str:
        names = ("captured_at", "domain", "title", "language", "words", "id")
        shown = ([getattr(row, name) for name in names] for row in islice(self.rows(), _SHOWN))
        return table(names, shown) + f"<p>{self.count():,} snapshots</p>"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else iso(value) if hasattr(value, "tzinfo") else value


def _need(name: str) -> None:
    from importlib.util import find_spec

    if find_spec(name) is None:
        raise BadInput(name, "is not installed; `pip install newsvault[data]` brings it")
