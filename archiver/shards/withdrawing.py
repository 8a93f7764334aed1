"""Withdrawing: published files that hold what was taken down. In: a store, times. Out: deleted files. Never: a part.

A published file is not changed: it goes as a whole, and the next publication makes it again, without what is gone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from archiver.keys import LISTING, PUBLISHED
from archiver.shards.listing import read_listing
from archiver.storage import Store
from archiver.timestamps import iso


def withdraw(store: Store, moments: Iterable[datetime]) -> int:
    """Delete the published files whose captures lie around any of `moments`; return how many objects went.

    So do files that no listing names: replaced shards may hold the same. Nothing happens where nothing is published.
    """
    listing = read_listing(store)
    if listing is None:
        return 0
    times = [iso(at) for at in moments]
    kept = tuple(one for one in listing.files if not any((one.first or "") <= at <= (one.last or "~") for at in times))
    snapshots = sum(one.rows for one in kept if one.kind == "search")
    store.replace(LISTING, replace(listing, files=kept, snapshots=snapshots).to_json(), media_type="application/json")
    named = {one.key for one in kept}
    gone = [info.key for prefix in PUBLISHED for info in store.list(prefix) if info.key not in named]
    for key in gone:
        store.delete(key)
    return len(gone)
