"""A page whose bytes are those of its last visit: its reading is that one's, and it is not read again."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

import archiver
from archiver.archive import Archive
from archiver.crawl.before import _read_before
from archiver.extraction import read
from archiver.extraction.worker_main import reading_to_json
from archiver.model import Announced, Capture, Reading, Record, Usual
from archiver.record import key_of, reading_of, to_json
from tests.crawling import crawl
from tests.made import START
from tests.site import Answer, Site, article

BODY = article(1)
HEADERS = (("Content-Type", "text/html; charset=utf-8"), ("X-Robots-Tag", "noarchive"), ("Date", "now"))
CAPTURE = Capture(url="https://news.example/a", captured_at=START, headers=HEADERS, body=BODY)


@pytest.fixture
def archive(tmp_path):
    with Archive.open(str(tmp_path)) as one:
        yield one


def kept(archive: Archive, capture: Capture = CAPTURE) -> str:
    return archive.put(capture, reading=read(capture)).id


def as_kept(reading: Reading) -> Any:
    """A reading without what no record keeps, as JSON: tuples in `extra` come back as lists."""
    return json.loads(json.dumps(reading_to_json(replace(reading, feeds=()))))


def test_a_record_says_what_was_read_but_for_links(archive):
    reading = read(CAPTURE)
    assert reading.article is not None
    assert "noarchive" in reading.flags
    receipt = archive.put(CAPTURE, reading=reading)
    assert as_kept(reading_of(archive.record(receipt.record_key))) == as_kept(reading)


def test_the_same_answer_is_not_read_again_and_what_its_length_was_judged_by_comes_along(archive):
    usual = Usual(articles=200, words=10, few=5)
    id = kept(archive, replace(CAPTURE, usual=usual))
    later = replace(CAPTURE, headers=(*HEADERS[:2], ("Date", "later")))
    before = _read_before(archive, later, id)
    assert before is not None
    assert as_kept(before.reading) == as_kept(read(CAPTURE))
    assert before.usual == usual


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "}, {"url": "https://news.example/b"}, {"headers": HEADERS[:1]},
        {"headers": (("Content-Type", "text/plain"), *HEADERS[1:])}, {"status": 203},
        {"headers": (*HEADERS, ("Last-Modified", "Mon, 02 Nov 2026 08:00:00 GMT"))},
        {"announced": Announced(source="feed", published="2026-10-05")},
    ],
)  # fmt: skip
def test_an_answer_that_differs_in_what_a_reading_depends_on_is_read(archive, change):
    assert _read_before(archive, replace(CAPTURE, **change), kept(archive)) is None


def test_what_other_rules_read_or_cannot_be_found_is_read(archive):
    old = replace(read(CAPTURE), settings={"rules": "of last year"})
    assert _read_before(archive, CAPTURE, archive.put(CAPTURE, reading=old).id) is None
    assert _read_before(archive, CAPTURE, "0" * 20) is None


def retold(archive: Archive, record: Record) -> None:
    """Write another title into a record where it lies."""
    assert record.article is not None
    told = replace(record, article=replace(record.article, title="As it was read before"))
    archive.store.replace(key_of(record), to_json(told))


def test_a_crawl_that_meets_the_same_bytes_again_takes_the_reading_from_the_record(tmp_path):
    where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
    page = Answer(BODY)
    with Site() as site:
        site.page("/n/1")(lambda visit: page)
        first = crawl(site.at("/n/1"), "--spider", "urls", **where)
        (record,) = first.articles()
        with Archive.open(first.uri) as archive:
            retold(archive, record)
        second = crawl(site.at("/n/1"), "--spider", "urls", **where)
    assert second.outcomes == {site.at("/n/1"): "unchanged"}
    latest = max(second.articles(), key=lambda one: one.captured_at)
    assert latest.article is not None
    assert latest.article.title == "As it was read before"
    assert latest.repeats == record.id
    with archiver.open(second.uri) as archive:
        assert archive.get(latest.id).body == BODY
