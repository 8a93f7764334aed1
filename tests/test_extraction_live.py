"""Live blogs: each entry with its time, in the page's order, and nothing that the page does not show."""

from __future__ import annotations

import json

import pytest

from archiver import extract
from archiver.model import Article, Reading

TOLD = (
    ("2026-11-24T18:40:00+01:00", "18:40", "Lock gates closed", "The harbour master has closed the lock gates, an hour before the tide is due."),
    ("2026-11-24T17:05:00+01:00", "17:05", "Ferry turns back", "The evening ferry has turned back half way over the sound, with ninety people on board."),
    ("2026-11-24T15:30:00+01:00", "15:30", "First trees down", "Two old limes came down across the quay road, and nobody was hurt, says the fire brigade."),
    ("2026-11-24T14:02:00+01:00", "14:02", "Storm warning raised", "The weather office raised its warning to the second highest step for the whole coast."),
)  # fmt: skip
INTRO = "A storm from the north west is expected to reach the coast this evening, and the town is getting ready for it."
MORE = "People who live by the old quay are asked to stay with friends on higher ground until the morning comes."


def structured(*, headlines: bool = True, dates: bool = True) -> str:
    updates = [
        {
            "@type": "BlogPosting", "articleBody": f"{text} Unseen words of the structured data.",
            "author": "A. Reporter", "publisher": "Norwick Post", "image": "/x.jpg", "description": "One entry.",
            **({"headline": heading} if headlines else {}), **({"datePublished": stamp} if dates else {}),
        }
        for stamp, _, heading, text in TOLD
    ]  # fmt: skip
    node = {"@type": "LiveBlogPosting", "headline": "Storm on the coast", "datePublished": "2026-11-24T14:00:00+01:00", "liveBlogUpdate": updates}  # fmt: skip
    return f'<script type="application/ld+json">{json.dumps(node)}</script>'


def page(body: str, *, head: str = "") -> Reading:
    top = f"<html lang='en'><head><title>Storm on the coast</title>{head}</head><body><nav><a href='/'>Home</a></nav>"
    whole = f"{top}<main><h1>Storm on the coast</h1><p>{INTRO}</p>{body}</main><footer>All rights reserved.</footer></body></html>"
    return extract(whole.encode(), "https://norwick.example/storm")


def articles(time: str = "<time datetime='{stamp}'>{clock}</time>", *, name: str = "x1f3", heading: str = "h2") -> str:
    return "".join(
        f"<article class='{name}'>{time.format(stamp=stamp, clock=clock)}<{heading}>{title}</{heading}><p>{text}</p><p>{MORE}</p>"
        "<ul class='share'><li><a href='#'>Share</a></li></ul></article>"
        for stamp, clock, title, text in TOLD
    )


def flat() -> str:
    return "".join(
        f"<h3><time datetime='{stamp}'>{clock}</time> {title}</h3><p>{text}</p><p>{MORE}</p>"
        for stamp, clock, title, text in TOLD
    )


def found(reading: Reading) -> Article:
    assert reading.verdict == "article"
    assert reading.article is not None
    return reading.article


PAGES = {
    "elements named so": page(f"<div class='live-blog__entries'>{articles()}</div>"),
    "json-ld and names that say nothing": page(f"<div>{articles()}</div>", head=structured()),
    "microdata": page(f"<div itemscope itemtype='https://schema.org/LiveBlogPosting'>{articles()}</div>"),
    "times only in json-ld": page(f"<div>{articles('<span>{clock}</span>')}</div>", head=structured()),
    "no headings that match": page(f"<div>{articles('<span>{clock}</span>')}</div>", head=structured(headlines=False)),
    "names beside the times": page(
        f"<div class='live-feed'>{articles('<div><time datetime={stamp}>{clock}</time> Mara Field</div>')}</div>"
    ),
    "a list": page(f"<ol id='liveticker'>{articles().replace('article', 'li')}</ol>"),
}


@pytest.mark.parametrize("kind", PAGES)
def test_each_entry_has_its_time_its_heading_and_its_words_in_the_pages_order(kind):
    article = found(PAGES[kind])
    assert [(one.time, one.heading) for one in article.updates] == [(stamp, title) for stamp, _, title, _ in TOLD]
    assert [one.text for one in article.updates] == [f"{text}\n{MORE}" for *_, text in TOLD]
    assert {(one.precision, one.zone) for one in article.updates} == {("second", "+01:00")}
    assert [one.shown for one in article.updates] == [clock for _, clock, _, _ in TOLD]
    source = "json-ld" if kind in ("times only in json-ld", "no headings that match") else "time"
    assert {one.source for one in article.updates} == {source}
    assert "4_updates" in PAGES[kind].evidence


@pytest.mark.parametrize("kind", PAGES)
def test_the_text_is_what_the_page_shows_and_the_markdown_has_dated_sections(kind):
    article = found(PAGES[kind])
    assert article.text.startswith(INTRO)
    assert "Unseen" not in article.text + article.markdown
    assert "Share" not in article.text
    assert all(text in article.text for *_, text in TOLD)
    first, second = (f"## {stamp} · {title}\n\n{text}" for stamp, _, title, text in TOLD[:2])
    assert article.markdown.index(INTRO) < article.markdown.index(first) < article.markdown.index(second)
    assert article.markdown.count(TOLD[0][2]) == 1
    assert article.title == "Storm on the coast"


def test_entries_that_are_headings_with_what_follows_them():
    article = found(page(f"<div class='liveblog'>{flat()}</div>"))
    assert [one.time for one in article.updates] == [stamp for stamp, *_ in TOLD]
    assert [one.text for one in article.updates] == [f"{text}\n{MORE}" for *_, text in TOLD]


def test_the_entries_of_each_day_are_in_a_list_of_their_own():
    days = articles().split("<article")
    lists = "".join(f"<section class='day'>{''.join('<article' + one for one in days[a:b])}</section>" for a, b in ((1, 4), (4, 5)))  # fmt: skip
    assert len(found(page(f"<div class='live-blog'>{lists}</div>")).updates) == 4


def test_a_clock_without_a_day_is_shown_and_is_no_date():
    article = found(page(f"<div class='live-ticker'>{articles('<span class=t>{clock} Uhr</span>')}</div>"))
    assert [(one.time, one.shown) for one in article.updates] == [(None, f"{clock} Uhr") for _, clock, _, _ in TOLD]
    assert f"## 18:40 Uhr · {TOLD[0][2]}" in article.markdown


def test_the_dates_of_the_whole_are_not_those_of_an_entry():
    article = found(page(f"<div>{articles()}</div>", head=structured()))
    assert article.published == "2026-11-24T14:00:00+01:00"


@pytest.mark.parametrize(
    "body",
    [
        f"<p>{MORE} {MORE}</p><p>{INTRO} {MORE}</p><p>{MORE} {INTRO}</p><div class='comments live-blog'>{articles()}</div>",
        f"<p>{MORE} {MORE}</p><p>{INTRO} {MORE}</p><p>{MORE} {INTRO}</p><a class='liveblog' href='/l'>Live</a><div>{articles()}</div>",
        f"<div>{articles()}</div>",
    ],
    ids=["comments", "a link to a live blog", "nobody says so"],
)
def test_what_is_no_live_blog_has_no_entries(body):
    assert found(page(body)).updates == ()
