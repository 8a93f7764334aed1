"""The spool: packs being filled, on this machine's disk. In: captures. Out: packs in the store. Never: losing one.

    <token>.warc.gz    the pack as far as it goes        <token>.jsonl.gz    its contents, without the last line

A capture is in when both files are on the disk (fsync; captures that come together share one). A full pack is put into
the store: pack first, contents second, and what has no contents is no pack to anybody. Then the spool lets go of it. A
process that is killed leaves its files; the next one that writes to this archive from this machine cuts what is torn
and goes on with them. The lock on the pack's file says that its process lives.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO
from uuid import uuid4

from archiver.errors import StoreError, StoreFull
from archiver.keys import PACK_BYTES, contents_key, pack_key, second_of
from archiver.model import Record, Snapshot
from archiver.packs.contents import Answer, Footer, Line, Part, footer_bytes, line_bytes, read_contents
from archiver.packs.index import Index
from archiver.packs.splice import Spliced, splice
from archiver.storage import Store
from archiver.warc.records import Lookup, hop_records, main_records
from archiver.warc.writing import member, to_bytes, warcinfo

OLDEST = 300.0  # seconds a capture waits in the spool at most while others come
MEDIA_TYPES = {"pack": "application/warc", "contents": "application/gzip"}


class Spool:
    """One process's spool for one collection of one archive. Any thread may call any method."""

    def __init__(
        self,
        folder: Path,
        *,
        store: Store,
        index: Index,
        collection: str,
        target: int = PACK_BYTES,
        at_once: bool = False,
        fsync: bool = True,
    ) -> None:
        """Fill packs in `folder`. `at_once`: a capture is in only when its pack is in the store, full or not."""
        self.folder, self.collection = folder.absolute(), collection
        self._store, self._index, self._target, self._fsync = store, index, target, fsync
        self._at_once = at_once
        self._lock, self._syncing, self._sending = Lock(), Lock(), Lock()
        self._open: _Open | None = None
        self._full: list[tuple[Path, BinaryIO]] = []  # packs that wait to be put, each with its lock

    def add(
        self, record: Record, record_bytes: bytes, *, key: str, body: bytes, packed: bytes, earlier: Lookup
    ) -> None:
        """Keep a capture; what was kept already stays. On return it survives a kill and a power cut.

        `packed` is the body as `splicable` returns it, empty where it is kept elsewhere; `earlier` finds what a revisit
        refers to. Raises StoreFull where this disk is full, StoreError where a full pack cannot be put: call it again.
        """
        with self._lock:
            if self._index.record(key) is None:
                current = self._current(record)
                if key not in current.lines:  # else the index failed after it was written
                    current.append(record, record_bytes, key=key, body=body, packed=packed, earlier=earlier)
                self._index.add(str(current.contents), str(current.pack), [current.lines[key]])
            filling, end = self._open, self._open.end if self._open else 0
        if filling is not None:
            self._sync(filling, end)
        with self._lock:
            if self._open is not None and (self._open.end >= self._target or self._open.age > OLDEST):
                self._seal()
        self._send()
        if self._at_once:
            self._settle(key)

    def _settle(self, key: str) -> None:
        """Return when the capture is in the store. What comes during one put shares the next."""
        with self._sending:
            place = self._index.record(key)
            if place is not None and is_local(place.pack):
                with self._lock:
                    self._seal()
                self._put_all()

    def flush(self) -> None:
        """Put every pack into the store, also one that is not full. Raises StoreError; then call it again."""
        with self._lock:
            self._seal()
        self._send()

    def recover(self) -> int:
        """Take over what processes that died left of this archive's spool; return how many packs. Raises StoreError."""
        with self._lock:
            left = ((path, _mended(path, self._index)) for path in sorted(self.folder.glob("*.warc.gz")))
            found = [(path, lock) for path, lock in left if lock is not None]
            self._full += found
        self._send()
        return len(found)

    def close(self) -> None:
        """Let go of the files; what is in them stays."""
        with self._lock:
            for lock in [lock for _, lock in self._full] + ([self._open.close()] if self._open else []):
                lock.close()
            self._open, self._full = None, []

    def _current(self, record: Record) -> _Open:
        if self._open is None:
            with _disk(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                token = uuid4().hex[:16]
                name = pack_key(self.collection, record.captured_at, token).rpartition("/")[2]
                self._open = _Open(self.folder / token, name=name, at=record.captured_at)
                if self._fsync:
                    _sync_folder(self.folder)
        return self._open

    def _sync(self, current: _Open, end: int) -> None:
        """Return when the first `end` bytes are on the disk: one fsync serves all who wait for it."""
        with self._syncing:
            if current.synced >= end or current.is_closed:
                return
            with _disk(self.folder):
                current.sync(durable=self._fsync)

    def _seal(self) -> None:
        if self._open is None or not self._open.end:
            return
        with self._syncing, _disk(self.folder):
            self._open.sync(durable=self._fsync)
        self._full.append((self._open.pack, self._open.close()))
        self._open = None

    def _send(self) -> None:
        with self._sending:
            self._put_all()

    def _put_all(self) -> None:
        while self._full:
            path, lock = self._full[0]
            self._put(path)
            self._full.pop(0)
            lock.close()

    def _put(self, path: Path) -> None:
        """Put one pack; doing it again changes nothing."""
        contents = _contents_of(path)
        pack, listed = path.read_bytes(), contents.read_bytes()
        lines = read_contents(listed).lines
        if lines:
            digest = hashlib.sha256(pack).hexdigest()
            key = pack_key(self.collection, second_of(lines[0].key), path.name.removesuffix(".warc.gz"))
            footer = Footer(pack=key, size=len(pack), parts=(Part(sha256=digest, size=len(pack)),), lines=len(lines))
            self._store.put_new(key, pack, media_type=MEDIA_TYPES["pack"])
            self._store.put_new(contents_key(key), listed + footer_bytes(footer), media_type=MEDIA_TYPES["contents"])
            self._index.rename(str(contents), contents=contents_key(key), pack=key)
        contents.unlink(missing_ok=True)  # first: a pack without contents is nothing to go on with
        path.unlink(missing_ok=True)


class _Open:
    """A pack that is being filled."""

    def __init__(self, stem: Path, *, name: str, at: datetime) -> None:
        self.pack, self.contents = stem.with_name(f"{stem.name}.warc.gz"), stem.with_name(f"{stem.name}.jsonl.gz")
        self._contents = self.contents.open("xb", buffering=0)
        self._pack = self.pack.open("xb", buffering=0)
        fcntl.flock(self._pack, fcntl.LOCK_EX)
        self._since = time.monotonic()
        self._first = warcinfo(
            name=name,
            at=at.astimezone(UTC),
            about=(("software", "newsvault"),),
        )
        self.end = self.synced = 0
        self._listed = 0
        self.lines: dict[str, Line] = {}
        self.is_closed = False

    @property
    def age(self) -> float:
        return time.monotonic() - self._since

    def append(
        self, record: Record, record_bytes: bytes, *, key: str, body: bytes, packed: bytes, earlier: Lookup
    ) -> None:
        """Write a capture's records and its line, or neither."""
        data, answer, spliced = self._records(Snapshot(record=record, body=body), packed=packed, earlier=earlier)
        line = Line(
            key=key,
            size=len(record_bytes),
            warc=answer,
            body=spliced,
            end=self.end + len(data),
        )
        listed = line_bytes(line, record_bytes)
        try:
            with _disk(self.pack):
                _write(self._pack, data)
                _write(self._contents, listed)
        except BaseException:
            for file, size in ((self._pack, self.end), (self._contents, self._listed)):
                file.truncate(size)
                file.seek(size)
            raise
        self.lines[key] = replace(line, at=self._listed, long=len(listed))
        self.end, self._listed = line.end, self._listed + len(listed)

    def _records(
        self, snapshot: Snapshot, *, packed: bytes, earlier: Lookup
    ) -> tuple[bytes, Answer | None, Spliced | None]:
        html = snapshot.record.html
        main = main_records(snapshot, earlier=earlier)
        pieces = [] if self.end else [member(to_bytes(self._first))]
        answer = spliced = None
        for record in [*hop_records(snapshot), *main]:
            at = self.end + sum(map(len, pieces))
            if record is main[0] and record.type == "response" and packed and html is not None:
                data, found = splice(
                    record, body=snapshot.body or b"", packed=packed, key=html.key, warcinfo=self._first.id
                )
                spliced = found.moved(at)
            else:
                data = member(to_bytes(record, warcinfo=self._first.id))
            if record is main[0] and record.entry is not None:
                answer = Answer(type=record.type, offset=at, length=len(data))
            pieces.append(data)
        return b"".join(pieces), answer, spliced

    def sync(self, *, durable: bool) -> None:
        end = self.end
        if durable and not self.is_closed:
            os.fsync(self._pack.fileno())
            os.fsync(self._contents.fileno())
        self.synced = end

    def close(self) -> BinaryIO:
        """Write no more; return what holds the lock."""
        self.is_closed = True
        self._contents.close()
        return self._pack


def _mended(path: Path, index: Index) -> BinaryIO | None:
    """Take the pack at `path` over from a dead process and cut what is torn off it; return what holds the lock."""
    try:
        file = path.open("r+b", buffering=0)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    contents = _contents_of(path)
    contents.touch()
    size = file.seek(0, os.SEEK_END)
    lines = [line for line in read_contents(contents.read_bytes()).lines if line.end <= size]
    file.truncate(lines[-1].end if lines else 0)
    os.truncate(contents, lines[-1].at + lines[-1].long if lines else 0)
    index.forget(str(contents))
    index.add(str(contents), str(path), lines)
    return file


def is_local(name: str) -> bool:
    """Whether this is a file of the spool, not a key."""
    return name.startswith("/")


def _sync_folder(folder: Path) -> None:
    """So that the names of its files survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _contents_of(pack: Path) -> Path:
    return pack.with_name(pack.name.removesuffix(".warc.gz") + ".jsonl.gz")


def _write(file: BinaryIO, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(str(path), "no room left for the pack that is being filled; make room") from error
        raise StoreError(str(path), f"the spool cannot be written ({error.strerror})") from error
