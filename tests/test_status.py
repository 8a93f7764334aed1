"""The status of a job: rates, time left and outages, from what the ledger holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver.frontier import Found, JobState, Outcome
from archiver.frontier.sqlite import SqliteFrontier
from archiver.report.status import Status, spell, status_lines, status_of

ME = "process 7"


@pytest.fixture
def ledger(tmp_path):
    ledger = SqliteFrontier(tmp_path / "ledger.sqlite", name="press")
    ledger.begin("crawl-1")
    ledger.note("began", "crawl-1")
    yield ledger
    ledger.close()


def found(n: int, host: str = "a.example") -> Found:
    return Found(fp=n, url=f"https://{host}/{n}", host=host)


def later(ledger: SqliteFrontier, seconds: float) -> None:
    """The ledger's clock moves on, as it does by itself."""
    ledger._offset += seconds
    with ledger.together():
        pass


def end(ledger: SqliteFrontier, host: str, n: int, *, every: float) -> None:
    """`n` URLs of `host` end, one after another."""
    others = {one.host for one in ledger.hosts(recent_since=0)} - {host}
    for _ in range(n):
        (lease,) = ledger.claim(hosts=1, per_host=1, busy=others)
        later(ledger, every)
        ledger.ack(lease, Outcome.ARCHIVED)


def seen(ledger: SqliteFrontier, running: str | None = ME) -> Status:
    return status_of(ledger, folder=Path(ledger.path).parent, uri="s3://press", running=running)


def test_the_rate_is_that_of_the_run_and_the_time_left_that_of_the_slowest_host(ledger):
    ledger.add([found(n) for n in range(40)] + [found(100 + n, "slow.example") for n in range(20)])
    end(ledger, "a.example", 30, every=2)
    end(ledger, "slow.example", 2, every=30)
    now = seen(ledger)
    assert now.per_minute_lately == pytest.approx(32 / 2, rel=0.02), "32 in two minutes"
    assert now.per_minute == pytest.approx(2, abs=1)
    assert (now.pending, now.done, now.ended) == (28, 32, 32)
    # the whole goes 16 a minute, which makes 105 s for 28; the slow host goes 1 a minute, which makes 18 minutes
    assert now.seconds_left == pytest.approx(18 * 60, rel=0.05)


def test_a_job_that_is_not_running_has_no_rate_and_no_time_left(ledger):
    ledger.add([found(1), found(2)])
    end(ledger, "a.example", 1, every=1)
    still = seen(ledger, running=None)
    assert (still.activity, still.per_minute, still.seconds_left) == ("not running", None, None)
    end(ledger, "a.example", 1, every=1)
    ledger.complete()
    assert seen(ledger, running=None).activity == "complete"


def test_orders_and_outages_are_what_the_job_is_said_to_do(ledger):
    ledger.add([found(1)])
    assert seen(ledger).activity == "running"
    ledger.note("storage_down", "s3://press: 503")
    later(ledger, 30)
    down = seen(ledger)
    assert (down.activity, down.storage.why, down.seconds_left) == ("waiting for storage", "s3://press: 503", None)
    assert down.storage.down_since
    ledger.note("storage_up")
    later(ledger, 600)
    assert seen(ledger).activity == "running"
    ledger.note("storage_down", "again")
    later(ledger, 10)
    ledger.note("began", "after a kill")  # that run never said that it was up again
    back = seen(ledger).storage
    assert (back.outages, back.down_since) == (2, None)
    assert back.outage_seconds == pytest.approx(30, abs=2), "the killed run is counted up to what it said last"
    ledger.note("disk_full", "1 MiB free")
    assert seen(ledger).activity == "waiting for the disk"
    for state, activity in ((JobState.STOP, "stopping"), (JobState.PAUSE, "paused")):
        ledger.order(state)
        assert seen(ledger).activity == activity
    assert "paused since 20" in next(iter(status_lines(seen(ledger))))


def test_pending_urls_of_a_parked_host_are_told_apart(ledger):
    ledger.add([found(1), found(2)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.retry(lease, "http_429", after=7200, park=True)
    now = seen(ledger)
    assert (now.pending, now.parked, now.seconds_left) == (2, 2, 0.0)
    text = "\n".join(status_lines(now))
    assert "2 pending, 2 of them parked" in text
    assert "2 h" in text or "1 h 59 min" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "0 s"), (59, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (86400 * 2 + 60, "2 d"), (7200, "2 h")],
)
def test_durations_are_said_in_two_units(seconds, words):
    assert spell(seconds) == words
