"""LedgerMiddleware: the ledger between spider and engine. In: seeds. Out: leased requests. Never: storing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from archiver.crawl.running import RunningCrawl
from archiver.errors import ArchiveError

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class LedgerMiddleware:
    """Seeds go in, leased requests come out, until nothing is left or the crawl is stopped."""

    def __init__(self, crawler: Crawler) -> None:
        self._running = RunningCrawl.of(crawler)
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LedgerMiddleware:
        return cls(crawler)

    async def process_start(self, start: AsyncIterator[Any]) -> AsyncIterator[Any]:
        running, spider = self._running, self._crawler.spider
        try:
            seeds = [(request.meta["found"], request.meta["problem"]) async for request in start]
            await running.begin(seeds, spider.follower.rules)  # type: ignore[union-attr]  # only ArticleSpiders put this class in
            async for lease in running.feeder.leases():
                yield spider.request_for(lease)  # type: ignore[union-attr]
        except ArchiveError as error:  # no lock, no room, no store: nothing was asked for yet
            running.stop(error)
