"""The catalog's file. In: rows. Out: the same rows, found by any of their members. Never: blocking a start.

A file that is cut, zeroed or not ours is moved aside and made anew; the next `sync` fills it. One process writes while
others read (WAL). After a power loss the last rows may be missing, and `sync` adds them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any, Self
from weakref import finalize

from archiver.catalog.queries import Query, condition, order
from archiver.catalog.rows import COLUMNS, Card, Row, from_values, sortable, to_values
from archiver.catalog.tables import TABLES
from archiver.catalog.words import spaced
from archiver.errors import StoreError, StoreFull
from archiver.keys import CATALOG

VERSION = 4  # of the tables; a file of another version is made anew

_BUSY_SECONDS = 30.0
_SMALL = 64 * 1024 * 1024  # bytes; a file up to here is checked page by page at opening, in less than 0.1 s
_NAMES = ", ".join(COLUMNS)
_FIND = "SELECT number, generation, record_sha256 FROM snapshots WHERE collection = ? AND id = ?"
_INSERT = f"INSERT INTO snapshots ({_NAMES}, published_at) VALUES ({', '.join('?' * len(COLUMNS))}, ?)"
_REMOVE = "DELETE FROM snapshots WHERE record_key = ?"
_INSERT_ARTICLE = "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?)"


class Catalog:
    """One row per snapshot. Any thread may call any method."""

    def __init__(self, path: Path | None) -> None:
        """Open the catalog at `path`, made if missing. None: in a temporary file, for as long as this object lives."""
        if path is None:
            folder = tempfile.mkdtemp(prefix="newsvault-")
            finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder) / "catalog.sqlite"
        self.path = path
        self._lock = Lock()
        self._writer = self._opened()

    def add(self, cards: Iterable[Card]) -> None:
        """Keep the cards, each instead of an older one of the same snapshot. Raises StoreError, StoreFull."""
        kept = list(cards)
        with self._lock:
            try:
                self._write(lambda writer: _add(writer, kept))
            except StoreError:
                raise
            except sqlite3.DatabaseError:  # damaged since it was opened
                self._renew()
                self._write(lambda writer: _add(writer, kept))

    def remove(self, record_keys: Iterable[str]) -> None:
        """Forget the rows of these records."""
        gone = [(key,) for key in record_keys]
        with self._lock:
            self._write(lambda writer: writer.executemany(_REMOVE, gone))

    def take(self, path: Path, *, name: str) -> None:
        """Keep the rows of another catalog's file, as `add` would, and remember that `name` was taken."""

        def copied(writer: sqlite3.Connection) -> None:
            newer = (
                "SELECT number FROM taken.snapshots AS new WHERE NOT EXISTS (SELECT 1 FROM main.snapshots AS old"
                " WHERE old.collection = new.collection AND old.id = new.id AND (old.generation > new.generation"
                " OR old.record_sha256 = new.record_sha256))"
            )
            writer.execute(
                "DELETE FROM main.snapshots WHERE (collection, id) IN"
                f" (SELECT collection, id FROM taken.snapshots WHERE number IN ({newer}))"
            )
            writer.execute(
                f"INSERT INTO main.snapshots ({_NAMES}, published_at) SELECT {_NAMES}, published_at"
                f" FROM taken.snapshots WHERE number IN ({newer}) ORDER BY number"
            )
            writer.execute(
                "INSERT INTO main.articles SELECT kept.number, url, published, title, authors, description, text"
                " FROM taken.articles AS new JOIN (SELECT old.number AS theirs, mine.number AS number"
                " FROM taken.snapshots AS old JOIN main.snapshots AS mine USING (collection, id)) AS kept"
                " ON new.number = kept.theirs WHERE kept.number NOT IN (SELECT number FROM main.articles)"
                " ORDER BY kept.number"
            )
            writer.execute("INSERT OR IGNORE INTO main.taken_files VALUES (?)", (name,))

        with self._lock:
            self._writer.execute("ATTACH ? AS taken", (str(path),))
            try:
                self._write(copied)
            finally:
                self._writer.execute("DETACH taken")

    def pulled(self) -> list[str]:
        """Return the names that `take` was given."""
        return [name for (name,) in self.select("SELECT name FROM taken_files")]

    def find(self, query: Query) -> Iterator[Row]:
        """Yield the rows that `query` means, as they were when it was asked, oldest first unless it says otherwise."""
        where, values = condition(query)
        tail, more = order(query)
        for found in self.select(f"SELECT {_NAMES} FROM snapshots WHERE {where}{tail}", [*values, *more]):
            yield from_values(found)

    def count(self, query: Query) -> int:
        """Return how many rows `query` means; its limit does not count."""
        where, values = condition(query)
        return int(next(self.select(f"SELECT count(*) FROM snapshots WHERE {where}", values))[0])

    def collections(self) -> list[str]:
        """Return the names of the collections, sorted."""
        return [name for (name,) in self.select("SELECT DISTINCT collection FROM snapshots ORDER BY 1")]

    def select(self, sql: str, values: Iterable[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT of ours, over its own connection. Raises StoreError if the file is damaged."""
        with self.reading() as reader:
            yield from reader.execute(sql, list(values))

    def first(self, sql: str, values: Iterable[Any] = ()) -> tuple[Any, ...] | None:
        """Return the first row of a short SELECT of ours. Over the writer's connection: to open one costs more than it.

        Raises StoreError if the file is damaged, and moves it aside.
        """
        with self._lock, self._telling(renew=self._renew):
            found: tuple[Any, ...] | None = self._writer.execute(sql, list(values)).fetchone()
            return found

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Give a connection to read with. Raises StoreError if the file is damaged, and moves it aside."""
        with self._telling(renew=self._renew_alone), closing(self.connect()) as reader:
            yield reader

    def _renew_alone(self) -> None:
        with self._lock:
            self._renew()

    @contextmanager
    def _telling(self, *, renew: Callable[[], None]) -> Iterator[None]:
        """Turn what SQLite says into our errors; a damaged file is made anew by `renew`."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise _translate(self.path, error) from error
        except sqlite3.DatabaseError as error:
            renew()
            why = "the catalog was damaged and has been moved aside; run this again and it is made anew"
            raise StoreError(str(self.path), why) from error

    def connect(self) -> sqlite3.Connection:
        """Return a connection of one's own; the caller closes it."""
        connection = sqlite3.connect(
            self.path, timeout=_BUSY_SECONDS, check_same_thread=False, isolation_level=None, cached_statements=32
        )
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def become(self, other: Catalog) -> None:
        """Hold what `other` holds, from one moment to the next: whoever reads sees the old rows until then."""
        with self._lock:
            try:
                with closing(other.connect()) as source:
                    source.backup(self._writer)
            except sqlite3.OperationalError as error:
                raise _translate(self.path, error) from error

    def compact(self) -> None:
        """Rewrite the file, so that nothing of a removed row is left, nor in tables made of it. Raises StoreError."""
        for made in self.path.parent.glob("tables-*"):
            shutil.rmtree(made, ignore_errors=True)
        with self._lock:
            try:
                self._writer.execute(
                    "INSERT INTO articles_fts (articles_fts) VALUES ('optimize')"
                )  # drops removed words
                self._writer.execute("VACUUM")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            except sqlite3.OperationalError as error:
                raise _translate(self.path, error) from error

    def close(self) -> None:
        """Let go of the file."""
        self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _opened(self) -> sqlite3.Connection:
        try:
            beside = self.path.parent.name == CATALOG.strip("/")  # in an archive others may read it; a cache is private
            self.path.parent.mkdir(mode=0o777 if beside else 0o700, parents=True, exist_ok=True)
            with _alone(self.path.parent):
                try:
                    return self._connected()
                except sqlite3.OperationalError:
                    raise
                except sqlite3.DatabaseError:
                    set_aside(self.path)
                    return self._connected()
        except (sqlite3.Error, OSError) as error:
            raise _translate(self.path, error) from error

    def _connected(self) -> sqlite3.Connection:
        """Return a connection to a sound file of our version. Raises sqlite3.DatabaseError for any other file."""
        if self.path.exists() and not _has_its_length(self.path):
            raise sqlite3.DatabaseError("cut")
        connection = self.connect()
        try:
            _check(connection, thorough=self.path.exists() and self.path.stat().st_size <= _SMALL)
        except BaseException:
            connection.close()
            raise
        return connection

    def _renew(self) -> None:
        with suppress(sqlite3.Error):
            self._writer.close()
        set_aside(self.path)
        self._writer = self._opened()

    def _write(self, change: Callable[[sqlite3.Connection], object]) -> None:
        writer = self._writer
        try:
            writer.execute("BEGIN IMMEDIATE")
            try:
                change(writer)
                writer.execute("COMMIT")
            except BaseException:
                if writer.in_transaction:
                    writer.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise _translate(self.path, error) from error


def _add(writer: sqlite3.Connection, cards: list[Card]) -> None:
    for card in cards:
        row = card.row
        known = writer.execute(_FIND, (row.collection, row.id)).fetchone()
        if known is not None:
            if known[1] > row.generation or known[2] == row.record_sha256:
                continue  # an older generation never takes the place of a newer one
            writer.execute("DELETE FROM snapshots WHERE number = ?", known[:1])
        number = writer.execute(_INSERT, (*to_values(row), sortable(row.published))).lastrowid
        if card.text or row.title:
            words = (row.title or "", "\n".join(row.authors), card.description, card.text)
            writer.execute(_INSERT_ARTICLE, (number, row.url, row.published, *map(spaced, words)))


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time makes a catalog here: to another one a half-made file is a damaged one."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with suppress(OSError):  # some network file systems lock no folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def set_aside(path: Path) -> None:
    """Move a catalog that cannot be used out of the way; it is kept for whoever wants to look at it."""
    for number in range(1, 1000):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            break
    with suppress(FileNotFoundError):
        os.replace(path, aside)
    for tail in ("-wal", "-shm"):  # they would be played back into the new file
        with suppress(FileNotFoundError):
            os.unlink(f"{path}{tail}")


def _check(connection: sqlite3.Connection, *, thorough: bool) -> None:
    """Make the tables in an empty file; raise sqlite3.DatabaseError if the file is not sound or not of our version."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
        with suppress(sqlite3.OperationalError):  # another process was faster
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN IMMEDIATE;{TABLES}PRAGMA user_version = {VERSION};COMMIT;")
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != VERSION:
        raise sqlite3.DatabaseError(f"version {version}")
    if thorough and connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
        raise sqlite3.DatabaseError("quick_check")


def _has_its_length(path: Path) -> bool:
    """Whether the file is as long as its header says (SQLite file format, 1.3.8); an empty one is a new one."""
    wal = path.with_name(f"{path.name}-wal")
    if wal.exists() and wal.stat().st_size > 0:  # what is missing may be in there
        return True
    with path.open("rb") as file:
        head = file.read(100)
    if not head:
        return True
    size = int.from_bytes(head[16:18], "big")
    pages = int.from_bytes(head[28:32], "big")
    return len(head) == 100 and path.stat().st_size >= pages * (65536 if size == 1 else size)


def _translate(path: Path, error: Exception) -> StoreError:
    full = "full" in str(error) or getattr(error, "errno", None) in (28, 122)
    return (StoreFull if full else StoreError)(str(path), f"the catalog cannot be used: {error}")
