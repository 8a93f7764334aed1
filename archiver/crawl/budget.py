"""Budget: how much a crawl may ask for and keep. In: what happened. Out: the limit that is reached. Never: I/O."""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING

from archiver.errors import ArchiveError
from archiver.extraction.requisites import REQUISITE
from archiver.frontier import Outcome

if TYPE_CHECKING:
    from archiver.crawl.options import CrawlOptions
    from archiver.crawl.pages import Page
    from archiver.frontier import Lease

REPEATED_WEIGHS = 4  # times its bytes: many names for the same bytes are a trap, or a wall


class LimitReached(ArchiveError):
    """A budget of the job is spent; what is pending stays pending for the next run."""

    exit_code = 8

    def __init__(self, limit: str, value: float) -> None:
        super().__init__(limit, value)
        self.limit, self.value = limit, value

    def __str__(self) -> str:
        return f"limit reached: {self.limit} = {self.value:g}; what is left stays in the ledger for the next run"


class Budget:
    """Counts pages, bytes, seconds and what brings no new article against the options' limits; 0 = no limit."""

    def __init__(self, options: CrawlOptions) -> None:
        self._options = options
        self._begin = time.monotonic()
        self._hosts: Counter[str] = Counter()
        self._host_bytes: Counter[str] = Counter()
        self._host_begin: dict[str, float] = {}
        self.pages = self.bytes = self.barren = self.barren_bytes = self.articles = 0

    def asked(self, lease: Lease) -> None:
        """A URL is about to be asked for."""
        if lease.role != REQUISITE:
            self.pages += 1
            self._hosts[lease.host] += 1
            self._host_begin.setdefault(lease.host, time.monotonic())

    def kept(self, page: Page) -> None:
        """A page is durable: a new article makes the ground fertile again."""
        if page.work is not None:
            self.bytes += len(page.capture.body)
            if page.lease is not None:
                self._host_bytes[page.lease.host] += len(page.capture.body)
        if page.outcome[0] is Outcome.ARCHIVED:
            self.articles += 1
            self.barren = self.barren_bytes = 0
        elif page.lease is None or not (
            page.lease.was_kept or page.lease.seed
        ):  # what is known or asked for is no trap
            self.ended(page.lease, len(page.capture.body) * (REPEATED_WEIGHS if page.repeats else 1))

    def ended(self, lease: Lease | None, size: int = 0) -> None:
        """A URL ended without anything new to keep, after so many bytes."""
        if lease is None or lease.role != REQUISITE:  # a picture is no page
            self.barren += 1
            self.barren_bytes += size

    def host_spent(self, host: str) -> LimitReached | None:
        """The limit that this host has reached; None while it has not."""
        options, begin = self._options, self._host_begin.get(host)
        limits = (
            ("pages", options.max_host_pages, self._hosts[host]),
            ("bytes", options.max_host_bytes, self._host_bytes[host]),
            ("seconds", options.max_host_seconds, 0.0 if begin is None else time.monotonic() - begin),
        )
        for name, general, now in limits:
            limit = options.of_host(host, f"max_{name}", general)
            if 0 < limit <= now:
                return LimitReached(f"max_host_{name} of {host}", limit)
        return None

    def spent(self, flying: int) -> LimitReached | None:
        """The limit that is reached, pages in flight counted in; None while there is room."""
        options = self._options
        seconds = time.monotonic() - self._begin
        under_way = flying * self.barren_bytes // max(1, self.barren)  # as heavy as those before
        limits = (
            ("max_pages", options.max_pages, self.pages),
            ("max_bytes", options.max_bytes, self.bytes),
            ("max_seconds", options.max_seconds, seconds),
            ("max_barren_pages", options.max_barren_pages, self.barren + flying),
            ("max_barren_bytes", options.max_barren_bytes, self.barren_bytes + under_way),
        )
        return next((LimitReached(name, limit) for name, limit, now in limits if 0 < limit <= now), None)
