"""Articles as an SQLite file, which Datasette opens. In: rows. Out: a file. Never: half of one.

Lists are JSON arrays, which `json_each` reads; the table `columns` says what each column means.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from archiver.export.articles import COLUMNS


def write(rows: Iterable[dict[str, Any]], path: Path, *, about: Mapping[str, str]) -> None:
    """Write the table `articles` and a table `about` with what describes the data set."""
    columns = ", ".join(f'"{name}" {"INTEGER" if kind == "integer" else "TEXT"}' for name, (kind, _) in COLUMNS.items())
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as file:
        file.execute("PRAGMA journal_mode = OFF")
        file.execute("PRAGMA synchronous = OFF")  # a crash means that it is written again
        file.execute("BEGIN")
        file.execute(f"CREATE TABLE articles ({columns}, PRIMARY KEY (id, collection))")
        file.execute("CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT)")
        file.execute("CREATE TABLE columns (name TEXT PRIMARY KEY, kind TEXT, meaning TEXT)")
        file.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        file.executemany("INSERT INTO columns VALUES (?, ?, ?)", ((n, k, m) for n, (k, m) in COLUMNS.items()))
        insert = f"INSERT OR REPLACE INTO articles VALUES ({', '.join('?' * len(COLUMNS))})"
        file.executemany(insert, ([_value(row[name]) for name in COLUMNS] for row in rows))
        for name in ("url", "domain, published", "captured_at"):
            file.execute(f"CREATE INDEX articles_{name.partition(',')[0]} ON articles ({name})")
        file.execute("COMMIT")


def _value(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
