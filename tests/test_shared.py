"""One job, many workers: they share its ledger on a PostgreSQL server, and any of them may die.

NEWSVAULT_SEEDS=20 pytest tests/test_shared.py     each fault at twenty moments, as at night; .ci/run: at three
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from archiver.frontier import JobState
from tests.postgres import PASSWORD, find_postgres
from tests.test_crawl import wait_for
from tests.workers import CONCURRENCY, FAULTS, Shared, findings, trial

pytestmark = pytest.mark.skipif(find_postgres() is None, reason="no PostgreSQL: install Debian's package `postgresql`")
SEEDS = int(os.environ.get("NEWSVAULT_SEEDS", "1"))  # of each fault
KILLED = {"one": 1, "all": 3, "server": 3}  # workers whose pages in flight may be asked for again


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_dies_nothing_is_lost_and_no_host_is_hurried(tmp_path: Path, fault: str, seed: int):
    found = trial(tmp_path, fault, seed)
    assert [code for code in found.codes if code != -signal.SIGKILL] == [0] * (len(found.codes) - found.codes.count(-9))
    assert found.missing == []
    assert (found.counts.pending, found.counts.leased) == (0, 0)
    assert found.early == []
    assert found.again <= KILLED[fault] * CONCURRENCY


@pytest.mark.slow
def test_in_packs_a_worker_that_never_comes_back_takes_nothing_with_it(tmp_path: Path):
    found = trial(tmp_path, "one", 7, "--layout", "packs")
    assert found.missing == []
    assert (found.counts.pending, found.counts.leased) == (0, 0)
    assert found.again <= CONCURRENCY


@pytest.mark.slow
def test_workers_are_one_crawl_that_is_watched_and_told_from_anywhere(tmp_path: Path):
    with Shared(tmp_path, sites=2, articles=10) as shared:
        shared.start(2)
        wait_for(lambda: sum(len(site.log) for site in shared.world) > 9)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()

        def say(*words: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "archiver", *words, "--frontier", shared.server.dsn],
                capture_output=True, text=True, cwd=elsewhere, timeout=60, check=True,
            )  # fmt: skip
            assert PASSWORD not in done.stdout + done.stderr
            return done.stdout

        assert "paused: 2 workers: process" in say("pause", "press")
        time.sleep(2.0)  # they look about once a second, and what is in flight ends
        asked = [len(site.log) for site in shared.world]
        time.sleep(1.0)
        assert [len(site.log) for site in shared.world] == asked, "nobody asks for anything"
        seen = json.loads(say("status", "--json"))
        assert (seen["job"], seen["state"], seen["activity"]) == ("press", "pause", "paused")
        assert seen["running"].startswith("2 workers: ")
        assert seen["archive"] == str(tmp_path / "a")
        say("resume", "press")
        wait_for(lambda: sum(len(site.log) for site in shared.world) > sum(asked))
        assert "stopping" in say("stop", "press")
        assert shared.wait(30) == [3, 3]
        ledger = shared.ledger()
        assert (ledger.standing().state, ledger.counts().leased, ledger.workers()) == (JobState.RUN, 0, [])
        left = ledger.counts().pending
        ledger.close()
        assert left > 0
        assert json.loads(say("report", "--json"))["left"] == left
        logs = sorted((tmp_path / "a" / "crawls").glob("*/log-*.jsonl"))
        assert len(logs) == 1, "the last of them wrote the papers"
        shared.workers.clear()
        shared.start(1)
        codes = shared.wait()
        found = findings(shared, codes, 0)
        assert codes == [0], shared.said()
        assert (found.missing, found.again, found.early) == ([], 0, [])
        assert len({path.parent for path in (tmp_path / "a" / "crawls").glob("*/manifest-*.jsonl")}) == 1
        assert PASSWORD not in shared.said()
        for path in (tmp_path / "a").rglob("*"):
            assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path


def test_a_worker_whose_server_does_not_come_up_says_so(tmp_path: Path):
    words = ["crawl", "https://news.example/", "--archive", str(tmp_path / "a"), "--frontier", "mysql://me:secret@db/x"]
    done = subprocess.run([sys.executable, "-m", "archiver", *words], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "postgresql://host/database" in done.stderr
    assert "secret" not in done.stderr
