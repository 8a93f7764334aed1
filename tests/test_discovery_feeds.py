"""Feeds: whatever a site serves, its articles are found, and nothing outside is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discovery import Feed, feeds_of, parse_feed, sitemaps_in_robots, sitemaps_of
from archiver.discovery.dates import parse_date

URL = "http://news.example/world/feed.xml"
A, B = "http://news.example/a", "http://news.example/b"


def rss(*links: str, head: str = '<?xml version="1.0" encoding="utf-8"?>', channel: str = "") -> str:
    items = "".join(f"<item><title>t{number}</title><link>{link}</link></item>" for number, link in enumerate(links))
    return f'{head}<rss version="2.0"><channel><title>News</title>{channel}{items}</channel></rss>'


def read(text: str | bytes, content_type: str | None = None) -> Feed:
    return parse_feed(text if isinstance(text, bytes) else text.encode(), URL, content_type)


def urls(feed: Feed) -> list[str]:
    return [item.url for item in feed.items]


def test_rss_gives_its_items_in_order_and_what_it_says_of_itself():
    channel = (
        '<ttl>30</ttl><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" href="https://hub.example/"/>'
        '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="next" href="?page=2"/>'
    )
    item = "<item><title>Storm &amp; tide</title><link>/c</link><guid>id-3</guid>"
    item += "<pubDate>Tue, 05 Mar 2024 10:00:00 +0100</pubDate></item>"
    feed = read(rss(A, "b", channel=channel).replace("</channel>", item + "</channel>"))
    assert urls(feed) == [A, "http://news.example/world/b", "http://news.example/c"]
    assert (feed.kind, feed.title, feed.refresh_seconds, feed.error) == ("rss", "News", 1800, None)
    assert (feed.hub, feed.next_url) == ("https://hub.example/", URL + "?page=2")
    last = feed.items[-1]
    assert (last.title, last.id, last.published) == ("Storm & tide", "id-3", datetime(2024, 3, 5, 9, tzinfo=UTC))


def test_atom_links_are_resolved_against_every_xml_base():
    feed = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:base="http://other.example/x/"><title>x</title>'
        '<entry xml:base="y/"><link rel="self" href="no"/><link href="a"/>'
        "<published>2024-03-05T10:00:00Z</published></entry>"
        '<entry><link rel="alternate" type="application/json" href="j"/>'
        '<link rel="alternate" type="text/html" href="b"/></entry>'
        "<entry><id>http://other.example/by-id</id></entry></feed>"
    )
    assert urls(feed) == ["http://other.example/x/y/a", "http://other.example/x/b", "http://other.example/by-id"]
    assert feed.items[0].published == datetime(2024, 3, 5, 10, tzinfo=UTC)


def test_rdf_and_json_feeds_are_feeds_too():
    rdf = (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>R</title></channel>'
        f'<item rdf:about="{A}"><title>A</title><dc:date>2024-03-05</dc:date></item></rdf:RDF>'
    )
    assert (read(rdf).kind, read(rdf).title, urls(read(rdf))) == ("rdf", "R", [A])
    assert read(rdf).items[0].published == datetime(2024, 3, 5, tzinfo=UTC)
    items = [{"id": 1, "url": "/a", "date_published": "2024-03-05T10:00:00Z"}, {"external_url": B}, "junk", {"id": "x"}]
    feed = read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": items}))
    assert (feed.kind, feed.title, urls(feed), feed.refused) == ("json", "J", [A, B], (("x", "no_url"),))


@pytest.mark.parametrize(
    "item",
    [
        f"<link>{A}</link>",
        f"<link>\n  {A}\n</link>",
        f"<link><![CDATA[{A}]]></link>",
        f"<guid>{A}</guid>",
        f'<guid isPermaLink="false">http://news.example/id</guid><link>{A}</link>',
        f'<atom:link xmlns:atom="http://www.w3.org/2005/Atom" href="{A}"/>',
        f"<media:title>no</media:title><link>{A}</link>",
        f'<link>http://proxy.example/1</link><fb:origLink xmlns:fb="x">{A}</fb:origLink>',
        f"<source><link>http://elsewhere.example/</link></source><link>{A}</link>",
    ],
)
def test_an_items_link_is_found_wherever_it_stands(item):
    assert urls(read(rss().replace("</channel>", f"<item>{item}</item></channel>"))) == [A]


def test_parameters_survive_a_bare_ampersand():
    bare, escaped, wrapped = (f"{A}?x=1{mark}y=2" for mark in ("&", "&amp;", "&"))
    assert urls(read(rss(bare, escaped, f"<![CDATA[{wrapped}]]>"))) == [f"{A}?x=1&y=2"] * 3


def test_a_malformed_feed_still_gives_its_items():
    broken = rss(A, B).replace("</item>", "", 1).replace("News", "N & G < 5 &nbsp;&eacute;\x0b")
    feed = read("\n\nWarning: php\n" + broken)
    assert urls(feed) == [A, B]
    assert feed.title == "N & G < 5 \xa0é"


def test_a_feed_cut_short_gives_whole_links_only_and_says_so():
    feed = read(rss(A, B)[: -len("b</link></item></channel></rss>")])
    assert (urls(feed), feed.error) == ([A], "parse_error")


@pytest.mark.parametrize("content_type", ["text/html", "text/plain; charset=utf-8", "application/octet-stream", None])
def test_the_content_type_does_not_matter(content_type):
    assert urls(read(rss(A), content_type)) == [A]


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32", "iso-8859-1", "koi8-r"]
)
def test_charsets_are_those_declared_or_seen(encoding):
    title = "Шторм" if encoding == "koi8-r" else "Sturmböe"
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    assert read(rss(A, head=head).replace("News", title).encode(encoding)).title == title
    assert read(rss(A, head="").encode(encoding), f"text/xml; charset={encoding}").items[0].url == A


def test_entities_are_never_expanded_and_nothing_is_fetched(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    bomb = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    doctype = f'<!DOCTYPE rss [<!ENTITY l0 "lol">{bomb}<!ENTITY xxe SYSTEM "file://{secret}">]>'
    feed = read(rss(A, "&l9;", f"{A}?leak=&xxe;", head=doctype))
    assert urls(feed)[0] == A
    assert "SECRET" not in repr(feed)
    assert len(repr(feed)) < 2000


def test_links_that_cannot_be_archived_are_counted_with_a_reason():
    feed = read(
        rss(A, "file:///etc/passwd", "javascript:alert(1)", "http://[::1", "", "http://news.example/" + "a" * 3000)
    )
    assert urls(feed) == [A]
    assert [reason for _, reason in feed.refused] == ["bad_scheme", "bad_scheme", "bad_url", "no_url", "too_long"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ("<!doctype html><p>Not found", "not_a_feed"),
        ('{"error": 404}', "not_a_feed"),
        ('{"items": [', "parse_error"),
        ('{"items":' + "[" * 100_000, "parse_error"),
        ("\x00\xff\xfe", "not_a_feed"),
    ],
)
def test_what_is_no_feed_says_why(body, error):
    feed = read(body)
    assert (feed.items, feed.error) == ((), error)


@pytest.mark.parametrize("filler", ["<a/>", "<a>", "x", "&", "<", "<a b='1' ", "<![CDATA[", "<item>"])
def test_a_bomb_is_put_down_and_what_came_before_is_kept(filler):
    body = rss(A).removesuffix("</channel></rss>").encode() + filler.encode() * (2_000_000 // len(filler))
    feed = read(body)
    assert feed.items[0].url == A
    assert feed.error in ("too_large", "parse_error", "too_many_items")


@given(st.text(alphabet="<>/&;![]CDAT\"'=item link rss:\x0b\ud800é", max_size=80), st.integers(0, 200))
def test_no_text_can_make_it_raise(noise, at):
    whole = rss(A, B)
    read((whole[:at] + noise + whole[at:]).encode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("Tue, 05 Mar 2024 10:00:00 GMT", datetime(2024, 3, 5, 10, tzinfo=UTC)),
        ("2024-03-05T10:00:00.123+01:00", datetime(2024, 3, 5, 9, tzinfo=UTC)),
        ("2024-03-05T10:00Z", datetime(2024, 3, 5, 10, tzinfo=UTC)),
        ("2024-03-05 10:00:00", datetime(2024, 3, 5, 10, tzinfo=UTC)),
        ("2024-03", datetime(2024, 3, 1, tzinfo=UTC)),
        ("2024", datetime(2024, 1, 1, tzinfo=UTC)),
        ("2024-13-45", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_read_or_absent(written, moment):
    assert parse_date(written) == moment


def test_robots_txt_names_sitemaps():
    text = "\ufeffUser-agent: *\nSITEMAP:/a.xml # main\r\nSitemap: http://other.example/b.xml\r"
    text += "sitemap: ftp://x/\nSitemap: /a.xml\n"
    assert sitemaps_in_robots(text, "http://news.example/robots.txt") == (
        "http://news.example/a.xml",
        "http://other.example/b.xml",
    )


def test_the_usual_places_are_on_the_site():
    assert sitemaps_of("https://news.example/world/x")[0] == "https://news.example/sitemap.xml"
    assert "https://news.example/rss.xml" in feeds_of("https://news.example/world/x")
