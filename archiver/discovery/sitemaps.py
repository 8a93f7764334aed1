"""Sitemaps: XML, text, gzipped, indexes. In: a body as served. Out: its entries. Never: raising on content, network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from archiver.discovery.dates import announced, parse_date
from archiver.discovery.feeds import FeedItem, parse_feed
from archiver.discovery.markup import Reader, Record
from archiver.discovery.stream import Document
from archiver.errors import BadUrl
from archiver.model import Announced
from archiver.urls import join

MAX_ENTRIES = 50_000  # sitemaps.org
_MAX_TITLE = 500
_MAX_LINE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SitemapEntry:
    """One URL, absolute and clean; dates aware, UTC. `published`, `title`, `language` come from the news extension."""

    url: str
    lastmod: datetime | None = None
    published: datetime | None = None
    title: str = ""
    language: str = ""
    announced: Announced | None = None  # the dates as written


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitemap:
    """What a sitemap said. Every URL is in `entries` or in `refused`; `error` says why there may be more than was read.

    `error`: `empty`, `not_a_sitemap`, `parse_error` (cut short or not well-formed), `too_large` (over 50 MB),
    `too_many_urls` (over 50,000).
    """

    kind: str = ""  # index | urlset | text; a feed used as a sitemap counts as a urlset
    entries: tuple[SitemapEntry, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()  # URL as found, shortened, and no_url, bad_url, bad_scheme or too_long
    error: str | None = None


def parse_sitemap(body: bytes, url: str, content_type: str | None = None) -> Sitemap:
    """Return the sitemap in `body`, fetched from `url`; gzip is known by its first bytes, not by the name."""
    document = Document(body, content_type)
    if document.empty:
        return Sitemap(error="too_large" if document.too_large else "empty")
    if document.root in ("urlset", "sitemapindex"):
        return _from_xml(document, url)
    if document.root:
        return _from_feed(body, url, content_type)
    return _from_text(document, url)


def _from_xml(document: Document, url: str) -> Sitemap:
    reader = Reader(document, frozenset({"url", "sitemap"}), frozenset())
    found = ((record.text("loc"), record) for record in reader)
    entries, refused, more = _collect(found, url)
    kind = "index" if document.root == "sitemapindex" else "urlset"
    return Sitemap(kind=kind, entries=entries, refused=refused, error="too_many_urls" if more else reader.error)


def _collect(
    found: Iterable[tuple[str, Record | None]], url: str
) -> tuple[tuple[SitemapEntry, ...], tuple[tuple[str, str], ...], bool]:
    entries: list[SitemapEntry] = []
    refused: list[tuple[str, str]] = []
    found = iter(found)
    for link, record in islice(found, MAX_ENTRIES):
        try:
            if not link:
                raise BadUrl(link, "no_url", "an entry without address")
            entries.append(_entry(join(url, link), record))
        except BadUrl as error:
            refused.append((link[:200], error.reason))
    return tuple(entries), tuple(refused), next(found, None) is not None


def _entry(url: str, record: Record | None) -> SitemapEntry:
    if record is None:
        return SitemapEntry(url=url)
    published, modified = record.text("news/publication_date"), record.text("lastmod")
    return SitemapEntry(
        url=url,
        lastmod=parse_date(modified),
        published=parse_date(published),
        announced=announced("sitemap", published, modified),
        title=" ".join(record.text("news/title").split())[:_MAX_TITLE],
        language=record.text("news/publication/language")[:16],
    )


def _from_feed(body: bytes, url: str, content_type: str | None) -> Sitemap:
    """RSS and Atom are allowed as sitemaps (sitemaps.org, "Other sitemap formats")."""
    feed = parse_feed(body, url, content_type)
    entries = tuple(_of_feed(item) for item in feed.items)
    error = "too_many_urls" if feed.error == "too_many_items" else feed.error
    return Sitemap(kind="urlset", entries=entries, refused=feed.refused, error=error)


def _of_feed(item: FeedItem) -> SitemapEntry:
    said = replace(item.announced, source="sitemap") if item.announced else None
    return SitemapEntry(url=item.url, published=item.published, lastmod=item.modified, title=item.title, announced=said)


def _from_text(document: Document, url: str) -> Sitemap:
    """One URL a line. Where the first line is none, it is no sitemap: an error page, most likely."""
    lines = _lines(document)
    first = next(lines, "")
    if not first.startswith(("http://", "https://")):
        return Sitemap(error="too_large" if document.too_large else "not_a_sitemap")
    entries, refused, more = _collect(((line, None) for line in _chain(first, lines)), url)
    error = "too_many_urls" if more else "too_large" if document.too_large else None
    return Sitemap(kind="text", entries=entries, refused=refused, error=error)


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _lines(document: Document) -> Iterator[str]:
    """Yield the lines that have something on them, cut to a length no URL needs."""
    held = ""
    for piece in document.text():
        *whole, held = (held + piece).splitlines() or [""]
        yield from (line.strip("\ufeff \t")[:_MAX_LINE] for line in whole if line.strip("\ufeff \t"))
        held = held[:_MAX_LINE]
    if held.strip():
        yield held.strip("\ufeff \t")[:_MAX_LINE]
