"""Feeder: turns the ledger's leases into requests, within every limit. In: seeds. Out: requests. Never: storing.

The ledger decides what is due, politeness which host may be asked, the budgets when it is enough. At most
`concurrency` URLs are between request and stored record: that is all a kill -9 can make us fetch again.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from archiver.crawl.answers import BUSY, may_pass
from archiver.crawl.budget import Budget, LimitReached
from archiver.crawl.schedule import after_failure
from archiver.crawl.sharing import LEASE_LOST
from archiver.frontier import JobState, Lease, Outcome

if TYPE_CHECKING:
    from archiver.crawl.pages import Page
    from archiver.crawl.running import RunningCrawl

logger = logging.getLogger(__name__)
HOSTS_AHEAD, URLS_AHEAD = 64, 8  # leases held in memory: hosts, URLs of each
TWICE = frozenset({"timeout", "worker_died", "spider_error", "internal_error"})  # dear: no third attempt
SAY_SECONDS = 10.0
ASK_SECONDS = 0.1
EARLY_SECONDS = 0.2  # before its turn a request sets out: the way to the wire must not make the pace slower
PAUSES = (1.0, 4.0, 15.0, 30.0)  # seconds before attempt 2, 3, …


class Feeder:
    """Gives out leases and takes back what became of them."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._ahead: defaultdict[str, deque[Lease]] = defaultdict(deque)
        self._flying: dict[int, Lease] = {}
        self._spent: dict[str, LimitReached] = {}  # hosts that had their share of this crawl
        self._yielding: set[str] = set()  # hosts that another worker waits for
        self._said = time.monotonic()
        self._asked_again = 0.0  # when the ledger, that had nothing more, is asked next while there are leases ahead
        self.budget = Budget(running.options)

    async def leases(self) -> AsyncIterator[Lease]:
        """Yield leases until nothing is left, a budget is spent or the crawl is stopped."""
        running = self._running
        while not running.stopping.is_set():
            self._say()
            if problem := self.budget.spent(len(self._flying)):
                if not self._flying:
                    running.stop(problem)
                    break
            elif not await running.may_go_on():
                if running.orders.state is JobState.PAUSE:
                    await self._hand_back()
            elif len(self._flying) < running.options.concurrency and running.sharing.may_ask():
                if lease := await self._next():
                    self._flying[lease.fp] = lease
                    self.budget.asked(lease)
                    yield lease
                    continue
                if await self._finished():
                    running.finished = True
                    return
            await running.change(self._patience())
        await self._hand_back()

    def _say(self) -> None:
        """A line now and then: a crawl that is silent looks like one that hangs."""
        now = time.monotonic()
        if now - self._said >= SAY_SECONDS:
            self._said = now
            budget = self.budget
            logger.info(
                "%d URLs asked for, %d articles kept, %.1f MB, %d in flight",
                *(budget.pages, budget.articles, budget.bytes / 1e6, len(self._flying)),
            )

    async def _next(self) -> Lease | None:
        if (lease := self._ready()) is not None:
            return lease
        await self._retire_spent()
        await self._running.sharing.recover()
        async with self._running.sharing.claiming:
            return self._ready() if await self._claim() else None

    async def _claim(self) -> bool:
        busy = [*(host for host, waiting in self._ahead.items() if waiting), *self._spent, *self._yielding]
        room = HOSTS_AHEAD - sum(map(bool, self._ahead.values()))
        if room <= 0 or (any(self._ahead.values()) and time.monotonic() < self._asked_again):
            return False
        claimed = await self._running.ledger(lambda ledger: ledger.claim(hosts=room, per_host=URLS_AHEAD, busy=busy))
        for lease in claimed:
            self._ahead[lease.host].append(lease)
        self._asked_again = 0.0 if claimed else time.monotonic() + ASK_SECONDS
        self._running.sharing.claimed({lease.host for lease in claimed})
        return bool(claimed)

    def _ready(self) -> Lease | None:
        politeness = self._running.politeness
        flying = Counter(lease.host for lease in self._flying.values())
        for host, waiting in self._ahead.items():
            if not waiting or self._is_full(host, flying) or politeness.ready_in(host) > EARLY_SECONDS:
                continue
            if self.budget.host_spent(host):
                continue
            lease = waiting.popleft()
            self._ahead[host] = self._ahead.pop(host)  # to the end: hosts take turns
            return lease
        return None

    async def _finished(self) -> bool:
        """Whether nothing can become due soon: all done, or the rest belongs to parked or spent hosts."""
        if self._flying or any(self._ahead.values()):
            return False
        park = self._running.options.park_seconds
        wait = await self._running.ledger(lambda ledger: ledger.next_due_in(besides=self._spent))
        if wait is not None and wait <= park:
            return False
        left = await self._running.ledger(lambda ledger: ledger.next_due_in())
        if self._spent and left is not None and left <= park:
            self._running.stop(next(iter(self._spent.values())))
        return True

    async def _retire_spent(self) -> None:
        """Hand back what is left of hosts that had their share; the others go on."""
        waiting = [host for host, waiting in self._ahead.items() if waiting]
        for host, limit in [(host, limit) for host in waiting if (limit := self.budget.host_spent(host))]:
            self._spent[host] = limit
            await self._release(host)

    def _patience(self) -> float:
        ready_in, flying = self._running.politeness.ready_in, Counter(lease.host for lease in self._flying.values())
        open_hosts = [host for host, waiting in self._ahead.items() if waiting and not self._is_full(host, flying)]
        return max(0.01, min([0.5, *(ready_in(host) - EARLY_SECONDS for host in open_hosts)]))

    def _is_full(self, host: str, flying: Counter[str]) -> bool:
        """Whether a landing is what the host waits for."""
        return flying[host] >= self._running.options.per_host

    async def _hand_back(self) -> None:
        leases = [lease for waiting in self._ahead.values() for lease in waiting]
        self._ahead.clear()
        if leases:
            await self._running.ledger(lambda ledger: ledger.release(leases))

    # ------------------------------------------------------------------ hosts, where workers share them

    def hosts(self) -> set[str]:
        """The hosts that we need: of leases in flight, and of those that wait."""
        waiting = {host for host, leases in self._ahead.items() if leases}
        return waiting | {lease.host for lease in self._flying.values()}

    def lose(self, hosts: set[str]) -> None:
        """Forget what waits for hosts that are another worker's now."""
        for host in hosts:
            self._ahead.pop(host, None)

    async def spare(self, surplus: int, *, wanted: set[str]) -> set[str]:
        """Give up what waits for `wanted` hosts, and for so many more; those at which nothing is in flight."""
        flying = {lease.host for lease in self._flying.values()}
        resting = [host for host, leases in self._ahead.items() if leases and host not in flying | wanted]
        spare = {*wanted, *resting[:surplus]}
        self._yielding = spare & flying
        for host in spare:
            await self._release(host)
        return spare - flying

    # ------------------------------------------------------------------ what became of a lease

    def landed(self, lease: Lease | None) -> None:
        """The URL is no longer in flight."""
        if lease is not None:
            self._flying.pop(lease.fp, None)
            self._running.sharing.landed(lease)
        self._running.changed()

    def count(self, page: Page) -> None:
        """A page was kept: the budgets move."""
        self.budget.kept(page)
        if page.lease is not None:
            self._running.politeness.forgive(page.lease.host)

    async def failed(
        self, lease: Lease | None, reason: str, detail: str = "", *, retry_after: float | None = None
    ) -> bool:
        """Try `lease` again later if that may help. Return whether it will be; otherwise the caller closes it."""
        if lease is None:
            return False
        if reason == LEASE_LOST:  # it was never sent
            await self._running.ledger(lambda ledger: ledger.release([lease]))
            return True
        options, running = self._running.options, self._running
        if reason in BUSY or retry_after is not None:
            wait = retry_after if retry_after is not None else PAUSES[min(lease.tries, len(PAUSES) - 1)]
            if wait > options.park_seconds:
                logger.warning("%s asks to be left alone for %.0f s: parked", lease.host, wait)
                await running.ledger(lambda ledger: ledger.retry(lease, reason, after=wait, park=True))
                await self._release(lease.host)
                return True
            running.politeness.rest(lease.host, wait)
            limit = options.busy_tries if retry_after is not None else options.tries
        elif may_pass(reason):
            limit, wait = (2 if reason in TWICE else options.tries), PAUSES[min(lease.tries, len(PAUSES) - 1)]
        else:
            return False
        if lease.tries + 1 >= limit:
            return False
        await running.ledger(lambda ledger: ledger.retry(lease, reason, after=wait))
        logger.info("again in %.0f s: %s (%s%s)", wait, lease.url, reason, f": {detail}" if detail else "")
        return True

    async def _release(self, host: str) -> None:
        if waiting := self._ahead.pop(host, None):
            await self._running.ledger(lambda ledger: ledger.release(waiting))

    async def close_lease(
        self, lease: Lease, outcome: Outcome, reason: str, *, passing: bool = False, **facts: Any
    ) -> None:
        """End a URL for which there is nothing to keep."""
        after = after_failure(
            self._running.options.recrawl, reason, seed=lease.seed, before=lease.known, passing=passing
        )
        await self._running.ledger(
            lambda ledger: ledger.ack(lease, outcome, reason, known=after.known, again=after.again, **facts)
        )
        self.budget.ended(lease)
