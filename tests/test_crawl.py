"""The crawl, as a user runs it: what is found, what is kept, and what is said about every URL."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest

import archiver
from archiver.model import Announced
from tests.crawling import command, crawl, environment, log_of
from tests.site import Answer, Site, article, html_page


def body_sha256(record: archiver.Record) -> str:
    assert record.html is not None
    return record.html.sha256


def test_a_site_is_archived_whole_and_every_body_is_the_one_served(tmp_path):
    with Site(articles=45) as site:
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 0, done.said
        kept = {record.url: body_sha256(record) for record in done.articles()}
        assert kept == site.manifest()
        asked = [hit.path for hit in site.log if hit.path != "/robots.txt"]
        assert len(asked) == len(set(asked)), "no URL is asked for twice"
    with archiver.open(done.uri) as archive:
        assert list(archive.verify()) == []
    record = next(record for record in done.articles())
    assert record.capture.request.headers[0][0] == "Host"
    assert record.capture.peer == f"127.0.0.1:{site.port}"
    assert record.capture.via is not None
    assert record.capture.hops >= 1
    assert record.article is not None
    assert len(record.article.text) > 200


def test_running_it_again_looks_for_what_is_new_only(tmp_path):
    with Site(articles=5) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        assert crawl(site.url, **where).code == 0
        first = len(site.log)
        site.articles = 7
        again = crawl(site.url, **where)
        assert again.code == 0
        assert len(again.articles()) == 7
        asked = {site.at(hit.path) for hit in site.log[first:]} & set(site.article_urls())
        assert asked == set(site.article_urls()[5:]), "the two new articles, and no old one"


def test_recrawl_always_asks_again_and_tells_the_changed_from_the_unchanged(tmp_path):
    with Site() as site:
        urls = (site.at("/changing"), site.at("/copy/1"))
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        first = crawl(*urls, "--spider", "urls", **where)
        second = crawl(*urls, "--spider", "urls", **where)
    assert set(first.outcomes.values()) == {"archived"}
    assert second.outcomes == {urls[0]: "archived", urls[1]: "unchanged"}
    records = second.articles()
    assert len(records) == 4, "every capture is kept"
    assert len({body_sha256(record) for record in records}) == 3, "identical bytes are kept once"


def test_every_url_ends_with_an_outcome_and_a_reason(tmp_path):
    with Site(robots="User-agent: *\nDisallow: /copy/2\n") as site:
        paths = {
            "/status/404": "failed:http_404", "/status/500": "failed:http_500", "/flaky/2": "archived",
            "/loop/1": "failed:redirect_loop", "/redirect/3": "archived", "/copy/2": "skipped:robots",
            "/pdf": "kept:not_html", "/truncated": "archived", "/reset": "failed:reset",
            "/garbage": "failed:protocol_error", "/soft404": "kept:soft_404", "/encoded/br": "archived",
            "/later/1": "archived", "/gate": "archived",
        }  # fmt: skip
        bad = ["ftp://example.com/x", "http://[::1"]
        done = crawl(
            *(site.at(path) for path in paths), *bad, "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s"
        )
        outcomes = {url.removeprefix(site.url[:-1]): outcome for url, outcome in done.outcomes.items()}
    same = {path: outcome.replace("repeated:same_bytes", "archived") for path, outcome in outcomes.items()}
    assert same == paths | {"ftp://example.com/x": "failed:bad_scheme", "http://[::1": "failed:bad_url"}
    assert done.code == 0, "every URL has its outcome"
    by_path = {record.capture.requested_url.removeprefix(site.url[:-1]): record for record in done.records()}
    assert "truncated" in by_path["/truncated"].flags
    assert [hop.status for hop in by_path["/redirect/3"].capture.redirects] == [302, 302, 302]
    reset = by_path["/reset"].capture
    assert reset.failure is not None
    assert (reset.status, reset.failure.reason) == (None, "reset")
    assert "/copy/2" not in by_path, "what robots.txt forbids was never asked for"


@pytest.mark.parametrize(("spider", "path"), [("feed", "/feed.xml"), ("sitemap", "/sitemap.xml")])
def test_feeds_and_sitemaps_lead_to_their_articles(tmp_path, spider, path):
    with Site(articles=12) as site:
        done = crawl(site.at(path), "--spider", spider, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert {record.url for record in done.articles()} == set(site.article_urls())
    assert done.outcomes[site.at(path)] == "followed"


def test_what_a_feed_says_of_a_pages_date_is_in_its_record(tmp_path):
    with Site() as site:
        site.page("/bare")(lambda visit: html_page("Bridge", f"<h1>Bridge</h1><p>{'The bridge stands. ' * 60}</p>"))
        item = f"<item><link>{site.at('/bare')}</link><pubDate>Mon, 05 Oct 2026 23:30:00 +0200</pubDate></item>"
        feed = Answer(f"<rss><channel>{item}</channel></rss>".encode(), media_type="application/rss+xml")
        site.page("/dated.xml")(lambda visit: feed)
        done = crawl(site.at("/dated.xml"), "--spider", "feed", uri=str(tmp_path / "a"), state=tmp_path / "s")
    (record,) = done.articles()
    assert record.capture.announced == Announced(source="feed", published="2026-10-05T23:30:00+02:00")
    assert record.article is not None
    assert record.article.published == "2026-10-05T23:30:00+02:00"
    assert record.article.dates["published"]["source"] == "feed"


def test_the_older_pages_of_a_feed_are_read_once_and_until_nothing_follows(tmp_path):
    where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
    with Site(articles=7) as site:
        first = crawl(site.at("/older/0"), "--spider", "feed", **where)
        assert {record.url for record in first.articles()} == set(site.article_urls())
        assert [(line["url"], line["role"]) for line in first.lines if "/older/" in line["url"]] == [
            (site.at(f"/older/{n}"), "older" if n else "feed") for n in range(5)
        ]
        asked = len(site.log)
        crawl(site.at("/older/0"), "--spider", "feed", **where)
        assert [hit.path for hit in site.log[asked:] if hit.path != "/robots.txt"] == ["/older/0"]


def test_a_sitemap_may_be_larger_than_a_page(tmp_path):
    with Site(articles=300) as site:
        done = crawl(
            *(site.at("/sitemap-1.xml"), "--spider", "sitemap", "--set", "ARCHIVE_BODY_BYTES=6000", "--max-pages", "9"),
            uri=str(tmp_path / "a"), state=tmp_path / "s",
        )  # fmt: skip
        with urllib.request.urlopen(site.at("/sitemap-1.xml")) as answer:
            assert len(answer.read()) > 6000
        assert done.outcomes[site.at("/sitemap-1.xml")] == "followed"


def test_redirects_of_a_site_do_not_leave_its_scope(tmp_path):
    with Site() as other, Site() as site:
        site.page("/out")(lambda visit: Answer(b"", 302, (("Location", other.at("/copy/1")),)))
        done = crawl(site.at("/out"), uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.outcomes[site.at("/out")] == "skipped:redirect_off_scope"
        assert other.log == ()


def test_private_addresses_are_refused_unless_allowed(tmp_path):
    with Site(articles=1) as site:
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s", quick=("--workers", "1"))
        assert done.outcomes == {site.url: "failed:blocked_address"}
        assert site.log == ()


@pytest.mark.parametrize("limit", ["ARCHIVE_MAX_BARREN_PAGES=12", "ARCHIVE_MAX_BARREN_BYTES=2000"])
def test_a_calendar_without_end_ends(tmp_path, limit):
    with Site() as site:
        done = crawl(site.at("/calendar/0"), "--set", limit, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 8, done.said
        assert limit.split("=")[0].removeprefix("ARCHIVE_").lower() in done.said
        assert len(site.log) < 25


def test_a_limit_has_its_own_exit_code_and_the_rest_is_fetched_next_time(tmp_path):
    with Site(articles=20) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        assert crawl(site.url, "--max-pages", "8", **where).code == 8
        done = crawl(site.url, **where)
        assert done.code == 0
        assert {record.url: body_sha256(record) for record in done.articles()} == site.manifest()


def test_the_same_bytes_under_two_urls_are_kept_once_and_said_to_be(tmp_path):
    with Site() as site:
        done = crawl(site.at("/copy/1"), site.at("/copy/01"), "--spider", "urls",
                     uri=str(tmp_path / "a"), state=tmp_path / "s")  # fmt: skip
    assert sorted(done.outcomes.values()) == ["archived", "repeated:same_bytes"]
    two, one = sorted(
        done.articles(), key=lambda record: record.repeats is None
    )  # fetched at once: either may be first
    assert (two.repeats, one.repeats) == (one.id, None)
    assert body_sha256(one) == body_sha256(two)


def test_one_host_is_asked_no_faster_than_the_delay(tmp_path):
    with Site(articles=6) as site:
        crawl(
            site.url,
            uri=str(tmp_path / "a"),
            state=tmp_path / "s",
            quick=("--delay", "0.2", "--workers", "1", "--allow-private"),
        )
        times = [hit.at for hit in site.log]
    # as the server sees it: one that it notices late lies closer to the next, so the pace is what counts
    assert times[-1] - times[0] >= 0.95 * 0.2 * (len(times) - 1)
    assert min(later - earlier for earlier, later in pairwise(times)) > 0.1


def test_a_second_crawl_of_the_same_job_is_refused_at_once(tmp_path):
    with Site(articles=30) as site:
        site.page("/")(lambda visit: (visit.wait(20), article(0))[1])  # the first crawl cannot get past its seed
        first = subprocess.Popen(
            command(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s"), env=environment(tmp_path / "s")
        )
        try:
            wait_for(lambda: site.hits("/"))
            second = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
            assert second.code == 7
            assert "holds this job" in second.said
        finally:
            first.kill()
            first.wait()


@pytest.mark.slow
@pytest.mark.parametrize("store", ["folder", "s3"])
def test_kill_9_loses_nothing_and_repeats_nothing(tmp_path, store, request):
    uri = str(tmp_path / "a") if store == "folder" else request.getfixturevalue("s3_uri")
    state = tmp_path / "s"
    with Site(articles=60) as site:
        for strike in range(3):
            child = subprocess.Popen(
                command(site.url, uri=uri, state=state), env=environment(state), stderr=subprocess.DEVNULL
            )
            seen = len(site.log)
            wait_for(lambda seen=seen, strike=strike: len(site.log) > seen + 12 + 3 * strike)
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
        done = crawl(site.url, uri=uri, state=state)
        assert done.code == 0, done.said
        kept = [(record.url, body_sha256(record)) for record in done.articles()]
        assert sorted(kept) == sorted(site.manifest().items())
        asked = [
            hit.path for hit in site.log if hit.path in {url.removeprefix(site.url[:-1]) for url in site.article_urls()}
        ]
        assert len(asked) - len(set(asked)) <= 3 * 5, "at most what was in flight is fetched again"


def test_sigterm_ends_in_order_and_the_next_run_goes_on(tmp_path):
    with Site(articles=40) as site:
        state = tmp_path / "s"
        child = subprocess.Popen(command(site.url, uri=str(tmp_path / "a"), state=state), env=environment(state))
        wait_for(lambda: len(site.log) > 15)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 3
        done = crawl(site.url, uri=str(tmp_path / "a"), state=state)
        assert done.code == 0
        assert {record.url: body_sha256(record) for record in done.articles()} == site.manifest()
        paths = [hit.path for hit in site.log if hit.path.rsplit("-", 1)[-1].isdigit()]
        assert len(paths) == len(set(paths)), "nothing was fetched twice"


def test_a_lost_ledger_is_made_anew_from_the_archive(tmp_path):
    with Site(articles=10) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        crawl(site.url, **where)
        before = len(site.log)
        (tmp_path / "s" / "ledger.sqlite").write_bytes(b"zeroes" + bytes(5000))
        done = crawl(site.url, **where)
        assert done.code == 0, done.said
        assert len(done.articles()) == 10
        asked = {hit.path for hit in site.log[before:]}
        assert not asked & {url.removeprefix(site.url[:-1]) for url in site.article_urls()}


def test_html_is_read_by_workers_that_may_die_without_harm(tmp_path):
    with Site() as site:
        deep = html_page("Deep", "<div>" * 3000 + "<p>" + "A long enough paragraph of a story. " * 30 + "</p>")
        site.page("/deep")(lambda visit: deep)
        done = crawl(site.at("/deep"), site.at("/copy/1"), "--spider", "urls", "--set", "ARCHIVE_EXTRACT_SECONDS=5",
                     uri=str(tmp_path / "a"), state=tmp_path / "s")  # fmt: skip
    assert done.code == 0, done.said
    assert done.outcomes[site.at("/copy/1")] == "archived"
    kept = next(record for record in done.records() if record.url.endswith("/deep"))
    assert body_sha256(kept) == hashlib.sha256(deep).hexdigest(), "bytes come first"


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_the_log_of_an_interrupted_crawl_says_what_is_left(tmp_path: Path):
    with Site(articles=20) as site:
        crawl(site.url, "--max-pages", "3", uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert "deferred" in {line["outcome"] for line in log_of(tmp_path / "s")}


def test_a_reader_that_breaks_costs_its_url_two_attempts_and_the_crawl_goes_on(tmp_path):
    """A spider of the user's own, built on ours, whose callback raises for one page."""
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (tmp_path / "settings.py").write_text('SPIDER_MODULES = ["mine"]\nADDONS = {"archiver.crawl.ArchiveAddon": 100}\n')
    (tmp_path / "mine.py").write_text(
        "from archiver.crawl.seeded import SeededSpider\n\n\nclass Mine(SeededSpider):\n    name = 'urls'\n\n"
        "    async def parse(self, response):\n        if response.url.endswith('/copy/2'):\n"
        "            raise RuntimeError('broken')\n"
        "        async for page in super().parse(response):\n            yield page\n"
    )
    with Site() as site:
        words = command(
            site.at("/copy/1"), site.at("/copy/2"), site.at("/copy/3"), "--spider", "urls",
            uri=str(tmp_path / "a"), state=tmp_path / "s",
        )  # fmt: skip
        done = subprocess.run(words, cwd=tmp_path, env=environment(tmp_path / "s"), capture_output=True, timeout=90)
        assert len(site.hits("/copy/2")) == 2
    assert done.returncode == 0, done.stderr
    outcomes = {line["url"][-1]: (line["outcome"], line["reason"]) for line in log_of(tmp_path / "s")}
    assert outcomes == {"1": ("archived", ""), "2": ("failed", "spider_error"), "3": ("archived", "")}


def test_a_hosts_share_ends_its_crawl_and_not_the_others(tmp_path):
    with Site(articles=20) as site, Site(articles=4, host="127.0.0.2") as other:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        done = crawl(site.url, other.url, "--set", "ARCHIVE_MAX_HOST_PAGES=12", **where, timeout=60)
        assert done.code == 8, done.said
        assert "max_host_pages" in done.said
        assert len([hit for hit in site.log if hit.path != "/robots.txt"]) == 12
        rest = crawl(site.url, other.url, **where)
        assert rest.code == 0, rest.said
        assert {record.url for record in rest.articles()} == {*site.manifest(), *other.manifest()}


def test_a_page_that_a_pipeline_drops_has_its_outcome_and_its_links_are_followed(tmp_path):
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (tmp_path / "settings.py").write_text(
        'ADDONS = {"archiver.crawl.ArchiveAddon": 100}\nITEM_PIPELINES = {"mine.Picky": 100}\nARCHIVE_CONCURRENCY = 2\n'
    )
    (tmp_path / "mine.py").write_text(
        "from scrapy.exceptions import DropItem\n\n\nclass Picky:\n    def process_item(self, item):\n"
        "        if item.url.count('/') < 5:\n            raise DropItem('only articles')\n        return item\n"
    )
    with Site(articles=6) as site:
        words = command(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        done = subprocess.run(words, cwd=tmp_path, env=environment(tmp_path / "s"), capture_output=True, timeout=60)
        assert done.returncode == 0, done.stderr
        lines = {line["url"]: (line["outcome"], line["reason"]) for line in log_of(tmp_path / "s")}
        assert lines[site.url] == ("skipped", "dropped")
        assert {url: lines[url][0] for url in site.manifest()} == dict.fromkeys(site.manifest(), "archived")


def test_a_body_that_cannot_be_kept_ends_with_that_reason(tmp_path):
    with Site(articles=3) as site:
        first = crawl(site.at("/copy/1"), "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s1")
        (body,) = (tmp_path / "a").glob("html/*/*")
        body.chmod(0o644)
        body.write_bytes(b"not the bytes that were kept")
        done = crawl(site.at("/copy/01"), "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s2")
        assert first.code == done.code == 0, done.said
        assert done.outcomes == {site.at("/copy/01"): "failed:not_kept"}
        assert body.read_bytes() == b"not the bytes that were kept", "nothing was overwritten"


def test_a_host_that_is_not_there_is_said_to_be_so_and_not_blamed_on_robots(tmp_path):
    with Site(articles=1) as gone:
        closed = gone.url
    done = crawl("http://no-such-host.invalid/", closed, uri=str(tmp_path / "a"), state=tmp_path / "s")
    assert done.outcomes == {"http://no-such-host.invalid/": "failed:dns_error", closed: "failed:connect_error"}
    assert {line["tries"] for line in done.lines} == {3}, "what may pass is tried again"


def test_a_server_whose_robots_txt_fails_is_left_alone(tmp_path):
    with Site(articles=1, robots=503) as site:
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.outcomes == {site.url: "skipped:robots"}
        assert {hit.path for hit in site.log} == {"/robots.txt"}
