"""Compacting: small packs become large ones. In: a store. Out: how many were joined. Never: another order.

Packs of one collection and one day are joined in the order of their times, as many as fit into `target` bytes. A day
is the border so that what a researcher takes of a day never grows with the age of the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.errors import BadInput, BadRecord
from archiver.keys import PACKS, contents_key
from archiver.packs.rewriting import Source, join, source
from archiver.packs.store import PackedStore

TARGET = 64 * 1024 * 1024


@dataclass(slots=True)
class Compacted:
    """What was done."""

    packs: int = 0  # that were joined
    into: int = 0
    bytes: int = 0
    left: tuple[BadRecord, ...] = ()  # contents that are damaged: those packs are as they were


def compact(
    store: PackedStore, *, target: int = TARGET, progress: Callable[[int, int], None] | None = None
) -> Compacted:
    """Join small packs. Stopped and done again, it goes on. Raises StoreError, BadInput for a target that is none."""
    if target < 1:
        raise BadInput(f"target {target}", "give the bytes of a large pack, 64 MiB for example")
    store.finish()
    below, done = store.below, Compacted()
    packs = {info.key: info.size for info in below.list(PACKS)}
    groups = list(_groups({key: size for key, size in packs.items() if contents_key(key) in packs}, target))
    for number, keys in enumerate(groups, 1):
        sources: list[Source] = []
        for key in keys:
            try:
                sources.append(source(below, contents_key(key)))
            except BadRecord as error:
                done.left += (error,)
        if len(sources) > 1:
            join(below, sources)
            done.packs, done.into = done.packs + len(sources), done.into + 1
            done.bytes += sum(packs[one.pack] for one in sources)
        if progress is not None:
            progress(number, len(groups))
    store.refresh()
    return done


def _groups(packs: dict[str, int], target: int) -> Iterator[list[str]]:
    """Yield keys of neighbours that are small enough to be joined."""
    group: list[str] = []
    size = 0
    for key in sorted(key for key in packs if key.endswith(".warc.gz")):
        same_day = not group or key.rpartition("/")[0] == group[0].rpartition("/")[0]
        if group and (not same_day or size + packs[key] > target):
            if len(group) > 1:
                yield group
            group, size = [], 0
        if packs[key] < target:
            group.append(key)
            size += packs[key]
    if len(group) > 1:
        yield group
