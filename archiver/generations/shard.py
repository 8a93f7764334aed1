"""One shard of records, read again. In: keys, where they are, where the new generations go. Out: a Change for each.

Never: a site.

newest generation → not by today's rules? → body, proved → killable worker → next generation → put, never over another

Done twice, it does nothing the second time and reports the same: what a rerun finds written is compared with what was
before it. So a run that was killed goes on, and a scheduler may give the same shard to two workers.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from archiver.archive import Archive
from archiver.bodies import sha256_hex
from archiver.errors import ArchiveError, BadInput, KeyTaken, StoreError
from archiver.extraction.paged import joined
from archiver.extraction.rules import are_todays, todays
from archiver.extraction.supervised import ATTEMPTS, POISON
from archiver.extraction.workers import WorkerPool
from archiver.fixity import Entry, write_manifest
from archiver.generations.changes import Change, Outcome, change
from archiver.keys import crawl_prefix, generation_key, generation_of, id_of
from archiver.model import Capture, Reading, Record
from archiver.record import key_of, own_flags, read_again, to_json
from archiver.storage import Store

READER = "archiver.extraction.remembering:read"  # the function that reads a page
_MANIFEST_LINES = 20_000

Told = Callable[[Change], None]
Kept = Callable[[Record, bytes], None]


def process_shard(
    keys: Iterable[str],
    source: Store,
    target: Store,
    *,
    rules: str,
    told: Told,
    kept: Kept | None = None,
    workers: int = 1,
    write: bool = True,
    everything: bool = False,
    retry: bool = False,
    reader: str = READER,
) -> None:
    """Read the bodies of the records at `keys` in `source` again, and put newer generations into `target`.

    `keys` may name any generation of a snapshot; what counts is the newest in either store. `rules` is what the caller
    believes to be `archiver.extraction.rules.todays()`. `told` gets one Change per key, in the order of `keys`; `kept`
    each record that is today's, with its bytes. `write=False` only tells. `everything` also reads what today's rules
    have read; then a generation is written only where something differs. `retry` tries quarantined pages too.

    A page that ends two workers, or costs too much, is noted under `crawls/reextract-<rules>/quarantine/` in `target`
    and not tried again; its old reading stays. What was written is promised by a manifest beside it.
    Raises BadInput where other rules are installed here, StoreError if a store fails; what is written stays.
    """
    if rules != todays():
        raise BadInput(f"rules {rules}", f"this installation reads by {todays()}; install the same version everywhere")
    archive = Archive(source, sync=False)
    other = archive if target is source else Archive(target, sync=False)
    run = _Run(archive, other, told=told, kept=kept, write=write, everything=everything, retry=retry)
    asyncio.run(run.all(keys, workers=workers, reader=reader))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """What is to be done for one snapshot: `capture` is to be read, or all is done."""

    record: Record
    capture: Capture | None = None
    done: _Done | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """What became of one snapshot, and the generation that is to be promised, if there is one."""

    change: Change
    record: Record | None = None


class _Run:
    def __init__(
        self, source: Archive, target: Archive, *, told: Told, kept: Kept | None, write: bool, everything: bool,
        retry: bool,
    ) -> None:  # fmt: skip
        self._source, self._target = source, target
        self._told, self._kept = told, kept
        self._write, self._everything, self._retry = write, everything, retry
        self._name = f"reextract-{todays()}"
        self._quarantine = f"{crawl_prefix(self._name)}quarantine/"
        self._entries: list[Entry] = []
        self._poison: set[str] = set()

    async def all(self, keys: Iterable[str], *, workers: int, reader: str) -> None:
        """Do all keys, a few at a time; tell of each in order."""
        self._poison = {info.key for info in self._target.store.list(self._quarantine)}
        pool = WorkerPool(workers, reader=reader)
        await pool.start()
        waiting: deque[asyncio.Task[_Done]] = deque()
        try:
            for key in keys:
                waiting.append(asyncio.create_task(self._one(key, pool)))
                if len(waiting) >= 3 * workers:
                    self._tell(await waiting.popleft())
            while waiting:
                self._tell(await waiting.popleft())
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            await pool.close()
            self._promise(least=1)  # also of a run that is stopped

    async def _one(self, key: str, pool: WorkerPool) -> _Done:
        try:
            task = await asyncio.to_thread(self._task, key)
            if task.capture is None:
                assert task.done is not None
                return task.done
            reading = await self._read(task.capture, pool)
            if task.record.parts and reading.article is not None:
                reading = await self._whole(task.record, reading, pool)
            return await asyncio.to_thread(self._keep, task.record, reading)
        except StoreError:
            raise
        except ArchiveError as error:
            return _Done(change=Change(id=id_of(key), record_key=key, outcome=Outcome.DAMAGED, reason=str(error)))

    async def _read(self, capture: Capture, pool: WorkerPool) -> Reading:
        for _ in range(ATTEMPTS):
            reading = await pool.read(capture)
            if reading.error not in POISON:
                break
        return reading

    async def _whole(self, record: Record, reading: Reading, pool: WorkerPool) -> Reading:
        """The reading of an article's first page with those of its further pages."""
        assert reading.article is not None
        articles = [reading.article]
        for part in record.parts[1:]:
            capture = await asyncio.to_thread(self._capture_at, part.record)
            other = await self._read(capture, pool)
            if other.error in POISON:
                return other
            articles += [other.article] if other.article else []
        return replace(reading, article=joined(articles))

    # ------------------------------------------------------------------ what is to be done

    def _task(self, key: str) -> _Task:
        record = self._newest(key)
        if record.takedown is not None:
            return _Task(record=record, done=_done(record, Outcome.TAKEN_DOWN))
        if record.html is None:
            return _Task(record=record, done=_done(record, Outcome.NO_BODY))
        note = self._note_of(record)
        if note in self._poison and not self._retry:
            reason = json.loads(self._target.store.get(note))["reason"]
            return _Task(record=record, done=_done(record, Outcome.QUARANTINED, reason=reason))
        if are_todays(record.extraction) and not self._everything:
            return _Task(record=record, done=self._done_before(record))
        return _Task(record=record, capture=self._capture(record))

    def _capture_at(self, key: str) -> Capture:
        return self._capture(self._newest(key))

    def _capture(self, record: Record) -> Capture:
        return replace(record.capture, body=self._source.body(record) or b"", flags=own_flags(record))

    def _newest(self, key: str) -> Record:
        """Return the newest generation of the snapshot that `key` names, from either store."""
        where, number = self._source, generation_of(key)
        for archive in dict.fromkeys((self._source, self._target)):
            while archive.store.head(generation_key(key, number + 1)) is not None:
                where, number = archive, number + 1
        return where.record(generation_key(key, number))

    def _done_before(self, record: Record) -> _Done:
        first = record
        while first.generation > 1:
            before = self._before(first)
            if (first.parts, first.part_of) == (before.parts, before.part_of):
                return _Done(change=change(before, record), record=record)
            first = before  # to be joined is not to be read
        return _done(record, Outcome.CURRENT)

    def _before(self, record: Record) -> Record:
        key = generation_key(key_of(record), record.generation - 1)
        return (self._source if self._source.store.head(key) else self._target).record(key)

    # ------------------------------------------------------------------ what comes of it

    def _keep(self, record: Record, reading: Reading) -> _Done:
        if reading.error in POISON:
            return self._refuse(record, str(reading.error))
        while True:
            after = read_again(record, reading)
            found = change(record, after)
            if are_todays(record.extraction) and found.outcome is Outcome.SAME:
                return self._done_before(record)
            if not self._write:
                return _Done(change=found)
            try:
                self._target.store.put_new(key_of(after), to_json(after), media_type="application/json")
            except KeyTaken:  # other rules, or a takedown, were faster; theirs is one more generation before ours
                record = self._newest(key_of(after))
                if record.takedown is not None:
                    return _done(record, Outcome.TAKEN_DOWN)
                continue
            if (note := self._note_of(record)) in self._poison:
                self._target.store.delete(note)
            return _Done(change=found, record=after)

    def _refuse(self, record: Record, reason: str) -> _Done:
        if self._write:
            note = {"id": record.id, "record_key": generation_key(key_of(record), 1), "reason": reason}
            data = json.dumps(note, indent=1).encode()
            self._target.store.replace(self._note_of(record), data, media_type="application/json")
        return _done(record, Outcome.QUARANTINED, reason=reason)

    def _note_of(self, record: Record) -> str:
        return f"{self._quarantine}{record.id}.json"

    def _tell(self, done: _Done) -> None:
        """Tell what became of a snapshot, after its generation was handed on; promise what has gathered."""
        if done.record is not None and self._write:
            self._note(done.record)
        self._told(done.change)

    def _note(self, record: Record) -> None:
        data, html = to_json(record), record.html
        entry = Entry(
            key=key_of(record), kind="record", sha256=sha256_hex(data), size=len(data), url=record.url,
            body=html.key if html else None,
        )  # fmt: skip
        self._entries.append(entry)
        if self._kept is not None:
            self._kept(record, data)
        self._promise(least=_MANIFEST_LINES)

    def _promise(self, *, least: int) -> None:
        entries, self._entries = self._entries, []
        if len(entries) >= least:
            write_manifest(self._target.store, self._name, entries)
        else:
            self._entries = entries


def _done(record: Record, outcome: Outcome, *, reason: str | None = None) -> _Done:
    one = Change(id=record.id, record_key=key_of(record), outcome=outcome, url=record.url, reason=reason)
    return _Done(change=one)
