"""Where everything in packs lies: a cache on this machine. In: contents of packs. Out: places. Never: the truth.

One row per pack, record and body; made anew from the packs' contents whenever it is lost. A pack that is still in the
spool of this machine is in it too, under the path of its file. Any thread may call any method.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

from archiver.errors import StoreError, StoreFull
from archiver.packs.contents import Answer, Line
from archiver.packs.splice import Spliced

VERSION = 1
_SCHEMA = """
CREATE TABLE packs (
    n INTEGER PRIMARY KEY,
    contents TEXT NOT NULL UNIQUE,       -- key of the contents, or path of those in the spool
    pack TEXT NOT NULL,                  -- key of the pack, or path
    why TEXT NOT NULL                    -- what is wrong with the contents, '' where nothing is
);
CREATE TABLE records (
    key TEXT NOT NULL, n INTEGER NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, long INTEGER NOT NULL,
    type TEXT, offset INTEGER, length INTEGER,
    PRIMARY KEY (key, n)
) WITHOUT ROWID;
CREATE TABLE bodies (
    key TEXT NOT NULL, n INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, tail BLOB NOT NULL,
    PRIMARY KEY (key, n)
) WITHOUT ROWID;
CREATE INDEX records_of_pack ON records (n);
CREATE INDEX bodies_of_pack ON bodies (n);
CREATE TABLE replaced (contents TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlace:
    """Where a record lies, and the answer it tells of."""

    contents: str
    pack: str
    size: int
    at: int
    long: int
    answer: Answer | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyPlace:
    """Where a body lies."""

    pack: str
    body: Spliced


class Index:
    """The index at `path`; in memory without one."""

    def __init__(self, path: Path | None) -> None:
        self._lock, self._path = RLock(), path
        self._db = _opened(path)
        self.is_empty = self._is_empty()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()

    def record(self, key: str) -> RecordPlace | None:
        """Return where the record of this key lies."""
        sql = """SELECT contents, pack, size, at, long, type, offset, length FROM records JOIN packs USING (n)
            WHERE key = ? LIMIT 1"""
        with self._lock:
            row = self._db.execute(sql, (key,)).fetchone()
        if row is None:
            return None
        contents, pack, size, at, long, kind, offset, length = row
        answer = Answer(type=kind, offset=offset, length=length) if kind else None
        return RecordPlace(contents=contents, pack=pack, size=size, at=at, long=long, answer=answer)

    def body(self, key: str) -> BodyPlace | None:
        """Return where the body of this key lies."""
        sql = "SELECT pack, offset, length, tail FROM bodies JOIN packs USING (n) WHERE key = ? LIMIT 1"
        with self._lock:
            row = self._db.execute(sql, (key,)).fetchone()
        if row is None:
            return None
        pack, offset, length, tail = row
        return BodyPlace(pack=pack, body=Spliced(key=key, offset=offset, length=length, tail=tail))

    def packs_with(self, key: str) -> list[tuple[str, str]]:
        """Return contents and pack of each pack that holds this record or body."""
        sql = """SELECT contents, pack FROM packs WHERE n IN
            (SELECT n FROM records WHERE key = ?1 UNION SELECT n FROM bodies WHERE key = ?1) ORDER BY contents"""
        with self._lock:
            return self._db.execute(sql, (key,)).fetchall()

    def sizes(self, prefix: str, after: str | None) -> Iterator[tuple[str, int]]:
        """Yield key and size of each record and body, as objects, a thousand at a time."""
        for table, size in (("records", "size"), ("bodies", "10 + length + 2 + 8")):
            sql = f"""SELECT DISTINCT key, {size} FROM {table}
                WHERE key > ? AND key >= ? AND key < ? ORDER BY key LIMIT 1000"""
            last = after or ""
            while True:
                with self._lock:
                    rows = self._db.execute(sql, (last, prefix, prefix + "\x7f")).fetchall()
                yield from rows
                if len(rows) < 1000:
                    break
                last = rows[-1][0]

    def known(self) -> dict[str, str]:
        """Return the contents that are in, and what is wrong with each."""
        with self._lock:
            return dict(self._db.execute("SELECT contents, why FROM packs"))

    def replaced(self) -> set[str]:
        """Return the contents that others replace."""
        with self._lock:
            return {contents for (contents,) in self._db.execute("SELECT contents FROM replaced")}

    def add(
        self, contents: str, pack: str, lines: Sequence[Line], *, why: str = "", replaces: Sequence[str] = ()
    ) -> None:
        """Enter a pack, whole or not at all; one that is in already gets these lines besides."""
        with self._lock, self._writing():
            self._db.execute(
                "INSERT INTO packs (contents, pack, why) VALUES (?, ?, ?)"
                " ON CONFLICT (contents) DO UPDATE SET why = excluded.why",
                (contents, pack, why),
            )
            ((n,),) = self._db.execute("SELECT n FROM packs WHERE contents = ?", (contents,)).fetchall()
            self._db.executemany(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (one.key, n, one.size, one.at, one.long)
                    + ((one.warc.type, one.warc.offset, one.warc.length) if one.warc else (None, None, None))
                    for one in lines
                    if one.key
                ),
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO bodies VALUES (?, ?, ?, ?, ?)",
                ((one.body.key, n, one.body.offset, one.body.length, one.body.tail) for one in lines if one.body),
            )
            self._db.executemany("INSERT OR REPLACE INTO replaced VALUES (?, ?)", ((old, n) for old in replaces))
            for old in replaces:
                self._forget(old)
            self.is_empty = False

    def rename(self, old: str, *, contents: str, pack: str) -> None:
        """A pack has left the spool: from now on it lies at these keys."""
        with self._lock, self._writing():
            self._forget(contents)  # somebody's listing came first
            self._db.execute("UPDATE packs SET contents = ?, pack = ? WHERE contents = ?", (contents, pack, old))

    def forget(self, contents: str) -> None:
        """Take a pack out."""
        with self._lock, self._writing():
            self._forget(contents)

    def _forget(self, contents: str) -> None:
        for (n,) in self._db.execute("SELECT n FROM packs WHERE contents = ?", (contents,)).fetchall():
            for table in ("records", "bodies", "replaced", "packs"):
                self._db.execute(f"DELETE FROM {table} WHERE n = ?", (n,))

    def _is_empty(self) -> bool:
        return not self._db.execute("SELECT EXISTS (SELECT 1 FROM packs)").fetchone()[0]

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            problem = StoreFull if "full" in str(error) else StoreError
            raise problem(str(self._path), f"the index of packs cannot be written ({error})") from error


def _opened(path: Path | None) -> sqlite3.Connection:
    if path is None:
        return _ready(sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _ready(sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30))
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):  # damaged: it is only a cache
            path.with_name(name).unlink(missing_ok=True)
        return _ready(sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30))


def _ready(db: sqlite3.Connection) -> sqlite3.Connection:
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = OFF")  # a cache: what a power cut takes is read again from the packs
    db.execute("BEGIN IMMEDIATE")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        for table in ("packs", "records", "bodies", "replaced"):
            db.execute(f"DROP TABLE IF EXISTS {table}")
        for statement in _SCHEMA.split(";")[:-1]:
            db.execute(statement)
        db.execute(f"PRAGMA user_version = {VERSION}")
    db.execute("COMMIT")
    return db
