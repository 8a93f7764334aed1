"""Syncing: the catalog made equal to the records. In: a store. Out: rows added, removed. Never: changing the store.

Lists the record keys, reads the newest generation of each record that has no row yet, drops the rows whose record is
gone. So a reader needs nothing but the records, and what a crawl on another machine added is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TypeVar

from archiver.catalog.database import Catalog
from archiver.catalog.rows import Card, card_of
from archiver.errors import ArchiveError, BadRecord, NotArchived, StoreError
from archiver.keys import RECORDS, generation_key, generation_of, kind_of
from archiver.readahead import Reads, read_ahead, threads_for
from archiver.record import from_json
from archiver.storage import Store

Item = TypeVar("Item")
Progress = Callable[[int, int], None]

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Synced:
    """What a sync did. `unreadable` are the records that could not be read, by key, and why."""

    added: int = 0
    removed: int = 0
    unreadable: tuple[tuple[str, ArchiveError], ...] = ()


def sync(catalog: Catalog, store: Store, *, progress: Progress | None = None, reads: Reads | None = None) -> Synced:
    """Make the catalog equal to the records in `store`.

    `progress` is told after each batch how many of how many records were read. `reads` reads the records, as `card_at`
    does, elsewhere. Raises StoreError if the store fails;
    what was added until then stays.
    """
    with catalog.reading() as connection:
        total = _compare(connection, (info.key for info in store.list(RECORDS) if kind_of(info.key) == "record"))
        gone = [key for (key,) in connection.execute("SELECT record_key FROM gone")]
        catalog.remove(gone)
        missing = (key for (key,) in connection.execute("SELECT key FROM missing ORDER BY key"))
        added, unreadable = 0, []
        for done, batch in enumerate(_batches(_cards(store, missing, reads), _BATCH)):
            cards = [card for _, card in batch if isinstance(card, Card)]
            unreadable += [(key, card) for key, card in batch if isinstance(card, ArchiveError)]
            catalog.add(cards)
            added += len(cards)
            if progress is not None:
                progress(done * _BATCH + len(batch), total)
    return Synced(added=added, removed=len(gone), unreadable=tuple(unreadable))


def _compare(connection: sqlite3.Connection, keys: Iterable[str]) -> int:
    """Fill the temporary tables `missing` and `gone`; return how many are missing. Memory stays bounded.

    The rows are counted before the listing: a row that a crawl adds meanwhile has a record, but too late for the list.
    """
    (last,) = connection.execute("SELECT coalesce(max(number), 0) FROM snapshots").fetchone()
    connection.create_function("first", 1, _first, deterministic=True)
    connection.execute("CREATE TEMP TABLE listed (first TEXT PRIMARY KEY, generation INTEGER, key TEXT UNIQUE)")
    connection.execute("BEGIN")
    connection.executemany(
        "INSERT INTO listed VALUES (?, ?, ?) ON CONFLICT (first) DO UPDATE SET generation = excluded.generation,"
        " key = excluded.key WHERE excluded.generation > generation",
        ((_first(key), generation_of(key), key) for key in keys),
    )
    connection.execute("COMMIT")
    connection.execute(  # a row that only waits for its newer generation stays: no reader misses it meanwhile
        "CREATE TEMP TABLE gone AS SELECT record_key FROM snapshots AS row"
        " WHERE number <= ? AND record_key NOT IN (SELECT key FROM listed) AND NOT EXISTS"
        " (SELECT 1 FROM listed WHERE first = first(row.record_key) AND listed.generation > row.generation)",
        (last,),
    )
    connection.execute(
        "CREATE TEMP TABLE missing AS SELECT key FROM listed WHERE key NOT IN (SELECT record_key FROM snapshots)"
    )
    (total,) = connection.execute("SELECT count(*) FROM missing").fetchone()
    return int(total)


def _cards(store: Store, keys: Iterable[str], reads: Reads | None) -> Iterator[tuple[str, Card | ArchiveError]]:
    """Yield the row of each record, or why there is none; nothing for a record deleted meanwhile."""
    read = partial(card_at, store)
    for key, card in reads(keys) if reads else read_ahead(read, keys, threads=threads_for(store.uri)):
        if isinstance(card, StoreError):
            raise card
        if isinstance(card, NotArchived):
            continue
        yield key, card
        if isinstance(card, ArchiveError):
            yield from _older(store, key)


def _older(store: Store, key: str) -> Iterator[tuple[str, Card]]:
    """Yield the card of the newest generation before `key` that can be read."""
    for generation in range(generation_of(key) - 1, 0, -1):
        older = generation_key(key, generation)
        try:
            card = card_at(store, older)
        except StoreError:
            raise
        except ArchiveError:
            continue
        yield older, card
        return


def _first(key: str) -> str:
    return generation_key(key, 1)


def card_at(store: Store, key: str) -> Card:
    """Return the card of the record at `key`. Raises NotArchived, BadRecord, StoreError."""
    data = store.get(key)
    card = card_of(from_json(data, key), record_bytes=data)
    if card.row.record_key != key:
        raise BadRecord(key, f"it belongs at {card.row.record_key}")
    return card


def _batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
