"""Articles as Parquet. In: rows. Out: part files of one schema. Never: another kind of file beside them.

pyarrow.dataset and pandas fail on a folder that holds anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.errors import BadInput
from archiver.export.articles import COLUMNS

if TYPE_CHECKING:
    import pyarrow

ROWS_OF_A_PART = 100_000
ROWS_OF_A_GROUP = 1_000


def need_pyarrow() -> None:
    """Raise BadInput, with the cure, where pyarrow is not installed."""
    try:
        import pyarrow  # noqa: F401  # to see whether it is there
    except ImportError as error:
        raise BadInput("Parquet", "needs pyarrow; install it with `pip install newsvault[data]`") from error


def schema() -> pyarrow.Schema:
    """Return the schema of the articles' table, each column with its meaning."""
    import pyarrow as pa

    kinds = {
        "text": pa.string(),
        "list": pa.list_(pa.string()),
        "integer": pa.int64(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    return pa.schema(
        pa.field(name, kinds[kind], metadata={"description": meaning}) for name, (kind, meaning) in COLUMNS.items()
    )


def write(rows: Iterable[dict[str, Any]], folder: Path) -> None:
    """Write `part-00000.parquet` and so on into `folder`; one part without rows if there are none."""
    write_parts(typed(rows), folder, schema(), name="part-{:05d}.parquet")


def typed(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows with times instead of texts where the schema has times."""
    times = {name for name, (kind, _) in COLUMNS.items() if kind == "time"}
    for row in rows:
        yield {name: _moment(value) if name in times else value for name, value in row.items()}


def write_batches(reader: pyarrow.RecordBatchReader, path: Path) -> None:
    """Write what `reader` gives into one zstd file, a batch at a time."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, reader.schema, compression="zstd", compression_level=3) as writer:
        for batch in reader:
            writer.write_batch(batch)


def write_parts(
    rows: Iterable[dict[str, Any]],
    folder: Path,
    schema: pyarrow.Schema,
    *,
    name: str,
    rows_of_a_part: int = ROWS_OF_A_PART,
) -> None:
    """Write rows as zstd Parquet files of at most so many rows, in their order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    groups, number = _batches(rows, ROWS_OF_A_GROUP), 0
    group = next(groups, [])
    while number == 0 or group:
        written = 0
        with pq.ParquetWriter(folder / name.format(number), schema, compression="zstd", compression_level=3) as writer:
            while group and written < rows_of_a_part:
                writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=ROWS_OF_A_GROUP)
                written += len(group)
                group = next(groups, [])
        number += 1


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch
