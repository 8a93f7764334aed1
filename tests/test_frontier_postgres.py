"""The ledger on PostgreSQL: what only it can do. Hosts change hands, workers die, the server restarts."""

import threading
import time
from uuid import uuid4

import psycopg
import pytest

from archiver.errors import BadInput, NotArchived, StoreDenied, StoreError
from archiver.frontier import Links
from archiver.frontier.addresses import checked, shown
from archiver.frontier.ledger import FENCE
from archiver.frontier.postgres import PostgresFrontier
from tests.postgres import PASSWORD, Postgres
from tests.test_frontier import PostgresEngine, found


@pytest.fixture
def engine(request):
    return PostgresEngine(request)


@pytest.fixture
def one(engine):
    ledger = engine.open()
    ledger.begin("crawl-1")
    ledger.join("one")
    yield ledger
    ledger.close()


@pytest.fixture
def two(engine, one):
    ledger = engine.open()
    assert ledger.begin("crawl-2") == "crawl-1", "another worker joins the round that is under way"
    ledger.join("two")
    yield ledger
    ledger.close()


def hosts(n: int) -> list:
    return [found(10 * i + j, f"h{i}.example") for i in range(n) for j in range(4)]


def test_a_host_belongs_to_one_worker_at_a_time(one, two):
    one.add(hosts(1))
    assert len(one.claim(hosts=4, per_host=1)) == 1
    assert two.claim(hosts=4, per_host=9) == [], "although three of its URLs are due"
    assert len(one.claim(hosts=4, per_host=9)) == 3


def test_workers_share_the_hosts(one, two):
    one.add(hosts(7))
    assert (one.renew({}).surplus, two.renew({}).surplus) == (0, 0)
    mine, theirs = one.claim(hosts=64, per_host=1), two.claim(hosts=64, per_host=1)
    assert (len(mine), len(theirs)) == (4, 3)
    assert not {lease.host for lease in mine} & {lease.host for lease in theirs}


def test_who_has_more_than_its_share_is_told_when_another_worker_comes(one, engine):
    one.add(hosts(6))
    leases = one.claim(hosts=64, per_host=1)
    assert len(leases) == 6
    two = engine.open()
    two.join("two")
    assert two.claim(hosts=64, per_host=1) == []
    held = one.renew({lease.host: 1.0 for lease in leases})
    assert (held.surplus, held.lost, held.idle) == (3, (), ())
    spare = leases[:3]
    one.release(spare)
    one.leave({lease.host: 0.0 for lease in spare})
    assert {lease.host for lease in two.claim(hosts=64, per_host=1)} == {lease.host for lease in spare}
    two.close()


def test_a_host_that_is_given_back_rests_for_the_distance_that_is_due(one, two, engine):
    one.add(hosts(1))
    one.release(one.claim(hosts=1, per_host=1))
    one.leave({"h0.example": 5.0})
    assert two.claim(hosts=1, per_host=1) == []
    engine.later(two, 5.1)
    assert len(two.claim(hosts=1, per_host=1)) == 1


def test_a_host_with_a_url_in_flight_is_not_given_away(one, two):
    one.add(hosts(1))
    (lease,) = one.claim(hosts=1, per_host=1)
    one.leave({"h0.example": 0.0})
    assert two.claim(hosts=1, per_host=9) == []
    one.ack(lease, "archived")
    assert one.renew({}).idle == ("h0.example",)
    one.leave({"h0.example": 0.0})
    assert len(two.claim(hosts=1, per_host=9)) == 3


def test_a_silent_workers_hosts_change_hands_one_distance_after_its_lease(one, two, engine):
    one.add(hosts(1))
    (old,) = one.claim(hosts=1, per_host=1)
    one.renew({"h0.example": 30.0})
    engine.later(two, engine.LEASE + 1)
    two.renew({})
    assert two.recover() == []
    assert two.claim(hosts=1, per_host=9) == [], "the last request may have left just before the lease ended"
    engine.later(two, 30)
    two.recover()
    leases = two.claim(hosts=1, per_host=9)
    assert len(leases) == 4
    assert next(lease.epoch for lease in leases if lease.fp == old.fp) > old.epoch
    assert one.renew({"h0.example": 30.0}).lost == ("h0.example",)
    one.ack(old, "failed", "timeout")
    assert two.counts().leased == 4, "the old lease changes nothing"


def test_a_renewed_host_stays_however_long_it_takes(one, two, engine):
    one.add(hosts(1))
    (lease,) = one.claim(hosts=1, per_host=1)
    for _ in range(3):
        engine.later(one, engine.LEASE * 0.9)
        assert one.renew({lease.host: 1.0}).lost == ()
        assert two.recover() == []
    one.ack(lease, "archived")
    assert one.counts().outcomes == {"archived": 1}


def test_a_worker_may_ask_until_a_part_of_its_lease_is_over(one, engine):
    before = time.monotonic()
    until = one.renew({}).safe_until
    assert before + FENCE * engine.LEASE <= until <= time.monotonic() + FENCE * engine.LEASE


def test_who_dies_is_missed_by_the_others_and_its_record_on_the_way_is_named(one, two, engine):
    one.add(hosts(1))
    (lease,) = one.claim(hosts=1, per_host=1)
    one.intend(lease, Links(found=(found(99, "h0.example"),)), record="records/1.json", outcome="archived")
    engine.later(two, engine.LEASE + 1)
    assert two.workers() == []
    two.renew({})
    (intent,) = two.recover()
    assert (intent.fp, intent.record_key) == (lease.fp, "records/1.json")
    two.settle(intent.fp, "archived", record=intent.record_key)
    assert sorted(lease.fp for lease in two.claim(hosts=1, per_host=9)) == [1, 2, 3, 99]


def test_while_others_have_leases_nobody_is_finished(one, two):
    one.add(hosts(1)[:1])
    (lease,) = one.claim(hosts=1, per_host=1)
    assert two.next_due_in() == 0.0
    one.ack(lease, "kept", links=Links(found=(found(7, "b.example"),)))
    assert two.next_due_in() == 0.0
    (other,) = two.claim(hosts=1, per_host=1)
    two.ack(other, "archived")
    assert one.claim(hosts=1, per_host=1) == two.claim(hosts=1, per_host=1) == []
    assert (one.next_due_in(), two.next_due_in()) == (None, None)


def test_what_is_leased_while_another_looks_is_seen(one, two):
    one.add(hosts(1)[:1])
    over = threading.Event()

    def lease_and_give_back() -> None:
        while not over.is_set():
            one.release(one.claim(hosts=1, per_host=9))

    thread = threading.Thread(target=lease_and_give_back)
    thread.start()
    try:
        seen = [two.next_due_in() for _ in range(1500)]
    finally:
        over.set()
        thread.join()
    assert None not in seen, "neither due nor leased would mean that the crawl is at its end"


def test_the_last_worker_writes_the_papers_or_the_first_to_see_the_end(one, two):
    one.add([found(1)])
    assert not one.is_last()
    (lease,) = one.claim(hosts=1, per_host=1)
    one.ack(lease, "archived")
    assert [one.is_last(), two.is_last(), one.is_last()] == [True, False, True]
    one.part()
    assert two.workers() == ["two"]
    assert two.is_last()


def test_of_workers_that_stop_at_once_the_last_writes_the_papers(one, two):
    one.add([found(1)])
    assert [one.is_last(), two.is_last()] == [False, True]


def test_who_was_started_before_the_end_begins_no_other_round(one, engine):
    one.complete()
    late = engine.open()
    assert late.begin("crawl-2", age=30.0) == "crawl-1"
    assert late.standing().complete
    assert late.begin("crawl-2", age=0.0) == "crawl-2"
    late.close()


def test_a_host_that_a_redirect_leads_to_is_lent(one, two, engine):
    one.add(hosts(1))
    (lease,) = one.claim(hosts=1, per_host=1)
    assert not two.borrow("h0.example")
    assert two.borrow("elsewhere.example")
    assert one.renew({"h0.example": 1.0}).wanted == ("h0.example",)
    one.ack(lease, "archived")
    one.leave({"h0.example": 2.0})
    assert not two.borrow("h0.example"), "it rests"
    assert one.claim(hosts=1, per_host=1) == [], "and is kept for who waits for it"
    engine.later(two, 2.1)
    assert two.borrow("h0.example")
    two.leave({"h0.example": 0.0})
    assert len(one.claim(hosts=1, per_host=1)) == 1


def test_who_parts_in_order_leaves_its_leases_to_the_next_at_once(one, two):
    one.add(hosts(1))
    one.claim(hosts=1, per_host=2)
    one.part()
    time.sleep(0.01)
    two.recover()
    assert len(two.claim(hosts=1, per_host=9)) == 4


# ------------------------------------------------------------------ slim


def ended(ledger, n: int) -> None:
    """A round in which `n` pages are archived, a feed read and one page not found."""
    ledger.add([*(found(i, "a.example") for i in range(n)), found(100, "a.example"), found(101, "b.example")])
    while leases := ledger.claim(hosts=9, per_host=9):
        for lease in leases:
            kind = {100: ("followed", ""), 101: ("failed", "http_404")}.get(lease.fp, ("archived", ""))
            ledger.ack(lease, *kind, again=0.0 if lease.fp == 100 else None, body_size=7, final_url=lease.url)
    ledger.complete()


def test_what_no_round_asks_for_again_is_slim_and_is_still_counted_and_known(one):
    ended(one, 5)
    before, hosts_before = one.counts(), one.hosts(recent_since=0)
    one.begin("crawl-2")
    assert one.db.execute("SELECT count(*) FROM seen").fetchone() == (6,)
    assert [line.url for line in one.lines()] == ["https://a.example/100"]
    after = one.counts()
    assert (after.done, after.pending) == (before.done - 1, 1)
    assert after.outcomes == {"archived": 5, "failed": 1}
    assert after.failures == before.failures
    assert [(h.host, h.archived, h.failed, h.size) for h in hosts_before] == [
        (h.host, h.archived, h.failed, h.size + 7 * h.pending) for h in one.hosts(recent_since=0)
    ]
    assert one.add([found(n, "a.example") for n in range(6)]) == 1, "the sixth is new"
    assert (one.line(3).outcome, one.line(101).reason) == ("archived", "http_404")


def test_a_seed_is_asked_for_in_each_round_also_where_it_was_only_seen(one):
    ended(one, 2)
    one.begin("crawl-2")
    one.add([found(1, "a.example", seed=True)])
    assert {lease.fp for lease in one.claim(hosts=9, per_host=9)} == {1, 100}
    assert one.counts().outcomes == {"archived": 1, "failed": 1}


def test_where_everything_is_asked_for_again_what_is_slim_is_no_hindrance(one):
    ended(one, 3)
    one.begin("crawl-2")
    assert not one.forgot
    for lease in one.claim(hosts=9, per_host=9):
        one.ack(lease, "followed", again=0.0)
    one.complete()
    one.begin("crawl-3", everything=True)
    assert one.forgot, "the crawl enters again what the archive keeps"
    assert one.add([found(n, "a.example") for n in range(3)]) == 3


def test_a_ledger_of_the_first_version_is_taken_over(engine, monkeypatch):
    from archiver.frontier import postgres

    with monkeypatch.context() as patch:
        patch.setattr(postgres, "STEPS", postgres.STEPS[:1])
        patch.setattr(postgres, "VERSION", 1)
        old = engine.open()
        old.db.execute(
            "INSERT INTO url (fp, due, prio, host, url, role) "
            "VALUES (1, 0, 0, 'a.example', 'https://a.example/', 'page')"
        )
        with pytest.raises(StoreError, match="does not exist"):
            old.counts()
        old.close()
    with pytest.raises(StoreError, match="another version"):
        engine.beside().close()
    new = engine.open()
    assert new.counts().pending == 1
    assert new.db.execute("SELECT version FROM job").fetchone() == (postgres.VERSION,)
    new.close()
    engine.beside().close()


# ------------------------------------------------------------------ at the same time


def test_workers_that_find_the_same_links_enter_each_once_and_never_hang(engine):
    engine.open().close()
    links = [found(n, f"h{n % 7}.example") for n in range(300)]

    def work(turn: int) -> None:
        ledger = engine.open()
        for i in range(30):
            some = links[i * 10 : i * 10 + 10]
            ledger.add(some[::-1] if turn % 2 else some)
            for lease in ledger.claim(hosts=3, per_host=2, busy=()):
                ledger.ack(lease, "archived", links=Links(found=tuple(links[:: -1 if turn % 2 else 1])))
        ledger.close()

    threads = [threading.Thread(target=work, args=(turn,)) for turn in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    ledger = engine.beside()
    known = ledger.counts()
    assert known.pending + known.leased + known.done == 300
    ledger.close()


def test_a_link_found_while_its_host_runs_dry_wakes_it(one, two):
    for n in range(40):
        other = threading.Thread(target=two.add, args=([found(n)],))
        other.start()
        leases = one.claim(hosts=1, per_host=2)  # before, while or after the other commits
        other.join()
        until = time.monotonic() + 2  # two machines do not agree on the time to the last millisecond
        while not leases and time.monotonic() < until:
            leases = one.claim(hosts=1, per_host=2)
        (lease,) = leases
        one.ack(lease, "archived")


def test_a_cut_transaction_is_run_again(one, postgres):
    one.patience = 10.0
    one.add(hosts(1))
    (lease,) = one.claim(hosts=1, per_host=1)
    cut(postgres, one)
    one.ack(lease, "archived")
    assert one.counts().outcomes == {"archived": 1}


def test_what_a_cut_claim_leased_goes_back(one, postgres):
    one.patience = 10.0
    one.add(hosts(1))
    (kept,) = one.claim(hosts=1, per_host=1)
    one.db.execute("UPDATE url SET state = 1, epoch = epoch + 1 WHERE fp = ANY(%s)", ([1, 2],))  # and said nothing
    cut(postgres, one)
    assert sorted(lease.fp for lease in one.claim(hosts=1, per_host=9)) == [1, 2, 3]
    one.ack(kept, "archived")
    assert one.counts().done == 1


def test_the_server_restarts_under_its_workers():
    server = Postgres()
    try:
        server.start()
        ledger = PostgresFrontier(server.dsn, name="press", patience=60.0)
        ledger.begin("crawl-1")
        ledger.add(hosts(2))
        (lease,) = ledger.claim(hosts=1, per_host=1)
        server.kill()
        restart = threading.Timer(0.5, server.start)
        restart.start()
        ledger.ack(lease, "archived")
        restart.join()
        assert (ledger.counts().done, ledger.counts().pending) == (1, 7)
        server.stop()
        ledger.patience = 0.0
        with pytest.raises(StoreError) as caught:
            ledger.add([found(99)])
        assert PASSWORD not in str(caught.value)
        ledger.close()
    finally:
        server.remove()


def cut(postgres: Postgres, ledger: PostgresFrontier) -> None:
    """End the server's side of a connection."""
    with psycopg.connect(postgres.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (ledger.db.info.backend_pid,))


# ------------------------------------------------------------------ places, versions, secrets


def test_jobs_of_a_server_have_names_of_their_own(postgres):
    long = "a" * 50 + uuid4().hex[:14]
    for name in (long, long[:-1] + "x"):
        ledger = PostgresFrontier(postgres.dsn, name=name)
        ledger.add([found(1)])
        assert ledger.counts().pending == 1
        ledger.close()
    assert {long, long[:-1] + "x"} <= set(PostgresFrontier.jobs_at(postgres.dsn))


def test_looking_for_a_job_makes_none(postgres):
    with pytest.raises(NotArchived, match="no crawl of this job"):
        PostgresFrontier.beside(postgres.dsn, name="nobody")
    assert "nobody" not in PostgresFrontier.jobs_at(postgres.dsn)


def test_a_ledger_of_a_later_version_is_left_alone(one, engine):
    one.db.execute("UPDATE job SET version = 99")
    with pytest.raises(StoreError, match="newer version"):
        engine.open()


@pytest.mark.parametrize(
    ("address", "fit"),
    [
        ("postgresql://me:secret@db.example:5433/press", "postgresql://db.example:5433/press"),
        ("postgresql:///press?host=/run/pg&password=secret&user=me", "postgresql:///press?host=/run/pg"),
        ("postgresql://me:secret@/press?sslmode=require", "postgresql:///press?sslmode=require"),
    ],
)
def test_an_address_is_shown_without_secrets(address, fit):
    assert shown(address) == fit
    assert checked(address) == address


@pytest.mark.parametrize("address", ["mysql://me:sec@db/press", "press", "postgresql://me:sec/ret@db/press"])
def test_an_address_of_another_kind_is_refused_without_its_secrets(address):
    with pytest.raises(BadInput) as caught:
        checked(address)
    assert "sec" not in str(caught.value)


def test_a_wrong_password_is_said_and_not_shown(postgres):
    wrong = postgres.dsn.replace(PASSWORD, "a-wrong-one")
    with pytest.raises(StoreDenied) as caught:
        PostgresFrontier(wrong, name="press", patience=30)
    assert "a-wrong-one" not in str(caught.value)
