"""SnapshotMiddleware: keeps what other people's spiders fetch. In: responses. Out: the same. Never: requests."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from archiver.crawl.keeper import GaveUp
from archiver.crawl.pages import Page
from archiver.crawl.running import RunningCrawl
from archiver.errors import ExtractionFailed, TakenDown

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

logger = logging.getLogger(__name__)
PAGES = ("html", "xhtml", "text/plain")


class SnapshotMiddleware:
    """Archives each page before its callback's output goes on. An ArticleSpider hands over its pages itself."""

    def __init__(self, crawler: Crawler) -> None:
        self._running = RunningCrawl.of(crawler)
        self._running.connect()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SnapshotMiddleware:
        return cls(crawler)

    async def process_spider_output(self, response: Response, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        if "lease" not in response.meta and (capture := response.meta.get("capture")) is not None:
            kind = (capture.content_type or "html").lower()
            if any(word in kind for word in PAGES):
                await self._keep(capture)
        async for one in result:
            yield one

    async def _keep(self, capture: Any) -> None:
        running = self._running
        try:
            work = await running.pool.page(capture)
            await running.keeper.keep(Page(capture=capture, work=work))
        except (GaveUp, ExtractionFailed, TakenDown) as error:
            logger.error("not kept: %s (%s)", capture.url, error)
