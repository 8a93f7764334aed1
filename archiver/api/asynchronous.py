"""The same, for programs with an event loop. In: a URI. Out: an archive to await. Never: blocking the loop.

Each call runs in a thread; the store and the catalog block, and any thread may use them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any, Self, TypeVar, Unpack

from archiver.api.facts import CrawlFacts, Info
from archiver.api.opened import Collapse, Match, OpenArchive, Results
from archiver.api.snapshot import ArchivedSnapshot
from archiver.archive.selection import When, Where

T = TypeVar("T")

_BATCH = 100  # values that are fetched at once


class AsyncArchive:
    """An archive whose methods are awaited; `archive` is the same one, whose methods block."""

    def __init__(self, archive: OpenArchive) -> None:
        self.archive = archive

    async def info(self) -> Info:
        """See `OpenArchive.info`."""
        return await asyncio.to_thread(self.archive.info)

    async def crawls(self) -> list[CrawlFacts]:
        """See `OpenArchive.crawls`."""
        return await asyncio.to_thread(self.archive.crawls)

    async def search(self, words: str = "", *what: str, **how: Any) -> Results:
        """See `OpenArchive.search`; `iterate` goes over what it found."""
        return await asyncio.to_thread(self.archive.search, words, *what, **how)

    async def get(self, what: str, *, at: When | None = None) -> ArchivedSnapshot:
        """See `OpenArchive.get`."""
        return await asyncio.to_thread(self.archive.get, what, at=at)

    async def snapshots(
        self, url: str, *, match: Match = "exact", collapse: Collapse | None = None, **where: Unpack[Where]
    ) -> AsyncIterator[ArchivedSnapshot]:
        """See `OpenArchive.snapshots`."""
        found = self.archive.snapshots
        async for one in iterate(await asyncio.to_thread(found, url, match=match, collapse=collapse, **where)):
            yield one

    async def close(self) -> None:
        """See `OpenArchive.close`."""
        await asyncio.to_thread(self.archive.close)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self.close()


async def aopen(uri: str, **options: Any) -> AsyncArchive:
    """Open the archive at `uri`, as `archiver.open` does."""
    return AsyncArchive(await asyncio.to_thread(OpenArchive.open, uri, **options))


async def iterate(values: Iterator[T] | Results) -> AsyncIterator[Any]:
    """Yield the values of a slow iterator, a batch per thread call."""
    iterator = iter(values)
    while batch := await asyncio.to_thread(lambda: list(islice(iterator, _BATCH))):
        for value in batch:
            yield value
