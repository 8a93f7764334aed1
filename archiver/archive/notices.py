"""Notices: what was taken down, and must not come back. In: a store. Out: notices, a refusal. Never: deleting.

One sealed object per snapshot that was taken down, `crawls/takedown-<id>/notice.json`. Whoever puts something into the
archive is refused what a notice forbids: the same bytes anywhere; another capture of a URL that was taken down as a
whole; at the URL of a single snapshot its words, or nearly its words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Literal

from archiver.errors import ArchiveError, BadRecord, TakenDown
from archiver.keys import TAKEDOWNS, kind_of, notice_key
from archiver.model import Record
from archiver.readahead import read_ahead, threads_for
from archiver.seal import seal, unseal
from archiver.storage import Store
from archiver.urls import surt

_SECONDS = 300.0  # after that the notices are listed again: a crawl may run for weeks
_BITS = 3  # of a SimHash; as near as that are texts that differ in a few words

Scope = Literal["snapshot", "url"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That a snapshot was taken down: which, why, when, and what is not to be kept again."""

    id: str
    url: str
    scope: Scope  # "url": no capture of this URL is kept again
    reason: str
    at: str  # ISO 8601, UTC
    tombstone: str  # the key of the record that is left
    records: dict[str, str]  # keys of the records that were deleted → their sha256
    body: str | None  # the key of the body
    body_kept: bool  # other snapshots have the same body; then its bytes are refused at this URL only
    text_digest: str = ""  # of the article's words
    simhash: str = ""

    @property
    def error(self) -> TakenDown:
        """What a reader is told."""
        return TakenDown(self.url, self.reason, self.at[:10])


def notice_to_json(notice: Notice) -> bytes:
    """Return the notice as JSON that proves itself."""
    return seal(asdict(notice))


def notice_from_json(data: bytes, key: str) -> Notice:
    """Return the notice that `data`, read from `key`, holds. Raises BadRecord."""
    members = {name: value for name, value in unseal(data, key).items() if name != "digest"}
    try:
        notice = Notice(**members)
        if notice_key(notice.id) != key:
            raise BadRecord(key, f"it belongs at {notice_key(notice.id)}")
    except TypeError as error:
        raise BadRecord(key, f"not a notice: {error}") from error
    return notice


def read_notices(store: Store) -> Iterator[Notice]:
    """Yield every notice in the store. Raises BadRecord for a damaged one, which must not be passed over."""
    keys = (info.key for info in store.list(TAKEDOWNS) if kind_of(info.key) == "notice")
    for key, data in read_ahead(store.get, keys, threads=threads_for(store.uri)):
        if isinstance(data, ArchiveError):
            raise data
        yield notice_from_json(data, key)


class Notices:
    """The notices of a store, listed when first asked for and every five minutes. Any thread may ask."""

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._clock, self._lock = store, clock, Lock()
        self._until = -1.0
        self._notices: tuple[Notice, ...] = ()

    def check(self, record: Record) -> None:
        """Raise TakenDown if `record` must not be kept."""
        for notice in self._known():
            if _forbids(notice, record):
                raise notice.error

    def _known(self) -> tuple[Notice, ...]:
        with self._lock:
            if self._clock() >= self._until:
                self._notices = tuple(read_notices(self._store))
                self._until = self._clock() + _SECONDS
            return self._notices


def _forbids(notice: Notice, record: Record) -> bool:
    body = _body(record)
    if record.id == notice.id or (body is not None and body == notice.body and not notice.body_kept):
        return True
    if surt(record.url) != surt(notice.url):
        return False
    extra = record.article.extra if record.article else {}
    return (
        notice.scope == "url"
        or (body is not None and body == notice.body)
        or (bool(notice.text_digest) and extra.get("text_digest") == notice.text_digest)
        or _distance(str(extra.get("simhash", "")), notice.simhash) <= _BITS
    )


def _body(record: Record) -> str | None:
    return record.html.key if record.html else None


def _distance(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count() if one and other else 64
