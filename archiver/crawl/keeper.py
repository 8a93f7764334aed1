"""Keeper: makes a page durable, whatever the store does meanwhile. In: a page. Out: an outcome. Never: fetching.

    links and intent → ledger;   body → record → catalog row → archive;   outcome → ledger

A crash between two arrows loses nothing: the intent names the record, so the next run can ask whether it was written.
Pages that come at about the same time share the commits, of intents, and of catalog rows and outcomes, while others
queue for a reader: it is the reader then that the crawl waits for.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from archiver.archive import Prepared, Receipt
from archiver.crawl.gathering import Gathering
from archiver.crawl.schedule import after_page
from archiver.errors import ArchiveError, StoreError
from archiver.extraction.requisites import REQUISITE
from archiver.model import Verdict

if TYPE_CHECKING:
    from archiver.crawl.pages import Page
    from archiver.crawl.running import RunningCrawl
    from archiver.frontier import Lease
    from archiver.frontier.ledger import Ledger

logger = logging.getLogger(__name__)
T = TypeVar("T")
SLOW_SECONDS = 8.0  # a put that takes longer is worth a line: promised is one within 10 s
LONGEST_PAUSE = 15.0


class GaveUp(ArchiveError):
    """The store stayed down for longer than the job's patience, or the crawl was stopped meanwhile."""


class Keeper:
    """Keeps pages, one call per page, many at a time."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._outage = Outage(running)
        self._bodies: dict[str, tuple[asyncio.Lock, int]] = {}
        self._putting = 0  # pages on their way into the store
        self._intents = Gathering(self._intend, may_wait=self._readers_are_busy)
        self._outcomes = Gathering(self._close, may_wait=lambda: self._putting > 0 and self._readers_are_busy())

    def _readers_are_busy(self) -> bool:
        """Whether the next page is ready for a reader, and one more: what is kept a moment later leaves none idle."""
        return self._running.pool.waiting > 1

    async def keep(self, page: Page) -> Page:
        """Store the page, close its lease, return it with what it repeats. Raises GaveUp when the store stays down."""
        if page.work is None or not page.capture.body:
            return await self._keep(page)
        async with self._alone(page.work.sha256):
            first = await self._running.first_with_body(page.work.sha256)
            if first is not None:
                page = replace(page, repeats=first[0], unchanged=first[1] == page.capture.url)
            return await self._keep(page)

    @asynccontextmanager
    async def _alone(self, sha256: str) -> AsyncIterator[None]:
        """Two captures of the same bytes are kept one after the other, so that the second can name the first."""
        lock, waiting = self._bodies.get(sha256, (asyncio.Lock(), 0))
        self._bodies[sha256] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._bodies.pop(sha256)
            if waiting > 1:
                self._bodies[sha256] = (lock, waiting - 1)

    async def _keep(self, page: Page) -> Page:
        prepared = self._prepare(page)
        if page.lease is not None:
            await self._intents.join((page.lease, page, prepared.record_key))
        receipt = await self._put(prepared)
        await self._outcomes.join((page, prepared, receipt))
        return page

    async def _put(self, prepared: Prepared) -> Receipt:
        self._putting += 1
        try:
            return await self._outage.through(lambda: self._running.archive.store_objects(prepared))
        finally:
            self._putting -= 1

    async def _intend(self, pages: Sequence[tuple[Lease, Page, str]]) -> None:
        """Note which records are about to be written, and enter the pages' links."""

        def intend(ledger: Ledger) -> None:
            for lease, page, key in pages:
                outcome, reason = page.outcome
                ledger.intend(lease, page.links, record=key, outcome=outcome, reason=reason)

        await self._running.ledger(intend)

    async def _close(self, pages: Sequence[tuple[Page, Prepared, Receipt]]) -> None:
        """Enter what is stored into the catalog; then close the leases."""
        running = self._running
        await self._outage.through(lambda: running.archive.enter(prepared for _, prepared, _ in pages))
        ended = [
            (page.lease, page.outcome, self._facts(page.lease, page, prepared, receipt))
            for page, prepared, receipt in pages
            if page.lease is not None
        ]

        def ack(ledger: Ledger) -> None:
            for lease, (outcome, reason), facts in ended:
                ledger.ack(lease, outcome, reason, **facts)

        if ended:
            await running.ledger(ack)

    def _prepare(self, page: Page) -> Prepared:
        running, work = self._running, page.work
        return running.archive.prepare(
            page.capture,
            reading=work.reading if work else None,
            verdict=None if work else Verdict.UNCHANGED if page.not_modified else Verdict.ERROR,
            html=work,
            crawl=running.crawl_id,
            collection=running.options.collection,
            repeats=page.repeats,
        )

    def _facts(self, lease: Lease, page: Page, prepared: Prepared, receipt: Receipt) -> dict[str, Any]:
        outcome, reason = page.outcome
        policy = "never" if lease.role == REQUISITE else self._running.options.recrawl
        after = after_page(policy, prepared.record, seed=lease.seed, outcome=outcome, reason=reason, before=lease.known)
        return {
            "known": after.known,
            "again": after.again,
            "final_url": page.capture.url,
            "status": page.capture.status,
            "record": receipt.record_key,
            "record_sha256": receipt.record_sha256,
            "record_size": receipt.record_size,
            "body": receipt.body_key,
            "body_sha256": receipt.body_sha256,
            "body_size": receipt.body_size,
        }


class Outage:
    """Waits out a store that is down: says so once, pauses the feeder, tries again with longer and longer pauses."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._since: float | None = None

    async def through(self, call: Callable[[], T]) -> T:
        """Run `call` on a putting thread until it succeeds. Raises GaveUp after the patience, or when stopping."""
        pause = 0.5
        while True:
            try:
                value = await self._watched(call)
            except StoreError as error:
                self._down(error)
                await self._rest(pause, error)
                pause = min(LONGEST_PAUSE, pause * 2)
            else:
                self._up()
                return value

    async def _watched(self, call: Callable[[], T]) -> T:
        slow = StoreError(self._running.archive.uri, f"no answer for {SLOW_SECONDS:.0f} s")
        alarm = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._down, slow)
        try:
            return await self._running.in_thread(call)
        finally:
            alarm.cancel()

    def _down(self, error: StoreError) -> None:
        if self._since is None:
            self._since = time.monotonic()
            patience = self._running.options.patience_seconds
            logger.warning("storage: %s; waiting up to %.0f s for it, nothing is lost", error, patience)
            self._running.paused_by_store = True
            self._running.note("storage_down", str(error))

    def _up(self) -> None:
        if self._since is not None:
            logger.warning("storage: back after %.0f s; going on", time.monotonic() - self._since)
            self._since, self._running.paused_by_store = None, False
            self._running.note("storage_up")
            self._running.changed()

    async def _rest(self, pause: float, error: StoreError) -> None:
        running = self._running
        since = self._since if self._since is not None else time.monotonic()
        if time.monotonic() - since > running.options.patience_seconds:
            running.stop(error)
        if running.stopping.is_set():
            raise GaveUp(str(error)) from error
        try:
            await asyncio.wait_for(running.stopping.wait(), pause)
        except TimeoutError:
            return
        raise GaveUp(str(error)) from error
