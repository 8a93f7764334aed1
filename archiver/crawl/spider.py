"""ArticleSpider: what all our spiders share. In: seeds. Out: one Page for each URL. Never: storing, queueing.

A spider names its seeds and their role; the role says how an answer is read:

    page       keep it; follow nothing
    site       keep it; follow its links within the scope, its feeds and its sitemaps
    feed       read it; its items are pages
    older      an older page of a feed: read it once
    sitemap    read it; its entries are pages, or more sitemaps
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import scrapy

from archiver.crawl.answers import NEVER_ASKED, failure_of, retry_after, transient
from archiver.crawl.before import read_before
from archiver.crawl.following import Follower, entry, fp_of, host_depths
from archiver.crawl.pages import Page
from archiver.crawl.running import RunningCrawl
from archiver.crawl.schedule import after_failure, after_poll, after_unchanged_poll
from archiver.discovery import MAX_BYTES as LIST_BYTES
from archiver.discovery import sitemaps_of
from archiver.errors import ExtractionFailed
from archiver.extraction.paged import MOST as MOST_PARTS
from archiver.extraction.paged import PAGED
from archiver.extraction.requisites import REQUISITE
from archiver.extraction.workers import Entries
from archiver.frontier import NO_LINKS, Found, Lease, Links, Outcome
from archiver.model import Capture, Seed, Verdict
from archiver.urls import host

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure as TwistedFailure

logger = logging.getLogger(__name__)
STOCK, STOCK_SPIDER = "scrapy.downloadermiddlewares", "scrapy.spidermiddlewares"
OURS: dict[str, dict[str, int | None]] = {
    "DOWNLOADER_MIDDLEWARES": {
        "archiver.crawl.politeness.RobotsMiddleware": 100,
        "archiver.crawl.redirects.RedirectMiddleware": 600,
        "archiver.crawl.politeness.PoliteMiddleware": 950,
        f"{STOCK}.redirect.RedirectMiddleware": None,
        f"{STOCK}.redirect.MetaRefreshMiddleware": None,
        f"{STOCK}.robotstxt.RobotsTxtMiddleware": None,
        f"{STOCK}.retry.RetryMiddleware": None,  # the ledger tries again, also after a crash
        f"{STOCK}.offsite.OffsiteMiddleware": None,  # Scope
        f"{STOCK}.downloadtimeout.DownloadTimeoutMiddleware": None,  # one deadline for a URL: url_seconds
        f"{STOCK}.httpproxy.HttpProxyMiddleware": None,  # our client goes straight, and sends no proxy's password
    },
    "SPIDER_MIDDLEWARES": {
        "archiver.crawl.leasing.LedgerMiddleware": 10,
        # they judge requests that a callback yields, and ours go through the ledger: 3 % of the event loop's CPU
        f"{STOCK_SPIDER}.httperror.HttpErrorMiddleware": None,
        f"{STOCK_SPIDER}.referer.RefererMiddleware": None,
        f"{STOCK_SPIDER}.urllength.UrlLengthMiddleware": None,
        f"{STOCK_SPIDER}.depth.DepthMiddleware": None,
    },
    "ITEM_PIPELINES": {"archiver.crawl.pipeline.StorePipeline": 900},
}


class ArticleSpider(scrapy.Spider):
    """Base of `urls`, `feed`, `sitemap` and `site`."""

    custom_settings = {  # noqa: RUF012  # Scrapy declares it as an instance's
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",  # the ledger knows what was seen
        "CONCURRENT_REQUESTS": 0,  # the feeder counts
        "CONCURRENT_ITEMS": 1,  # of one response: Scrapy starts so many tasks for each, and ours gives one item
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1000,
        "DOWNLOAD_DELAY": 0,  # Politeness
        "SCRAPER_SLOT_MAX_ACTIVE_SIZE": 200_000_000,  # the feeder's concurrency bounds it long before
    }

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Put the ledger's middlewares in, and the stock ones that they replace out."""
        super().update_settings(settings)
        for name, classes in OURS.items():
            settings.set(name, {**settings.getdict(name), **classes}, "spider")

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ArticleSpider:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.running = RunningCrawl.of(crawler)
        spider.follower.host_depths = host_depths(spider.running.options)
        crawler.signals.connect(spider.callback_failed, scrapy.signals.spider_error)
        crawler.signals.connect(spider.page_dropped, scrapy.signals.item_dropped)
        crawler.signals.connect(spider.page_failed, scrapy.signals.item_error)
        crawler.signals.connect(spider.page_replaced, scrapy.signals.item_scraped)
        return spider

    def __init__(self, *args: Any, seeds: Iterable[Seed] = (), follower: Follower | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.running: RunningCrawl
        self.seeds = tuple(seeds)
        self.follower = follower or Follower()
        self._tasks: set[asyncio.Task[None]] = set()  # held, or the loop forgets them

    # ------------------------------------------------------------------ seeds and requests

    async def start(self) -> AsyncIterator[Any]:
        """Yield the seeds; the ledger takes them, the ones that cannot be asked for with their reason."""
        for seed in self.seeds:
            found, problem = entry(seed)
            yield scrapy.Request("data:,", meta={"found": found, "problem": problem})

    def request_for(self, lease: Lease) -> scrapy.Request:
        """The request for a lease, to be read by the method that its role names."""
        lists = {"feed": self.parse_feed, "older": self.parse_feed, "sitemap": self.parse_sitemap}
        read = lists.get(lease.role, self.parse)
        meta: dict[str, Any] = {"lease": lease, "handle_httpstatus_all": True}
        if lease.role in lists:
            meta["body_bytes"] = max(LIST_BYTES, self.running.options.body_bytes)
        return scrapy.Request(
            lease.url, headers=_conditions(lease), callback=read, errback=self.fetch_failed, dont_filter=True, meta=meta
        )

    def refuses(self, target: str, lease: Lease) -> str | None:
        """Why a redirect to `target` is not followed, as a reason word; None if it is."""
        if lease.role != "site":
            return None
        reason = self.follower.scope.verdict(target, hops=lease.hops)
        return "redirect_off_scope" if reason == "off_host" else reason

    # ------------------------------------------------------------------ pages

    async def parse(self, response: Response) -> AsyncIterator[Any]:
        """Read a page and hand it to the pipeline, with the links to follow."""
        lease, capture = _answered(response)
        if await self._again(lease, capture):
            return
        if capture.status == 304 and lease.known is not None and lease.is_conditional:
            yield Page(capture=capture, lease=lease, repeats=lease.known.record)
            return
        if (before := await read_before(self.running, capture, lease)) is not None:
            work = await self.running.pool.seal(capture, before.reading)
            yield Page(capture=replace(capture, usual=before.usual), work=work, lease=lease)
            return
        page = await self._read(capture, lease)
        if lease.role == "site" and page.work is not None and page.outcome[0] is not Outcome.FAILED:
            page = await self._with_links(page, lease)
        page = self._with_next(page, lease)
        yield await self._with_requisites(page, lease)

    async def _again(self, lease: Lease, capture: Capture) -> bool:
        """Whether this answer is one to come back for, and the ledger has been told so."""
        reason = transient(capture)
        if reason is None or not await self.running.feeder.failed(lease, reason, retry_after=retry_after(capture)):
            return False
        self.running.feeder.landed(lease)
        return True

    async def _read(self, capture: Capture, lease: Lease) -> Page:
        at = host(capture.url)
        if lease.role != REQUISITE and (usual := await self.running.lengths.usual(at)):
            capture = replace(capture, usual=usual)
        page = Page(capture=capture, work=await self.running.pool.page(capture), lease=lease)
        self.running.lengths.read(at, page)
        return page

    async def _with_links(self, page: Page, lease: Lease) -> Page:
        assert page.work is not None
        follower = self.follower
        for reason, n in page.work.dropped.items():
            follower.drop(reason, n)
        found = follower.links(page.work.links, lease)
        found += follower.guides(page.work.reading.feeds, "feed", lease)
        if lease.seed:
            found += follower.guides(await self._sitemaps(lease.url), "sitemap", lease)
        return replace(page, links=Links(found=tuple(found), dropped=follower.take_dropped()))

    def _with_next(self, page: Page, lease: Lease) -> Page:
        """The page on which an article goes on, also where no links are followed."""
        reading = page.work.reading if page.work else None
        if reading is None or reading.article is None or PAGED not in reading.flags:
            return page
        extra = reading.article.extra
        if not (onward := extra.get("next_page")) or extra.get("page", 1) >= MOST_PARTS:
            return page
        found = self.follower.part(str(onward), lease)
        dropped = {**page.links.dropped, **self.follower.take_dropped()}
        return replace(page, links=Links(found=(*page.links.found, *found), dropped=dropped))

    async def _with_requisites(self, page: Page, lease: Lease) -> Page:
        """What an article, or a stylesheet of one, needs to look as it did, if the job wants that."""
        kinds = self.running.options.requisites
        capture, is_part = page.capture, lease.role == REQUISITE
        shows = is_part and "css" in (capture.content_type or "")
        if not kinds or page.work is None or not (shows or page.work.reading.verdict is Verdict.ARTICLE):
            return page
        needed = await self.running.pool.requisites(capture, kinds)
        for reason, n in needed.dropped.items():
            self.follower.drop(reason, n)
        found = self.follower.requisites((url for url, *_ in needed.entries), lease)
        dropped = {**page.links.dropped, **self.follower.take_dropped()}
        return replace(page, links=Links(found=(*page.links.found, *found), dropped=dropped))

    async def _sitemaps(self, url: str) -> tuple[str, ...]:
        """What robots.txt announces, or the usual places."""
        if not self.running.options.robots:
            return sitemaps_of(url)
        return (await self.running.robots.verdict(url)).sitemaps or sitemaps_of(url)

    # ------------------------------------------------------------------ feeds and sitemaps

    async def parse_feed(self, response: Response) -> None:
        """Read a feed: its items are pages to fetch."""
        lease, capture = _answered(response)
        if not await self._again(lease, capture):
            async with self.landing(lease):
                if capture.status == 304 and lease.is_conditional:
                    await self._not_modified(lease, capture)
                    return
                feed = await self.running.pool.feed(capture)
                found = self.follower.entries(feed.entries, lease)
                if found and not (lease.known and lease.known.items):  # later polls overlap with the first, or say so
                    found += self.follower.older(feed.next_url, lease)
                await self._followed(lease, capture, found, feed)

    async def parse_sitemap(self, response: Response) -> None:
        """Read a sitemap: its entries are pages to fetch, or sitemaps to read."""
        lease, capture = _answered(response)
        if not await self._again(lease, capture):
            async with self.landing(lease):
                if capture.status == 304 and lease.is_conditional:
                    await self._not_modified(lease, capture)
                    return
                sitemap = await self.running.pool.sitemap(capture)
                if sitemap.kind == "index":
                    found = self.follower.guides((url for url, *_ in sitemap.entries), "sitemap", lease)
                else:
                    found = self.follower.entries(sitemap.entries, lease)
                await self._followed(lease, capture, found, sitemap)

    async def _followed(self, lease: Lease, capture: Capture, found: list[Found], read: Entries) -> None:
        """Enter what a feed or sitemap names, and close it, in one transaction."""
        error = read.error
        for reason, n in read.dropped.items():
            self.follower.drop(reason, n)
        links = Links(found=tuple(found), dropped=self.follower.take_dropped())
        outcome, reason = (Outcome.FOLLOWED, error or "") if found or not error else (Outcome.FAILED, error)
        if capture.status is None or not 200 <= capture.status < 300:
            outcome, reason = Outcome.FAILED, f"http_{capture.status}"
        facts: dict[str, Any] = {"final_url": capture.url, "status": capture.status}
        policy, before = self.running.options.recrawl, lease.known
        if outcome is Outcome.FOLLOWED:
            items = dict.fromkeys(fp_of(url) for url, *_ in read.entries)
            after = after_poll(policy, lease.role, items, capture, before)
            if after.gap:
                reason = "gap"
                logger.warning(
                    "a gap: no item of the last poll is left in %s; what stood between was not seen", lease.url
                )
        else:
            after = after_failure(policy, reason, seed=lease.seed, before=before)
        facts |= {"known": after.known, "again": after.again}
        await self.running.ledger(lambda ledger: ledger.ack(lease, outcome, reason, links=links, **facts))
        self.running.feeder.budget.ended(lease)

    async def _not_modified(self, lease: Lease, capture: Capture) -> None:
        """Close a feed or sitemap that is as it was: what it names is in the ledger."""
        assert lease.known is not None
        after = after_unchanged_poll(self.running.options.recrawl, lease.known)
        facts: dict[str, Any] = {"known": after.known, "again": after.again, "final_url": capture.url, "status": 304}
        await self.running.ledger(lambda ledger: ledger.ack(lease, Outcome.UNCHANGED, "not_modified", **facts))

    # ------------------------------------------------------------------ failures

    async def fetch_failed(self, failure: TwistedFailure) -> AsyncIterator[Any]:
        """No usable answer: try again if that may help, else keep a record that says why."""
        request: scrapy.Request = failure.request  # type: ignore[attr-defined]  # Scrapy puts it there
        lease: Lease = request.meta["lease"]
        why = failure_of(failure.value or RuntimeError("no exception"))
        if why.reason == "internal_error":
            logger.error("internal error at %s", lease.url, exc_info=failure.value)
        if await self.running.feeder.failed(lease, why.reason, why.detail):
            self.running.feeder.landed(lease)
            return
        hops = request.meta.get("hops", ())
        facts = {"final_url": request.url, "status": hops[-1].status if hops else None}
        if why.reason in NEVER_ASKED:
            async with self.landing(lease):
                passing = request.meta.get("robots_unreachable", False)
                await self.running.feeder.close_lease(lease, Outcome.SKIPPED, why.reason, passing=passing, **facts)
            return
        yield Page(
            capture=Capture(
                url=request.url, requested_url=lease.url, captured_at=datetime.now(UTC), status=None, redirects=hops,
                via=lease.via, hops=lease.hops, discovery=lease.role, announced=lease.announced,
                robots=request.meta.get("robots"), rights=request.meta.get("rights", ()), failure=why,
            ),
            lease=lease,
        )  # fmt: skip

    def callback_failed(self, failure: TwistedFailure, response: Any) -> None:
        """Our own reading broke. Scrapy's signal does not wait for anybody, so what follows is a task of its own."""
        request = getattr(response, "request", None)
        if request is not None and (lease := request.meta.get("lease")) is not None:
            task = asyncio.ensure_future(self._after_failure(lease, failure))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _after_failure(self, lease: Lease, failure: TwistedFailure) -> None:
        """Try the URL once more, then close it with what happened."""
        async with self.landing(lease):
            error = failure.value
            reason = error.reason if isinstance(error, ExtractionFailed) else "spider_error"
            if not await self.running.feeder.failed(lease, reason, str(error)):
                await self.running.feeder.close_lease(lease, Outcome.FAILED, reason)

    async def page_dropped(self, item: Any) -> None:
        """A pipeline of the user's did not want the page: nothing is kept of it, and its links are followed."""
        if isinstance(item, Page) and item.lease is not None:
            await self._not_wanted(item.lease, item.links)

    async def page_replaced(self, item: Any, response: Any) -> None:
        """A pipeline of the user's made something else of the page, so that ours never saw it."""
        lease: Lease | None = response.request.meta.get("lease") if hasattr(response, "request") else None
        if not isinstance(item, Page) and lease is not None:
            await self._not_wanted(lease, NO_LINKS)

    async def _not_wanted(self, lease: Lease, links: Links) -> None:
        async with self.landing(lease):
            await self.running.feeder.close_lease(lease, Outcome.SKIPPED, "dropped", links=links)

    async def page_failed(self, item: Any, failure: TwistedFailure) -> None:
        """A pipeline of the user's broke."""
        if isinstance(item, Page) and item.lease is not None:
            await self._after_failure(item.lease, failure)

    @asynccontextmanager
    async def landing(self, lease: Lease) -> AsyncIterator[None]:
        """Whatever happens inside, the URL is no longer in flight afterwards."""
        try:
            yield
        finally:
            self.running.feeder.landed(lease)


def _conditions(lease: Lease) -> dict[str, str]:
    """The headers that let a server say 304 instead of sending what we keep already (RFC 9110, 13.1)."""
    known = lease.known
    given = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified} if known else {}
    return {name: value for name, value in given.items() if value}


def _answered(response: Response) -> tuple[Lease, Capture]:
    """The lease and the capture, completed with what only the crawl knows."""
    lease: Lease = response.meta["lease"]
    capture: Capture = response.meta["capture"]
    return lease, replace(
        capture,
        requested_url=lease.url,
        via=lease.via,
        hops=lease.hops,
        discovery=lease.role,
        announced=lease.announced,
    )
