"""Packs, checked: every byte of each. In: a store. Out: one Damage per damaged pack. Never: repairing.

That the captures in them are whole is for the audit of the archive, which reads them as objects. Here: a pack against
the digests in the last line of its contents, the contents against themselves, and each against the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from archiver.errors import ArchiveError, NotArchived
from archiver.keys import PACKS, contents_key, kind_of, pack_of
from archiver.model import Damage
from archiver.packs.contents import Footer, read_contents
from archiver.storage import ObjectInfo, Store

_STEP = 8 * 1024 * 1024


def check_packs(store: Store, *, took: Callable[[int], None] = lambda size: None) -> Iterator[Damage]:
    """Yield what is wrong with packs and their contents. `took` is told of bytes that were read."""
    there = {info.key: info for info in store.list(PACKS) if kind_of(info.key) == "pack"}
    replaced: set[str] = set()
    owned: set[str] = set()
    checked: list[tuple[str, Footer]] = []
    for key in sorted(key for key in there if key.endswith(".jsonl.gz")):
        owned.add(pack_of(key))
        try:
            data = store.get(key)
        except ArchiveError as error:
            if not isinstance(error, NotArchived):
                yield Damage(key=key, problem="unreadable", detail=str(error))
            continue
        took(len(data))
        found = read_contents(data)
        if found.why:
            yield Damage(key=key, problem="truncated" if found.footer is None else "altered", detail=found.why)
        if found.footer is not None:
            replaced.update(found.footer.replaces)
            checked.append((key, found.footer))
    for key, footer in checked:
        if key in replaced:
            detail = "another pack stands for it; `archiver compact` deletes what is left of it"
            yield Damage(key=footer.pack, problem="unreferenced", detail=detail)
        else:
            yield from _pack(store, footer, there.get(footer.pack), took)
    for key in sorted(key for key in there.keys() - owned if key.endswith(".warc.gz")):
        if store.head(contents_key(key)) is None and store.head(key) is not None:
            yield Damage(key=key, problem="unreferenced", detail="a pack without contents: it was never finished")


def _pack(store: Store, footer: Footer, info: ObjectInfo | None, took: Callable[[int], None]) -> Iterator[Damage]:
    key = footer.pack
    if info is None:
        if store.head(key) is None:
            yield Damage(key=key, problem="missing", detail=f"the pack of {footer.lines:,} captures")
        return
    if info.size != footer.size:
        problem = "truncated" if info.size < footer.size else "altered"
        yield Damage(key=key, problem=problem, detail=f"{info.size:,} bytes, its contents say {footer.size:,}")
        return
    at = 0
    try:
        for part in footer.parts:
            digest, end = hashlib.sha256(), at + part.size
            while at < end:
                data = store.get_range(key, at, min(_STEP, end - at))
                if not data:
                    break
                digest.update(data)
                took(len(data))
                at += len(data)
            if digest.hexdigest() != part.sha256:
                yield Damage(
                    key=key, problem="altered", detail=f"sha256 of the {part.size:,} bytes before byte {end:,}"
                )
                return
    except NotArchived:
        return  # joined or rewritten meanwhile
    except ArchiveError as error:
        yield Damage(key=key, problem="unreadable", detail=str(error))
