"""A host's turn, a server's wish to be left alone, and the limits of a crawl."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from archiver.crawl.answers import failure_of, retry_after, transient
from archiver.crawl.budget import Budget
from archiver.crawl.options import CrawlOptions
from archiver.crawl.pages import Page
from archiver.crawl.politeness import Politeness
from archiver.errors import FetchFailed
from archiver.frontier import Known, Lease
from archiver.model import Capture

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


def test_seeds_and_known_pages_are_not_barren_and_repeated_bytes_weigh_more():
    def kept(*, seed: bool = False, known: Known | None = None, repeats: str | None = None) -> int:
        budget = Budget(CrawlOptions())
        facts = {"seed": seed, "known": known}
        lease = Lease(
            fp=1, url="https://a.example/", host="a.example", role="site", epoch=1, tries=0, hops=0, via=None, **facts
        )
        budget.kept(Page(capture=Capture(url=lease.url, captured_at=NOW, body=b"x" * 10), lease=lease, repeats=repeats))
        return budget.barren_bytes

    assert kept() == 10
    assert kept(repeats="1" * 20) == 40
    assert kept(seed=True) == kept(known=Known(verdict="article", record="1" * 20)) == 0


async def starts(politeness: Politeness, n: int, *, work: float = 0.0) -> list[float]:
    """When each of n requests that arrive at once may start."""
    loop = asyncio.get_running_loop()
    times: list[float] = []

    async def one() -> None:
        await politeness.take("a.example")
        times.append(loop.time())
        await asyncio.sleep(work)
        await politeness.done("a.example")

    await asyncio.gather(*(one() for _ in range(n)))
    return times


def test_two_starts_lie_a_delay_apart():
    times = asyncio.run(starts(Politeness(delay=0.05, per_host=4, max_delay=60), 4))
    assert all(later - earlier >= 0.049 for earlier, later in pairwise(times))


def test_one_at_a_time_waits_for_the_answer():
    times = asyncio.run(starts(Politeness(delay=0.0, per_host=1, max_delay=60), 3, work=0.05))
    assert all(later - earlier >= 0.049 for earlier, later in pairwise(times))


def test_the_distance_counts_from_when_the_request_went_out():
    async def times() -> list[float]:
        politeness, loop, sent = Politeness(delay=0.1, per_host=1, max_delay=60), asyncio.get_running_loop(), []
        for connecting in (0.08, 0.0):
            await politeness.take("a.example")
            await asyncio.sleep(connecting)
            sent.append(loop.time())
            politeness.sent("a.example", sent[-1])
            await politeness.done("a.example")
        return sent

    first, second = asyncio.run(times())
    assert second - first >= 0.099


def test_a_crawl_delay_slows_down_and_never_speeds_up():
    politeness = Politeness(delay=2, per_host=1, max_delay=30)
    for asked, got in ((1, 2), (5, 5), (3600, 30)):
        politeness.slow_down("a.example", asked)
        assert politeness._host("a.example").delay == got


def test_a_host_that_says_it_is_busy_rests_and_other_hosts_do_not():
    politeness = Politeness(delay=0, per_host=1, max_delay=60)
    politeness.rest("a.example", 30)
    assert 29 < politeness.ready_in("a.example") <= 30
    assert politeness.ready_in("b.example") == 0


def answer(status: int, *headers: tuple[str, str]) -> Capture:
    return Capture(url="https://a.example/", captured_at=NOW, status=status, headers=headers)


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, [("Retry-After", "5")], 5),
        (503, [("retry-after", "Tue, 24 Nov 2026 08:00:30 GMT")], 30),
        (503, [("Retry-After", "Tue, 05 Mar 2024 10:00:05 GMT"), ("Date", "Tue, 05 Mar 2024 10:00:00 GMT")], 5),
        (503, [("Retry-After", "Tue, 05 Mar 2024 10:00:00 GMT")], 0),
        (429, [("Retry-After", "soon")], None),
        (429, [], None),
        (200, [("Retry-After", "5")], None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date_by_the_servers_clock(status, headers, seconds):
    assert retry_after(answer(status, *headers)) == seconds


def test_only_what_may_pass_is_worth_another_attempt():
    assert [transient(answer(status)) for status in (200, 404, 500, 429)] == [None, None, "http_500", "http_429"]


def test_the_reason_is_found_behind_scrapys_exception():
    error = RuntimeError("as Scrapy says it")
    error.__cause__ = FetchFailed("https://a.example/", "timeout", "45 s")
    assert failure_of(error).reason == "timeout"
    assert failure_of(ValueError("x")).reason == "internal_error"
