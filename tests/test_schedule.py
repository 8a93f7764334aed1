"""When a URL is asked for again, as a rule and in a crawl; and what a server that says 304 spares us."""

from datetime import UTC, datetime

import pytest

import archiver
from archiver.crawl.schedule import (
    CHANCES,
    DAY,
    HOUR,
    SOONEST,
    after_failure,
    after_page,
    after_poll,
    after_unchanged_poll,
)
from archiver.model import Article, Capture, Reading, Verdict
from archiver.record import make_record
from tests.crawling import crawl
from tests.site import Answer, Site, article

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
VALIDATORS = (("ETag", '"v1"'), ("Last-Modified", "Tue, 24 Nov 2026 10:00:00 GMT"))


def record(text: str = "words", verdict: Verdict = Verdict.ARTICLE, **facts):
    capture = Capture(
        url="https://a.example/1", captured_at=NOW, **{"body": text.encode(), "headers": VALIDATORS, **facts}
    )
    reading = Reading(verdict=verdict, article=Article(title="t", text=text))
    return make_record(capture, crawl="c", collection="c", reading=reading)


def visit(policy, made, before=None, *, seed=False, outcome="archived", reason=""):
    return after_page(policy, made, seed=seed, outcome=outcome, reason=reason, before=before)


def test_an_article_is_checked_after_an_hour_a_day_and_seven_days_then_weekly_while_it_changes():
    known, at, visits = None, 0.0, []
    for text in ("a", "a", "b", "c", "d", "d"):
        after = visit("adaptive", record(text), known)
        known = after.known
        visits.append(at)
        at += after.again or 0.0
    assert visits == [0, HOUR, DAY, 7 * DAY, 14 * DAY, 21 * DAY]
    assert after.again is None, "settled: the last visit found the same words"


@pytest.mark.parametrize(
    ("policy", "seed", "verdict", "expected"),
    [
        ("never", False, "article", None),
        ("never", True, "article", 0.0),
        ("never", False, "index", 0.0),
        ("always", False, "article", 0.0),
        ("adaptive", False, "index", 0.0),
        ("adaptive", True, "article", HOUR),
    ],
)
def test_what_is_due_at_the_next_round(policy, seed, verdict, expected):
    assert visit(policy, record(verdict=Verdict(verdict)), seed=seed).again == expected


def test_what_fails_in_a_way_that_may_pass_has_four_more_chances():
    known, waits = None, []
    for _ in range(6):
        after = after_failure("never", "http_503", seed=False, before=known)
        known = after.known
        waits.append(after.again)
    assert waits == [*CHANCES, None, None]
    back = visit("never", record(), known)
    assert (back.known.fails, back.known.checks) == (0, 0)
    assert after_failure("never", "http_404", seed=False, before=None).again is None


def test_a_page_that_is_gone_may_come_back():
    kept = visit("adaptive", record()).known
    assert after_failure("adaptive", "http_404", seed=False, before=kept).again == DAY
    assert after_failure("adaptive", "http_404", seed=False, before=None).again is None


@pytest.mark.parametrize("flag", ["truncated", "decode_error", "no_content_length"])
def test_an_answer_that_may_be_cut_is_never_confirmed_by_a_304(flag):
    whole, cut = visit("never", record()).known, visit("never", record(flags=(flag,))).known
    assert (whole.etag, whole.last_modified) == ('"v1"', VALIDATORS[1][1])
    assert (cut.etag, cut.last_modified) == (None, None)


def feed(items, before=None, policy="adaptive"):
    return after_poll(policy, "feed", items, Capture(url="https://a.example/f", captured_at=NOW), before)


def test_a_feed_is_polled_by_its_own_rhythm():
    """One new item an hour, 20 in the feed: a quarter of it is new after five hours."""
    known, at = None, 0.0
    for _ in range(12):
        newest = int(at // HOUR)
        poll = feed(range(newest, newest - 20, -1), known)
        assert not poll.gap
        known, at = poll.known, at + poll.again
    assert 3 * HOUR <= poll.again <= 7 * HOUR
    assert after_unchanged_poll("adaptive", known).again == min(DAY, 2 * known.every)


def test_polls_that_do_not_overlap_are_a_gap_and_come_sooner():
    first = feed(range(20))
    second = feed(range(100, 120), first.known)
    assert second.gap
    assert second.again == first.again / 4
    assert not feed(range(110, 130), second.known).gap
    assert feed((), second.known).known.items == second.known.items, "an empty feed forgets nothing"


def test_an_older_page_of_a_feed_is_read_once_and_has_no_gaps():
    capture = Capture(url="https://a.example/f?page=2", captured_at=NOW)
    for policy, again in (("never", None), ("adaptive", None), ("always", 0.0)):
        first = after_poll(policy, "older", range(20), capture, None)
        assert first.again == again
        assert not after_poll(policy, "older", range(100, 120), capture, first.known).gap


def test_no_feed_is_polled_more_often_than_every_five_minutes():
    known = None
    for start in range(0, 1000, 100):
        poll = feed(range(start, start + 20), known)
        known = poll.known
    assert poll.again == SOONEST


# ---------------------------------------------------------------------- in a crawl


def conditional(etag: str, body: bytes, media_type: str = "text/html"):
    """A handler that knows If-None-Match."""

    def handler(visit):
        if visit.headers.get("if-none-match") == etag:
            return Answer(b"", 304, (("ETag", etag),), media_type)
        return Answer(body, 200, (("ETag", etag),), media_type)

    return handler


def test_a_304_is_recorded_as_a_revisit_of_the_version_it_confirms(tmp_path):
    with Site() as site:
        site.page("/steady")(conditional('"one"', article(3)))
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        runs = [crawl(site.at("/steady"), "--spider", "urls", **where) for _ in range(3)]
    assert [list(run.outcomes.values()) for run in runs] == [
        ["archived"],
        ["unchanged:not_modified"],
        ["unchanged:not_modified"],
    ]
    first, *later = sorted(runs[-1].records(), key=lambda one: one.captured_at)
    assert [(one.verdict, one.capture.status, one.html, one.repeats) for one in later] == [
        ("unchanged", 304, None, first.id)
    ] * 2
    with archiver.open(where["uri"]) as archive:
        assert archive.get(site.at("/steady")).record.id == first.id, "a reader still gets the page"
        assert list(archive.verify()) == []


def test_a_304_that_nobody_asked_for_is_a_failure(tmp_path):
    with Site() as site:
        run = crawl(site.at("/status/304"), "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s")
    assert list(run.outcomes.values()) == ["failed:http_304"]


def test_validators_stay_with_the_url_that_gave_them(tmp_path):
    with Site() as site:
        site.page("/target")(conditional('"one"', article(3)))
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        for _ in range(2):
            crawl(site.at("/to?url=/target"), "--spider", "urls", **where)
        sent = [hit for hit in site.log if hit.path.startswith(("/to", "/target"))]
    assert len(sent) == 4
    assert not any(name.lower().startswith("if-") for hit in sent for name, _ in hit.headers)


def test_a_feed_that_is_as_it_was_is_not_read_again_and_a_gap_is_said(tmp_path):
    def rss(first):
        items = "".join(f"<item><link>/copy/{i}</link></item>" for i in range(first, first + 3))
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{items}</channel></rss>'.encode()

    with Site() as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        outcomes = []
        for etag, first in (('"1"', 0), ('"1"', 0), ('"2"', 10)):
            site.page("/own.xml")(conditional(etag, rss(first), "application/rss+xml"))
            run = crawl(site.at("/own.xml"), "--spider", "feed", **where)
            outcomes.append(run.outcomes[site.at("/own.xml")])
    assert outcomes == ["followed", "unchanged:not_modified", "followed:gap"]
    assert "no item of the last poll is left" in run.said


def test_adaptive_leaves_alone_what_is_not_due(tmp_path):
    with Site(articles=3) as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        assert crawl(site.url, "--recrawl", "adaptive", **where).code == 0
        first = len(site.log)
        assert crawl(site.url, "--recrawl", "adaptive", **where).code == 0
        asked = {hit.path for hit in site.log[first:]}
    assert "/" in asked, "the seed"
    assert not asked & {"/feed.xml", "/sitemap.xml"}
    assert not {site.at(path) for path in asked} & set(site.article_urls())


def test_a_site_that_is_down_for_a_round_does_not_lose_its_articles(tmp_path):
    with Site() as site:
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        first = crawl(site.at("/status/500"), site.at("/copy/1"), "--spider", "urls", **where)
        assert set(first.outcomes.values()) == {"failed:http_500", "archived"}
        site.page("/status/500")(lambda _: article(2))
        again = crawl(site.at("/status/500"), "--spider", "urls", **where)
    assert again.outcomes[site.at("/status/500")] == "archived"
