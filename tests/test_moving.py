"""A job moves from a folder to a server and back, and nothing of it is lost on the way."""

import json
from dataclasses import replace
from uuid import uuid4

import pytest
from click.testing import CliRunner

from archiver.cli.frontier import migrate
from archiver.errors import BadInput, JobLocked
from archiver.frontier import Found, JobState, Known, Links
from archiver.frontier.moving import move
from archiver.frontier.opening import Place, open_beside, open_ledger
from archiver.model import Announced
from tests.test_frontier import found

KNOWN = Known(verdict="article", record="ab" * 10, etag='W/"1"', items=(1, -2))


@pytest.fixture
def places(tmp_path, postgres):
    name = f"press-{uuid4().hex[:8]}"
    (tmp_path / "one").mkdir()
    folders = [Place(folder=tmp_path / one, name=name) for one in ("one", "two")]
    return folders[0], Place(folder=tmp_path, name=name, frontier=postgres.dsn), folders[1]


def fill(place: Place) -> None:
    """A job in the midst of its second round, with a URL in every state."""
    ledger = open_ledger(place)
    ledger.begin("crawl-1", rules="a")
    ledger.belongs("s3://press/daily")
    ledger.add([found(n, f"h{n % 3}.example") for n in range(30)])
    ledger.add([Found(fp=-7, url="https://h1.example/seed", host="h1.example", seed=True, prio=9, role="site")])
    for lease in ledger.claim(hosts=9, per_host=99):
        facts = {"final_url": lease.url + "x", "status": 200, "record": f"records/{lease.fp}.json", "body_size": 7}
        ledger.ack(lease, "archived", known=KNOWN, again=None if lease.fp % 5 else 0.0, **facts)
    ledger.complete()
    ledger.begin("crawl-2", rules="a")
    said = Announced(source="feed", published="2026-11-24")
    ledger.add([found(n, "late.example", announced=said, via=1) for n in range(100, 110)])
    leases = ledger.claim(hosts=9, per_host=3)
    ledger.ack(leases[0], "failed", "http_404", links=Links(found=(found(200),), dropped={"off_host": 3}))
    ledger.retry(leases[1], "http_429", after=3600, park=True)
    ledger.intend(leases[2], Links(), record="records/on-its-way.json", outcome="archived")
    ledger.note("storage_down", "503 \u2026")
    ledger.close()


def seen(place: Place) -> dict:
    """All that a ledger says of its job."""
    ledger = open_beside(place)
    try:
        standing, counts = ledger.standing(), ledger.counts()
        return {
            "standing": replace(standing, now=0, state=JobState.RUN, state_at=0),
            "counts": counts,
            "lines": sorted(map(str, ledger.lines())),
            "hosts": [replace(one, wait=round(one.wait, -2)) for one in ledger.hosts(recent_since=0)],
            "events": [one for one in ledger.events() if one.kind != "told"],
            "line": ledger.line(100),
        }
    finally:
        ledger.close()


def test_a_job_moves_to_a_server_and_back_with_all_that_is_known(places):
    here, there, back = places
    fill(here)
    before = seen(here)
    assert move(here, there) == 42
    assert seen(there) == before
    assert move(there, back) == 42
    assert seen(back) == before
    for old in (here, there):
        ledger = open_beside(old)
        assert ledger.standing().state is JobState.PAUSE, "nobody crawls it twice by mistake"
        assert "moved to" in ledger.events()[-1].detail
        assert "secret" not in ledger.events()[-1].detail
        ledger.close()


@pytest.mark.parametrize("to_server", [True, False])
def test_what_was_on_its_way_is_recovered_where_it_arrives(places, to_server):
    here, there, back = places
    fill(here)
    move(here, there)
    if not to_server:
        move(there, back)
    ledger = open_ledger(there if to_server else back)
    assert ledger.begin("crawl-3", rules="a") == "crawl-2"
    (intent,) = ledger.recover()
    assert intent.record_key == "records/on-its-way.json"
    leases = ledger.claim(hosts=9, per_host=99)
    assert ledger.counts().leased == len(leases)
    assert {lease.known for lease in leases} <= {None, KNOWN}
    assert {lease.announced for lease in leases if lease.host == "late.example"} == {
        Announced(source="feed", published="2026-11-24")
    }
    ledger.close()


def test_what_is_only_seen_arrives_with_its_outcome_and_is_not_entered_again(places):
    _, there, back = places
    ledger = open_ledger(there)
    ledger.begin("crawl-1")
    ledger.add([found(n) for n in range(9)])
    for lease in ledger.claim(hosts=1, per_host=9):
        ledger.ack(lease, "archived" if lease.fp else "failed", "" if lease.fp else "timeout")
    ledger.complete()
    ledger.begin("crawl-2")
    ledger.part()
    ledger.close()
    assert move(there, back) == 9
    ledger = open_ledger(back)
    assert ledger.counts().outcomes == {"archived": 8, "failed": 1}
    assert ledger.add([found(n) for n in range(10)]) == 1
    ledger.close()
    assert move(back, replace(there, name=f"{there.name}-2")) == 10


def test_a_job_with_a_live_worker_stays(places):
    here, there, _ = places
    fill(here)
    move(here, there)
    worker = open_ledger(there)
    worker.order(JobState.RUN)
    worker.join("process 4711")
    with pytest.raises(JobLocked, match="process 4711"):
        move(there, replace(here, folder=here.folder.parent / "three"))
    assert worker.standing().state is JobState.RUN, "as before"
    worker.close()


def test_a_job_moves_nowhere_where_one_is_already(places):
    here, there, back = places
    fill(here)
    back.folder.mkdir()
    fill(back)
    move(here, there)
    with pytest.raises(BadInput, match="already"):
        move(there, back)
    with pytest.raises(BadInput, match="between the engines"):
        move(here, back)


def test_the_command_moves_and_says_where_to(places):
    here, there, _ = places
    fill(here)
    done = CliRunner().invoke(migrate, [str(here.folder), there.frontier])
    assert done.exit_code == 0, done.output
    assert "42 URLs are at postgresql:///postgres" in done.output
    assert "secret" not in done.output
    assert json.dumps(done.output).count("password") == 0
