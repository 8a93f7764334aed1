"""Pulling: a local catalog made of published shards. In: a store. Out: rows on this machine. Never: unproved bytes.

For an archive whose records are many, or cannot be listed: a few large files instead of each record.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from archiver.catalog import Catalog
from archiver.errors import FixityMismatch, NotArchived
from archiver.keys import LISTING
from archiver.shards.listing import Published, read_listing
from archiver.storage import Store

Progress = Callable[[int, int], None]

_STEP = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a pull did."""

    shards: int  # that were fetched
    bytes: int
    known: int  # that were here already


def pull(catalog: Catalog, store: Store, *, progress: Progress | None = None) -> Pulled:
    """Put the rows of all published shards into `catalog`; those that are in it already are not fetched again.

    Each shard is fetched into a temporary file, and its sha256 compared, before a row of it is used. `progress` is told
    how many bytes of how many came. Raises NotArchived where nothing is published, FixityMismatch, StoreError.
    """
    listing = read_listing(store)
    if listing is None:
        raise NotArchived(f"{LISTING} in {store.uri}; `archiver publish` makes it")
    known = set(catalog.pulled())
    wanted = [one for one in listing.of("search") if one.sha256 not in known]
    total, done = sum(one.bytes for one in wanted), 0
    for one in wanted:
        with tempfile.TemporaryDirectory(prefix="newsvault-", dir=catalog.path.parent) as folder:
            path = Path(folder) / "shard.sqlite"
            _fetch(store, one, path, lambda size, done=done: progress and progress(done + size, total))  # type: ignore[misc]
            catalog.take(path, name=one.sha256)
        done += one.bytes
    return Pulled(shards=len(wanted), bytes=done, known=len(listing.of("search")) - len(wanted))


def _fetch(store: Store, one: Published, path: Path, told: Callable[[int], object]) -> None:
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for start in range(0, one.bytes, _STEP):
            data = store.get_range(one.key, start, min(_STEP, one.bytes - start))
            digest.update(data)
            file.write(data)
            told(file.tell())
    if digest.hexdigest() != one.sha256:
        raise FixityMismatch(one.key, one.sha256, digest.hexdigest())
