"""Feeds: RSS, RDF, Atom, JSON Feed. In: a body as served. Out: its items. Never: raising on content, network."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from urllib.parse import urljoin

from archiver.discovery.dates import announced, parse_date
from archiver.discovery.markup import Field, Reader, Record
from archiver.discovery.stream import Document
from archiver.errors import BadUrl
from archiver.model import Announced
from archiver.urls import join

MAX_ITEMS = 50_000
_MAX_TITLE = 500
_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"
_KINDS = {"rss": "rss", "channel": "rss", "rdf": "rdf", "feed": "atom"}
_PERIODS = {"hourly": 3600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One entry. `url` is absolute and clean; `published` and `modified` aware, UTC, and as written in `announced`."""

    url: str
    title: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    id: str = ""
    announced: Announced | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What a feed said. Every entry is in `items` or in `refused`; `error` says why there may be more than was read.

    `error`: `empty` (no byte), `not_a_feed`, `parse_error` (cut short or not well-formed), `too_large` (over 50 MB),
    `too_many_items` (over 50,000).
    """

    kind: str = ""  # rss | rdf | atom | json; "" if it is none of them
    title: str = ""
    items: tuple[FeedItem, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()  # link as found, shortened, and no_url, bad_url, bad_scheme or too_long
    hub: str | None = None  # WebSub
    next_url: str | None = None  # an older page of the same feed (RFC 5005)
    refresh_seconds: int | None = None  # how often the feed asks to be read
    error: str | None = None


def parse_feed(body: bytes, url: str, content_type: str | None = None) -> Feed:
    """Return the feed in `body`, fetched from `url`. Content-Type only helps with the charset: half of all feeds lie in
    it.
    """
    document = Document(body, content_type)
    if document.empty:
        return Feed(error="empty")
    if document.root in _KINDS:
        return _from_xml(document, url)
    text = "".join(document.text())
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return Feed(error="not_a_feed")
    return _from_json(text, url, too_large=document.too_large)


def _from_xml(document: Document, url: str) -> Feed:
    reader = Reader(document, frozenset({"item", "entry"}), frozenset({"channel", "feed"}))
    items, refused, more = _collect((_entry(record, url) for record in reader), url)
    head = reader.head
    return Feed(
        kind=_KINDS[document.root],
        title=head.text("title")[:_MAX_TITLE],
        items=items,
        refused=refused,
        hub=_related(head, "hub", url),
        next_url=_related(head, "next", url) or _related(head, "prev-archive", url),
        refresh_seconds=_refresh(head),
        error="too_many_items" if more else reader.error,
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry as found: its link not yet judged, the base to resolve it against."""

    link: str
    base: str
    title: str
    published: str
    modified: str
    id: str


def _collect(entries: Iterable[_Entry], url: str) -> tuple[tuple[FeedItem, ...], tuple[tuple[str, str], ...], bool]:
    items: list[FeedItem] = []
    refused: list[tuple[str, str]] = []
    entries = iter(entries)
    for entry in islice(entries, MAX_ITEMS):
        try:
            target = join(entry.base, entry.link) if entry.link else ""
        except BadUrl as error:
            refused.append((entry.link[:200], error.reason))
            continue
        if not target:
            refused.append((entry.id[:200] or entry.title[:200], "no_url"))
            continue
        items.append(
            FeedItem(
                url=target,
                title=entry.title[:_MAX_TITLE],
                published=parse_date(entry.published),
                modified=parse_date(entry.modified),
                id=entry.id[:_MAX_TITLE],
                announced=announced("feed", entry.published, entry.modified),
            )
        )
    return tuple(items), tuple(refused), next(entries, None) is not None


def _entry(record: Record, url: str) -> _Entry:
    return _Entry(
        link=_link(record),
        base=_base(record, url),
        title=" ".join(record.text("title").split()),
        published=record.text("pubdate", "published", "date", "issued", "created"),
        modified=record.text("updated", "modified"),
        id=record.text("guid", "id"),
    )


def _link(record: Record) -> str:
    """Where the item's page is. A feed proxy's link leads through the proxy, its `origLink` to the page."""
    links = record.all("link")
    spoken = next((each.text for each in links if each.text), "")
    return record.text("origlink") or spoken or _href(links) or _permalink(record) or record.attributes.get(_ABOUT, "")


def _href(links: list[Field]) -> str:
    """Atom's rel=alternate, the HTML one if there are several (RFC 4287, 4.2.7)."""
    alternates = [each for each in links if each.attributes.get("rel", "alternate") == "alternate"]
    pages = [each for each in alternates if "html" in each.attributes.get("type", "html")]
    return next((href for each in (*pages, *alternates) if (href := each.attributes.get("href"))), "")


def _permalink(record: Record) -> str:
    """A guid that is a URL (RSS 2.0: unless isPermaLink says no), or an Atom id that is one."""
    for each in record.all("guid") + record.all("id"):
        promised = each.attributes.get("isPermaLink", "true").lower() != "false"
        if promised and each.text.startswith(("http://", "https://")):
            return each.text
    return ""


def _base(record: Record, url: str) -> str:
    """The base of the item's link: every xml:base on the way, resolved in turn (XML Base, 4)."""
    base = url
    for each in record.bases:
        try:
            base = urljoin(base, each)
        except ValueError:
            return url
    return base


def _related(head: Record, rel: str, url: str) -> str | None:
    for each in head.all("link"):
        if rel in each.attributes.get("rel", "").split():
            try:
                return join(url, each.attributes.get("href", ""))
            except BadUrl:
                return None
    return None


def _refresh(head: Record) -> int | None:
    """RSS's `ttl` in minutes, or the Syndication module's period and frequency."""
    ttl, period, times = head.text("ttl"), head.text("updateperiod").lower(), head.text("updatefrequency")
    if ttl.isascii() and ttl.isdigit() and len(ttl) < 8:
        return int(ttl) * 60
    if period in _PERIODS:
        return _PERIODS[period] // (
            int(times) if times.isascii() and times.isdigit() and len(times) < 5 and int(times) else 1
        )
    return None


def _from_json(text: str, url: str, *, too_large: bool) -> Feed:
    """JSON Feed 1.0 and 1.1 (jsonfeed.org)."""
    if too_large:
        return Feed(error="too_large")
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return Feed(error="parse_error")
    if not isinstance(data, dict) or not isinstance(data.get("items"), list):
        return Feed(error="not_a_feed")
    entries = (_json_entry(item, url) for item in data["items"] if isinstance(item, dict))
    items, refused, more = _collect(entries, url)
    hubs = [hub.get("url") for hub in data.get("hubs") or () if isinstance(hub, dict)]
    return Feed(
        kind="json",
        title=_string(data.get("title"))[:_MAX_TITLE],
        items=items,
        refused=refused,
        hub=_joined(url, hubs[0] if hubs else None),
        next_url=_joined(url, data.get("next_url")),
        error="too_many_items" if more else None,
    )


def _json_entry(item: dict[str, Any], url: str) -> _Entry:
    return _Entry(
        link=_string(item.get("url")) or _string(item.get("external_url")),
        base=url,
        title=_string(item.get("title")),
        published=_string(item.get("date_published")),
        modified=_string(item.get("date_modified")),
        id=_string(item.get("id")),
    )


def _string(value: object) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _joined(url: str, link: object) -> str | None:
    try:
        return join(url, link) if isinstance(link, str) and link else None
    except BadUrl:
        return None
