"""Rebuilding: a catalog made anew of the records alone. In: a store. Out: the same file, all rows new. Never: half.

The new catalog grows beside the old one, which readers and crawls go on using, and then takes its place in one
transaction. A rebuild that was killed goes on where it was: what it has is kept in `catalog.sqlite.new`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from archiver.catalog.database import Catalog
from archiver.catalog.syncing import Progress, Synced, sync
from archiver.readahead import Reads
from archiver.storage import Store


def rebuild(catalog: Catalog, store: Store, *, progress: Progress | None = None, reads: Reads | None = None) -> Synced:
    """Make every row of `catalog` anew from the records in `store`; no site is asked for anything.

    `reads` reads the records as cards elsewhere. Returns how many rows there are, how many the old one had of which
    nothing is left, and what could not be read. Raises StoreError if the store fails, or the catalog stays locked.
    """
    path = catalog.path.with_name(f"{catalog.path.name}.new")
    with Catalog(path) as new:
        made = sync(new, store, progress=progress, reads=reads)
        (kept,) = next(new.select("SELECT count(*) FROM snapshots"))
        (lost,) = next(catalog.select("SELECT count(*) FROM snapshots"))
        catalog.become(new)
    for tail in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{path}{tail}").unlink()
    late = sync(catalog, store)  # what was archived while the new one grew
    rows = kept + late.added
    return Synced(added=rows, removed=max(0, lost - rows), unreadable=made.unreadable)
