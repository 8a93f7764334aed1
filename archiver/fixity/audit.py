"""The audit: every object re-read and re-hashed. In: an archive. Out: one Damage per damaged key. Never: writing.

list everything → manifests → notices → records → crawl files → bodies → what is missing → what nothing refers to

What a takedown deleted is missed by nobody: its notice names it, and the tombstone that must be there instead.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Protocol

from archiver.bodies import sha256_hex
from archiver.errors import ArchiveError, BadInput, BadRecord, FixityMismatch, NotArchived, StoreError
from archiver.fixity.checks import (
    Proved,
    bodies_named_in,
    check_body,
    check_record,
    check_stored,
    measured,
    proved,
    unread,
)
from archiver.fixity.ledger import Ledger
from archiver.fixity.manifests import copy_of, read_manifest
from archiver.keys import RECORDS, is_copy, kind_of, second_of
from archiver.model import Damage
from archiver.readahead import Reads, Value, read_ahead, threads_for
from archiver.seal import unseal
from archiver.storage import ObjectInfo, Store

Progress = Callable[[int, int], None]

_ENOUGH = 20  # reads that fail one after another: then it is the store that fails, not its objects


class HasStore(Protocol):
    """An archive, as far as an audit is concerned."""

    @property
    def store(self) -> Store:
        """Where the objects are."""


def verify(
    archive: HasStore,
    *,
    sample: float | None = None,
    since: datetime | None = None,
    rate: float | None = None,
    progress: Progress | None = None,
    seed: int | None = None,
    taken_down: Callable[[str], None] | None = None,
    reads: Mapping[str, Reads | None] | None = None,
) -> Iterator[Damage]:
    """Re-read and re-hash the archive and yield each damaged object, once, as it is found.

    `sample` checks that share (0 to 1) of records and bodies, chosen anew each time unless `seed` is given; `since`
    checks what was captured from then on. Both still compare manifests with what is there, but cannot tell which bodies
    nothing refers to. `rate` limits reading, in bytes per second. `progress` is told how many of how many objects were
    checked, `taken_down` the URL of each snapshot that was taken down, which is no damage. `reads` reads `records`, as
    `proved` does, and `bodies`, as `measured` does, elsewhere; there is no rate then. Raises StoreError if the
    store cannot be listed, or fails twenty times in a row.
    """
    if sample is not None and not 0 < sample <= 1:
        raise BadInput(f"sample {sample:g}", "give a share above 0 and up to 1 (100 %)")
    if rate is not None and rate <= 0:
        raise BadInput(f"rate {rate:g}", "give bytes per second, above 0")
    return _run(
        _Audit(
            archive.store,
            sample=sample,
            since=since,
            pace=Pace(rate),
            progress=progress,
            seed=seed,
            taken_down=taken_down,
            reads=reads or {},
        )
    )


def _run(audit: _Audit) -> Iterator[Damage]:
    named: set[str] = set()  # as large as the damage, not as the archive
    with closing(audit.ledger):
        for damage in audit.run():
            if damage.key not in named:
                named.add(damage.key)
                yield damage


class Pace:
    """Holds reading back to `rate` bytes per second; None does not."""

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._start, self._bytes = clock(), 0

    def took(self, size: int) -> None:
        """Count `size` bytes and sleep until they are due."""
        if self._rate is None:
            return
        self._bytes += size
        early = self._bytes / self._rate - (self._clock() - self._start)
        if early > 0:
            self._sleep(early)


class _Audit:
    def __init__(
        self,
        store: Store,
        *,
        sample: float | None,
        since: datetime | None,
        pace: Pace,
        progress: Progress | None,
        seed: int | None,
        taken_down: Callable[[str], None] | None,
        reads: Mapping[str, Reads | None],
    ) -> None:
        self.ledger = Ledger()
        self._taken_down, self._reads = taken_down, reads
        self._store, self._since, self._sample, self._pace = store, since, sample, pace
        self._chance = random.Random(seed)
        self._progress = progress
        self._done = self._total = self._failed = 0

    def run(self) -> Iterator[Damage]:
        yield from self._list()
        yield from self._manifests()
        yield from self._notices()
        self._total = sum(self.ledger.count(kind) for kind in ("manifest", "record", "body"))
        yield from self._records()
        yield from self._files()
        yield from self._bodies()
        yield from self._missing()
        if self._since is None and self._sample is None:
            yield from self._unneeded()

    def _list(self) -> Iterator[Damage]:
        strays: list[Damage] = []
        self.ledger.there(self._sorted_out(self._store.list(), strays))
        yield from strays

    def _sorted_out(self, infos: Iterable[ObjectInfo], strays: list[Damage]) -> Iterator[tuple[ObjectInfo, str]]:
        for info in infos:
            kind = kind_of(info.key)
            if kind is None:
                detail = f"no object of an archive has such a key; {info.size:,} bytes"
                strays.append(Damage(key=info.key, problem="unreferenced", detail=detail))
            elif kind not in (
                "catalog",
                "published",
                "state",
                "pack",
            ):  # what is made anew from the records proves nothing
                yield info, kind

    def _manifests(self) -> Iterator[Damage]:
        for key, data in self._read(self._store.get, self.ledger.keys("manifest")):
            if isinstance(data, ArchiveError):
                yield unread(key, data)
                continue
            try:
                self.ledger.promised(read_manifest(data, key))
                if not is_copy(key):
                    self.ledger.promised([copy_of(data, key)])
            except BadRecord as error:
                yield Damage(key=key, problem="altered" if data.endswith(b"\n") else "truncated", detail=error.why)

    def _notices(self) -> Iterator[Damage]:
        for key, data in self._read(self._store.get, self.ledger.keys("notice")):
            if isinstance(data, ArchiveError):
                yield unread(key, data)
                continue
            try:
                notice = unseal(data, key)
                gone = [*notice["records"], *([] if notice["body_kept"] or not notice["body"] else [notice["body"]])]
                self.ledger.deleted(gone)
                tombstone, url = str(notice["tombstone"]), str(notice["url"])
            except (BadRecord, KeyError, TypeError) as error:
                yield Damage(key=key, problem="altered", detail=str(error))
                continue
            if not self.ledger.is_there(tombstone) and self._is_gone(tombstone):
                yield Damage(key=tombstone, problem="missing", detail=f"the tombstone of {url}")
            elif self._taken_down is not None:
                self._taken_down(url)
        for key in self.ledger.undeleted():
            detail = "its snapshot was taken down, but this is there; run `archiver takedown` again"
            yield Damage(key=key, problem="unreferenced", detail=detail)

    def _records(self) -> Iterator[Damage]:
        read = self._reads.get("records")
        for key, found in self._read(lambda key: proved(self._store.get(key), key), self._chosen("record"), read):
            if isinstance(found, Proved):
                damage = check_stored(key, found.sha256, found.size, self.ledger.digests(key), is_whole=True)
                if damage is None:
                    self._need(key, found)
                    continue
                named = [found.body] if found.body else []
            elif isinstance(found, ArchiveError):
                damage, named = unread(key, found), []
            else:
                known = check_record(key, found, self.ledger.digests(key))
                damage, named = known if isinstance(known, Damage) else None, bodies_named_in(found)
            self.ledger.excuse_bodies_of(key)
            self.ledger.excuse(named)
            assert damage is not None
            yield damage

    def _files(self) -> Iterator[Damage]:
        for key, data in self._read(self._store.get, self.ledger.promised_files()):
            if isinstance(data, ArchiveError):
                yield unread(key, data)
            elif damage := check_stored(key, sha256_hex(data), len(data), self.ledger.digests(key)):
                yield damage

    def _bodies(self) -> Iterator[Damage]:
        keys = self._chosen("body") if self._since is None else iter(list(self.ledger.needed_bodies()))
        for key, found in self._read(lambda key: measured(self._store.get(key)), keys, self._reads.get("bodies")):
            if isinstance(found, ArchiveError):
                yield unread(key, found)
                continue
            size = self.ledger.size_needed(key)
            if damage := check_body(key, found, self.ledger.digests(key), size=size):
                yield damage

    def _missing(self) -> Iterator[Damage]:
        for key, kind, url, body in list(self.ledger.broken_promises()):
            if self._is_gone(key):
                self.ledger.excuse_bodies_of(key)
                yield Damage(key=key, problem="missing", detail=self._what_is_missing(kind, url, body))
        for key, url in list(self.ledger.missing_bodies()):
            if self._is_gone(key):
                yield Damage(key=key, problem="missing", detail=f"the body of {url}")

    def _is_gone(self, key: str) -> bool:
        """Whether an object that was not listed is not there; a crawl may have put it since."""
        return self._store.head(key) is None

    def _what_is_missing(self, kind: str, url: str | None, body: str | None) -> str:
        if kind != "record":
            return f"a {kind} that its crawl's manifest promises"
        what = f"the record of {url}"
        if body is None or not self.ledger.is_there(body):
            return what
        if self._since is None and self._sample is None and self.ledger.is_needed(body):
            return f"{what}; its body {body} is kept, and another record refers to it"
        return f"{what}; its body {body} is kept, but orphaned"

    def _unneeded(self) -> Iterator[Damage]:
        if next(self.ledger.unneeded_bodies(), None) is None:
            return
        for info in self._store.list(RECORDS):  # a crawl may have put the record since
            if kind_of(info.key) == "record" and not self.ledger.is_there(info.key):
                self._need_if_sound(info.key)
        for key in self.ledger.unneeded_bodies():
            yield Damage(key=key, problem="unreferenced", detail="no readable record refers to this body")

    def _need_if_sound(self, key: str) -> None:
        try:
            found = proved(self._store.get(key), key)
        except (FixityMismatch, NotArchived):
            return  # the next audit looks at it
        if isinstance(found, Proved):
            self._need(key, found)

    def _need(self, key: str, found: Proved) -> None:
        if found.body is not None:
            self.ledger.need(found.body, size=found.body_size, record=key, url=found.url)

    def _chosen(self, kind: str) -> Iterator[str]:
        for key in self.ledger.keys(kind):
            if kind == "record" and self._since is not None and not self._is_since(key):
                continue
            if self._sample is None or self._chance.random() < self._sample:
                yield key

    def _is_since(self, key: str) -> bool:
        try:
            return self._since is None or second_of(key) >= self._since.replace(microsecond=0)
        except BadInput:  # no such day: the record itself will say so
            return True

    def _read(
        self, read: Callable[[str], Value], keys: Iterable[str], reads: Reads | None = None
    ) -> Iterator[tuple[str, Value | ArchiveError]]:
        for key, value in reads(keys) if reads else read_ahead(read, keys, threads=threads_for(self._store.uri)):
            self._failed = self._failed + 1 if isinstance(value, StoreError) else 0
            if isinstance(value, StoreError) and self._failed >= _ENOUGH:
                raise value
            self._pace.took(_size_of(value))
            self._done += 1
            if self._progress is not None:
                self._progress(self._done, max(self._total, self._done))
            yield key, value


def _size_of(value: object) -> int:
    return len(value) if isinstance(value, bytes) else getattr(value, "stored_size", getattr(value, "size", 0))
