"""Exit codes: each one that docs/reference/exit-codes.md promises, as a user gets it, and the way on from there."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crawling import command, crawl, environment
from tests.site import Site
from tests.test_crawl import body_sha256, wait_for
from tests.test_jobs import crawling, say
from tests.weed import Fault, FaultProxy, Weed, error

CODES = {0, 1, 2, 3, 4, 5, 6, 7, 8, 130}


def test_the_page_names_these_codes_and_no_other():
    page = (Path(__file__).parent.parent / "docs" / "reference" / "exit-codes.md").read_text("utf-8")
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == CODES


@pytest.fixture
def proxy(weed: Weed) -> Iterator[FaultProxy]:
    with FaultProxy(weed.endpoint).running() as running:
        yield running


def puts(fault: Fault) -> Fault:
    """The fault for what is kept; everything else passes."""
    return lambda handler, body: handler.command == "PUT" and fault(handler, body)


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (puts(error(503, "SlowDown")), 4, "storage: "),
        (puts(error(403, "AccessDenied")), 6, "access denied"),
        (puts(error(507, "QuotaExceeded")), 5, "no room left"),
    ],
    ids=["down-4", "read-only-6", "full-5"],
)
def test_a_store_that_fails_on_the_way_ends_with_its_code_and_loses_nothing(tmp_path, s3_uri, proxy, fault, code, says):
    uri = f"{s3_uri}/press?endpoint_url={proxy.endpoint}&attempts=1"
    state = tmp_path / "s"
    with Site(articles=8) as site:
        child = subprocess.Popen(
            command(site.url, "--patience", "1", uri=uri, state=state),
            env=environment(state), stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        wait_for(lambda: any(method == "PUT" and "/records/" in path for method, path, _ in proxy.seen))
        proxy.always = fault
        said = child.communicate(timeout=60)[1]
        assert child.returncode == code, said
        assert says in said
        assert "Traceback" not in said
        seen = json.loads(say("status", str(state), "--json").stdout)
        assert (seen["activity"], seen["storage"]["outages"]) == ("not running", 1)
        assert 0.9 < seen["storage"]["outage_seconds"] < 30
        if code == 4:  # the way on is the same from each
            proxy.always = None
            done = crawl(site.url, uri=uri, state=state)
            assert done.code == 0, done.said
            assert {record.url: body_sha256(record) for record in done.articles()} == site.manifest()


def test_a_crawl_that_waits_for_the_store_can_be_stopped(tmp_path, s3_uri, proxy):
    uri = f"{s3_uri}/press?endpoint_url={proxy.endpoint}&attempts=1"
    state = tmp_path / "s"
    with Site(articles=8) as site:
        child = subprocess.Popen(
            command(site.url, uri=uri, state=state), env=environment(state), stderr=subprocess.PIPE
        )
        wait_for(lambda: any(method == "PUT" and "/records/" in path for method, path, _ in proxy.seen))
        proxy.always = puts(error(503, "SlowDown"))
        wait_for(lambda: json.loads(say("status", str(state), "--json").stdout)["activity"] == "waiting for storage")
        assert "ends what is in flight" in say("stop", str(state)).stdout
        said = child.communicate(timeout=60)[1].decode()
        assert child.returncode == 4, said  # log and manifest could not be kept either
        after = json.loads(say("status", str(state), "--json").stdout)
        assert (after["activity"], after["state"]) == ("not running", "run")
        assert after["pending"] + after["leased"] > 0, "what could not be kept is not done"


def test_credentials_that_do_not_fit_end_at_once_with_6_and_the_site_is_not_asked(tmp_path, s3_uri, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-one-that-must-never-be-seen")
    with Site(articles=2) as site:
        done = crawl(site.url, uri=s3_uri, state=tmp_path / "s")
        assert done.code == 6, done.said
        assert site.log == ()
    assert "AWS_SECRET_ACCESS_KEY" in done.said
    assert "not-the-one" not in done.said


def test_a_store_that_is_not_there_ends_with_4(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    uri = "s3://press?endpoint_url=http://127.0.0.1:9&attempts=1&region=us-east-1"
    with Site(articles=2) as site:
        done = crawl(site.url, uri=uri, state=tmp_path / "s")
        assert (done.code, site.log) == (4, ()), done.said
    assert "is the server up" in done.said


def test_a_disk_without_room_ends_with_5_before_anything_is_asked(tmp_path):
    with Site(articles=2) as site:
        words = ("--set", f"ARCHIVE_MIN_FREE_BYTES={10**16}")
        done = crawl(site.url, *words, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert (done.code, site.log) == (5, ()), done.said
        assert "MiB needed" in done.said
        assert crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s").code == 0


def test_what_breaks_in_a_spider_of_the_users_own_is_1_and_one_line(tmp_path):
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (tmp_path / "settings.py").write_text('SPIDER_MODULES = ["mine"]\n')
    (tmp_path / "mine.py").write_text(
        "from archiver.crawl.seeded import SeededSpider\n\n\nclass Mine(SeededSpider):\n    name = 'urls'\n\n"
        "    def __init__(self, *args, **kwargs):\n        raise RuntimeError('broken on purpose')\n"
    )
    done = say("crawl", "https://a.example/", "--spider", "urls", cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1] == "archiver: the crawl broke: RuntimeError: broken on purpose"


def test_interrupted_twice_is_as_safe_as_once(tmp_path):
    with Site(articles=30) as site, crawling(site, tmp_path) as child:
        wait_for(lambda: len(site.log) > 8)
        child.send_signal(signal.SIGINT)
        time.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 3
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 0, done.said
        assert {record.url: body_sha256(record) for record in done.articles()} == site.manifest()


def test_another_command_that_is_interrupted_ends_with_130(tmp_path):
    with Site(articles=30) as site, crawling(site, tmp_path) as child:
        wait_for(lambda: len(site.log) > 4)
        watch = subprocess.Popen(
            [sys.executable, "-m", "archiver", "status", str(tmp_path / "s"), "--watch", "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert watch.stdout
        assert watch.stdout.readline()
        watch.send_signal(signal.SIGINT)
        said = watch.communicate(timeout=20)[1]
        assert (watch.returncode, said.strip()) == (130, "archiver: interrupted")
        assert child.poll() is None, "and the crawl goes on"
