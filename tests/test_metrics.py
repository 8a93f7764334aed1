"""What a crawl tells a collector: its metrics file, and its log as JSON."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from archiver.crawl.metrics import draft_of
from archiver.frontier import Found
from archiver.frontier.sqlite import SqliteFrontier
from archiver.logs import JsonFormatter
from archiver.report.metrics import ACTIVITIES, metrics_text
from archiver.report.status import status_of
from tests.crawling import QUICK, crawl
from tests.site import Site


def values(text: str) -> dict[tuple[str, str], float]:
    """(name without its prefix, value of the second label or "") → value, as Prometheus's own parser reads it."""
    return {
        (one.name.removeprefix("newsvault_crawl_"), "".join(v for k, v in one.labels.items() if k != "crawl_job")): (
            one.value
        )
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def objects(said: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in said.splitlines()]


@pytest.fixture(scope="module")
def crawled(tmp_path_factory):
    place = tmp_path_factory.mktemp("metrics")
    with Site(articles=6) as site:
        ended = crawl(
            *(site.url, "--job", "press", "--metrics", str(place / "press.prom"), "--log-format", "json"),
            uri=str(place / "archive"), state=place / "state",
        )  # fmt: skip
    assert ended.code == 0, ended.said
    return place, ended


def test_the_file_says_at_the_end_what_the_crawl_log_says(crawled):
    place, ended = crawled
    found = values((place / "press.prom").read_text("utf-8"))
    assert found["urls", "done"] == len(ended.lines)
    assert found["urls", "pending"] == found["urls", "leased"] == 0
    archived = sum(line["outcome"] == "archived" for line in ended.lines)
    assert found["outcomes", "archived"] == archived >= 6
    assert found["activity", "complete"] == 1
    assert found["activity", "running"] == 0
    assert found["disk_free_bytes", str(place / "state")] > 0
    assert [path.name for path in place.glob("*prom*")] == ["press.prom"], "nothing half-written beside it"


def test_each_line_of_the_log_is_an_object(crawled):
    _, ended = crawled
    lines = objects(ended.said)
    assert all(set(one) >= {"time", "level", "logger", "message"} for one in lines)
    assert any(" archived" in one["message"] and one["logger"] == "archiver" for one in lines), "the summary"


def test_an_error_is_an_object_too_and_a_missing_folder_is_one(tmp_path):
    ended = crawl(
        "https://news.example/", "--metrics", str(tmp_path / "none" / "a.prom"), "--log-format", "json",
        uri=str(tmp_path / "archive"), state=tmp_path / "state",
    )  # fmt: skip
    assert ended.code == 2
    assert "no folder that can be written to" in objects(ended.said)[-1]["message"]
    assert objects(ended.said)[-1]["level"] == "ERROR"


def test_the_file_is_there_while_the_crawl_runs_and_says_so(tmp_path):
    with Site(articles=30) as site:
        arguments = ["crawl", site.url, "--archive", str(tmp_path / "a"), "--state", str(tmp_path / "s")]
        metrics = tmp_path / "a.prom"
        running = subprocess.Popen(
            [sys.executable, "-m", "archiver", *arguments, *QUICK, "--delay", "2", "--metrics", str(metrics)],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            for _ in range(600):
                if metrics.exists() or running.poll() is not None:
                    break
                time.sleep(0.05)
            assert values(metrics.read_text("utf-8"))["activity", "running"] == 1
        finally:
            running.send_signal(signal.SIGTERM)
            said = running.communicate(timeout=60)[1]
    assert running.returncode == 3, said
    assert "Deprecat" not in said, "what Scrapy wants otherwise is nothing for people who crawl"
    assert values(metrics.read_text("utf-8"))["activity", "not running"] == 1


def test_two_containers_that_share_the_folder_do_not_take_each_others_draft(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "getpid", lambda: 1)
    drafts = set()
    for host in ("2378aa42b68f", "602e383c78ec"):
        monkeypatch.setattr(socket, "gethostname", lambda host=host: host)
        drafts.add(draft_of(tmp_path / "press.prom"))
    assert len(drafts) == 2
    assert all(draft.parent == tmp_path for draft in drafts), "a rename across disks is none"
    assert not any(draft.suffix == ".prom" for draft in drafts), "the collector reads every *.prom"


def test_any_name_survives_the_format(tmp_path):
    name = 'a "b"\\\nc'
    with_name = SqliteFrontier(tmp_path / "ledger.sqlite", name="press")
    with_name.begin("crawl-1")
    with_name.add([Found(fp=1, url="https://a.example/", host="a.example")])
    status = replace(
        status_of(with_name, folder=Path(tmp_path), uri="s3://press", running="process 7"), job=name,
        failures={"odd\nreason": 3},
    )  # fmt: skip
    with_name.close()
    families = list(text_string_to_metric_families(metrics_text(status, now=12.0)))
    assert {one.labels["crawl_job"] for family in families for one in family.samples} == {name}
    assert values(metrics_text(status, now=12.0))["failures", "odd\nreason"] == 3
    assert status.activity in ACTIVITIES


def test_an_exception_stays_on_its_line():
    try:
        raise ValueError("two\nlines")
    except ValueError:
        record = logging.LogRecord("archiver", logging.ERROR, __file__, 1, "a\n%s", ("\u2028",), sys.exc_info())
    text = JsonFormatter().format(record)
    assert "\n" not in text
    assert text.isascii()
    assert json.loads(text)["message"] == "a\n\u2028"
    assert "ValueError: two" in json.loads(text)["exception"]


def test_a_server_logs_objects_too(crawled):
    place, _ = crawled
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "archiver", "serve", "--archive", str(place / "archive")),
            *("--port", "0", "--log-format", "json"),
        ],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stderr
        assert json.loads(server.stderr.readline())["message"].startswith("serving at http://127.0.0.1:")
    finally:
        server.send_signal(signal.SIGTERM)
        rest = server.communicate(timeout=60)[1]
    assert objects(rest) == []


def test_every_metric_is_documented():
    page = (Path(__file__).parent.parent / "docs" / "how-to" / "deploy.md").read_text("utf-8")
    source = (Path(metrics_text.__code__.co_filename)).read_text("utf-8")
    names = re.findall(r'yield "(\w+)", "', source)
    assert len(names) > 10
    assert [name for name in names if f"`newsvault_crawl_{name}`" not in page] == []
