"""A job is paused, goes on and is stopped from another terminal, as a user does it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.crawling import command, crawl, environment
from tests.site import Site
from tests.test_crawl import body_sha256, wait_for

SLOW = ("--delay", "0.1", "--per-host", "1", "--workers", "1", "--allow-private")


def say(*words: str, cwd: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run `archiver …` to its end."""
    given = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
    return subprocess.run(
        [sys.executable, "-m", "archiver", *words], capture_output=True, text=True, timeout=60, cwd=cwd, **given
    )


@contextmanager
def crawling(site: Site, tmp_path: Path, *more: str) -> Iterator[subprocess.Popen[str]]:
    """A crawl that goes on long enough to be told something."""
    state = tmp_path / "s"
    child = subprocess.Popen(
        command(site.url, *more, uri=str(tmp_path / "a"), state=state, quick=SLOW),
        env=environment(state), stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        assert child.stderr
        child.stderr.close()


def test_a_crawl_pauses_goes_on_and_is_complete(tmp_path):
    folder = str(tmp_path / "s")
    with Site(articles=40) as site, crawling(site, tmp_path) as child:
        wait_for(lambda: len(site.log) > 8)
        paused = say("pause", folder)
        assert paused.returncode == 0, paused.stderr
        assert f"paused: process {child.pid}" in paused.stdout
        time.sleep(2.5)  # it looks about once a second, and what is in flight ends
        asked = len(site.log)
        time.sleep(1.5)
        assert len(site.log) == asked, "nothing new is asked for"
        assert child.poll() is None, "the process stays"
        shown = json.loads(say("status", folder, "--json").stdout)
        assert shown["archive"] == str(tmp_path / "a"), "known although only the state folder is named"
        assert (shown["state"], shown["running"], shown["leased"]) == ("pause", f"process {child.pid}", 0)
        resumed = json.loads(say("resume", folder, "--json").stdout)
        assert resumed == {
            "job": resumed["job"], "state": "run", "running": f"process {child.pid}", "folder": folder
        }  # fmt: skip
        assert child.wait(60) == 0
        assert {record.url: body_sha256(record) for record in records(tmp_path)} == site.manifest()
        paths = [hit.path for hit in site.log if hit.path != "/robots.txt"]
        assert len(paths) == len(set(paths)), "nothing is asked for twice"


def test_a_crawl_that_is_stopped_ends_in_order_and_the_next_one_goes_on(tmp_path):
    folder = str(tmp_path / "s")
    with Site(articles=30) as site, crawling(site, tmp_path) as child:
        wait_for(lambda: len(site.log) > 8)
        watch = subprocess.Popen(
            [sys.executable, "-m", "archiver", "status", folder, "--watch", "--json", "--every", "0.5"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert watch.stdout
        first = json.loads(watch.stdout.readline())
        assert (first["activity"], first["running"]) == ("running", f"process {child.pid}")
        assert first["done"] > 2
        assert first["pending"] + first["leased"] > 5
        assert 5 < first["per_minute_lately"] <= 600, "the host is asked ten times a second at most"
        assert first["seconds_left"] > 0
        assert first["hosts"][0]["host"] == f"127.0.0.1:{site.port}"
        stopped = say("stop", folder)
        assert stopped.returncode == 0, stopped.stderr
        assert child.wait(30) == 3
        last = json.loads(watch.stdout.read().splitlines()[-1])
        assert watch.wait(10) == 0, "it ends with the crawl"
        watch.stdout.close()
        assert (last["activity"], last["running"], last["state"], last["leased"]) == ("not running", None, "run", 0)
        assert "told to stop" in child.stderr.read()
        again = say("stop", folder)
        assert (again.returncode, "nothing to stop" in again.stdout) == (0, True)
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 0, done.said
        assert {record.url: body_sha256(record) for record in records(tmp_path)} == site.manifest()
        paths = [hit.path for hit in site.log if hit.path.rsplit("-", 1)[-1].isdigit()]
        assert len(paths) == len(set(paths)), "nothing is fetched twice"


def test_a_paused_job_is_not_begun_and_says_how_it_goes_on(tmp_path):
    with Site(articles=3) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        assert crawl(site.url, "--max-pages", "1", **where).code == 8
        asked = len(site.log)
        assert "no crawl of this job is running" in say("pause", str(tmp_path / "s")).stdout
        held = crawl(site.url, **where)
        assert held.code == 3
        assert "`archiver resume" in held.said
        assert len(site.log) == asked
        assert say("resume", str(tmp_path / "s")).returncode == 0
        assert crawl(site.url, **where).code == 0


def test_a_job_is_found_by_file_by_name_and_as_the_only_one(tmp_path):
    with Site(articles=2) as site:
        for name in ("one", "two"):
            (tmp_path / f"{name}.toml").write_text(
                f'name = "{name}"\narchive = "a"\n[[seeds]]\nurl = "{site.url}"\n[network]\nallow_private = true\n'
                "[politeness]\ndelay_seconds = 0\n[limits]\nmax_pages = 1\n"
            )
        assert say("crawl", "one.toml", cwd=tmp_path).returncode == 8
        only = json.loads(say("pause", "--archive", "a", "--json", cwd=tmp_path).stdout)
        assert (only["job"], only["folder"]) == ("one", "a/state/one")
        assert say("crawl", "two.toml", cwd=tmp_path).returncode == 8
        which = say("pause", "--archive", "a", cwd=tmp_path)
        assert (which.returncode, "one, two" in which.stderr) == (2, True)
        for words in (("two.toml",), ("two", "--archive", "a"), ("a/state/two",)):
            assert json.loads(say("resume", *words, "--json", cwd=tmp_path).stdout)["job"] == "two"
        assert "job 'three'; jobs of a: one, two" in say("pause", "three", "--archive", "a", cwd=tmp_path).stderr


def test_a_job_that_is_not_there_has_its_own_exit_code_and_nothing_is_made(tmp_path):
    assert say("status", "--archive", "nowhere", cwd=tmp_path).returncode == 3
    (tmp_path / "job.toml").write_text('archive = "a"\n[[seeds]]\nurl = "https://news.example/"\n')
    none = say("stop", "job.toml", cwd=tmp_path)
    assert (none.returncode, "no crawl of this job has begun" in none.stderr) == (3, True)
    assert not (tmp_path / "a").exists()


def records(tmp_path: Path):
    import archiver

    with archiver.open(str(tmp_path / "a")) as archive:
        return [record for record in archive.records() if record.verdict == "article"]
