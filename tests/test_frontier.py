"""The ledger: what was asked, what became of it, and what a crash leaves."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from dataclasses import replace
from uuid import uuid4

import pytest

from archiver.errors import NotArchived, StoreError
from archiver.frontier import Found, JobState, Known, Links, Outcome
from archiver.frontier.clerk import Clerk
from archiver.frontier.postgres import PostgresFrontier
from archiver.frontier.sqlite import SqliteFrontier
from archiver.model import Announced

VERSION_1 = """
CREATE TABLE job (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, name TEXT NOT NULL, crawl TEXT,
  round INTEGER NOT NULL DEFAULT 0, complete INTEGER NOT NULL DEFAULT 1,
  clock REAL NOT NULL, began REAL NOT NULL DEFAULT 0);
CREATE TABLE host (host TEXT PRIMARY KEY, next_due REAL NOT NULL, blocked_until REAL NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE INDEX host_due ON host (next_due);
CREATE TABLE url (fp INTEGER PRIMARY KEY, host TEXT NOT NULL, url TEXT NOT NULL, role TEXT NOT NULL,
  state INTEGER NOT NULL DEFAULT 0, prio INTEGER NOT NULL, due REAL NOT NULL, epoch INTEGER NOT NULL DEFAULT 0,
  tries INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, via INTEGER, hops INTEGER NOT NULL DEFAULT 0,
  seed INTEGER NOT NULL DEFAULT 0, round INTEGER NOT NULL DEFAULT 0, outcome TEXT, reason TEXT NOT NULL DEFAULT '',
  final_url TEXT, status INTEGER, record TEXT, record_sha256 TEXT,
  record_size INTEGER, body TEXT, body_sha256 TEXT, body_size INTEGER, etag TEXT, last_modified TEXT,
  ended_at REAL);
CREATE INDEX url_todo ON url (host, prio DESC, due) WHERE state = 0;
CREATE INDEX url_leased ON url (fp) WHERE state = 1;
CREATE TABLE dropped (reason TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO job VALUES (1, 1, 'job', 'crawl-1', 1, 1, 1790000000, 1790000000);
INSERT INTO host VALUES ('a.example', 9e18, 0);
INSERT INTO url (fp, host, url, role, state, prio, due, outcome, reason) VALUES
  (1, 'a.example', 'https://a.example/a', 'site', 2, 0, 1, 'archived', ''),
  (2, 'a.example', 'https://a.example/f', 'feed', 2, 0, 1, 'followed', ''),
  (3, 'a.example', 'https://a.example/i', 'site', 2, 0, 1, 'kept', 'index');
"""


def found(n: int, host: str = "a.example", **more) -> Found:
    return Found(fp=n, url=f"https://{host}/{n}", host=host, **more)


class SqliteEngine:
    """One job's ledger in SQLite, opened as often as a test wants. Another engine brings the same methods, and every
    test that takes `engine`, `ledger` or `beside` runs over it too."""

    def __init__(self, request) -> None:
        self.path = request.getfixturevalue("tmp_path") / "ledger.sqlite"

    def open(self) -> SqliteFrontier:
        """As the crawl does that works on the job."""
        return SqliteFrontier(self.path)

    def beside(self, *, write: bool = True) -> SqliteFrontier:
        """As another process does meanwhile."""
        return SqliteFrontier.beside(self.path, write=write)

    def later(self, ledger: SqliteFrontier, seconds: float) -> None:
        """Let the ledger's clock move on."""
        ledger._offset += seconds

    def after_crash(self, ledger: SqliteFrontier) -> SqliteFrontier:
        """As the next crawl finds the job after that one died, and said nothing."""
        return self.open()


class PostgresEngine:
    """One job's ledger on the session's PostgreSQL server."""

    LEASE = 60.0

    def __init__(self, request) -> None:
        self.dsn = request.getfixturevalue("postgres").dsn
        self.name = f"test-{uuid4().hex[:12]}"
        self.skew = 0.0

    def open(self) -> PostgresFrontier:
        return PostgresFrontier(self.dsn, name=self.name, lease_seconds=self.LEASE)

    def beside(self, *, write: bool = True) -> PostgresFrontier:
        return PostgresFrontier.beside(self.dsn, name=self.name, write=write)

    def later(self, ledger: PostgresFrontier, seconds: float) -> None:
        self.skew += seconds
        ledger.db.execute(
            "CREATE OR REPLACE FUNCTION clock() RETURNS float8 LANGUAGE sql VOLATILE "
            f"AS 'SELECT extract(epoch FROM clock_timestamp())::float8 + {self.skew}'"
        )
        ledger.read_clock()

    def after_crash(self, ledger: PostgresFrontier) -> PostgresFrontier:
        self.later(ledger, self.LEASE + 1)
        return self.open()


ENGINES = {"sqlite": SqliteEngine, "postgres": PostgresEngine}


@pytest.fixture(params=ENGINES)
def engine(request):
    return ENGINES[request.param](request)


@pytest.fixture
def ledger(engine):
    ledger = engine.open()
    ledger.begin("crawl-1")
    yield ledger
    ledger.close()


@pytest.fixture
def beside(ledger, engine):
    """The same job's ledger, as another process opens it while a crawl works on it."""
    other = engine.beside()
    yield other
    other.close()


def test_a_url_is_entered_once(ledger):
    assert ledger.add([found(1), found(2), found(1)]) == 2
    assert ledger.add([found(2), found(3)]) == 1
    assert ledger.counts().pending == 3


def test_what_is_announced_of_a_page_comes_with_its_lease_whoever_named_it_first(ledger):
    said = Announced(source="feed", published="2026-11-24T08:00:00+01:00")
    later = Announced(source="sitemap", modified="2026-11-25")
    ledger.add([found(1), found(2, announced=later)])
    assert ledger.add([found(1, announced=said), found(2, announced=said)]) == 0
    assert {lease.fp: lease.announced for lease in ledger.claim(hosts=1, per_host=9)} == {1: said, 2: later}


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


def test_an_old_lease_changes_nothing(ledger, engine):
    ledger.add([found(1)])
    (old,) = ledger.claim(hosts=1, per_host=1)
    again = engine.after_crash(ledger)
    assert again.recover() == []
    (new,) = again.claim(hosts=1, per_host=1)
    ledger.ack(old, Outcome.FAILED, "timeout")
    ledger.retry(old, "timeout", after=0)
    ledger.release([old])
    assert again.counts().leased == 1
    again.ack(new, Outcome.ARCHIVED)
    assert again.counts().outcomes == {"archived": 1}
    again.close()


def test_a_retry_waits_and_counts_its_attempts(ledger, engine):
    ledger.add([found(1)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.retry(lease, "timeout", after=60)
    assert ledger.claim(hosts=1, per_host=1) == []
    assert 55 < ledger.next_due_in() <= 60
    engine.later(ledger, 61)
    (again,) = ledger.claim(hosts=1, per_host=1)
    assert again.tries == 1


def test_a_parked_host_stays_pending_and_says_deferred(ledger):
    ledger.add([found(1), found(3), found(2, "b.example")])
    (lease,) = ledger.claim(hosts=1, per_host=1, busy=["b.example"])
    ledger.retry(lease, "http_429", after=3600, park=True)
    assert [lease.host for lease in ledger.claim(hosts=4, per_host=9)] == ["b.example"]
    assert {line.url: line.outcome for line in ledger.lines()}["https://a.example/1"] == "deferred"


def test_a_crash_hands_leases_back_and_names_the_records_on_their_way(ledger, engine):
    ledger.add([found(1), found(2)])
    one, _two = ledger.claim(hosts=1, per_host=2)
    ledger.intend(one, Links(found=(found(3),)), record="records/1.json", outcome="archived")
    again = engine.after_crash(ledger)
    (intent,) = again.recover()
    assert (intent.fp, intent.record_key) == (one.fp, "records/1.json")
    assert again.counts().pending == 3, "the page's links were entered with the intent"
    again.settle(intent.fp, "archived", record=intent.record_key)
    assert sorted(lease.fp for lease in again.claim(hosts=1, per_host=9)) == sorted({1, 2, 3} - {one.fp})
    again.close()


def test_a_new_round_asks_again_for_what_is_due_and_for_nothing_else(ledger):
    ledger.add([found(1), found(2), found(3), found(4)])
    for lease in ledger.claim(hosts=1, per_host=9):
        ledger.ack(lease, "kept", again={1: 0.0, 2: None, 3: 0.0, 4: 3600.0}[lease.fp])
    assert ledger.begin("crawl-2") == "crawl-1", "an unfinished round is resumed under its own name"
    ledger.complete()
    assert ledger.begin("crawl-2") == "crawl-2"
    assert sorted(lease.fp for lease in ledger.claim(hosts=1, per_host=9)) == [1, 3]


def test_what_the_last_good_answer_left_comes_with_the_next_lease_and_outlives_a_failure(ledger):
    known = Known(verdict="article", record="ab" * 10, etag='W/"1"', checks=2, items=(1, -2))
    ledger.add([found(1)])
    for crawl, facts in (("2", {"known": known}), ("3", {}), ("4", {})):
        (lease,) = ledger.claim(hosts=1, per_host=1)
        ledger.ack(lease, Outcome.FAILED, "http_503", again=0.0, **facts)
        ledger.complete()
        ledger.begin(f"crawl-{crawl}")
    assert ledger.claim(hosts=1, per_host=1)[0].known == known


def test_other_rules_of_following_make_requests_unconditional(ledger):
    known = Known(verdict="index", etag='"1"', last_modified="Tue, 24 Nov 2026 10:00:00 GMT", text="12")
    ledger.begin("crawl-1", rules="a")
    ledger.add([found(1, role="site"), found(2, role="page")])
    for lease in ledger.claim(hosts=1, per_host=2):
        ledger.ack(lease, Outcome.KEPT, "index", known=known, again=0.0)
    ledger.complete()
    ledger.begin("crawl-2", rules="b")
    leases = {lease.fp: lease.known for lease in ledger.claim(hosts=1, per_host=2)}
    assert leases == {1: replace(known, etag=None, last_modified=None), 2: known}


def test_a_ledger_of_the_first_version_is_taken_over(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with sqlite3.connect(path) as old:
        old.executescript(VERSION_1)
    old.close()
    ledger = SqliteFrontier(path)
    assert ledger.begin("crawl-2") == "crawl-2"
    assert sorted(lease.url for lease in ledger.claim(hosts=1, per_host=9)) == [
        "https://a.example/f",
        "https://a.example/i",
    ]
    ledger.note("began")
    assert (ledger.standing().state, ledger.was_damaged) == (JobState.RUN, False)
    ledger.close()


def test_a_ledger_of_a_later_version_is_left_alone(tmp_path):
    path = tmp_path / "ledger.sqlite"
    SqliteFrontier(path).close()
    with sqlite3.connect(path) as later:
        later.execute("UPDATE job SET version = 99")
    later.close()
    with pytest.raises(StoreError, match="newer version"):
        SqliteFrontier(path)
    assert [file.name for file in tmp_path.glob("*damaged*")] == []


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


# ------------------------------------------------------------------ the job as a whole, seen and told from outside


def test_an_order_given_beside_the_crawl_is_found_by_it_and_outlives_both(ledger, beside, engine):
    assert ledger.standing().state is JobState.RUN
    for state in (JobState.PAUSE, JobState.RUN, JobState.STOP):
        beside.order(state)
        standing = ledger.standing()
        assert standing.state is state
        assert standing.state_at == pytest.approx(beside.now(), abs=5)
    ledger.close()
    again = engine.open()
    assert again.standing().state is JobState.STOP
    again.close()


def test_orders_and_leases_do_not_disturb_each_other(ledger, beside):
    ledger.add([found(n) for n in range(20)])
    leases = ledger.claim(hosts=1, per_host=10)
    beside.order(JobState.PAUSE)
    beside.note("told", "pause")
    for lease in leases:
        ledger.ack(lease, Outcome.ARCHIVED)
    assert (beside.counts().done, beside.counts().pending) == (10, 10)
    assert beside.standing().state is JobState.PAUSE


def test_one_url_is_looked_up(ledger):
    ledger.add([found(1), found(2)])
    (lease,) = ledger.claim(hosts=1, per_host=1)
    ledger.ack(lease, Outcome.FAILED, "timeout")
    assert (ledger.line(1).outcome, ledger.line(1).reason) == ("failed", "timeout")
    assert (ledger.line(2).outcome, ledger.line(2).ended_at) == ("deferred", None)
    assert ledger.line(3) is None


def test_the_archive_of_a_job_is_known_from_beside(ledger, beside):
    assert beside.standing().archive == ""
    ledger.belongs("s3://press/daily")
    assert beside.standing().archive == "s3://press/daily"


def test_a_new_round_is_told_of_by_its_standing(ledger):
    first = ledger.standing()
    assert (first.crawl, first.round, first.complete) == ("crawl-1", 1, False)
    ledger.complete()
    assert ledger.standing().complete
    ledger.begin("crawl-2")
    second = ledger.standing()
    assert (second.crawl, second.round, second.complete) == ("crawl-2", 2, False)
    assert second.began >= first.began


def test_events_come_back_in_their_order(ledger, beside):
    before = ledger.now()
    ledger.note("storage_down", "503")
    beside.note("told", "pause")
    ledger.note("storage_up")
    assert [(one.kind, one.detail) for one in beside.events()] == [
        ("storage_down", "503"),
        ("told", "pause"),
        ("storage_up", ""),
    ]
    assert beside.events(since=before + 3600) == []


def test_hosts_are_counted_and_those_with_the_most_to_do_come_first(ledger):
    ledger.add([found(n) for n in range(3)] + [found(n, "b.example") for n in range(10, 18)])
    one, two = ledger.claim(hosts=1, per_host=2, busy=["b.example"])
    ledger.ack(one, Outcome.ARCHIVED, body="html/x", body_size=700)
    ledger.ack(two, Outcome.FAILED, "timeout")
    (parked,) = ledger.claim(hosts=1, per_host=1, busy=["a.example"])
    ledger.retry(parked, "http_429", after=3600, park=True)
    busy, done = ledger.hosts(recent_since=ledger.now() - 60)
    assert (busy.host, busy.pending, busy.leased, busy.done) == ("b.example", 8, 0, 0)
    assert 3500 < busy.wait <= 3600
    assert (done.host, done.pending, done.done, done.archived, done.failed) == ("a.example", 1, 2, 1, 1)
    assert (done.size, done.recent, done.wait) == (700, 2, 0.0)
    assert [one.host for one in ledger.hosts(recent_since=0, most=1)] == ["b.example"]
    assert ledger.counts().failures == {"timeout": 1}


def test_what_ended_is_counted_from_a_moment_on(ledger):
    ledger.add([found(1), found(2)])
    one, _two = ledger.claim(hosts=1, per_host=2)
    ledger.ack(one, Outcome.KEPT, "index")
    assert ledger.ended(since=ledger.now() - 60) == 1
    assert ledger.ended(since=ledger.now() + 60) == 0


def test_who_only_looks_can_change_nothing(ledger, engine):
    looking = engine.beside(write=False)
    ledger.add([found(1)])
    assert looking.counts().pending == 1
    with pytest.raises(StoreError):
        looking.order(JobState.STOP)
    looking.close()


def test_looking_for_a_ledger_makes_none(tmp_path):
    with pytest.raises(NotArchived, match="no ledger"):
        SqliteFrontier.beside(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()


def test_a_damaged_ledger_is_not_touched_from_beside(tmp_path):
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"hello" * 1000)
    for write in (False, True):
        with pytest.raises(StoreError, match="cannot be read"):
            SqliteFrontier.beside(path, write=write)
    assert path.read_bytes() == b"hello" * 1000
