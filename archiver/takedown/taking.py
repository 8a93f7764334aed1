"""Taking down: the whole flow on one screen. In: a URL or an id, a reason. Out: tombstones. Never: undone.

plan       the snapshots, their generations, their bodies and who else needs those
take down  tombstone, the snapshot's last generation → notice → manifest → older generations deleted → body → published
           files that hold it → catalog

Stopped anywhere and done again, it goes on, with the first time's reason and date. What is left: URL, times, headers,
the digests of body and records, reason and date. What goes: body, text, title, names, every word of the article.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from archiver.archive import Archive
from archiver.archive.notices import Notice, Scope, notice_from_json, notice_to_json
from archiver.bodies import sha256_hex
from archiver.catalog import Row, target
from archiver.errors import BadInput, BadRecord, KeyTaken
from archiver.extraction.similarity import similarity_of
from archiver.fixity import Entry, write_manifest
from archiver.keys import generation_key, generation_of, kind_of, notice_key
from archiver.model import Record, Takedown
from archiver.record import from_json, key_of, to_json, tombstone
from archiver.shards import withdraw
from archiver.storage import Store
from archiver.timestamps import iso

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doomed:
    """One snapshot that is to go. `shared_with` are ids of others that have the same body: then the body stays."""

    id: str
    url: str
    captured_at: datetime
    records: tuple[str, ...]  # keys of what will be deleted: every generation but a tombstone
    first: str  # the key of its first generation, there or not
    body: str | None  # the key of the body; None where there is none
    size: int  # of the body
    shared_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a takedown will delete. `scope` is "url" where every capture of a URL is meant, now and later."""

    scope: Scope
    doomed: tuple[Doomed, ...]

    @property
    def bodies(self) -> dict[str, int]:
        """Keys and sizes of the bodies that will be deleted."""
        return {one.body: one.size for one in self.doomed if one.body and not one.shared_with}


def plan(archive: Archive, what: str) -> Plan:
    """Return what taking down `what`, an id or a URL, will delete. Looks at what is there now; deletes nothing.

    Raises NotArchived where there is nothing, BadInput for a prefix or a domain.
    """
    kind = target(what).kind
    if kind not in ("id", "url"):
        raise BadInput(what, "this names many pages; give one URL or one id at a time")
    archive.store.check(write=True)
    archive.sync()
    first = archive.row(what)
    scope: Scope = "snapshot" if kind == "id" else "url"
    rows = [first] if kind == "id" else list(archive.find(what))  # also what it redirected to
    rows = _with_pages(archive, rows)
    ids = {row.id for row in rows}
    return Plan(scope=scope, doomed=tuple(_doomed(archive, row, ids) for row in rows))


def take_down(
    archive: Archive, planned: Plan, *, reason: str, at: datetime, progress: Progress | None = None
) -> list[Notice]:
    """Delete what `planned` says, and return a notice of each snapshot. It cannot be undone.

    Raises BadInput without a reason, StoreError if the store fails: then do it again, it goes on.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise BadInput("--reason", "say why; everybody who asks for the page will read it")
    notices = []
    for number, one in enumerate(planned.doomed, 1):
        notices.append(_take(archive.store, one, planned.scope, reason, at))
        if progress is not None:
            progress(number, len(planned.doomed))
    for key in planned.bodies:
        archive.store.delete(key)
    withdraw(archive.store, (one.captured_at for one in planned.doomed))
    archive.sync()
    archive.catalog.compact()
    return notices


def _with_pages(archive: Archive, rows: list[Row]) -> list[Row]:
    """With every page of the articles that they are pages of: their words are in the record of the first."""
    found = {row.id: row for row in rows}
    for row in rows:
        record = archive.record(row.record_key)
        if record.part_of:
            found |= {one.id: one for one in archive.find(record.part_of)}
    for row in [*found.values()]:
        for part in archive.record(row.record_key).parts:
            found |= {one.id: one for one in archive.find(part.id)}
    return [*found.values()]


def _doomed(archive: Archive, row: Row, ids: set[str]) -> Doomed:
    first = generation_key(row.record_key, 1)
    found = _generations(archive.store, first)
    record = _newest(found)
    body = record.html.key if record.html else None
    users = archive.catalog.select("SELECT id FROM snapshots WHERE body_key = ? ORDER BY id", [body])
    return Doomed(
        id=row.id,
        url=row.url,
        captured_at=row.captured_at,
        records=tuple(key for key in found if not (record.takedown and key == key_of(record))),
        first=first,
        body=body,
        size=record.html.size if record.html else 0,
        shared_with=tuple(id for (id,) in users if id not in ids),
    )


def _take(store: Store, one: Doomed, scope: Scope, reason: str, at: datetime) -> Notice:
    """Take down one snapshot but for its body."""
    last, older = _buried(store, one.first, reason, at)
    notice = _notice(one, scope, last, older)
    key = notice_key(one.id)
    if store.head(key) is not None:
        notice = _joined(notice_from_json(store.get(key), key), notice)
    data = notice_to_json(notice)
    store.replace(key, data, media_type="application/json")
    entries = [_entry(key_of(last), to_json(last), last.url), _entry(key, data, None)]
    write_manifest(store, f"takedown-{one.id}", entries)
    for old in older:
        store.delete(old)
    return notice


def _buried(store: Store, first: str, reason: str, at: datetime) -> tuple[Record, dict[str, bytes]]:
    """Put the tombstone where none is yet; return it, and the generations before it that are still there."""
    while True:
        found = _generations(store, first)
        record = _newest(found)
        if record.takedown is not None:
            return record, {key: data for key, data in found.items() if key != key_of(record)}
        record = replace(record, generation=max(map(generation_of, found)))
        digests = {str(generation_of(key)): sha256_hex(data) for key, data in found.items()}
        last = tombstone(record, Takedown(reason=reason, at=at, records=digests))
        try:
            store.put_new(key_of(last), to_json(last), media_type="application/json")
        except KeyTaken:  # a new reading, or somebody else's takedown, came between
            continue
        return last, found


def _generations(store: Store, first: str) -> dict[str, bytes]:
    """Return every generation of the record whose first one is, or was, at `first`."""
    stem = first.removesuffix("json")
    keys = (info.key for info in store.list(stem) if kind_of(info.key) == "record")
    return {key: store.get(key) for key in sorted(keys, key=generation_of)}


def _newest(found: Mapping[str, bytes]) -> Record:
    """Return the newest generation that can be read."""
    problem: BadRecord | None = None
    for key, data in reversed([*found.items()]):
        try:
            return from_json(data, key)
        except BadRecord as error:
            problem = problem or error
    raise problem or BadInput("takedown", "the records vanished meanwhile; do it again")


def _notice(one: Doomed, scope: Scope, last: Record, older: Mapping[str, bytes]) -> Notice:
    assert last.takedown is not None
    records = {generation_key(one.first, int(n)): sha256 for n, sha256 in last.takedown.records.items()}
    return Notice(
        id=one.id,
        url=one.url,
        scope=scope,
        reason=last.takedown.reason,
        at=iso(last.takedown.at),
        tombstone=key_of(last),
        records=records,
        body=one.body,
        body_kept=bool(one.shared_with),
        **_marks(older),
    )


def _marks(older: Mapping[str, bytes]) -> dict[str, Any]:
    """By what the text is known again, though nothing of it is kept."""
    article = _newest(older).article if older else None
    if article is None or not article.text:
        return {}
    facts = similarity_of(article.text)
    return {"text_digest": facts["text_digest"], "simhash": facts["simhash"] if facts["word_count"] >= 20 else ""}


def _joined(earlier: Notice, notice: Notice) -> Notice:
    """Return the notice of a takedown that is done again: it may cover more now, and knows what the first one knew."""
    marks = {name: getattr(notice, name) or getattr(earlier, name) for name in ("text_digest", "simhash")}
    scope: Scope = "url" if "url" in (earlier.scope, notice.scope) else "snapshot"
    return replace(notice, scope=scope, **marks)


def _entry(key: str, data: bytes, url: str | None) -> Entry:
    kind: Any = "record" if url else "file"
    return Entry(key=key, kind=kind, sha256=sha256_hex(data), size=len(data), url=url)
