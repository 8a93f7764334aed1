"""A local news site for tests: one handler per misbehaviour. In: a number. Out: a URL, a log. Never: the net.

    with Site(articles=50) as site:
        ...                                  # crawl site.url
        site.manifest()                      # {url: sha256 of the body} of every generated article
        [hit.path for hit in site.log]       # who asked for what, when (monotonic seconds)

A new misbehaviour is one function: `@page("/odd/*")` makes every Site serve it, `@site.page("/odd")` only that one.
A handler gets a `Visit` and returns an `Answer`, a `str` or `bytes` (200, HTML), or None once it wrote to the socket.
"""

from __future__ import annotations

import functools
import gzip
import json
import time
import zlib
from collections.abc import Iterator
from email.utils import formatdate

import brotli

from tests.stories import SECTIONS, article, article_path, html_page, title
from tests.webserver import Answer, Hit, Site, Visit, page

__all__ = ["Answer", "Hit", "Site", "Visit", "article", "article_path", "page", "walk"]

PER_PAGE = 20  # articles on one section page


def _int(text: str, default: int = 0) -> int:
    digits = "".join(ch for ch in text if ch.isdigit())
    return int(digits) if digits else default


# The well-behaved part: front page, sections, articles, feeds, sitemaps, robots.txt.


@page("/")
def front(visit: Visit) -> bytes:
    sections = "".join(f'<li><a href="/{name}">{name}</a></li>' for name in SECTIONS)
    newest = "".join(f'<li><a href="{article_path(i)}">{title(i)}</a></li>' for i in range(min(8, visit.site.articles)))
    feeds = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
    return html_page("The Test Courier", f"<nav><ul>{sections}</ul></nav><ul>{newest}</ul>", head=feeds)


def _section(visit: Visit) -> Answer | bytes:
    name = visit.path.strip("/").split("/")[0]
    mine = [i for i in range(visit.site.articles) if SECTIONS[i % len(SECTIONS)] == name]
    number = _int(visit.query.get("page", "1"), 1)
    shown = mine[(number - 1) * PER_PAGE : number * PER_PAGE]
    if not shown and number > 1:
        return Answer(html_page("Not found", "<p>There is no such page.</p>"), 404)
    links = "".join(f'<li><a href="{article_path(i)}">{title(i)}</a></li>' for i in shown)
    more = f'<a rel="next" href="/{name}?page={number + 1}">Older</a>' if number * PER_PAGE < len(mine) else ""
    return html_page(f"{name}, page {number}", f'<nav><a href="/">Home</a></nav><ul>{links}</ul>{more}')


def _article(visit: Visit) -> Answer | bytes:
    i = _int(visit.path.rsplit("-", 1)[-1], -1)
    if not 0 <= i < visit.site.articles or visit.path != article_path(i):
        return Answer(html_page("Not found", "<p>There is no such page.</p>"), 404)
    return article(i, total=visit.site.articles)


for _name in SECTIONS:
    page(f"/{_name}")(_section)
    page(f"/{_name}/*")(_article)


@page("/robots.txt")
def robots(visit: Visit) -> Answer:
    if isinstance(visit.site.robots, int):
        return Answer(b"", visit.site.robots, media_type="text/plain")
    return Answer((visit.site.robots or "User-agent: *\nDisallow:\n").encode(), media_type="text/plain")


@page("/feed.xml")
def rss(visit: Visit) -> Answer:
    items = "".join(
        f"<item><title>{title(i)}</title><link>{visit.site.at(article_path(i))}</link>"
        f"<pubDate>{formatdate(1767254400 + 3600 * i, usegmt=True)}</pubDate></item>"
        for i in range(min(30, visit.site.articles))
    )
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>The Test Courier</title>{items}</channel></rss>'
    return Answer(text.encode(), media_type="application/rss+xml")


@page("/older/*")
def older(visit: Visit) -> Answer:
    """A JSON feed in pages of two items (jsonfeed.org, `next_url`); a page after the last names itself, forever."""
    number = _int(visit.rest)
    start = min(2 * number, visit.site.articles)
    items = [{"id": str(i), "url": visit.site.at(article_path(i))} for i in range(start, start + 2)]
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Test Courier",
        "items": items[: visit.site.articles - start],
    }
    feed["next_url"] = visit.site.at(f"/older/{number + 1}")
    return Answer(json.dumps(feed).encode(), media_type="application/feed+json")


@page("/sitemap.xml")
def sitemap_index(visit: Visit) -> Answer:
    parts = range(1, 2 + max(0, visit.site.articles - 1) // 500)
    inner = "".join(f"<sitemap><loc>{visit.site.at(f'/sitemap-{part}.xml')}</loc></sitemap>" for part in parts)
    return Answer(_xml("sitemapindex", inner), media_type="application/xml")


@page("/sitemap-*")
def sitemap(visit: Visit) -> Answer:
    start = 500 * (_int(visit.rest, 1) - 1)
    stop = min(start + 500, visit.site.articles)
    inner = "".join(f"<url><loc>{visit.site.at(article_path(i))}</loc></url>" for i in range(start, stop))
    body = _xml("urlset", inner)
    packed = visit.rest.endswith(".gz")
    return Answer(gzip.compress(body, mtime=0) if packed else body, media_type="application/xml")


def _xml(root: str, inner: str) -> bytes:
    return f'<?xml version="1.0"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{inner}</{root}>'.encode()


# One handler per misbehaviour. They show article 0 of a site of its own (no links) unless said otherwise.


@page("/slow/*")
def slow(visit: Visit) -> bytes:
    """/slow/2.5: the answer starts after 2.5 seconds."""
    visit.wait(float(visit.rest))
    return article(0)


@page("/drip/*")
def drip(visit: Visit) -> None:
    """/drip/0.2: headers at once, then one byte every 0.2 seconds, without an end."""
    visit.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 1000000\r\n\r\n<p>")
    while not visit.site.closing.is_set():
        visit.wait(float(visit.rest))
        visit.raw(b"a")


@page("/flaky/*")
def flaky(visit: Visit) -> Answer | bytes:
    """/flaky/2: 500 twice, then the article."""
    return Answer(b"busy", 500) if visit.nth <= _int(visit.rest, 1) else article(0)


@page("/status/*")
def status(visit: Visit) -> Answer:
    """/status/404: that status, with a page that says so."""
    return Answer(html_page(f"Status {visit.rest}", f"<p>This page answers {visit.rest}.</p>"), _int(visit.rest, 200))


@page("/later/*")
def later(visit: Visit) -> Answer | bytes:
    """/later/1: 429 with Retry-After: 1 once, then the article; ?date=1 says it as a date, ?status= changes 429."""
    if visit.nth > 1:
        return article(0)
    seconds = _int(visit.rest, 1)
    value = formatdate(time.time() + seconds, usegmt=True) if visit.query.get("date") else str(seconds)
    return Answer(b"slow down", _int(visit.query.get("status", ""), 429), (("Retry-After", value),))


@page("/redirect/*")
def redirect(visit: Visit) -> Answer | bytes:
    """/redirect/3: three redirects, then the article; ?status=301 changes the 302."""
    left = _int(visit.rest)
    if left <= 0:
        return article(0)
    tail = f"?status={visit.query['status']}" if "status" in visit.query else ""
    return Answer(b"", _int(visit.query.get("status", ""), 302), (("Location", f"/redirect/{left - 1}{tail}"),))


@page("/loop/*")
def loop(visit: Visit) -> Answer:
    """/loop/a and /loop/b send the visitor to each other."""
    return Answer(b"", 302, (("Location", "/loop/b" if visit.rest == "a" else "/loop/a"),))


@page("/to")
def redirect_to(visit: Visit) -> Answer:
    """/to?url=…: one redirect to wherever the query says."""
    return Answer(b"", _int(visit.query.get("status", ""), 302), (("Location", visit.query.get("url", "/")),))


@page("/gate")
def gate(visit: Visit) -> Answer | bytes:
    """Redirects to itself until the cookie it sets comes back."""
    if "seen=1" in visit.headers.get("cookie", ""):
        return article(0)
    return Answer(b"", 302, (("Location", "/gate"), ("Set-Cookie", "seen=1; Path=/")))


@page("/encoded/*")
def encoded(visit: Visit) -> Answer:
    """/encoded/gzip, x-gzip, gzip-twice, deflate, raw-deflate, br, identity: the article so encoded."""
    body = article(0)
    raw = zlib.compressobj(wbits=-15)
    packed, name = {
        "gzip": (gzip.compress(body, mtime=0), "gzip"),
        "x-gzip": (gzip.compress(body, mtime=0), "x-gzip"),
        "gzip-twice": (gzip.compress(gzip.compress(body, mtime=0), mtime=0), "gzip, gzip"),
        "deflate": (zlib.compress(body), "deflate"),
        "raw-deflate": (raw.compress(body) + raw.flush(), "deflate"),
        "br": (brotli.compress(body), "br"),
        "identity": (body, "identity"),
    }[visit.rest]
    return Answer(packed, headers=(("Content-Encoding", name),))


@page("/truncated")
def truncated(visit: Visit) -> Answer:
    """Claims the whole length, sends half, hangs up."""
    body = article(0)
    return Answer(body[: len(body) // 2], length=len(body))


@page("/truncated-gzip")
def truncated_gzip(visit: Visit) -> Answer:
    """A gzip stream that ends in its middle, under its own true length."""
    packed = gzip.compress(article(0), mtime=0)
    return Answer(packed[: len(packed) // 2], headers=(("Content-Encoding", "gzip"),))


@page("/truncated-chunked")
def truncated_chunked(visit: Visit) -> None:
    """A chunked body whose last chunk never comes."""
    body = article(0)[:500]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
    visit.raw(head + b"%x\r\n%s\r\n" % (len(body), body))


@page("/chunked")
def chunked(visit: Visit) -> None:
    """The article in chunks of 400 bytes."""
    body = article(0)
    visit.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n")
    for start in range(0, len(body), 400):
        part = body[start : start + 400]
        visit.raw(b"%x\r\n%s\r\n" % (len(part), part))
    visit.raw(b"0\r\n\r\n")


@page("/big/*")
def big(visit: Visit) -> Answer:
    """/big/5000000: a page of that many bytes."""
    size = _int(visit.rest)
    start = b"<!doctype html><html><body><h1>Big</h1><p>"
    return Answer(start + b"x" * max(0, size - len(start)))


@page("/bomb/*")
def bomb(visit: Visit) -> Answer:
    """/bomb/100: a small gzip body that becomes 100 MB."""
    return Answer(_bomb(_int(visit.rest, 1)), headers=(("Content-Encoding", "gzip"),))


@functools.lru_cache(maxsize=4)
def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * 1_000_000
    return b"".join([packer.compress(block) for _ in range(megabytes)]) + packer.flush()


@page("/endless")
def endless(visit: Visit) -> None:
    """A body without an end, as fast as it is read."""
    visit.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n")
    while not visit.site.closing.is_set():
        visit.raw(b"<p>more and more</p>" * 1000)


@page("/changing")
def changing(visit: Visit) -> bytes:
    """Another text at every visit."""
    return article(0, note=f"<p>Update {visit.nth}: the meeting has been moved again, the council said.</p>")


@page("/changes-once")
def changes_once(visit: Visit) -> bytes:
    """One text at the first visit, another ever after."""
    return article(0, note="<p>Correction: the bridge opens on Tuesday.</p>" if visit.nth > 1 else "")


@page("/copy/*")
def copy(visit: Visit) -> bytes:
    """/copy/7: the very bytes of article 7 under another URL."""
    return article(_int(visit.rest), total=visit.site.articles)


@page("/etag")
def etag(visit: Visit) -> Answer:
    """Knows ETag and Last-Modified: 304 to a visitor who has the page."""
    marks = (("ETag", '"v1"'), ("Last-Modified", "Thu, 01 Jan 2026 08:00:00 GMT"))
    if visit.headers.get("if-none-match") == '"v1"' or "if-modified-since" in visit.headers:
        return Answer(b"", 304, marks, media_type=None)
    return Answer(article(0), headers=marks)


@page("/odd-headers")
def odd_headers(visit: Visit) -> None:
    """Repeated names, odd case, odd order: all of it must reach the record."""
    body = article(0)
    visit.raw(
        b"HTTP/1.1 200 Quite Fine\r\nx-second: 2\r\nX-First: 1\r\nSET-cookie: a=1\r\nset-Cookie: b=2\r\n"
        b"CONTENT-type: text/html\r\nContent-length: %d\r\nx-second: again\r\nConnection: close\r\n\r\n%s"
        % (len(body), body)
    )


@page("/reset")
def reset(visit: Visit) -> None:
    """Hangs up without a word."""
    visit.raw(b"")


@page("/garbage")
def garbage(visit: Visit) -> None:
    """Not HTTP."""
    visit.raw(b"\x00\x01\x02 this is not HTTP\r\n\r\n")


@page("/pdf")
def pdf(visit: Visit) -> Answer:
    """A document that is no page."""
    return Answer(
        b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n", media_type="application/pdf"
    )


@page("/latin1")
def latin1(visit: Visit) -> Answer:
    """A page in ISO-8859-1 that says so in its header only."""
    text = (
        f"<html><head><title>Café</title></head><body><article><h1>Café</h1><p>{'Élève où naît. ' * 40}</p></article>"
    )
    return Answer(text.encode("latin-1"), media_type="text/html; charset=ISO-8859-1")


@page("/soft404")
def soft_404(visit: Visit) -> bytes:
    """Says 200 and shows that there is nothing."""
    return html_page("Page not found", "<h1>404</h1><p>Sorry, the page you are looking for does not exist.</p>")


@page("/calendar/*")
def calendar(visit: Visit) -> bytes:
    """A trap: every day links to the next, forever."""
    day = _int(visit.rest)
    return html_page(f"Day {day}", f'<p>Nothing on day {day}.</p><a href="/calendar/{day + 1}">next day</a>')


def walk(site: Site) -> Iterator[str]:
    """Every path that a polite crawler can reach from the front page, for tests that count."""
    yield "/"
    for name in SECTIONS:
        mine = [i for i in range(site.articles) if SECTIONS[i % len(SECTIONS)] == name]
        yield f"/{name}"
        yield from (f"/{name}?page={k}" for k in range(2, 1 + -(-len(mine) // PER_PAGE)))
    yield from (article_path(i) for i in range(site.articles))
