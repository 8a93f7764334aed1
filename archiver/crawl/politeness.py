"""Politeness: when a host may be asked, and what it forbids. In: requests. Out: a turn, a refusal. Never: storage."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from archiver.errors import FetchFailed
from archiver.urls import authority

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


@dataclass(slots=True)
class _Host:
    delay: float
    own: float  # what it goes back to
    next_at: float = 0.0
    busy: int = 0
    free: asyncio.Condition = field(default_factory=asyncio.Condition)
    gate: asyncio.Lock = field(default_factory=asyncio.Lock)


class Politeness:
    """Each host's turn: at most `per_host` requests at a time, and `delay` seconds between two starts.

    Durations are measured on the monotonic clock.
    """

    def __init__(
        self, *, delay: float, per_host: int, max_delay: float, delays: Mapping[str, float] = MappingProxyType({})
    ) -> None:
        self._delay, self._per_host, self._max, self._delays = delay, per_host, max_delay, delays
        self._hosts: dict[str, _Host] = {}

    def _host(self, name: str) -> _Host:
        if name not in self._hosts:
            own = self._delays.get(name, self._delay)
            self._hosts[name] = _Host(own, own)
        return self._hosts[name]

    def ready_in(self, name: str) -> float:
        """Seconds until `name` may be asked; infinite while it is busy with as many requests as it may have."""
        host = self._hosts.get(name)
        if host is None:
            return 0.0
        return float("inf") if host.busy >= self._per_host else max(0.0, host.next_at - time.monotonic())

    def distance(self, name: str) -> float:
        """Seconds between two requests to `name`, as things are."""
        return self._host(name).delay

    def rest_of(self, name: str) -> float:
        """Seconds until `name` may be asked by anybody."""
        host = self._hosts.get(name)
        return 0.0 if host is None else max(0.0, host.next_at - time.monotonic())

    def rests(self) -> dict[str, float]:
        """The same of every host that was asked."""
        return {name: self.rest_of(name) for name in self._hosts}

    async def take(self, name: str) -> None:
        """Wait for a turn at `name` and take it; give it back with `done`."""
        host = self._host(name)
        async with host.free:
            while host.busy >= self._per_host:
                await host.free.wait()
            host.busy += 1
        async with host.gate:  # the distance counts from when the one before really began, however late it woke
            while (wait := host.next_at - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            host.next_at = time.monotonic() + host.delay

    def sent(self, name: str, at: float) -> None:
        """When the request really went out, after look-up and connecting: the host counts from there."""
        host = self._host(name)
        host.next_at = max(host.next_at, at + host.delay)

    async def done(self, name: str) -> None:
        """The answer is there, or none will come."""
        host = self._host(name)
        async with host.free:
            host.busy -= 1
            host.free.notify()

    def slow_down(self, name: str, delay: float) -> None:
        """Honour a Crawl-delay; never faster than our own delay, never slower than the cap."""
        host = self._host(name)
        host.delay = max(host.delay, min(delay, self._max))

    def rest(self, name: str, seconds: float) -> None:
        """Leave `name` alone for so long, and keep twice the distance afterwards: it said it is busy."""
        host = self._host(name)
        host.next_at = max(host.next_at, time.monotonic() + seconds)
        host.delay = min(self._max, max(host.delay * 2, 0.1 if host.own else 0.0))

    def forgive(self, name: str) -> None:
        """A good answer: shrink the distance back towards our own."""
        host = self._host(name)
        host.delay = max(host.own, host.delay * 0.9)


class PoliteMiddleware:
    """The last stop before the wire: every request, redirects and robots.txt included, waits for its host's turn."""

    def __init__(self, crawler: Crawler) -> None:
        from archiver.crawl.running import RunningCrawl

        self._running = RunningCrawl.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> PoliteMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        turn = authority(request.url)
        await self._running.politeness.take(turn)
        request.meta["turn"] = turn
        self._running.sharing.check(turn, request.url)

    async def process_response(self, request: Request, response: Response) -> Response:
        await self._give_back(request)
        return response

    async def process_exception(self, request: Request, exception: Exception) -> None:
        await self._give_back(request)

    async def _give_back(self, request: Request) -> None:
        if turn := request.meta.pop("turn", None):
            await self._running.politeness.done(turn)
            self._running.changed()


class RobotsMiddleware:
    """Asks robots.txt (RFC 9309) first; a refusal ends the request with the reason `robots`."""

    def __init__(self, crawler: Crawler) -> None:
        from archiver.crawl.running import RunningCrawl

        self._running = RunningCrawl.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        running = self._running
        running.guard.check_url(request.url)  # before robots.txt is asked: a forbidden address is never contacted
        host = authority(request.url)
        await running.sharing.visit(request.meta["lease"], host, request.url)
        running.sharing.check(host, request.url)
        if not running.options.robots:
            request.meta["robots"] = "not asked"
            return
        verdict = await running.robots.verdict(request.url)
        request.meta["robots"], request.meta["robots_unreachable"] = verdict.reason, verdict.unreachable
        request.meta["rights"] = verdict.rights
        if verdict.crawl_delay:
            running.politeness.slow_down(host, verdict.crawl_delay)
        if not verdict.allowed:
            raise FetchFailed(request.url, verdict.no_host or "robots", verdict.reason)
