"""The audit's ledger: what is there, what was promised, what is needed. In: facts. Out: what does not fit. Never: kept.

A temporary SQLite file, so that the memory of an audit does not grow with the archive.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import Any

from archiver.fixity.manifests import Entry
from archiver.storage import ObjectInfo

_TABLES = """
CREATE TABLE objects (key TEXT PRIMARY KEY, kind TEXT NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE promises (key TEXT, sha256 TEXT, kind TEXT, size INTEGER, url TEXT, body TEXT, PRIMARY KEY (key, sha256));
CREATE TABLE needs (body TEXT PRIMARY KEY, size INTEGER NOT NULL, record TEXT NOT NULL, url TEXT NOT NULL);
CREATE TABLE deleted (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE excused (body TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_BATCH = 1000


class Ledger:
    """Facts of one audit. `close` deletes them."""

    def __init__(self) -> None:
        self._facts = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._facts.executescript(f"PRAGMA journal_mode = OFF;{_TABLES}")

    def there(self, infos: Iterable[tuple[ObjectInfo, str]]) -> None:
        """Note objects that the store lists, each with its kind."""
        rows = ((info.key, kind, info.size) for info, kind in infos)
        self._many("INSERT OR IGNORE INTO objects VALUES (?, ?, ?)", rows)

    def promised(self, entries: Iterable[Entry]) -> None:
        """Note what a manifest promises. An object may be promised again, with other bytes after a takedown."""
        rows = ((one.key, one.sha256, one.kind, one.size, one.url, one.body) for one in entries)
        self._many("INSERT OR IGNORE INTO promises VALUES (?, ?, ?, ?, ?, ?)", rows)

    def need(self, body: str, *, size: int, record: str, url: str) -> None:
        """Note that a sound record needs this body."""
        self._facts.execute("INSERT OR IGNORE INTO needs VALUES (?, ?, ?, ?)", (body, size, record, url))

    def excuse(self, bodies: Iterable[str]) -> None:
        """Note bodies whose record is damaged: they are not to be named as well."""
        self._many("INSERT OR IGNORE INTO excused VALUES (?)", ((body,) for body in bodies))

    def deleted(self, keys: Iterable[str]) -> None:
        """Note objects that a takedown deleted: they are promised no more."""
        self._many("INSERT OR IGNORE INTO deleted VALUES (?)", ((key,) for key in keys))

    def undeleted(self) -> Iterator[str]:
        """Yield the records and files that are there although a takedown deleted them."""
        sql = "SELECT key FROM objects WHERE kind != 'body' AND key IN (SELECT key FROM deleted) ORDER BY key"
        yield from (key for (key,) in self._all(sql))

    def excuse_bodies_of(self, record: str) -> None:
        """Note the bodies that manifests name for this record."""
        self._facts.execute(
            "INSERT OR IGNORE INTO excused SELECT body FROM promises WHERE key = ? AND body IS NOT NULL", (record,)
        )

    def keys(self, kind: str) -> Iterator[str]:
        """Yield the keys of all objects of this kind, sorted."""
        yield from (key for (key,) in self._all("SELECT key FROM objects WHERE kind = ? ORDER BY key", kind))

    def count(self, kind: str) -> int:
        """Return how many objects of this kind there are."""
        return int(next(self._all("SELECT count(*) FROM objects WHERE kind = ?", kind))[0])

    def promised_files(self) -> Iterator[str]:
        """Yield the crawl files and notices that are there and that a manifest promises."""
        kept = "SELECT key FROM objects WHERE kind IN ('file', 'notice')"
        yield from (key for (key,) in self._all(f"{kept} AND key IN (SELECT key FROM promises) ORDER BY key"))

    def needed_bodies(self) -> Iterator[str]:
        """Yield the bodies that are there and that a record needs."""
        yield from (
            key for (key,) in self._all("SELECT key FROM objects WHERE key IN (SELECT body FROM needs) ORDER BY 1")
        )

    def digests(self, key: str) -> dict[str, int]:
        """Return what manifests promise about `key`: digest and size; empty if none does."""
        return dict(self._all("SELECT sha256, size FROM promises WHERE key = ?", key))

    def size_needed(self, body: str) -> int | None:
        """Return the size that a record promises for this body; None if no record speaks of it."""
        return next((size for (size,) in self._all("SELECT size FROM needs WHERE body = ?", body)), None)

    def is_needed(self, body: str) -> bool:
        """Whether a sound record needs this body."""
        return self.size_needed(body) is not None

    def is_there(self, key: str) -> bool:
        """Whether the store listed this key."""
        return next(self._all("SELECT 1 FROM objects WHERE key = ?", key), None) is not None

    def broken_promises(self) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Yield key, kind, url and body of what a manifest promises and the store does not list."""
        there = "SELECT key FROM objects UNION SELECT key FROM deleted"
        yield from self._all(f"SELECT key, kind, url, body FROM promises WHERE key NOT IN ({there}) GROUP BY key")

    def missing_bodies(self) -> Iterator[tuple[str, str]]:
        """Yield key and url of each body that a record needs and the store does not list."""
        yield from self._all("SELECT body, url FROM needs WHERE body NOT IN (SELECT key FROM objects) ORDER BY 1")

    def unneeded_bodies(self) -> Iterator[str]:
        """Yield the bodies that nothing speaks of."""
        spoken_of = "SELECT body FROM needs UNION SELECT body FROM excused"
        sql = f"SELECT key FROM objects WHERE kind = 'body' AND key NOT IN ({spoken_of}) ORDER BY key"
        yield from (key for (key,) in self._all(sql))

    def close(self) -> None:
        """Delete the ledger."""
        self._facts.close()

    def _all(self, sql: str, *values: Any) -> Iterator[Any]:
        return iter(self._facts.execute(sql, values))

    def _many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        self._facts.execute("BEGIN")
        self._facts.executemany(sql, rows)
        self._facts.execute("COMMIT")
