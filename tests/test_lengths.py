"""Lengths: what is usual at a host, and which articles are short for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

import archiver
from archiver.archive import Archive
from archiver.catalog import usual_at
from archiver.extraction import read
from archiver.extraction.verdict import is_short
from archiver.lengths import LEAST, usual
from archiver.model import Capture, Usual, Verdict
from tests.crawling import crawl
from tests.made import START
from tests.site import Site, html_page


def page(words: int) -> bytes:
    text = "".join(f"<p>{' '.join(['The', 'harbour', 'board', 'met', 'again.'] * 10)}</p>" for _ in range(words // 50))
    head = "<html lang=en><title>The board met again</title><h1>The board met again</h1>"
    return f"{head}<article>{text}</article></html>".encode()


def test_of_few_articles_nothing_is_usual():
    assert usual([300] * (LEAST - 1)) is None
    assert usual([300] * LEAST) == Usual(articles=LEAST, words=300, few=300)
    assert usual([900, 50, *[600] * 38]) == Usual(articles=40, words=600, few=600)


@pytest.mark.parametrize(("words", "short"), [(100, True), (199, True), (200, False), (600, False)])
def test_short_is_less_than_a_third_of_what_is_usual(words, short):
    assert is_short(words, Usual(articles=200, words=600, few=250)) is short


def test_where_briefs_are_usual_a_brief_is_not_short():
    assert not is_short(100, Usual(articles=200, words=600, few=80))


def test_an_article_short_for_its_host_is_an_article_with_a_flag_and_what_it_rests_on():
    capture = Capture(url="https://news.example/a", captured_at=START, body=page(100))
    assert "short_for_host" not in read(capture).flags
    reading = read(replace(capture, usual=Usual(articles=200, words=600, few=250)))
    assert reading.verdict is Verdict.ARTICLE
    assert "short_for_host" in reading.flags
    assert "usual_600_words" in reading.evidence
    assert (
        "short_for_host"
        not in read(replace(capture, body=page(300), usual=Usual(articles=200, words=600, few=250))).flags
    )


def test_what_is_usual_is_of_the_host_and_of_its_articles(tmp_path):
    with Archive.open(str(tmp_path)) as archive:
        for n in range(LEAST):
            at = START + timedelta(minutes=n)
            for url, words in ((f"https://news.example/{n}", 300), (f"https://blogs.news.example/{n}", 100)):
                capture = Capture(url=url, captured_at=at, body=page(words) + b"%d" % n)
                archive.put(capture, reading=read(capture))
        assert usual_at(archive.catalog, "news.example") == Usual(articles=LEAST, words=300, few=300)
        assert usual_at(archive.catalog, "blogs.news.example") == Usual(articles=LEAST, words=100, few=100)
        assert usual_at(archive.catalog, "other.example") is None


def test_a_crawl_flags_what_became_short_since_the_last_one_and_says_so(tmp_path, caplog):
    paths = [f"/n/{n}" for n in range(24)]
    with Site() as site:
        size = {"words": 400}
        for path in paths:
            site.page(path)(lambda visit, path=path: html_page("Board", page(size["words"]).decode() + path))
        seeds = [site.at(path) for path in paths]
        first = crawl(*seeds, "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s1")
        assert not [record for record in first.articles() if "short_for_host" in record.flags or record.capture.usual]
        size["words"] = 100
        second = crawl(*seeds, "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s2")
    latest = [record for record in second.articles() if record.capture.usual]
    assert len(latest) == 24
    assert all("short_for_host" in record.flags for record in latest)
    assert "short_for_host" in second.said
    with archiver.open(second.uri) as archive:
        assert {row.id for row in archive.find(flag="short_for_host")} == {record.id for record in latest}
