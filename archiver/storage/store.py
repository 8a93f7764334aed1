"""The seam to storage. In: a key, bytes. Out: the same bytes, or an error with its cure. Never: knowledge of crawls.

A store keeps objects under keys: `put_new` never overwrites, `replace` always does, both are atomic. All makers of
stores (memory, folder, S3) pass one contract suite and may be called from many threads at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

from archiver.errors import BadInput

_SEGMENT = re.compile(r"[A-Za-z0-9._=-]{1,200}")  # a file system takes 255 bytes; a temporary name needs some of them
_KEY_BYTES = 900  # S3 takes 1,024; the prefix of the archive's URI needs some of them


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store says about an object. `sha256` is None where the store cannot say it without reading the bytes."""

    key: str
    size: int
    modified: datetime  # aware, UTC: by the store's clock
    sha256: str | None = None


class Store(Protocol):
    """Objects under keys. Every method may raise StoreError, StoreDenied or StoreFull besides what it names.

    `uri` opens the same store again (`open_store(store.uri)`); it never holds a secret.
    """

    @property
    def uri(self) -> str:
        """Where this store is."""

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """Keep `data` at `key`, durably. True: stored now. False: the same bytes were there already.

        Raises KeyTaken if other bytes are there. Of many writers of one key exactly one gets True; a reader sees the
        whole object or none. `media_type` and `encoding` are HTTP's Content-Type and Content-Encoding, for browsers.
        """

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """Keep `data` at `key`, whatever was there; for the few objects that change. Atomic: old or new, never half."""

    def get(self, key: str) -> bytes:
        """Return the object at `key`. Raises NotArchived if there is none.

        Raises FixityMismatch where the store knows a sha256 of the object and these bytes, read twice, have another.
        """

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return `get(key)[start:start + length]` without moving the rest. Raises NotArchived if there is no object."""

    def head(self, key: str) -> ObjectInfo | None:
        """Return what is known about the object at `key`; None if there is none."""

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """Yield every object whose key starts with `prefix` and, as a string, is greater than `after`. In no order."""

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """Keep at `key` what is at `keys`, one after the other, without moving it through this machine where it can.

        Atomic, and whatever was at `key` before goes. Raises NotArchived if one of them is not there.
        """

    def delete(self, key: str) -> None:
        """Remove the object at `key`; nothing happens if there is none."""

    def check(self, *, write: bool) -> None:
        """Raise now what a crawl would meet later: no bucket, no right, no server, no room. Leaves nothing behind."""

    def close(self) -> None:
        """Let go of connections. A closed store is not used again."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *problem: object) -> None: ...


def is_key(key: str) -> bool:
    """Whether `key` names an object on every kind of store: see `check_key`."""
    segments = key.split("/")
    return len(key) <= _KEY_BYTES and all(_SEGMENT.fullmatch(part) and part not in (".", "..") for part in segments)


def check_key(key: str) -> str:
    """Return `key` if every kind of store keeps it unchanged; raise BadInput otherwise.

    Segments of ASCII letters, digits, `.`, `_`, `=` and `-`, joined by `/`; none empty, `.` or `..`; at most 200 bytes
    each and 900 in all. SeaweedFS changes or refuses dot segments and backslashes, file systems refuse segments > 255
    bytes.
    """
    if not is_key(key):
        shown = key if len(key) <= 80 else key[:77] + "..."
        raise BadInput(
            repr(shown), "not a key; use letters, digits, `.`, `_`, `=`, `-` and `/`, as in `html/ab/abcd.html.gz`"
        )
    return key


def check_range(start: int, length: int) -> None:
    """Raise BadInput unless both numbers of a byte range are 0 or more."""
    if start < 0 or length < 0:
        raise BadInput(f"bytes {start}+{length}", "a range starts at 0 or later and its length is 0 or more")


def is_wanted(key: str, prefix: str, after: str | None) -> bool:
    """Whether `list(prefix, after=after)` yields `key`."""
    return key.startswith(prefix) and (after is None or key > after)
