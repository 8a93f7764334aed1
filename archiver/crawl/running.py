"""RunningCrawl: what the parts of one crawl share. In: a Scrapy crawler. Out: archive, ledger, client, workers.

    feeder → robots, redirects, politeness → handler → spider (workers read) → pipeline → keeper → archive, ledger

Opened when the spider opens, closed when it closes; every middleware finds it by `RunningCrawl.of(crawler)`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.exceptions import CloseSpider

from archiver.archive import Archive
from archiver.crawl.feeder import Feeder
from archiver.crawl.keeper import Keeper
from archiver.crawl.lengths import Lengths
from archiver.crawl.metrics import MetricsFile
from archiver.crawl.options import CrawlOptions
from archiver.crawl.orders import Orders
from archiver.crawl.politeness import Politeness
from archiver.crawl.rounds import begin_round, end_round, new_crawl_id
from archiver.crawl.sharing import Sharing
from archiver.crawl.state import Room, State, open_state
from archiver.errors import ArchiveError
from archiver.extraction.workers import WorkerPool
from archiver.fetch import Client, Guard, Limits, Robots
from archiver.frontier import JobState
from archiver.frontier.clerk import Clerk
from archiver.frontier.ledger import Ledger
from archiver.urls import authority

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from archiver.fetch import Exchange
    from archiver.frontier import Counts, Found
    from archiver.model import Headers

logger = logging.getLogger(__name__)
T = TypeVar("T")
PATIENCE_TO_END = 10.0  # seconds, for a ledger's server when the crawl is to end
FIRST = "SELECT id, url FROM snapshots WHERE sha256 = ? AND repeats IS NULL ORDER BY captured_at LIMIT 1"
_running: WeakKeyDictionary[Crawler, RunningCrawl] = WeakKeyDictionary()


class RunningCrawl:
    """The shared parts of one crawl. `problem` is what ended it early, or None."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.options = CrawlOptions.from_settings(crawler.settings)
        self.politeness = Politeness(
            delay=self.options.delay_seconds,
            per_host=self.options.per_host,
            max_delay=self.options.max_delay_seconds,
            delays={host: own["delay_seconds"] for host, own in self.options.hosts.items() if "delay_seconds" in own},
        )
        self.crawl_id = ""
        self.problem: ArchiveError | None = None
        self.stopping = asyncio.Event()
        self.log = logger
        self.paused_by_store = False
        self.finished = False  # nothing is left, or what is left belongs to hosts that asked to be left alone
        self.counts: Counts | None = None
        self.state: State | None = None
        self.feeder = Feeder(self)
        self.sharing = Sharing(self)
        self.keeper = Keeper(self)
        self.lengths = Lengths(self)
        self.room = Room(self)
        self.orders = Orders(self)
        self.metrics = MetricsFile(self)
        self._changed = asyncio.Event()
        self._ledger: Clerk[Ledger] | None = None
        self._born = time.monotonic()

    @classmethod
    def of(cls, crawler: Crawler) -> RunningCrawl:
        """The running crawl that belongs to `crawler`, made at the first call."""
        if crawler not in _running:
            _running[crawler] = cls(crawler)
        return _running[crawler]

    # ------------------------------------------------------------------ parts, each made when first asked for

    @cached_property
    def archive(self) -> Archive:
        options = self.options
        return Archive.open(
            options.uri,
            layout=options.layout,
            pack_bytes=options.pack_bytes,
            at_once=bool(options.frontier),  # a ledger that others share outlives this machine's disk
            **options.store,
        )

    @cached_property
    def guard(self) -> Guard:
        options = self.options
        return Guard(allow_private=options.allow_private, ports=frozenset(options.ports), allow=options.allow)

    @cached_property
    def client(self) -> Client:
        options = self.options
        limits = Limits(
            total_seconds=options.url_seconds,
            connect_seconds=options.connect_seconds,
            idle_seconds=options.idle_seconds,
            head_bytes=options.head_bytes,
            body_bytes=options.body_bytes,
        )
        return Client(
            self.guard, limits=limits, insecure_hosts=frozenset(options.insecure_hosts), ca_file=options.ca_file or None
        )

    @cached_property
    def robots(self) -> Robots:
        return Robots(self._fetch_robots, self.options.user_agent)

    async def _fetch_robots(
        self, url: str, *, headers: Headers, deadline_seconds: float | None, keep_bytes: int | None
    ) -> Exchange:
        turn = authority(url)
        await self.politeness.take(turn)
        try:
            exchange = await self.client.fetch(
                url, headers=headers, deadline_seconds=deadline_seconds, keep_bytes=keep_bytes
            )
            self.politeness.sent(turn, exchange.sent_at)
            return exchange
        finally:
            await self.politeness.done(turn)

    @cached_property
    def pool(self) -> WorkerPool:
        options = self.options
        return WorkerPool(
            size=options.worker_count, wall_seconds=options.extract_seconds, memory_mb=options.worker_memory_mb
        )

    @cached_property
    def putters(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.options.put_threads, thread_name_prefix="put")

    @property
    def ledger(self) -> Clerk[Ledger]:
        """The ledger's clerk; only crawls that lease their URLs have one."""
        assert self._ledger is not None, "the crawl has no ledger yet"
        return self._ledger

    # ------------------------------------------------------------------ life

    def connect(self) -> None:
        """Open and close with the spider."""
        self.crawler.signals.connect(self._spider_opened, signals.spider_opened)
        self.crawler.signals.connect(self._spider_closed, signals.spider_closed)

    async def _spider_opened(self) -> None:
        try:
            await self.open()
        except ArchiveError as error:
            self.stop(error)
            raise CloseSpider(type(error).__name__) from error

    async def open(self) -> None:
        """Check the archive and start the workers. Raises what makes a crawl pointless."""
        self.metrics.check()
        await self.in_thread(self._check_archive)
        await self.pool.start()
        self.crawl_id = self.options.crawl or new_crawl_id()

    def _check_archive(self) -> None:
        self.archive.store.check(write=True)
        if "://" not in self.options.uri:
            Path(self.options.uri).mkdir(parents=True, exist_ok=True)

    async def begin(self, seeds: list[tuple[Found, str | None]], rules: str) -> None:
        """Take the ledger, pick up what a crash left, enter the seeds. `rules` is the follower's."""
        state = open_state(self.options, [found.url for found, _ in seeds])
        self.state = state
        self.archive.store.spool_folder = state.folder / "spool"  # a job that loses its ledger asks again for all in it
        await self.in_thread(self.archive.store.recover)
        self._ledger = Clerk(state.ledger)
        await self.sharing.begin()
        self.crawl_id = await begin_round(self, state, seeds, rules)
        self.note("began", f"{self.crawl_id}, {self.sharing.worker}")
        self.metrics.begin()

    @property
    def age(self) -> float:
        """Seconds since this crawl was begun."""
        return time.monotonic() - self._born

    async def _spider_closed(self) -> None:
        """Say what became of every URL; then give everything back, the ledger last."""
        made = self.__dict__
        try:
            if "archive" in made:
                await self.in_thread(self.archive.flush)
                await self.in_thread(self.archive.store.recover)  # of another worker that died beside us
            if self._ledger is not None:
                await end_round(self)
        except ArchiveError as error:
            self.stop(error)
        finally:
            with suppress(ArchiveError):  # a full disk takes no more notes
                await self._say_how_it_ended()
            await self.sharing.end()
            with suppress(ArchiveError):
                await self.metrics.end()
            if "pool" in made:
                await self.pool.close()
            if "client" in made:
                await self.client.close()
            if self._ledger is not None:
                await self._ledger.close()
            if self.state is not None:
                self.state.release()
            if "putters" in made:
                self.putters.shutdown(wait=False, cancel_futures=True)
            if "archive" in made:
                self.archive.close()

    async def _say_how_it_ended(self) -> None:
        if self._ledger is None:
            return
        counts = self.counts
        left = counts.pending + counts.leased if counts is not None else 0
        how = str(self.problem) if self.problem is not None else f"{left} URLs are left" if left else "complete"
        await self.ledger(lambda one: one.note("ended", how))
        others = len(await self.ledger(lambda one: one.workers())) > 1
        if self.orders.state is JobState.STOP and not others:  # it is done: the next run is not meant
            await self.ledger(lambda one: one.order(JobState.RUN))

    async def in_thread(self, call: Callable[[], T]) -> T:
        """Run blocking work on one of the putting threads, never on those that Scrapy shares with DNS."""
        return await asyncio.get_running_loop().run_in_executor(self.putters, call)

    async def first_with_body(self, sha256: str) -> tuple[str, str] | None:
        """The id and URL of the record that kept these bytes first, or None."""
        return await self.in_thread(lambda: self.archive.catalog.first(FIRST, (sha256,)))

    # ------------------------------------------------------------------ signals between the parts

    async def may_go_on(self) -> bool:
        """Whether new URLs may be asked for: nobody said pause, the store answers, there is room on the disk."""
        return await self.orders.may_go_on() and not self.paused_by_store and await self.room.enough()

    def note(self, kind: str, detail: str = "") -> None:
        """Write an event into the job's ledger, as soon as may be; a full disk is no reason to stop for it."""
        if self._ledger is not None:
            self._ledger.tell(lambda one: one.note(kind, detail))

    def changed(self) -> None:
        """A slot, a host or a page became free: the feeder looks again."""
        self._changed.set()

    async def change(self, at_most: float) -> None:
        """Wait until something changed, or so many seconds."""
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), at_most)

    def stop(self, problem: ArchiveError | None = None) -> None:
        """End the crawl early, in order: nothing new is asked for, what is under way is finished or handed back."""
        if problem is not None and self.problem is None:
            self.problem = problem
            if self._ledger is not None:  # before that, nothing has happened but the problem
                logger.warning("%s", problem)
        if self.state is not None:
            self.state.ledger.patience = min(self.state.ledger.patience, PATIENCE_TO_END)
        self.stopping.set()
        self.changed()
