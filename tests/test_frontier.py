"""The ledger: what was asked, what became of it, and what a crash leaves."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap

import pytest

from archiver.frontier import Found, Links, Outcome
from archiver.frontier.clerk import Clerk
from archiver.frontier.sqlite import SqliteFrontier


def found(n: int, host: str = "a.example", **more) -> Found:
    return Found(fp=n, url=f"https://{host}/{n}", host=host, **more)


@pytest.fixture
def ledger(tmp_path):
    ledger = SqliteFrontier(tmp_path / "ledger.sqlite")
    ledger.begin("crawl-1")
    yield ledger
    ledger.close()


def test_a_url_is_entered_once(ledger):
    assert ledger.add([found(1), found(2), found(1)]) == 2
    assert ledger.add([found(2), found(3)]) == 1
    assert ledger.counts().pending == 3


def test_a_lease_is_given_once_and_by_priority(ledger):
    ledger.add([found(1), found(2, prio=5), found(3)])
    first = ledger.claim(hosts=4, per_host=2)
    assert first[0].fp == 2
    assert {lease.fp for lease in first + ledger.claim(hosts=4, per_host=9)} == {1, 2, 3}
    assert ledger.claim(hosts=4, per_host=9) == []


def test_busy_hosts_are_left_alone(ledger):
    ledger.add([found(1, "a.example"), found(2, "b.example")])
    assert [lease.host for lease in ledger.claim(hosts=4, per_host=9, busy=["a.example"])] == ["b.example"]


def test_an_acknowledged_url_keeps_its_outcome_and_is_never_leased_again(ledger):
    ledger.add([found(1)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.ack(lease, Outcome.ARCHIVED, status=200, record="records/x.json")
    (line,) = ledger.lines()
    assert (line.outcome, line.status, line.record) == ("archived", 200, "records/x.json")
    assert ledger.claim(hosts=1, per_host=1) == []
    assert ledger.next_due_in() is None


def test_an_old_lease_changes_nothing(ledger):
    ledger.add([found(1)])
    (old,) = ledger.claim(hosts=1, per_host=1)
    ledger.recover()
    (new,) = ledger.claim(hosts=1, per_host=1)
    ledger.ack(old, Outcome.FAILED, "timeout")
    assert ledger.counts().leased == 1
    ledger.ack(new, Outcome.ARCHIVED)
    assert ledger.counts().outcomes == {"archived": 1}


def test_a_retry_waits_and_counts_its_attempts(ledger):
    ledger.add([found(1)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.retry(lease, "timeout", after=60)
    assert ledger.claim(hosts=1, per_host=1) == []
    assert 55 < ledger.next_due_in() <= 60
    ledger._offset += 61
    (again,) = ledger.claim(hosts=1, per_host=1)
    assert again.tries == 1


def test_a_parked_host_stays_pending_and_says_deferred(ledger):
    ledger.add([found(1), found(3), found(2, "b.example")])
    (lease,) = ledger.claim(hosts=1, per_host=1, busy=["b.example"])
    ledger.retry(lease, "http_429", after=3600, park=True)
    assert [lease.host for lease in ledger.claim(hosts=4, per_host=9)] == ["b.example"]
    assert {line.url: line.outcome for line in ledger.lines()}["https://a.example/1"] == "deferred"


def test_a_crash_hands_leases_back_and_names_the_records_on_their_way(tmp_path):
    ledger = SqliteFrontier(tmp_path / "l.sqlite")
    ledger.begin("crawl-1")
    ledger.add([found(1), found(2)])
    one, _two = ledger.claim(hosts=1, per_host=2)
    ledger.intend(one, Links(found=(found(3),)), record="records/1.json", outcome="archived")
    ledger.db.close()
    again = SqliteFrontier(tmp_path / "l.sqlite")
    (intent,) = again.recover()
    assert (intent.fp, intent.record_key) == (one.fp, "records/1.json")
    assert again.counts().pending == 3, "the page's links were entered with the intent"
    again.settle(intent.fp, "archived", record=intent.record_key)
    assert sorted(lease.fp for lease in again.claim(hosts=1, per_host=9)) == sorted({1, 2, 3} - {one.fp})
    again.close()


def test_a_new_round_asks_seeds_and_indexes_again_but_not_articles(ledger):
    ledger.add([found(1, seed=True, role="site"), found(2), found(3)])
    for lease in ledger.claim(hosts=1, per_host=3):
        ledger.ack(lease, *{1: ("kept", "index"), 2: ("archived", ""), 3: ("kept", "index")}[lease.fp])
    assert ledger.begin("crawl-2") == "crawl-1", "an unfinished round is resumed under its own name"
    ledger.complete()
    assert ledger.begin("crawl-2") == "crawl-2"
    assert sorted(lease.fp for lease in ledger.claim(hosts=1, per_host=9)) == [1, 3]


def test_a_seed_given_again_in_a_new_round_is_due_again(ledger):
    ledger.add([found(1, seed=True)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.ack(lease, Outcome.ARCHIVED)
    assert ledger.add([found(1, seed=True)]) == 0, "not in the same round"
    ledger.complete()
    ledger.begin("crawl-2")
    ledger.add([found(1, seed=True), found(2)])
    assert {lease.fp for lease in ledger.claim(hosts=1, per_host=9)} == {1, 2}


@pytest.mark.parametrize("harm", ["cut", "zero", "text"])
def test_a_damaged_ledger_is_set_aside_and_never_blocks_a_start(tmp_path, harm):
    path = tmp_path / "ledger.sqlite"
    ledger = SqliteFrontier(path)
    ledger.add([found(n) for n in range(500)])
    ledger.close()
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-100], "zero": data[:-8192] + bytes(8192), "text": b"hello" * 1000}[harm])
    again = SqliteFrontier(path)
    assert again.was_damaged
    assert again.add([found(1)]) == 1
    assert list(tmp_path.glob("ledger.sqlite.damaged-*")), "kept for a person to look at"
    again.close()


def test_the_clock_never_goes_back_between_runs(tmp_path, monkeypatch):
    ledger = SqliteFrontier(tmp_path / "l.sqlite")
    ledger.add([found(1)])
    then = ledger.now()
    ledger.close()
    monkeypatch.setattr("time.time", lambda: then - 7200)
    again = SqliteFrontier(tmp_path / "l.sqlite")
    assert again.now() >= then - 1
    assert len(again.claim(hosts=1, per_host=1)) == 1
    again.close()


def test_kill_9_loses_no_committed_url(tmp_path):
    program = textwrap.dedent(f"""
        from archiver.frontier import Found
        from archiver.frontier.sqlite import SqliteFrontier
        ledger = SqliteFrontier({str(tmp_path / "l.sqlite")!r})
        for n in range(10**6):
            ledger.add([Found(fp=n, url=f"https://a.example/{{n}}", host="a.example")])
            print(n, flush=True)
    """)
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout
    last = [child.stdout.readline() for _ in range(100)][-1]
    os.kill(child.pid, signal.SIGKILL)
    last = (child.stdout.read().split() or [last])[-1]
    child.stdout.close()
    child.wait()
    ledger = SqliteFrontier(tmp_path / "l.sqlite")
    assert ledger.counts().pending >= int(last)
    ledger.close()


async def _clerk(tmp_path):
    clerk = Clerk(SqliteFrontier(tmp_path / "l.sqlite"))
    results = await asyncio.gather(
        *(clerk(lambda ledger, n=n: ledger.add([found(n)])) for n in range(50)),
        clerk(lambda ledger: 1 / 0),
        return_exceptions=True,
    )
    counts = await clerk(lambda ledger: ledger.counts())
    await clerk.close()
    return results, counts


def test_the_clerk_answers_every_call_and_one_that_fails_harms_no_other(tmp_path):
    results, counts = asyncio.run(_clerk(tmp_path))
    assert results[:50] == [1] * 50
    assert isinstance(results[50], ZeroDivisionError)
    assert counts.pending == 50
