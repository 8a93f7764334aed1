"""Re-extraction of an archive: its records as one shard, its catalog kept up. In: an archive, a query. Out: Changes.
Never: a site."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from archiver.archive import Archive
from archiver.catalog import Card, card_of
from archiver.errors import ArchiveError, StoreError
from archiver.extraction.rules import todays
from archiver.generations.changes import Change, Changes, Outcome
from archiver.generations.parts import join_parts
from archiver.generations.shard import READER, process_shard
from archiver.keys import generation_key, id_of
from archiver.model import Record
from archiver.readahead import Reads

Progress = Callable[[int, int], None]

_BATCH = 100  # cards that are added to the catalog at once


def reextract(
    archive: Archive,
    *what: str,
    where: Mapping[str, Any] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    write: bool = True,
    everything: bool = False,
    retry: bool = False,
    reader: str = READER,
    reads: Reads | None = None,
) -> Changes:
    """Read again what `archive.find(*what, **where)` finds, and return what that changed. No site is asked.

    Articles of several pages are read and joined again as a whole. Stopped and called again, it goes on, and returns
    the same. `workers` are processes; None means as many as there are CPUs. `reads` does the work elsewhere, with
    the same arguments; then `workers` and `reader` are its own. The other arguments are those of `process_shard`, which
    says what is raised.
    """
    archive.store.check(write=write)
    rows = list(archive.find(*what, **(where or {})))
    keys = [row.record_key for row in rows]
    changes, cards = Changes(), list[Card]()

    def told(one: Change) -> None:
        changes.add(one)
        if progress is not None:
            progress(changes.outcomes.total(), len(keys))

    def kept(record: Record, data: bytes) -> None:
        cards.append(card_of(record, record_bytes=data))
        if len(cards) >= _BATCH:
            archive.catalog.add(cards)
            cards.clear()

    if reads is not None:
        for change in _read_elsewhere(keys, reads):
            told(change)
        if write:
            archive.sync()
    else:
        try:
            process_shard(
                keys, archive.store, archive.store, rules=todays(), told=told, kept=kept,
                workers=workers or os.cpu_count() or 1, write=write, everything=everything, retry=retry, reader=reader,
            )  # fmt: skip
        finally:
            archive.catalog.add(cards)
    if write:
        for crawl, collection in sorted({(row.crawl, row.collection) for row in rows}):
            join_parts(archive, crawl=crawl, collection=collection)
    return changes


def _read_elsewhere(keys: Iterable[str], reads: Reads) -> Iterator[Change]:
    """Yield what became of each. Names are of the first generation: so a run that goes on asks for the same shards."""
    for key, one in reads(generation_key(key, 1) for key in keys):
        if isinstance(one, StoreError):
            raise one
        if isinstance(one, ArchiveError):  # its page killed the worker of the shard, not its reader alone
            one = Change(id=id_of(key), record_key=key, outcome=Outcome.QUARANTINED, reason=str(one))
        yield one
