"""StorePipeline: the last pipeline; what it returns from is durable. In: pages. Out: pages. Never: choosing."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from archiver.crawl.keeper import GaveUp
from archiver.crawl.pages import Page
from archiver.crawl.running import RunningCrawl
from archiver.errors import TakenDown
from archiver.frontier import Outcome

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)


class StorePipeline:
    """Keeps each Page and closes its lease; other items pass."""

    def __init__(self, crawler: Crawler) -> None:
        self._running = RunningCrawl.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> StorePipeline:
        return cls(crawler)

    async def process_item(self, item: Any) -> Any:
        if not isinstance(item, Page):
            return item
        running = self._running
        try:
            item = await running.keeper.keep(item)
        except GaveUp:
            logger.info("not kept, will be fetched again at resume: %s", item.url)
        except TakenDown as error:
            logger.warning("not kept: %s", error)
            if item.lease is not None:
                await running.feeder.close_lease(item.lease, Outcome.SKIPPED, "taken_down", links=item.links)
        except Exception as error:
            logger.exception("not kept: %s", item.url)
            if item.lease is not None and not await running.feeder.failed(item.lease, "not_kept", str(error)):
                await running.feeder.close_lease(item.lease, Outcome.FAILED, "not_kept", links=item.links)
        else:
            running.feeder.count(item)
        finally:
            running.feeder.landed(item.lease)
        return item
