"""The dry run: what a job would do, said without asking anybody or making anything."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from archiver.crawl.dry_run import WHY
from archiver.urls import Scope
from tests.crawling import crawl
from tests.site import Site
from tests.test_jobs import say

JOB = """
name = "press"
archive = "a"
collection = "courier"
[[seeds]]
url = "https://News.example:443/world/"
[[seeds]]
url = "https://news.example/world/feed.xml"
spider = "feed"
[[seeds]]
url = "ftp://reader:hunter2@news.example/"
[scope]
exclude = ["*/print/*"]
narrow = true
[dates]
since = "2026-11"
[limits]
max_pages = 100
[politeness]
delay_seconds = 3
[hosts."slow.example"]
delay_seconds = 30
"""
WANTED = {
    "https://news.example/world/a?utm_source=feed#x": ("ask", ""),
    "https://news.example/world/": ("ask", ""),
    "https://www.news.example/world/2026/11/02/a": ("ask", ""),
    "https://news.example/sport/a": ("only if a feed or sitemap names it", "off_host"),
    "https://news.example/world/print/a": ("leave out", "excluded"),
    "https://news.example/world/2026/10/a": ("leave out", "outside_dates"),
    "https://news.example/world/a.jpg": ("leave out", "not_a_page"),
    "https://other.example/": ("leave out", "off_host"),
    "http://169.254.169.254/latest/": ("leave out", "off_host"),
    "mailto:me@news.example": ("leave out", "bad_scheme"),
    "https://news.example:8443/world/a": ("leave out", "off_host"),
}


def test_each_url_is_judged_with_its_reason_and_nobody_is_asked(tmp_path):
    (tmp_path / "job.toml").write_text(JOB)
    urls = "".join(f"{url}\n" for url in WANTED)
    done = say("crawl", "job.toml", "--dry-run", "--json", "--url", "-", cwd=tmp_path, stdin=urls)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["job.toml"], "nothing is made"
    made = json.loads(done.stdout)
    assert {one["url"]: (one["decision"], one["reason"]) for one in made["urls"]} == WANTED
    assert all(one["why"] for one in made["urls"] if one["reason"])
    first = made["urls"][0]
    assert (first["asked"], first["host"]) == ("https://news.example/world/a", "news.example")
    assert [(one["spider"], one["decision"], one["reason"]) for one in made["seeds"]] == [
        ("site", "ask", ""), ("feed", "ask", ""), ("site", "leave out", "bad_scheme"),
    ]  # fmt: skip
    assert made["seeds"][0]["canonical"] == "https://news.example/world/"
    assert "hunter2" not in done.stdout
    assert (made["job"], made["collection"], made["state"]) == ("press", "courier", "a/state/press")
    assert made["records"].startswith("records/courier/")
    assert (made["has_ledger"], made["running"], made["told"]) == (False, None, "run")
    assert made["options"]["limits"]["max_pages"] == 100
    assert made["options"]["politeness"]["delay_seconds"] == 3
    assert made["options"]["hosts"] == {"slow.example": {"delay_seconds": 30}}
    assert made["dates"] == {"since": "2026-11-01T00:00:00Z", "until": None}
    text = say("crawl", "job.toml", "--dry-run", "--url", "https://other.example/", cwd=tmp_path).stdout
    for words in ("max_pages 100", "delay_seconds 3", "from 2026-11-01", "leave out: off_host (outside"):
        assert words in text
    assert max(map(len, text.splitlines())) <= 120


def test_what_the_ledger_knows_and_the_guard_forbids_is_said(tmp_path):
    with Site(articles=3) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        assert crawl(site.url, site.at("/status/404"), **where).code == 0
        asked = len(site.log)
        words = (site.url, "--state", str(tmp_path / "s"), "--archive", where["uri"], "--dry-run", "--json")
        urls = [site.article_urls()[0], site.at("/status/404"), site.at("/never")]
        more = [word for url in urls for word in ("--url", url)]
        made = json.loads(say("crawl", *words, *more, "--allow-private").stdout)
        assert [one["known"] for one in made["urls"]] == ["archived", "failed: http_404", None]
        assert made["has_ledger"]
        refused = json.loads(say("crawl", *words, *more).stdout)
        assert {one["reason"] for one in (*refused["seeds"], *refused["urls"])} == {"blocked_address"}
        assert len(site.log) == asked


@pytest.mark.parametrize(("spider", "decision"), [("urls", "leave out"), ("feed", "ask")])
def test_a_spider_that_follows_nothing_asks_for_its_seeds_only(tmp_path, spider, decision):
    words = ("https://a.example/x", "--spider", spider, "--dry-run", "--json", "--url", "https://a.example/y")
    (url,) = json.loads(say("crawl", *words, cwd=tmp_path).stdout)["urls"]
    assert (url["decision"], url["reason"]) == (decision, "seeds_only" if spider == "urls" else "")


def test_what_belongs_to_a_dry_run_is_refused_without_one(tmp_path):
    for words in (("--json",), ("--url", "https://a.example/")):
        done = say("crawl", "https://a.example/", *words, cwd=tmp_path)
        assert (done.returncode, "is for --dry-run" in done.stderr) == (2, True)


def test_every_reason_of_the_scope_has_its_sentence():
    assert Scope.verdict.__doc__
    words = set(re.findall(r"`([a-z_]+)`", Scope.verdict.__doc__)) - {"url"}
    assert len(words) > 7
    assert words <= WHY.keys()
    page = (Path(__file__).parent.parent / "docs" / "reference" / "outcomes.md").read_text("utf-8")
    assert [word for word in WHY if f"`{word}`" not in page and word != "seeds_only"] == []
