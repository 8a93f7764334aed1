"""Reading a page: the article whole, what is around it out, and a verdict with its reason."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver import extract
from archiver.extraction import read
from archiver.extraction.blocks import cut
from archiver.extraction.reading import _among
from archiver.extraction.text import Text
from archiver.extraction.tree import parse
from archiver.model import Capture, Reading, Verdict

PAGES = Path(__file__).parent / "pages"
URL = "https://estuary.example/2026/02/11/story/"
SENTENCE = (
    "The council met on Tuesday evening and agreed to mend the old stone bridge over the river before winter comes. "
)


def page(body: str, *, head: str = "", title: str = "Council agrees to mend the bridge") -> Reading:
    text = f"<!DOCTYPE html><html lang='en'><head><title>{title}</title>{head}</head><body>{body}</body></html>"
    return extract(text.encode(), URL, content_type="text/html; charset=utf-8")


def prose(n: int = 5) -> str:
    return "".join(f"<p>Paragraph {i}. {SENTENCE * 2}</p>" for i in range(1, n + 1))


@pytest.mark.parametrize(
    ("name", "title", "author", "first", "last"),
    [
        (
            "wordpress", "Ferry crews vote to accept the winter timetable", "Nora Whitlock",
            "Crews on the three estuary ferries", "promised to review the arrangement in September.",
        ),
        (
            "table", "Old mill to become a weaving school", "Walter Pennington",
            "The stone mill at the head of the valley", "whatever the answer may be.",
        ),
    ],
)  # fmt: skip
def test_title_author_and_whole_body_stay_and_related_posts_and_the_friend_form_go(name, title, author, first, last):
    reading = extract((PAGES / f"{name}.html").read_bytes(), URL, content_type="text/html")
    article = reading.article
    assert reading.verdict is Verdict.ARTICLE
    assert article is not None
    assert article.title == title
    assert article.authors == (author,)
    assert first in article.text
    assert last in article.text
    for word in (
        "Related Posts",
        "Send this",
        "friend",
        "first profit",
        "Ferry strike",
        "lorry yesterday",
        "young people to fill",
    ):
        assert word not in article.text
        assert word not in article.markdown


RELATED = "The company that runs the boats has returned to profit after a record summer of visitors."


@pytest.mark.parametrize(
    "heading", ["Related Posts", "You may also like", "Read next", "More from this section", "Lesen Sie auch"]
)
@pytest.mark.parametrize(
    "markup",
    [
        "<h3>{h}</h3><ul><li><a href='/a'>A headline about profit</a> {t}</li><li><a href='/b'>Another headline</a></li></ul>",
        "<div class='box'><h4>{h}</h4><div><a href='/a'>A headline about profit</a><p>{t}</p></div></div>",
        "<p><strong>{h}</strong></p><p><a href='/a'>A headline about profit</a></p><p><a href='/b'>Another headline</a></p>",
        "<div class='related-posts'><h3>{h}</h3><p>{t}</p></div>",
        "<table><tr><td><h3>{h}</h3><a href='/a'>A headline about profit</a> {t}<br><a href='/b'>Another headline</a> {t}</td></tr></table>",
        "<h3>{h}</h3><table><tr><td><a href='/a'>A headline about profit</a></td><td>{t}</td></tr></table>",
    ],
)
def test_lists_of_other_articles_go_whatever_they_are_called(heading, markup):
    reading = page(
        f"<article><h1>Council agrees to mend the bridge</h1>{prose()}{markup.format(h=heading, t=RELATED)}</article>"
    )
    assert reading.article is not None
    assert "Paragraph 5." in reading.article.text
    assert "headline" not in reading.article.text
    assert heading not in reading.article.text
    assert RELATED not in reading.article.text


@pytest.mark.parametrize(
    "prompt", ["Send this to a friend", "Email this to a friend", "Share this article", "Share on Facebook"]
)
def test_share_prompts_go(prompt):
    reading = page(f"<article><h1>Council agrees to mend the bridge</h1>{prose(3)}<p>{prompt}</p>{prose(2)}</article>")
    assert reading.article is not None
    assert prompt not in reading.article.text
    assert reading.article.text.count("Paragraph 2.") == 2


def test_a_paragraph_that_only_mentions_sharing_stays():
    said = "<p>The mayor asked everyone to share this story of the bridge with a friend or two, since the fund for its repair is nearly empty and the stone has to be paid for by spring.</p>"
    reading = page(f"<article>{prose(2)}{said}{prose(2)}</article>")
    assert reading.article is not None
    assert "The mayor asked everyone" in reading.article.text


def test_an_index_page_is_no_article():
    cards = "".join(
        f"<article><h3><a href='/{i}'>Story number {i} about the harbour</a></h3><p>A short summary of story {i}.</p></article>"
        for i in range(20)
    )
    assert page(cards, title="News").verdict is Verdict.INDEX
    assert (
        page("<ul>" + "".join(f"<li><a href='/{i}'>Story {i}</a></li>" for i in range(25)) + "</ul>").verdict
        is Verdict.INDEX
    )
    assert (
        page("<a href='?d=6'>next day</a> <a href='?d=4'>previous day</a><p>No events.</p>").verdict
        is not Verdict.ARTICLE
    )


def test_cards_that_are_links_as_a_whole_are_an_index_and_a_list_of_reviews_is_not():
    card = "<a href='/{i}'><h2>Story number {i} about the harbour</h2><p>{text}</p></a>"
    summary = "The council met on Tuesday and said that something would be done about it before long."
    cards = "".join(card.format(i=i, text=summary) for i in range(12))
    assert page(f"<h1>News of the harbour</h1>{cards}", title="News of the harbour").verdict is Verdict.INDEX
    review = "<h2><a href='/buy{i}'>Kettle number {i} of the test</a></h2><p>{text}</p>"
    reviews = "".join(review.format(i=i, text=f"Number {i}. {SENTENCE * 5}") for i in range(8))
    assert page(f"<article><h1>Eight kettles tested</h1>{reviews}</article>", title="Eight kettles tested").verdict is (
        Verdict.ARTICLE
    )


def test_five_paragraphs_are_an_article_and_so_is_a_brief():
    assert page(prose()).verdict is Verdict.ARTICLE
    brief = f"<article><h1>Bridge closed</h1><p>{SENTENCE * 3}</p></article>"
    assert page(brief).verdict is Verdict.ARTICLE


@pytest.mark.parametrize(
    ("body", "title", "verdict", "flag"),
    [
        ("<h1>Just a moment...</h1><p>Checking your browser before you go on.</p>", "Just a moment...", Verdict.BOT_WALL, "bot_wall"),
        ("<h1>Page not found</h1><p>The page you are looking for does not exist.</p>", "Page not found", Verdict.SOFT_404, "soft404"),
        ("<div><h1>Before you continue</h1><p>We and our partners use cookies.</p><button>Accept</button></div>", "x", Verdict.CONSENT, "consent"),
        ("<div id='root'></div><script src='/a.js'></script><script>" + "x();" * 300 + "</script>", "News", Verdict.NEEDS_JS, "needs_js"),
    ],
)  # fmt: skip
def test_what_stands_in_an_articles_place_is_told_apart(body, title, verdict, flag):
    reading = page(body, title=title)
    assert reading.verdict is verdict
    assert flag in reading.flags
    assert reading.evidence


def test_a_page_without_text_still_says_whose_it_is_and_when():
    head = (
        '<meta property="og:title" content="The harbour at night, in forty pictures"><meta name="author" content="Mara Field">'
        '<meta property="article:published_time" content="2024-03-05T08:00:00+01:00"><meta property="og:image" content="/1.jpg">'
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"The harbour at night, in forty pictures","isAccessibleForFree":false}</script>'
    )
    shell = "<div id='root'></div><script>" + "x();" * 300 + "</script>"
    gallery = "".join(f"<a href='/{at}'><img src='/{at}.jpg'></a>" for at in range(9))
    wall = "<a href=/pay><img src=/lock.png></a>"
    for body, verdict in ((shell, "needs_js"), (gallery, "empty"), (wall, "paywall")):
        source = f"<html><head>{head if verdict == 'paywall' else head.replace(':false', ':true')}</head><body>{body}</body></html>"
        reading = extract(source.encode(), "https://estuary.example/harbour")
        found = reading.article
        assert (reading.verdict, reading.error) == (verdict, "no_text")
        assert found is not None
        assert (found.title, found.authors) == ("The harbour at night, in forty pictures", ("Mara Field",))
        assert (found.published, found.image) == ("2024-03-05T08:00:00+01:00", "https://estuary.example/1.jpg")
        assert (found.text, found.markdown, found.extra["words"]) == ("", "", 0)
        assert "text_digest" not in found.extra
        assert found.json_ld
        assert found.extra["is_accessible_for_free"] is (verdict != "paywall")


def test_what_stands_in_the_place_of_a_page_says_nothing_of_it():
    reading = extract(b"<html><head><title>Just a moment...</title></head><body></body></html>", "https://a.example/x")
    assert (reading.verdict, reading.article) == ("bot_wall", None)


def test_teasers_among_a_text_count_where_they_are_spread_and_not_where_they_stand_together():
    story, teaser = f"<p>{SENTENCE}</p>", "<h3><a href='/{0}'>Another story of the town, number {0}</a></h3>"
    spread = "".join(teaser.format(n) + story for n in range(6))
    together = story * 3 + "".join(map(teaser.format, range(6))) + story
    for body, among in ((spread, 6), (together, 0)):
        tree = parse(f"<body>{body}</body>".encode())
        assert tree is not None
        blocks = cut(tree.root)
        chosen = tuple(at for at, block in enumerate(blocks) if block.tag == "p")
        teasers = frozenset(block.text for block in blocks if block.tag == "h3")
        assert _among(blocks, Text("", "", chosen), teasers) == among


def test_a_teaser_before_a_paywall_is_an_article_that_says_so():
    ld = (
        '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x","isAccessibleForFree":false}</script>'
    )
    reading = page(prose(2) + "<p>Subscribe to continue reading</p>", head=ld)
    assert reading.verdict is Verdict.ARTICLE
    assert "paywalled" in reading.flags


def test_dates_are_as_precise_as_the_page_and_impossible_ones_are_suspect():
    def dated(value: str) -> Reading:
        return page(prose(), head=f'<meta property="article:published_time" content="{value}">')

    whole = dated("2024-03-05T23:30:00-08:00").article
    assert whole is not None
    assert whole.published == "2024-03-05T23:30:00-08:00"
    assert whole.dates["published"]["source"] == "meta"
    future = extract(
        f'<html><head><meta property="article:published_time" content="2999-01-01"></head><body>{prose()}</body></html>'.encode(),
        "https://estuary.example/story",
    )
    assert future.article is not None
    assert future.article.published is None
    assert "date_suspect" in future.flags


def test_language_is_always_filled():
    german = (
        "<p>" + "Der Gemeinderat hat am Dienstag beschlossen, die alte Brücke über den Fluss zu erneuern. " * 4 + "</p>"
    )
    text = f"<html><head><title>Brücke</title></head><body>{german * 3}</body></html>"
    reading = extract(text.encode(), "https://a.example/x")
    assert reading.article is not None
    assert reading.article.language == "de"


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "NewsArticle", "headline": "A", }', '{"@graph": null, "author": 5}', "[" * 100_000, "not json",
        '{"n": ' + "9" * 100_000 + "}", '<!-- {"@type":"Article","author":[{"name":["x"]}]} -->',
    ],
)  # fmt: skip
def test_json_ld_in_any_shape_harms_nothing(script):
    reading = page(prose(), head=f'<script type="application/ld+json">{script}</script>')
    assert reading.verdict is Verdict.ARTICLE
    assert reading.error is None


ROW = "<tr>" + "<td>cell</td>" * 20 + "</tr>"


@pytest.mark.parametrize(
    ("body", "limit"),
    [
        ("<div>" * 10_000 + prose() + "</div>" * 10_000, "depth"),
        ("<section><ol><li>" * 5_000 + prose(), "depth"),
        (prose(4) + "<p>" + "<b>" * 50_000 + "x</b>" + prose(), "depth"),
        ("<!-- x -->" * 50_000 + "<!--[if IE]>" + prose(), "comment"),
        (prose() + "<table>" + ROW * 10_000 + "</table>", "elements"),
        (prose() + "".join(f'<a href="/{n}">{n}</a> ' for n in range(30_000)), None),
        ("<p>" + "word and " * 300_000 + "</p>" + prose(), None),
    ],
    ids=["divs", "lists", "bold", "comments", "table", "links", "paragraph"],
)
def test_monstrous_pages_keep_their_text_and_name_the_limit_they_met(body, limit):
    reading = page(body)
    assert reading.verdict is Verdict.ARTICLE
    assert reading.article is not None
    assert all(f"Paragraph {n}. {SENTENCE.strip()}" in reading.article.text for n in range(1, 6))
    assert [one for one in reading.evidence if one.startswith("limit_")] == ([f"limit_{limit}"] if limit else [])


def test_words_in_wrappers_that_are_taken_away_do_not_run_together():
    reading = page("<div>" * 500 + "<div>" + SENTENCE * 5 + "</div><div>Second " + SENTENCE * 5 + "</div>")
    assert reading.article is not None
    assert [line[:11] for line in reading.article.text.splitlines()] == ["The council", "Second The "]


@pytest.mark.parametrize(
    ("before", "after"),
    [("", "<!-- the page is cut off in <p>" + SENTENCE * 9), ("<script>document.write('<!-- x')</script>", "")],
    ids=["cut off", "in a script"],
)
def test_a_comment_that_swallows_nothing_stays_a_comment(before, after):
    text = f"<html><head><title>Bridge</title></head><body>{before}{prose()}{after}{'' if after else '</body></html>'}"
    reading = extract(text.encode(), URL)
    assert reading.article is not None
    assert reading.article.text.count("agreed") == 10
    assert "limit_comment" not in reading.evidence


def test_links_beyond_those_that_are_read_are_counted():
    reading = page(prose() + "".join(f'<a href="/{n}">{n}</a> ' for n in range(7_500)))
    assert (len(reading.links), reading.more_links) == (6_000, 1_500)


def test_statuses_and_types_that_hold_no_article():
    def answer(status: int, body: bytes, kind: str = "text/html") -> Reading:
        capture = Capture(
            url=URL,
            captured_at=datetime(2026, 11, 24, tzinfo=UTC),
            status=status,
            headers=(("Content-Type", kind),),
            body=body,
        )
        return read(capture)

    assert answer(404, prose().encode()).verdict is Verdict.ERROR
    assert answer(200, b"  ").verdict is Verdict.EMPTY
    assert answer(200, b"%PDF-1.4\n" + bytes(2000)).verdict is Verdict.NOT_HTML
    assert answer(200, b'{"error": "not found", "items": [1, 2]}').verdict is Verdict.NOT_HTML
    plain = answer(200, (SENTENCE * 10).encode(), "text/plain")
    assert plain.verdict is Verdict.ARTICLE


@pytest.mark.parametrize("mark", [" - ", " | ", " – ", " :: "])
@pytest.mark.parametrize("shown", ["<h1>{}</h1>", "<font size=5><b>{}</b></font>"])
def test_the_title_is_the_headline_without_the_sites_name(mark, shown):
    headline = "Council agrees to mend the bridge"
    reading = page(shown.format(headline) + prose(), title=f"{headline}{mark}Norwick Post")
    assert reading.article is not None
    assert reading.article.title == headline


@pytest.mark.parametrize(
    "script",
    [
        '[{"@type":"Organization","name":"X"},{"@type":"NewsArticle","headline":"Bridge","author":[{"@type":"Person","name":"Ann Field"}]}]',
        '{"@type":"WebSite","name":"Y"}{"@type":"NewsArticle","headline":"Bridge","author":"Ann Field"}',
        '{"@type":"NewsArticle","headline":"The\nBridge","author":["Ann Field",],}',
        '{"@type":"NewsArticle","headline":"Bridge","author":{"@type":"Person","name":"Ann Field"},"articleBody":"cut in the mid',
        '{"@type":"NewsArticle","headline":"The "old" bridge","author":"Ann Field"}',
        "{'@type':'NewsArticle','headline':'Bridge','author':'Ann Field'}",
        '{"@type":"NewsArticle","headline":"Bridge"\n  "author":"Ann Field"}',
        'var data = {"@type":"NewsArticle","headline":"Bridge","author":"Ann Field"};',
        '\ufeff{"@type":"NewsArticle","headline":"Bridge","author":"Ann Field"}',
        '{"@type":"NewsArticle","headline":"Bridge","dateModified":undefined,"author":"Ann Field"}',
        '"{\\"@type\\":\\"NewsArticle\\",\\"author\\":\\"Ann Field\\"}"',
        '{"@type":"NewsArticle","author":{"@type":"Person","givenName":"Ann","familyName":"Field"}}',
        "{&quot;@type&quot;:&quot;NewsArticle&quot;,&quot;author&quot;:&quot;Ann Field&quot;}",
        '{"@type":"WebPage","mainEntity":{"@type":"NewsArticle","author":{"name":["Ann Field"]}}}',
    ],
)
def test_structured_data_is_read_in_every_shape_it_is_broken_into(script):
    reading = page(prose(), head=f'<script type="application/ld+json">{script}</script>')
    assert reading.article is not None
    assert reading.article.authors == ("Ann Field",)


@pytest.mark.parametrize(
    "script", ['{"a":' + '"' * 200_000, "{" + "\n" * 200_000 + "x", '["x" "y" ' * 50_000, "'," * 100_000]
)
def test_structured_data_that_cannot_be_mended_costs_no_time(script):
    start = time.process_time()
    assert page(prose(), head=f'<script type="application/ld+json">{script}</script>').article is not None
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("head", "free"),
    [
        ('<meta property="article:content_tier" content="locked">', False),
        ('<meta property="article:content_tier" content="metered">', True),
        (
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x","hasPart":[{"isAccessibleForFree":"False"}]}</script>',
            False,
        ),
        (
            '<script type="application/ld+json">{"@type":"NewsArticle","headline":"x","isAccessibleForFree":true}</script>',
            True,
        ),
        ("", None),
    ],
)
def test_what_a_page_says_of_its_paywall(head, free):
    reading = page(prose(), head=head)
    assert reading.article is not None
    assert reading.article.extra.get("is_accessible_for_free") is free
    assert ("paywalled" in reading.flags) is (free is False)


def test_robots_none_is_noindex():
    assert "noarchive" in page(prose(), head='<meta name="robots" content="none">').flags
    assert "noarchive" not in page(prose(), head='<meta name="robots" content="max-image-preview:large">').flags


def test_a_feed_of_the_articles_own_comments_is_none_to_follow():
    feeds = "".join(
        f"<link rel=alternate type=application/rss+xml href='{href}'>"
        for href in ("/feed/", f"{URL}feed/", "/sport/feed/")
    )
    site = ("https://estuary.example/feed/", "https://estuary.example/sport/feed/")
    assert page(f"<article><h1>Council agrees to mend the bridge</h1>{prose()}</article>", head=feeds).feeds == site
    assert page("<ul><li><a href=/a>One</a></li></ul>", head=feeds).feeds == (site[0], f"{URL}feed/", site[1])
