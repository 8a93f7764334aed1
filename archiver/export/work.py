"""The work of one export, kept so that an interrupted one goes on. In: facts. Out: the same facts. Never: half of them.

One SQLite file beside the data. Files only grow, and their sizes are kept in the same transaction as everything else:
after a crash they are cut back to the last checkpoint, and the export ends equal to one that was never interrupted.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from archiver.errors import BadInput, StoreError, StoreFull

FOLDER = ".export"  # inside the export's folder; gone when the export is complete

_STATE = "state.sqlite"
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE selection (n INTEGER PRIMARY KEY, record_key TEXT NOT NULL);
CREATE TABLE listed (line TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE left_out (record_key TEXT PRIMARY KEY, reason TEXT NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE originals (name TEXT PRIMARY KEY, volume INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE addresses (uri TEXT, second TEXT, PRIMARY KEY (uri, second)) WITHOUT ROWID;
CREATE TABLE cdx (volume INTEGER NOT NULL, line TEXT NOT NULL);
CREATE TABLE pages (volume INTEGER NOT NULL, line TEXT NOT NULL);
CREATE TABLE captures (crawl TEXT NOT NULL, surt TEXT NOT NULL, at TEXT NOT NULL, line TEXT NOT NULL);
"""


class Work:
    """The state of the export into `folder`. Nothing is kept before `checkpoint`."""

    def __init__(self, folder: Path, *, plan: dict[str, Any]) -> None:
        """Begin, or go on with, the export that `plan` describes. Raises BadInput if the folder holds another one."""
        self.folder, self.path = folder, folder / FOLDER
        self._handles: dict[str, IO[bytes]] = {}
        with translated(folder):
            self.path.mkdir(parents=True, exist_ok=True)
            self._facts = sqlite3.connect(self.path / _STATE, isolation_level=None, check_same_thread=False)
            self._begin(plan)
            self._cut_back()

    def _begin(self, plan: dict[str, Any]) -> None:
        self._facts.execute("PRAGMA journal_mode = WAL")
        self._facts.execute("PRAGMA synchronous = FULL")
        if not self._facts.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone():
            self._facts.executescript(f"BEGIN;{_TABLES}COMMIT;")
        self._facts.execute("BEGIN")
        if (known := self.fact("plan")) is None:
            self.note("plan", plan)
        elif {**known, "created": None} != {**json.loads(json.dumps(plan)), "created": None}:
            self._facts.execute("ROLLBACK")
            why = "holds an unfinished export of something else; repeat that command, or give another folder"
            raise BadInput(str(self.folder), why)

    def _cut_back(self) -> None:
        """Make the files as they were at the last checkpoint."""
        known = dict(self._facts.execute("SELECT path, size FROM files"))
        for path, size in known.items():
            file = self.folder / path
            if not file.exists() or file.stat().st_size < size:
                raise BadInput(str(file), f"is cut or gone; delete {self.folder} and export again")
            os.truncate(file, size)

    # ------------------------------------------------------------------ facts

    def fact(self, name: str) -> Any:
        """Return what was noted under `name`, None if nothing was."""
        found = self._facts.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def note(self, name: str, value: Any) -> None:
        """Note `value` (plain JSON) under `name`."""
        self._facts.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))

    def run(self, sql: str, *values: Any) -> None:
        """Execute one statement of ours."""
        self._facts.execute(sql, values)

    def run_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Execute one statement of ours for each row."""
        self._facts.executemany(sql, rows)

    def select(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a SELECT of ours."""
        yield from self._facts.execute(sql, values)

    # ------------------------------------------------------------------ files

    def append(self, path: str, data: bytes) -> int:
        """Append `data` to the file at `path`, relative to the export's folder; return the offset it begins at."""
        with translated(self.folder):
            handle = self._handles.get(path)
            if handle is None:
                handle = self._handles[path] = self._opened(path)
            offset = handle.tell()
            handle.write(data)
        return offset

    def size(self, path: str) -> int:
        """Return how long the file is now."""
        if path in self._handles:
            return self._handles[path].tell()
        found = self._facts.execute("SELECT size FROM files WHERE path = ?", (path,)).fetchone()
        return 0 if found is None else int(found[0])

    def _opened(self, path: str) -> IO[bytes]:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = file.open("r+b" if file.exists() else "w+b")
        handle.truncate(self.size(path))  # what was written after the last checkpoint is written again
        handle.seek(0, os.SEEK_END)
        return handle

    def let_go(self, path: str) -> None:
        """Close a file that will not grow any more."""
        if path in self._handles:
            self._flush(path)
            self._handles.pop(path).close()

    def _flush(self, path: str) -> None:
        handle = self._handles[path]
        handle.flush()
        os.fsync(handle.fileno())
        self._facts.execute("INSERT OR REPLACE INTO files VALUES (?, ?)", (path, handle.tell()))

    def checkpoint(self) -> None:
        """Keep everything that was noted and appended until now, durably."""
        with translated(self.folder):
            for path in self._handles:
                self._flush(path)
            self._facts.execute("COMMIT")
            self._facts.execute("BEGIN")

    def close(self, *, finished: bool) -> None:
        """Let go; `finished` deletes the state."""
        for handle in self._handles.values():
            handle.close()
        self._facts.close()
        if finished:
            clear(self.folder)


def is_unfinished(folder: Path) -> bool:
    """Whether an export into `folder` was begun and did not end."""
    return (folder / FOLDER / _STATE).exists()


def clear(folder: Path) -> None:
    """Delete the state of a finished export; what says that it is unfinished goes first."""
    (folder / FOLDER / _STATE).unlink(missing_ok=True)
    shutil.rmtree(folder / FOLDER, ignore_errors=True)


class translated:
    """Turns an error of disk or SQLite into ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError | sqlite3.OperationalError):
            full = "full" in str(error) or getattr(error, "errno", None) in (28, 122)
            raise (StoreFull if full else StoreError)(str(self._folder), f"cannot be written: {error}") from error
