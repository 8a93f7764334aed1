"""Lengths in a crawl: what is usual at a host, a line when it changes. In: hosts, pages. Out: Usual. Never: a verdict.

What is usual is asked of the catalog when a host's first page is read, and again after a day; what the crawl itself
takes in until then changes nothing.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.catalog import usual_at
from archiver.errors import ArchiveError
from archiver.lengths import SHORT_FOR_HOST
from archiver.model import Usual, Verdict

if TYPE_CHECKING:
    from archiver.crawl.pages import Page
    from archiver.crawl.running import RunningCrawl

GOOD_FOR = 24 * 3600.0  # seconds
LATEST, MANY = 20, 10  # short articles among the latest of a host that are worth a line


@dataclass(slots=True)
class _Host:
    usual: Usual | None
    asked: float
    latest: int = 0  # a bit for each of the latest articles, set where it was short: a crawl may meet 100,000 hosts
    told: bool = False


class Lengths:
    """The hosts of a crawl and how long their articles were before."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._hosts: dict[str, _Host] = {}

    async def usual(self, host: str) -> Usual | None:
        """How long the articles of `host` were before; None where too few are kept."""
        known, now = self._hosts.get(host), time.monotonic()
        if known is None or now - known.asked > GOOD_FOR:
            found = None
            with suppress(ArchiveError):  # a catalog that cannot be asked now is no reason to lose a page
                found = await self._running.in_thread(lambda: usual_at(self._running.archive.catalog, host))
            known = self._hosts[host] = _Host(found, now)
        return known.usual

    def read(self, host: str, page: Page) -> None:
        """Say once where half of a host's latest articles are shorter than any before."""
        known = self._hosts.get(host)
        if (
            known is None
            or known.usual is None
            or page.work is None
            or page.work.reading.verdict is not Verdict.ARTICLE
        ):
            return
        known.latest = (known.latest << 1 | (SHORT_FOR_HOST in page.work.reading.flags)) & ((1 << LATEST) - 1)
        if (short := known.latest.bit_count()) >= MANY and not known.told:
            known.told = True
            self._running.log.warning(
                "%s: %d of its last %d articles or fewer have less than a third of the words usual there (%d): "
                "a changed template, or a wall? They are kept with the flag %s",
                host, short, LATEST, known.usual.words, SHORT_FOR_HOST,
            )  # fmt: skip
            self._running.note(SHORT_FOR_HOST, host)
