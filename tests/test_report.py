"""The report: the same numbers from the ledger and from the archive alone, as text, JSON and one HTML file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import html

from archiver.frontier import Event, Line
from archiver.job import Job, job_of, job_text, read_job
from archiver.model import Seed
from archiver.report.figures import figures_of
from archiver.report.html import report_page
from archiver.report.text import report_lines
from tests.crawling import crawl
from tests.site import Site
from tests.test_jobs import say

BLANK = Line("", "", "page", "archived", "", 200, 1, 0, None, None, None, None, None, None, None, None)
AT = 1_790_000_000.0


def line(url: str, outcome: str, reason: str = "", *, after: float | None = 0.0, **more) -> Line:
    ended = None if after is None else AT + after
    return replace(BLANK, url=url, final_url=url, outcome=outcome, reason=reason, ended_at=ended, **more)


LINES = [
    line("https://a.example/1", "archived", record="records/1", record_size=10, body="html/x", body_size=700),
    line("https://a.example/2", "repeated", "same_bytes", after=30, record="records/2", record_size=11, body="html/x",
         body_size=700),
    line("https://b.example/3", "failed", "timeout", after=70, status=None, tries=2),
    line("https://b.example/4", "failed", "http_404", after=130, status=404),
    line("https://b.example/5", "deferred", after=None, status=None, tries=0),
    line("http://[::1", "failed", "bad_url", after=0, status=None),
]  # fmt: skip


def test_a_crawl_is_counted_by_outcome_reason_host_and_time():
    figures = figures_of(LINES, crawl="c", archive="a", source="ledger")
    assert (figures.urls, figures.left, figures.complete, figures.attempts) == (6, 1, False, 6)
    assert figures.outcomes == {"failed": 3, "archived": 1, "deferred": 1, "repeated": 1}
    assert figures.reasons["failed"] == {"bad_url": 1, "http_404": 1, "timeout": 1}
    assert figures.statuses == {"200": 2, "404": 1}
    assert (figures.records, figures.record_bytes) == (2, 21)
    assert (figures.bodies, figures.body_bytes) == (1, 700), "the same bytes count once"
    hosts = {one.host: (one.urls, one.articles, one.failed, one.left, one.size) for one in figures.hosts}
    assert hosts == {"a.example": (2, 2, 0, 0, 700), "b.example": (3, 0, 2, 1, 0), "-": (1, 0, 1, 0, 0)}
    over = figures.over_time
    assert over.step_seconds == 5, "130 s in at most 120 steps"
    assert {name: sum(values) for name, values in over.outcomes.items()} == {"archived": 1, "repeated": 1, "failed": 3}
    assert sum(over.size) == 700
    assert over.at[0] <= figures.first_at <= figures.last_at
    assert figures.per_minute == pytest.approx(5 * 60 / 130)


def test_a_crawl_that_fetched_nothing_has_a_report_too():
    figures = figures_of([], crawl="c", archive="a", source="archive")
    assert (figures.complete, figures.first_at, figures.per_minute) == (True, None, None)
    assert "0 URLs" in "\n".join(report_lines(figures))
    assert "Outcomes" not in report_page(figures)


def test_the_page_runs_nothing_asks_for_nothing_and_has_every_number_in_a_table():
    evil = "<script>alert(1)</script>"
    lines = [*LINES, line("https://c.example/", "failed", evil, after=200), line("https://c.example/", "new_outcome")]
    figures = figures_of(
        lines, crawl=evil, archive=evil, source="ledger", job=evil, dropped={"off_host": 12345, evil: 1},
        events=[Event(AT, "storage_down", evil)],
    )  # fmt: skip
    text = report_page(figures)
    page = html.document_fromstring(text.encode())
    assert not page.xpath("//script|//link|//img|//iframe|//object|//*[@src]|//*[@href]|//*[@style]")
    assert not [name for one in page.iter() for name in one.attrib if name.startswith("on")]
    assert "default-src 'none'" in page.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    assert "url(" not in text
    assert "@import" not in text
    tables = {
        section.findtext("h2"): {
            row.xpath("string(td[1])"): row.xpath("string(td[2])") for row in section.iterfind(".//tbody/tr")
        }
        for section in page.iter("section")
    }
    assert tables["Outcomes"] == {"failed": "4", "archived": "1", "deferred": "1", "new_outcome": "1", "repeated": "1"}
    assert tables["Errors by reason"] == {"bad_url": "1", "http_404": "1", "timeout": "1", evil: "1"}
    assert tables["Links left out"] == {"off_host": "12,345", evil: "1"}
    assert tables["Hosts"]["b.example"] == "3"
    plotted = [section.findtext("h2") for section in page.iter("section") if section.find(".//svg") is not None]
    assert plotted == [
        "URLs per 5 s, by outcome", "Bytes kept per 5 s", "Outcomes", "Errors by reason", "Other reasons",
        "HTTP status", "Links left out", "Hosts",
    ]  # fmt: skip
    assert "prefers-color-scheme:dark" in text


def crawled(tmp_path: Path, uri: str, site: Site) -> None:
    done = crawl(site.url, site.at("/status/404"), site.at("/copy/2"), uri=uri, state=tmp_path / "s")
    assert done.code == 0, done.said


@pytest.mark.parametrize("store", ["folder", "s3"])
def test_a_crawl_is_reported_from_the_archive_alone_as_from_its_ledger(tmp_path, store, request, monkeypatch):
    uri = str(tmp_path / "a") if store == "folder" else request.getfixturevalue("s3_uri")
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEWSVAULT_STATE", str(tmp_path / "nobody"))
    with Site(articles=7, robots="User-agent: *\nDisallow: /copy/2\n") as site:
        crawled(tmp_path, uri, site)
    here = json.loads(say("report", str(tmp_path / "s"), "--archive", uri, "--json").stdout)
    there = json.loads(say("report", "--archive", uri, "--json").stdout)
    assert (here["source"], there["source"]) == ("ledger", "archive")
    assert (here["complete"], here["reasons"]["skipped"]) == (True, {"robots": 1})
    assert here["outcomes"]["archived"] == 7
    assert here["reasons"]["failed"]["http_404"] >= 1
    assert here["bodies"] >= 7
    assert here["body_bytes"] > 1000
    kinds = [one["kind"] for one in there["events"]]
    assert kinds[0] == "began"
    ours = {"source", "archive", "seconds", "over_time", "events"}  # the log knows whole seconds
    assert {key: here[key] for key in here if key not in ours} == {key: there[key] for key in there if key not in ours}
    assert say("report", "--archive", uri, "--crawls").stdout.split() == [here["crawl"]]
    page = tmp_path / "report.html"
    assert say("report", "--archive", uri, "--crawl", here["crawl"], "--html", str(page)).returncode == 0
    assert html.parse(str(page)).findtext(".//h1") == f"Crawl {here['crawl']}"
    assert "complete: each of" in say("report", str(tmp_path / "s")).stdout
    none = say("report", "--archive", uri, "--crawl", "never")
    assert (none.returncode, here["crawl"] in none.stderr) == (3, True)


def test_what_a_crawl_was_told_is_kept_can_be_run_again_and_holds_no_secret(tmp_path):
    with Site(articles=3) as site:
        place = site.url.replace("://", "://reader:hunter2@")
        (tmp_path / "job.toml").write_text(
            f'name = "press"\narchive = "a"\ncollection = "courier"\n[[seeds]]\nurl = "{site.url}"\n'
            f'[[seeds]]\nurl = "{place}feed.xml"\nspider = "feed"\n[scope]\nexclude = ["*/print/*"]\ndepth = 0\n'
            "[network]\nallow_private = true\n[politeness]\ndelay_seconds = 0\n[limits]\nmax_pages = 30\n"
            '[dates]\nsince = "2020"\n'
        )
        done = say("crawl", "job.toml", cwd=tmp_path)
        assert done.returncode in (0, 8), done.stderr
    (kept,) = (tmp_path / "a" / "crawls").glob("*/job-*.toml")
    assert "hunter2" not in kept.read_text()
    told, job = read_job(kept), read_job(tmp_path / "job.toml")
    assert told.arguments == job.arguments
    assert {key: told.options[key] for key in job.options} == dict(job.options)
    assert [seed.spider for seed in told.seeds] == ["site", "feed"]
    for kind in ("log", "report"):
        (paper,) = (tmp_path / "a" / "crawls").glob(f"*/{kind}-*")
        assert "hunter2" not in paper.read_text()
    verified = say("verify", "--archive", "a", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    (report,) = (tmp_path / "a" / "crawls").glob("*/report-*.json")
    report.chmod(0o600)
    report.write_text("{}")
    assert say("verify", "--archive", "a", cwd=tmp_path).returncode == 1, "the manifest proves the report too"
    shutil.rmtree(tmp_path / "a" / "state")
    assert json.loads(say("report", "--archive", "a", "--json", cwd=tmp_path).stdout)["events"] is None
    (log,) = (tmp_path / "a" / "crawls").glob("*/log-*.jsonl")
    log.chmod(0o600)
    log.write_bytes(log.read_bytes()[:-20])
    damaged = say("report", "--archive", "a", cwd=tmp_path)
    assert (damaged.returncode, "does not fit its content" in damaged.stderr) == (1, True)


def test_a_job_written_is_the_job_that_was_read():
    data = {
        "name": "press", "archive": "s3://press?endpoint_url=http://127.0.0.1:1", "workers": 2,
        "seeds": [{"url": "https://news.example/\u00fc?a=\"b\"\x7f\t", "spider": "feed"}],
        "scope": {"hosts": ["c.example"], "include": ["/a/*", 'x"\\'], "narrow": True, "depth": 3},
        "dates": {"since": "2026-01"},
        "politeness": {"delay_seconds": 0.5}, "storage": {"region": "eu", "patience_seconds": 5},
        "network": {"ports": [80, 8080]},
        "hosts": {"a.example:8080": {"max_pages": 7, "delay_seconds": 2.5}, "b.example": {"depth": 0}},
    }  # fmt: skip
    import tomllib

    job = job_of(data)
    assert tomllib.loads(job_text(job)) == data
    hidden = job_text(Job(seeds=(Seed(url="https://me:secret@a.example/x@y", spider="page"),)))
    assert "secret" not in hidden
    assert "https://a.example/x@y" in hidden


def test_a_report_never_loads_scrapy():
    code = "import sys; import archiver.cli.report, archiver.cli.status; sys.exit('scrapy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
