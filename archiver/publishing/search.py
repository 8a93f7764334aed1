"""A search shard: a part of the catalog as one immutable SQLite file. In: a catalog, keys. Out: a file. Never: half.

It answers the questions that the catalog answers: its tables `snapshots` and `articles` are views of one table here,
so that all about a hit is read at once. It is packed tight: one merged index, pages as large as a request, rows in the
order of their capture; and it says how many articles hold each common word, so that nobody needs to count them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from archiver.catalog import Catalog
from archiver.catalog.database import VERSION
from archiver.catalog.rows import COLUMNS
from archiver.catalog.tables import FILTERS, INDEX
from archiver.catalog.words import COLUMNS as WORDS
from archiver.shards.remote import BLOCK

COMMON = 1_000  # articles that hold a word before it is counted beforehand

_NAMES = ", ".join((*COLUMNS, "published_at"))
_WORDS = ", ".join(f"words_{name}" for name in WORDS)
_TABLES = f"""
CREATE TABLE common (term TEXT PRIMARY KEY, articles INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE pages (number INTEGER PRIMARY KEY, {_NAMES}, {_WORDS});
CREATE VIEW snapshots AS SELECT number, {_NAMES} FROM pages;
CREATE VIEW articles AS SELECT number, url, published, {", ".join(f"words_{name} AS {name}" for name in WORDS)}
  FROM pages WHERE words_text IS NOT NULL;
CREATE INDEX pages_filters ON pages ({FILTERS});
CREATE INDEX pages_surt ON pages (surt, captured_at);
CREATE INDEX pages_id ON pages (id);
{INDEX}
"""


def write(catalog: Catalog, keys: Sequence[str], path: Path) -> None:
    """Write the shard of these records, in their order, at `path`. Raises StoreError if the catalog fails."""
    with closing(sqlite3.connect(path, isolation_level=None)) as shard:
        shard.execute(f"PRAGMA page_size = {BLOCK}")
        shard.execute("PRAGMA journal_mode = OFF")
        shard.execute("PRAGMA synchronous = OFF")  # a crash means that it is made again
        shard.executescript(_TABLES)
        shard.execute("ATTACH ? AS catalog", (str(catalog.path),))
        shard.execute("CREATE TEMP TABLE wanted (n INTEGER PRIMARY KEY, key TEXT)")
        shard.execute("BEGIN")
        shard.executemany("INSERT INTO wanted (key) VALUES (?)", ((key,) for key in keys))
        names = ", ".join(f"row.{name}" for name in (*COLUMNS, "published_at"))
        words = ", ".join(f"words.{name}" for name in WORDS)
        shard.execute(
            f"INSERT INTO pages SELECT n, {names}, {words} FROM wanted JOIN catalog.snapshots AS row"
            " ON record_key = key LEFT JOIN catalog.articles AS words ON words.number = row.number ORDER BY n"
        )
        shard.execute("INSERT INTO articles_fts (articles_fts) VALUES ('rebuild')")
        shard.execute("INSERT INTO articles_fts (articles_fts) VALUES ('optimize')")
        shard.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, articles_fts, 'row')")
        shard.execute("INSERT INTO common SELECT term, doc FROM vocabulary WHERE doc >= ?", (COMMON,))
        shard.execute("COMMIT")
        shard.execute("DETACH catalog")
        shard.execute(f"PRAGMA user_version = {VERSION}")
        shard.execute("VACUUM")
