"""A store in this process's memory, for tests and trials. In: keys, bytes. Out: the same. Never: a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import NamedTuple, Self

from archiver.errors import KeyTaken, NotArchived
from archiver.storage.store import ObjectInfo, check_key, check_range, is_wanted


class _Kept(NamedTuple):
    data: bytes
    modified: datetime


class MemoryStore:
    """Objects in a dict. `open_store("memory://name")` gives the same one again as long as the process lives."""

    def __init__(self, name: str) -> None:
        self.uri = f"memory://{name}"
        self._lock = Lock()
        self._objects: dict[str, _Kept] = {}

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """See Store."""
        kept = _Kept(bytes(data), datetime.now(UTC))
        with self._lock:
            there = self._objects.setdefault(check_key(key), kept)
        if there.data != kept.data:
            raise KeyTaken(key)
        return there is kept

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """See Store."""
        with self._lock:
            self._objects[check_key(key)] = _Kept(bytes(data), datetime.now(UTC))

    def get(self, key: str) -> bytes:
        """See Store."""
        kept = self._objects.get(check_key(key))
        if kept is None:
            raise NotArchived(key)
        return kept.data

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See Store."""
        check_range(start, length)
        return self.get(key)[start : start + length]

    def head(self, key: str) -> ObjectInfo | None:
        """See Store."""
        kept = self._objects.get(check_key(key))
        return None if kept is None else _info(key, kept)

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """See Store. Shows the objects of one moment."""
        with self._lock:
            wanted = [(key, kept) for key, kept in self._objects.items() if is_wanted(key, prefix, after)]
        yield from (_info(key, kept) for key, kept in wanted)

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """See Store."""
        self.replace(key, b"".join(map(self.get, keys)), media_type=media_type)

    def delete(self, key: str) -> None:
        """See Store."""
        with self._lock:
            self._objects.pop(check_key(key), None)

    def check(self, *, write: bool) -> None:
        """See Store. Memory is always ready."""

    def close(self) -> None:
        """See Store. The objects stay, for whoever opens this name next."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def _info(key: str, kept: _Kept) -> ObjectInfo:
    digest = hashlib.sha256(kept.data).hexdigest()
    return ObjectInfo(key=key, size=len(kept.data), modified=kept.modified, sha256=digest)


_STORES: dict[str, MemoryStore] = {}  # by name: the one state this module keeps, it is what the name promises
_STORES_LOCK = Lock()


def open_memory(name: str) -> MemoryStore:
    """Return this process's store of that name, made on first use."""
    with _STORES_LOCK:
        return _STORES.setdefault(name, MemoryStore(name))
