"""The archive: the whole flow on one screen. In: captures. Out: snapshots, proved. Never: a promise without bytes.

put:  capture + reading → prepare → body → record → catalog row
get:  URL or id → catalog row → record → body, its sha256 compared
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from threading import Lock
from typing import Any, Self, Unpack

from archiver.archive.notices import Notices
from archiver.archive.prepared import Packed, Prepared, Receipt, prepare
from archiver.archive.selection import Narrowing, When, Where, moment, selection
from archiver.bodies import BodyDamaged, sha256_hex, unpack
from archiver.catalog import (
    RANKED,
    Catalog,
    FacetName,
    Found,
    Query,
    Row,
    Sort,
    Synced,
    Target,
    catalog_path,
    rebuild,
    row_of,
    search,
    sync,
    target,
)
from archiver.errors import ArchiveError, BadInput, BadRecord, FixityMismatch, KeyTaken, NotArchived
from archiver.fixity import Pace, Progress, verify
from archiver.keys import (
    LAYOUTS,
    PACK_BYTES,
    Layout,
    generation_key,
    generation_of,
    id_of,
    kind_of,
    record_prefix,
    second_of,
)
from archiver.model import Capture, Damage, Reading, Record, Snapshot, Verdict
from archiver.packs import Compacted, PackedStore, check_packs, compact, splicable
from archiver.readahead import Reads, read_ahead, threads_for
from archiver.record import from_json, key_of, refuse_tombstone
from archiver.storage import Store, open_store
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.records import Lookup, Original
from archiver.warc.writing import record_uuid

logger = logging.getLogger(__name__)


class Archive:
    """Captures kept as bodies and records, and the catalog that finds them. Any thread may call any method."""

    prepare = staticmethod(prepare)

    def __init__(
        self,
        store: Store,
        *,
        sync: bool = True,
        progress: Progress | None = None,
        layout: Layout = "objects",
        pack_bytes: int = PACK_BYTES,
        at_once: bool = False,
    ) -> None:
        """Use `store`. `sync=False` trusts the catalog as it is; `progress` is told how far a sync is.

        `layout` is of what is put from now on: an object for each body and record, or packs of at least `pack_bytes`.
        What is there is read in either. A capture is durable in a pack on this machine's disk, with `at_once` only in
        the store.
        """
        if layout not in LAYOUTS:
            raise BadInput(f"layout {layout!r}", f"known are {', '.join(LAYOUTS)}")
        path = catalog_path(store.uri)
        self.store = PackedStore(store, path.parent if path else None)
        self.layout, self.pack_bytes, self._at_once = layout, pack_bytes, at_once
        self.synced: Synced | None = None  # what the last sync did
        self.notices = Notices(store)  # of what must not come back
        self._sync, self._progress = sync, progress
        self._catalog: Catalog | None = None
        self._lock = Lock()

    @classmethod
    def open(
        cls,
        uri: str,
        *,
        sync: bool = True,
        progress: Progress | None = None,
        layout: Layout = "objects",
        pack_bytes: int = PACK_BYTES,
        at_once: bool = False,
        **options: Any,
    ) -> Self:
        """Open the archive at `uri`: `s3://bucket/prefix`, a folder or `memory://name`. Nothing is read or made yet.

        `options` are those of the store: `endpoint_url`, `region`, `profile`, `anonymous` … Raises BadInput.
        """
        store = open_store(uri, **options)
        return cls(store, sync=sync, progress=progress, layout=layout, pack_bytes=pack_bytes, at_once=at_once)

    @property
    def uri(self) -> str:
        """Where the archive is."""
        return self.store.uri

    # ------------------------------------------------------------------ putting

    def put(
        self,
        capture: Capture,
        *,
        reading: Reading | None = None,
        verdict: Verdict | None = None,
        html: Packed | None = None,
        crawl: str = "manual",
        collection: str = "default",
        repeats: str | None = None,
    ) -> Receipt:
        """Keep a capture and what was read from it. Doing it again changes nothing. See `store_prepared`."""
        prepared = prepare(
            capture,
            reading=reading,
            verdict=verdict,
            html=html,
            crawl=crawl,
            collection=collection,
            repeats=repeats,
        )
        return self.store_prepared(prepared)

    def store_prepared(self, prepared: Prepared) -> Receipt:
        """Store body, record, catalog row, in that order, and return what was confirmed. Raises as `store_objects`."""
        receipt = self.store_objects(prepared)
        self.enter([prepared])
        return receipt

    def store_objects(self, prepared: Prepared) -> Receipt:
        """Store body and record, in that order, and return what was confirmed; `enter` is to follow.

        Raises StoreError (try again: what is there already is found there), FixityMismatch if a damaged body is in the
        way, KeyTaken if another record is, TakenDown if it was taken down and must not come back.
        """
        self.notices.check(prepared.record)
        if self.layout == "packs":
            return self._put_packed(prepared)
        stored, is_new_body = prepared.body_gz, False
        if prepared.body_key is not None:
            stored, is_new_body = self._put_body(prepared.body_key, prepared)
        is_new_record = self.store.put_new(prepared.record_key, prepared.record_bytes, media_type="application/json")
        return prepared.receipt(stored, is_new_record=is_new_record, is_new_body=is_new_body)

    def enter(self, stored: Iterable[Prepared]) -> None:
        """Enter into the catalog what is stored, all in one transaction. Raises StoreError; then do it again."""
        self.catalog.add([prepared.card for prepared in stored])

    def flush(self) -> None:
        """Put what waits in the spool into the store; in the layout of objects nothing does. Raises StoreError."""
        self.store.flush()

    def _put_packed(self, prepared: Prepared) -> Receipt:
        """As `store_objects`, into the pack that is being filled: durable on this machine, put when it is full."""
        packed = splicable(prepared.body_gz, len(prepared.body)) if prepared.body_key else b""
        is_new_record = not self.store.holds(prepared.record_key)
        repeats = prepared.record.repeats is not None and self._keeps(prepared.body_key)
        self.store.add(
            prepared.record,
            prepared.record_bytes,
            key=prepared.record_key,
            body=prepared.body,
            packed=b"" if repeats else packed,
            earlier=self._earlier(prepared.record),
            target=self.pack_bytes,
            at_once=self._at_once,
        )
        is_new = is_new_record and bool(packed) and not repeats
        return prepared.receipt(packed, is_new_record=is_new_record, is_new_body=is_new)

    def _keeps(self, body_key: str | None) -> bool:
        return body_key is not None and (self.store.holds(body_key) or self.store.head(body_key) is not None)

    def _earlier(self, record: Record) -> Lookup:
        """What a revisit in a pack refers to: a response in a pack, for whoever reads packs finds no objects."""

        def find(name: str) -> Original | None:
            kind, _, value = name.partition(":")
            if kind == "url":
                targets = (Target(kind="url", value=record.url),)
            elif record.repeats:
                targets = (Target(kind="id", value=record.repeats),)
            else:
                return None
            found = None
            for row in self.catalog.find(Query(targets=targets)):
                if not (row.body_key and row.sha1 and row.status and self.store.holds(row.body_key)):
                    continue
                if kind == "url" or row.sha1 == value:
                    found = Original(
                        id=record_uuid(row.id, "response"),
                        uri=ascii_uri(row.url),
                        at=row.captured_at,
                        digest=row.sha1,
                        mime=row.media_type or "unk",
                        status=row.status,
                    )
            return found

        return find

    def _put_body(self, key: str, prepared: Prepared) -> tuple[bytes, bool]:
        try:
            is_new = self.store.put_new(key, prepared.body_gz, media_type=prepared.media_type, encoding="gzip")
            return prepared.body_gz, is_new
        except KeyTaken:  # the same body packed by another zlib, or a damaged one
            stored = self.store.get(key)
            self._unpacked(prepared.record, stored)
            return stored, False

    # ------------------------------------------------------------------ finding

    def find(self, *what: str, generation: int | None = None, **where: Unpack[Where]) -> Iterator[Row]:
        """Return the snapshots that are any of `what` and all of the rest, lazily, oldest first.

        `what` is ids, URLs, prefixes that end in `/*`, domains. `until` as a partial timestamp includes all of it: 2026
        is the whole year. What is compared, and found, is each snapshot's newest generation; with `generation` what is
        found is that one, or the newest before it. Raises BadInput, and NotArchived for a collection that is not there.
        """
        rows = self.rows(selection(*what, **where))
        return rows if generation is None else (self.generation(row, generation) for row in rows)

    def search(
        self,
        words: str = "",
        *what: str,
        sort: Sort = "relevance",
        offset: int = 0,
        facets: Sequence[FacetName] = (),
        collapse: bool = False,
        ranked: int = RANKED,
        is_exact: bool = True,
        **where: Unpack[Narrowing],
    ) -> Found:
        """Return the snapshots whose article holds `words`, the best first, with what matches in them.

        Words, "phrases in quotes", -exclusions and prefixes*; `archiver.catalog.search` says the rest, and `find` what
        else narrows them. Raises BadInput, and NotArchived for a collection that is not there.
        """
        query = selection(*what, words=words, **where)
        self._check_collection(query)
        catalog = self.synced_catalog()
        return search(
            catalog, query, sort=sort, offset=offset, facets=facets, collapse=collapse, ranked=ranked, is_exact=is_exact
        )

    def rows(self, query: Query) -> Iterator[Row]:
        """Return the rows that `query` means, lazily. Raises NotArchived for a collection that is not there."""
        self._check_collection(query)
        return self.synced_catalog().find(query)

    def _check_collection(self, query: Query) -> None:
        if query.collection is not None and query.collection not in (known := self.synced_catalog().collections()):
            has = ", ".join(known) if known else "no collection yet"
            raise NotArchived(f"collection {query.collection!r}; this archive has: {has}")

    def generation(self, row: Row, number: int) -> Row:
        """Return the row of this generation of the snapshot, or of its newest one where there are not so many.

        A snapshot that was taken down has its tombstone only.
        """
        if row.verdict == Verdict.TAKEN_DOWN:
            return row
        key = generation_key(row.record_key, min(number, row.generation))
        return row if key == row.record_key else row_of(self.record(key))

    def generations(self, row: Row) -> Iterator[Record]:
        """Yield the snapshot's records, first to newest: one reading of the same capture each."""
        for number in range(row.generation if row.verdict == Verdict.TAKEN_DOWN else 1, row.generation + 1):
            yield self.record(generation_key(row.record_key, number))

    def row(self, what: str, *, at: When | None = None) -> Row:
        """Return the row of a snapshot's id, or of the URL's capture closest to `at`; without `at`, its latest.

        Captures with a body come first, and without `at` articles: no wall or error page hides an earlier article.
        Raises NotArchived, or what makes that id's record unreadable.
        """
        one = target(what)
        if one.kind == "domain":
            one = Target(kind="url", value=f"https://{what.strip()}/")
        if one.kind == "prefix":
            raise BadInput(what, "this names many snapshots; give one id or URL, or use find")
        rows = list(self.rows(Query(targets=(one,))))
        if not rows:
            raise self._why_not(what)
        rows = [row for row in rows if row.body_key] or rows
        near = moment(at)
        if near is None:
            return next((row for row in reversed(rows) if row.verdict == Verdict.ARTICLE), rows[-1])
        return min(rows, key=lambda row: abs(row.captured_at - near))

    def get(self, what: str, *, at: When | None = None) -> Snapshot:
        """Return the snapshot that `row` finds, its body proved. Raises FixityMismatch besides what `row` raises."""
        return self.snapshot(self.row(what, at=at).record_key)

    # ------------------------------------------------------------------ reading

    def snapshot(self, record_key: str) -> Snapshot:
        """Return the snapshot whose record is at `record_key`, its body proved. Raises TakenDown for a tombstone."""
        record = self.record(record_key)
        return Snapshot(record=record, body=self.body(record))

    def record(self, key: str) -> Record:
        """Return the record at `key`. Raises NotArchived, BadRecord, NewerSchema."""
        return _sound(key, self.store.get(key))

    def record_bytes(self, key: str) -> bytes:
        """Return the JSON at `key` byte for byte, after a check that it is sound. Raises as `record` does."""
        data = self.store.get(key)
        _sound(key, data)
        return data

    def body(self, record: Record) -> bytes | None:
        """Return the record's body, None if it has none. Its sha256 is compared every time: raises FixityMismatch.

        Raises TakenDown for a tombstone.
        """
        refuse_tombstone(record)
        return None if record.html is None else self._unpacked(record, self.store.get(record.html.key))

    def records(
        self,
        *,
        collection: str | None = None,
        since: When | None = None,
        until: When | None = None,
        damaged: Callable[[str, ArchiveError], None] | None = None,
    ) -> Iterator[Record]:
        """Yield the newest generation of each record in the store, without a catalog, in no order.

        A record that cannot be read is raised, or told to `damaged`, and the next one follows.
        """
        start, end = moment(since), moment(until, end=True)
        keys = _newest(
            lambda: (info.key for info in self.store.list(record_prefix(collection)) if _may_be(info.key, start, end))
        )
        for key, record in read_ahead(self.record, keys, threads=threads_for(self.uri)):
            if isinstance(record, BadRecord | FixityMismatch) and damaged is not None:
                damaged(key, record)
            elif isinstance(record, ArchiveError):
                raise record
            elif (start is None or record.captured_at >= start) and (end is None or record.captured_at < end):
                yield record

    def verify(
        self,
        *,
        sample: float | None = None,
        since: When | None = None,
        rate: float | None = None,
        progress: Progress | None = None,
        seed: int | None = None,
        taken_down: Callable[[str], None] | None = None,
        reads: Mapping[str, Reads | None] | None = None,
    ) -> Iterator[Damage]:
        """Re-read and re-hash everything and yield each damaged object. See `archiver.fixity.verify`."""
        self.store.check(write=False)
        start = moment(since)
        yield from verify(
            self, sample=sample, since=start, rate=rate, progress=progress, seed=seed, taken_down=taken_down,
            reads=reads,
        )  # fmt: skip
        if sample is None and start is None:
            yield from check_packs(self.store.below, took=Pace(rate).took)

    # ------------------------------------------------------------------ the catalog

    @property
    def catalog(self) -> Catalog:
        """The catalog as it is: what a crawl adds to."""
        with self._lock:
            if self._catalog is None:
                self._catalog = Catalog(catalog_path(self.uri))
            return self._catalog

    def synced_catalog(self) -> Catalog:
        """Return the catalog, made equal to the records once in the life of this object."""
        if self.synced is None and self._sync:
            self.sync()
        return self.catalog

    def sync(self) -> Synced:
        """Make the catalog equal to the records: what other machines added is there, what was deleted is gone."""
        self.store.check(write=False)
        self.synced = sync(self.catalog, self.store, progress=self._progress)
        if unreadable := self.synced.unreadable:
            logger.warning(
                "%s of the archive's records cannot be read; the first: %s", f"{len(unreadable):,}", unreadable[0][1]
            )
        return self.synced

    def reindex(self, *, progress: Progress | None = None, reads: Reads | None = None) -> Synced:
        """Make the catalog anew from the records alone. See `archiver.catalog.rebuild`."""
        self.store.check(write=False)
        self.synced = rebuild(self.catalog, self.store, progress=progress, reads=reads)
        return self.synced

    def compact(self, *, target: int, progress: Progress | None = None) -> Compacted:
        """Join small packs into larger ones of at most `target` bytes. See `archiver.packs.compact`."""
        self.store.check(write=True)
        return compact(self.store, target=target, progress=progress)

    def close(self) -> None:
        """Let go of the catalog and the store's connections."""
        with self._lock:
            if self._catalog is not None:
                self._catalog.close()
                self._catalog = None
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _why_not(self, what: str) -> ArchiveError:
        for key, error in self.synced.unreadable if self.synced else ():
            if id_of(key) == what:
                return error
        return NotArchived(what)

    def _unpacked(self, record: Record, data: bytes) -> bytes:
        html = record.html
        assert html is not None
        try:
            body = unpack(data, limit=html.size)
        except BodyDamaged as error:
            raise FixityMismatch(html.key, html.sha256, "broken gzip") from error
        if (actual := sha256_hex(body)) != html.sha256:
            raise FixityMismatch(html.key, html.sha256, actual)
        return body


def _sound(key: str, data: bytes) -> Record:
    record = from_json(data, key)
    if key_of(record) != key:
        raise BadRecord(key, f"it belongs at {key_of(record)}")
    return record


def _newest(listed: Callable[[], Iterator[str]]) -> Iterator[str]:
    """Yield the newest generation of each record. Lists twice, so that memory grows only with what was read again."""
    newest: dict[str, int] = {}
    for key in listed():
        if (generation := generation_of(key)) > 1:
            first = generation_key(key, 1)
            newest[first] = max(generation, newest.get(first, 0))
    for key in listed():
        if generation_of(key) == newest.get(generation_key(key, 1), 1):
            yield key


def _may_be(key: str, start: datetime | None, end: datetime | None) -> bool:
    """Whether a record at `key` can lie between: its key tells the second."""
    if kind_of(key) != "record":
        return False
    try:
        second = second_of(key)
    except BadInput:  # no such day; let the record itself say so
        return True
    return (start is None or second >= start.replace(microsecond=0)) and (end is None or second < end)
