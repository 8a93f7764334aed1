"""Sharing: one worker among those of a job. In: renewals. Out: whether a host may be asked. Never: fetching, storing.

    renew     every twelfth of a lease: keeps our hosts, gives back those that are idle, wanted or more than our share
    fence     without a renewal for 0.7 of a lease nothing is asked for: another worker may own our hosts by then
    recover   takes over what a worker left that fell silent

Where nobody else can open the ledger, each of these is nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from archiver.crawl.rounds import settle_crashed
from archiver.errors import ArchiveError, FetchFailed

if TYPE_CHECKING:
    from archiver.crawl.running import RunningCrawl
    from archiver.frontier import Lease
    from archiver.frontier.ledger import Held

logger = logging.getLogger(__name__)
BEATS = 12  # renewals in a lease
LEASE_LOST = "lease_lost"  # a request that was not sent, because its host may be another worker's by now
BORROW_SECONDS = 0.5  # between two attempts to get a host that a redirect leads to
PATIENCE_SECONDS = 60.0  # for such a host; then the URL goes back


class Sharing:
    """Keeps a worker's hosts its own."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._safe_until = math.inf
        self._beat: asyncio.Task[None] | None = None
        self._lost: set[str] = set()
        self._guests: dict[str, int] = {}  # hosts that requests redirected to, and how many are there
        self._looked = -math.inf
        self._settling = False
        self.claiming = asyncio.Lock()  # held while hosts change hands

    @property
    def worker(self) -> str:
        """Our name among the workers, for people."""
        return f"process {os.getpid()} on {socket.gethostname()}" if self.is_shared else f"process {os.getpid()}"

    @property
    def is_shared(self) -> bool:
        """Whether there may be other workers."""
        state = self._running.state
        return state is not None and state.ledger.is_shared

    async def begin(self) -> None:
        """Become one of the job's workers."""
        if self.is_shared:
            self._take(await self._running.ledger(lambda one: one.join(self.worker)))
            self._beat = asyncio.ensure_future(self._renewing())

    async def end(self) -> None:
        """Leave the others our hosts, each with the rest that is due to it, and be no worker any more."""
        if self._beat is None:
            return
        self._beat.cancel()
        with suppress(asyncio.CancelledError):
            await self._beat
        rests = self._running.politeness.rests()
        with suppress(ArchiveError):  # a server that is away learns it when our lease ends
            await self._running.ledger(lambda one: one.leave(rests))
            await self._running.ledger(lambda one: one.part())

    # ------------------------------------------------------------------ may we ask

    def may_ask(self, host: str | None = None) -> bool:
        """Whether our lease is fresh enough to ask for something new, of `host`."""
        return time.monotonic() < self._safe_until and host not in self._lost

    def check(self, host: str, url: str) -> None:
        """Raise FetchFailed for a request that must not be sent any more."""
        if not self.may_ask(host):
            raise FetchFailed(url, LEASE_LOST, f"{host} may be another worker's by now")

    async def visit(self, lease: Lease, host: str, url: str) -> None:
        """Make `host` ours for a request that a redirect leads there. Raises FetchFailed if its worker keeps it."""
        if not self.is_shared or host == lease.host or host in self._guests:
            return
        until = time.monotonic() + PATIENCE_SECONDS
        while not self._running.stopping.is_set() and time.monotonic() < until:
            async with self.claiming:
                if await self._running.ledger(lambda one: one.borrow(host)):
                    self._lost.discard(host)
                    self._guests[host] = lease.fp
                    return
            await asyncio.sleep(BORROW_SECONDS)
        raise FetchFailed(url, LEASE_LOST, f"{host} is another worker's")

    def landed(self, lease: Lease) -> None:
        """The request is over, and with it its visits to other hosts."""
        for host in [host for host, fp in self._guests.items() if fp == lease.fp]:
            del self._guests[host]

    def claimed(self, hosts: set[str]) -> None:
        """These hosts are ours."""
        self._lost -= hosts

    # ------------------------------------------------------------------ renewals

    async def _renewing(self) -> None:
        every = self._running.options.lease_seconds / BEATS
        while True:
            await asyncio.sleep(every)
            try:
                await self._renew()
            except ArchiveError as error:
                self._running.stop(error)
                return
            except (
                Exception
            ) as error:  # without renewals nothing would be asked for any more, and nobody would know why
                logger.exception("frontier: the lease cannot be renewed")
                self._running.stop(ArchiveError(f"the lease cannot be renewed: {type(error).__name__}: {error}"))
                return

    async def _renew(self) -> None:
        running = self._running
        async with self.claiming:
            needed = running.feeder.hosts() | self._guests.keys()
            distances = {host: running.politeness.distance(host) for host in needed}
            held = await running.ledger(lambda one: one.renew(distances))
            self._take(held)
            spare = await running.feeder.spare(held.surplus, wanted=set(held.wanted) - self._guests.keys())
            if not self._settling:
                spare |= set(held.idle) - running.feeder.hosts() - self._guests.keys()
            if spare:
                rests = {host: running.politeness.rest_of(host) for host in spare}
                await running.ledger(lambda one: one.leave(rests))
        running.changed()

    def _take(self, held: Held) -> None:
        if time.monotonic() > self._safe_until:
            logger.warning("frontier: our lease is renewed; going on with the hosts that are still ours")
        self._safe_until = held.safe_until
        if held.lost:
            logger.warning("frontier: %d hosts are another worker's now: %s", len(held.lost), ", ".join(held.lost[:5]))
            self._lost.update(held.lost)
            self._running.feeder.lose(set(held.lost))

    async def recover(self) -> None:
        """Now and then, take over what a silent worker left."""
        now = time.monotonic()
        if self.is_shared and now - self._looked >= self._running.options.lease_seconds / BEATS:
            self._looked = now
            await self.settle()

    async def settle(self) -> None:
        """Take over what a crash left. The hosts stay ours until it is known which of their records were written."""
        self._settling = True
        try:
            await settle_crashed(self._running)
        finally:
            self._settling = False
