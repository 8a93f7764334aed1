"""URLs: what is sent, what a page is known by, what is refused."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from w3lib.url import safe_url_string

from archiver.errors import BadInput
from archiver.urls import (
    MAX_URL,
    BadUrl,
    article_likelihood,
    authority,
    canonical,
    clean,
    fingerprint,
    host,
    join,
    literal_address,
    looks_like_article,
    looks_like_index,
    registered_domain,
    surt,
    twin,
)

PIECES = st.sampled_from(
    [
        *"aBz09/.?&=#%;:@'\"<>|^ +~\\é中",
        "..",
        "./",
        "//",
        "%2e",
        "%2F",
        "%41",
        "%c3%a9",
        "%00",
        "utm_source=x",
        "&a=1",
        "sid=",
    ]
)
URLS = st.builds(
    lambda scheme, host, tail: f"{scheme}://{host}/{tail}",
    st.sampled_from(["http", "https", "HTTP"]),
    st.sampled_from(["example.com", "WWW.Example.com:8080", "bücher.example", "127.1", "[::1]:80", "x."]),
    st.lists(PIECES, max_size=25).map("".join),
)


@pytest.mark.parametrize(
    ("found", "known_as"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/A/B?", "https://example.com/A/B"),
        ("http://example.com/a/./b/../c#part", "http://example.com/a/c"),
        ("http://example.com//a///b", "http://example.com/a/b"),
        ("http://example.com/web/2024/https://a.example/", "http://example.com/web/2024/https://a.example/"),
        ("http://bücher.example/café", "http://xn--bcher-kva.example/caf%C3%A9"),
        ("http://example.com/%63af%c3%a9", "http://example.com/caf%C3%A9"),
        ("http://example.com/%2e%2e/b", "http://example.com/b"),
        ("http://example.com/?b=2&a=1&b=1", "http://example.com/?a=1&b=2&b=1"),
        ("http://example.com/?utm_source=x&fbclid=1&gclid=2&id=7", "http://example.com/?id=7"),
        ("http://example.com/?at_medium=RSS&xtor=AL-1&CMP=share&amp;utm_id=3", "http://example.com/"),
        ("http://example.com/?ref=rss&ref=v2.1", "http://example.com/?ref=v2.1"),
        ("http://example.com/?a=1&PHPSESSID=d41d8cd98f00b204e9800998ecf8427e", "http://example.com/?a=1"),
        ("http://example.com/?sid=d41d8cd98f00b204", "http://example.com/"),
        ("http://example.com/?sid=104", "http://example.com/?sid=104"),
        ("http://example.com/a;jsessionid=0A1B/b;v=1", "http://example.com/a/b;v=1"),
        ("http://example.com\\a\\..\\b", "http://example.com/b"),
        (" http://exam\nple.com/a\tb ", "http://example.com/ab"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://１２７.０.０.１/", "http://127.0.0.1/"),
        ("http://[::FFFF:127.0.0.1]/", "http://127.0.0.1/"),
        ("http://[0:0::1]:80/", "http://[::1]/"),
        ("http://☕.example./", "http://xn--53h.example/"),
        ("http://example.com/100%", "http://example.com/100%25"),
    ],
)
def test_a_page_has_one_name(found, known_as):
    assert canonical(found) == known_as


@pytest.mark.parametrize(
    ("found", "sent"),
    [
        ("http://example.com/..%2f..%2fetc/passwd", "http://example.com/..%2f..%2fetc/passwd"),
        ("http://example.com/x/%2e%2e/y", "http://example.com/x/%2e%2e/y"),
        ("http://example.com/a%00b%0d%0aX:1", "http://example.com/a%00b%0d%0aX:1"),
        ("http://example.com/x/../y?utm_source=a#z", "http://example.com/y?utm_source=a"),
        ("http://example.com/?q=ü x&b&a", "http://example.com/?q=%C3%BC%20x&b&a"),
        ("http://example.com//a;jsessionid=1", "http://example.com//a;jsessionid=1"),
    ],
)
def test_what_is_sent_is_what_the_page_wrote(found, sent):
    assert clean(found) == sent


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("file:///etc/passwd", "bad_scheme"),
        ("JaVaScRiPt:alert(1)", "bad_scheme"),
        ("data:text/html,hi", "bad_scheme"),
        ("mailto:a@example.com", "bad_scheme"),
        ("", "bad_url"),
        ("example.com/a", "bad_url"),
        ("://x", "bad_url"),
        ("https://", "bad_url"),
        ("http:///nohost", "bad_url"),
        ("http:/example.com/", "bad_url"),
        ("http://[::1", "bad_url"),
        ("http://[", "bad_url"),
        ("http://[fe80::1%25eth0]/", "bad_url"),
        ("http://exa mple/", "bad_url"),
        ("http://a..b/", "bad_url"),
        ("http://\udcff/", "bad_url"),
        ("http://example.com/\udcff", "bad_url"),
        ("http://example.com/\x00b", "bad_url"),
        ("http://example.com/a\x1bb", "bad_url"),
        ("http://127.0.0.1:99999/", "bad_url"),
        ("http://127.0.0.1:0/", "bad_url"),
        ("http://127.0.0.1:abc/", "bad_url"),
        ("http://127.0.0.999/", "bad_url"),
        ("http://user:secret@example.com/", "bad_url"),
        ("http://" + "a" * 300 + ".example/", "bad_url"),
        ("http://example.com/" + "a" * MAX_URL, "too_long"),
        ("http://example.com/?q=" + "ü" * (MAX_URL // 6), "too_long"),
        ("http://example.com/#" + "a" * 1_000_000, "too_long"),
    ],
)
def test_no_usable_url_is_refused_with_a_word(url, reason):
    with pytest.raises(BadUrl) as caught:
        canonical(url)
    assert caught.value.reason == reason
    assert isinstance(caught.value, BadInput)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1500


@given(URLS)
@example("http://x/%%34%31")
@example("http://x/a//%2e%2e/b")
@example("http://x/;jsessionid=1/..")
@example("http://x/.;jsessionid=1./a")
@example("http://x/?a=%75tm_source")
def test_names_are_stable_and_safe(url):
    try:
        sent = clean(url)
    except BadUrl:
        return
    name = canonical(url)
    assert clean(sent) == sent
    assert canonical(name) == name == canonical(sent)
    assert clean(name) == name
    assert sent.isascii()
    assert "#" not in sent
    assert safe_url_string(sent) == sent, "Scrapy would change it after our checks"


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for url in (text, f"http://{text}", f"http://example.com/{text}"):
        with suppress(BadUrl):
            assert canonical(url).startswith(("http://", "https://"))
        assert surt(url).isascii()


@pytest.mark.parametrize("link", ["http://[", "http://[::1", "//[x", "javascript:void(0)"])
def test_a_broken_link_is_refused_beside_good_ones(link):
    with pytest.raises(BadUrl):
        join("http://example.com/a/", link)
    assert join("http://example.com/a/b", "../c d") == "http://example.com/c%20d"
    assert join("http://example.com/a/b", " ?x=1#y") == "http://example.com/a/b?x=1"


def test_host_and_authority_differ_by_the_port():
    assert host("http://Example.com:8080/x") == "example.com"
    assert authority("http://Example.com:8080/x") == "example.com:8080"
    assert authority("https://example.com:443/x") == "example.com"


def test_fingerprint_names_the_page_not_the_spelling():
    assert (
        fingerprint("HTTP://example.com?utm_source=x")
        == fingerprint("http://example.com/")
        != fingerprint("http://example.com/x")
    )
    assert len(fingerprint("http://example.com/")) == 16


@pytest.mark.parametrize(
    "spelling",
    [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f.0.0.1",
        "0X7F000001",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "１２７.０.０.１",
        "127。0。0。1",
        "12\u00ad7.1",
        "%31%32%37.1",
        "[::ffff:127.0.0.1]",
        "::ffff:7f00:1",
    ],
)
def test_every_spelling_of_an_address_is_that_address(spelling):
    assert literal_address(spelling) == IPv4Address("127.0.0.1")


def test_a_name_is_no_address():
    assert [
        literal_address(name) for name in ("example.com", "1.2.3.4.5", "256.1.1.1", "08.1", "0xg", "", "4294967296")
    ] == [None] * 7
    assert literal_address("[fe80::1%eth0]") == IPv6Address("fe80::1%eth0")


@pytest.mark.parametrize(
    ("name", "domain"),
    [
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("example.com", "example.com"),
        ("localhost", "localhost"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_registered_domain_by_public_suffix(name, domain):
    assert registered_domain(name) == domain


@pytest.mark.parametrize(
    ("url", "key"),  # made with the surt package 0.3.1
    [
        ("http://www.Example.com/Foo/?B=2&a=1", "com,example)/foo?a=1&b=2"),
        ("http://www2.example.com/a//b/../c/./d/", "com,example)/a/c/d"),
        ("http://user:pw@www.example.com:8080/a b?c d#frag", "com,example:8080)/a%20b?c%20d"),
        ("https://example.com:443/", "com,example)/"),
        ("http://example.com:443/x", "com,example:443)/x"),
        ("http://example.com/?a=&b&a", "com,example)/?a&a=&b"),
        ("http://bücher.de/café", "de,xn--bcher-kva)/caf%c3%a9"),
        ("http://2130706433/", "1,0,0,127)/"),
        ("dns:example.com", "dns:example.com"),
        ("urn:text:http://example.com/", "urn:text:http://example.com"),
        ("http:////www.example.com/x", "com,example)/x"),
        ("http://example.com/%2525252525", "com,example)/%25"),
        ("http://example.com/x?b=1&PHPSESSID=1234567890abcdef1234567890ABCDEF&a=1", "com,example)/x?a=1&b=1"),
        ("http://example.com/(S(4hqa0555fwsecu455xqckv45))/default.aspx", "com,example)/default.aspx"),
        ("http://example.com/x/..", "com,example)/"),
        ("", "-"),
    ],
)
def test_surt_keys_are_those_of_other_archives(url, key):
    assert surt(url) == key


@pytest.mark.parametrize(
    "copy",
    [
        "http://m.example.com/2024/story",
        "https://amp.example.com/2024/story",
        "https://www.example.com/amp/2024/story",
        "https://example.com/2024/story/amp/",
        "https://example.com/2024/story?amp=1",
        "https://example.com/2024/story?outputType=amp",
        "https://example.com/2024/story.amp",
        "https://mobile.example.com/2024/story?utm_source=x",
    ],
)
def test_editions_of_a_page_share_their_twin_key(copy):
    assert twin(copy) == twin("https://example.com/2024/story")


def test_what_only_looks_like_an_edition_is_kept_apart():
    assert twin("https://m.de/") == "https://m.de/"
    assert twin("https://example.com/amp") == "https://example.com/amp"
    assert twin("https://example.com/guitars/amp/best") == "https://example.com/guitars/amp/best"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/2024/03/05/storm-hits-the-coast.html",
        "https://example.com/world/2024/mar/05/storm-hits-coast",
        "https://example.com/news/world-us-canada-68123456",
        "https://example.com/politik/ein-langer-tag-im-parlament-a-1234567.html",
        "https://example.jp/articles/ASS3D5W5LS3DUTFK00G.html",
    ],
)
def test_an_article_looks_like_one(url):
    assert looks_like_article(url)
    assert article_likelihood(url) > article_likelihood("https://example.com/news")


@pytest.mark.parametrize("path", ["", "sport/", "tag/storm", "page/2/", "author/jane-doe/", "search?q=storm"])
def test_an_index_looks_like_one(path):
    assert looks_like_index(f"https://example.com/{path}")


def test_importing_urls_stays_cheap():
    heavy = (
        "import sys, archiver.urls; print([m for m in ('idna', 'tldextract', 'lxml', 'scrapy') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
