"""What a site says about the use of its pages is kept, with where it was said, and hides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from archiver import Verdict, extract
from archiver.model import Right
from archiver.record import read_again
from archiver.rights import MOST, directives, of_headers
from tests.crawling import crawl
from tests.site import Answer, Site
from tests.stories import html_page

PROSE = "".join(
    f"<p>The council met {n} times and agreed to mend the old bridge before the winter comes.</p>" for n in range(9)
)
HEAD = """
<meta name="ROBOTS" content="NoArchive, max-snippet:20"><meta name="GPTBot" content="noai, noimageai">
<meta name="tdm-reservation" content="1"><meta name="tdm-policy" content="https://a.example/policy.json">
<meta name="dcterms.rights" content="© The Courier"><link rel="license" href="/licence">
<script type="application/ld+json">{"@type": "NewsArticle", "headline": "Bridge",
"license": {"url": "https://l.example/1"},"copyrightHolder": {"name": "The Courier"}, "copyrightYear": 2026}</script>
"""
LICENCE = "<a rel='license' href='https://cc.example/by'>CC</a>"
PAGE = f"<html><head><title>Bridge</title>{HEAD}</head><body>{PROSE}{LICENCE}</body></html>"
SAID_BY_PAGE = [
    ("noarchive", None, None, "meta"),
    ("max-snippet", "20", None, "meta"),
    ("noai", None, "gptbot", "meta"),
    ("noimageai", None, "gptbot", "meta"),
    ("tdm-reservation", "1", None, "meta"),
    ("tdm-policy", "https://a.example/policy.json", None, "meta"),
    ("copyright", "© The Courier", None, "meta"),
    ("license", "https://a.example/licence", None, "link"),
    ("license", "https://cc.example/by", None, "link"),
    ("license", "https://l.example/1", None, "json_ld"),
    ("copyright_holder", "The Courier", None, "json_ld"),
    ("copyright_year", "2026", None, "json_ld"),
]


def said(rights: tuple[Right, ...]) -> list[tuple[str, str | None, str | None, str]]:
    return [(right.name, right.value, right.to, right.where) for right in rights]


def test_a_page_says_it_in_its_head_its_links_and_its_structured_data():
    reading = extract(PAGE.encode(), "https://a.example/story")
    assert reading.verdict is Verdict.ARTICLE
    assert said(reading.rights) == SAID_BY_PAGE


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("noarchive", [("noarchive", None, None)]),
        ("NoIndex,nofollow", [("noindex", None, None), ("nofollow", None, None)]),
        ("googlebot: noarchive, noai", [("noarchive", None, "googlebot"), ("noai", None, "googlebot")]),
        ("noai, otherbot: noindex", [("noai", None, None), ("noindex", None, "otherbot")]),
        (
            "unavailable_after: Friday, 25-Jun-26 15:00:00 UTC",
            [("unavailable_after", "Friday, 25-Jun-26 15:00:00 UTC", None)],
        ),
        (
            "otherbot: unavailable_after: 25 Jun 2026, none",
            [("unavailable_after", "25 Jun 2026", "otherbot"), ("none", None, "otherbot")],
        ),
        ("max-image-preview:large", [("max-image-preview", "large", None)]),
        ("a:" * 5_000, [("a", "a:" * 238, "a")]),
        (", ;; <x>", []),
    ],
)
def test_directives_are_told_apart_and_from_the_agent_they_are_meant_for(text, found):
    got = [(right.name, right.value, right.to) for right in directives(text, where="header")]
    assert [(name, value and value[:470], to) for name, value, to in got] == [
        (name, value and value[:470], to) for name, value, to in found
    ]


def test_headers_say_it_too_and_are_bounded():
    headers = (
        ("X-Robots-Tag", "noarchive"),
        ("x-robots-tag", "noarchive"),
        ("TDM-Reservation", "1"),
        ("Content-Usage", "train-ai=n"),
        ("Link", '<https://l.example/1>; rel="license", <https://a.example/>; rel=preload'),
        ("Server", "x"),
    )
    assert said(of_headers(headers)) == [
        ("noarchive", None, None, "header"),
        ("tdm-reservation", "1", None, "header"),
        ("content-usage", "train-ai=n", None, "header"),
        ("license", "https://l.example/1", None, "header"),
    ]
    assert len(of_headers(tuple(("X-Robots-Tag", f"word{n}") for n in range(500)))) == MOST


def test_a_crawl_keeps_them_all_and_a_second_reading_repeats_none(tmp_path: Path):
    robots = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /private\n"
    with Site(articles=3, robots=robots) as site:
        headers = [("X-Robots-Tag", "noarchive"), ("tdm-reservation", "1")]
        site.page("/rights")(lambda visit: Answer(PAGE.encode(), headers=headers))
        site.page("/none")(lambda visit: html_page("Nothing said", PROSE))
        done = crawl(
            site.at("/rights"), site.at("/none"), "--spider", "urls", uri=str(tmp_path / "a"), state=tmp_path / "s"
        )
        records = {record.url: record for record in done.articles()}
    own = [
        ("robots", "allow", "*", "robots.txt"),
        ("ai_opt_out", "gptbot", None, "robots.txt"),
        ("noarchive", None, None, "header"),
        ("tdm-reservation", "1", None, "header"),
    ]
    by_page = [
        (n, v and v.replace("https://a.example/licence", site.at("/licence")), t, w) for n, v, t, w in SAID_BY_PAGE
    ]
    record = records[site.at("/rights")]
    assert said(record.rights) == own + by_page
    assert "noarchive" in record.flags
    assert said(records[site.at("/none")].rights) == own[:2]
    again = read_again(record, extract(PAGE.encode(), record.url))
    assert said(again.rights) == said(record.rights)
