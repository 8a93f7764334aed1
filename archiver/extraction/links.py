"""Links: where a page points. In: a tree and its URL. Out: absolute http(s) links, feeds, next page. Never: fetching."""

from __future__ import annotations

import re
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import html

from archiver.model import Link

MAX_LINKS = 6_000  # per page, as Heritrix caps them
MAX_URL = 16_384  # characters
MAX_TEXT = 300  # characters of link text kept
_FEEDS = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json"})
_SPACES = re.compile(r"[\t\r\n]")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.I)
_ORDINARY = re.compile(
    r"https?://[a-zA-Z0-9.-]{1,253}(?:/[^#\s\\]*)?"
)  # needs no parsing: half of the time of this room
_SKIP = ("#", "javascript:", "mailto:", "tel:", "data:", "about:", "blob:")


class Base:
    """What relative references of a page are relative to (HTML, 2.4.3). `join` answers None for what is no web address."""

    def __init__(self, root: html.HtmlElement, url: str) -> None:
        base = next((found for element in root.iter("base") if (found := element.get("href"))), "")
        self.url = _absolute(url, base) or url
        parts = _split(self.url)
        self._origin = f"{parts[0]}://{parts[1]}" if parts else ""
        self._scheme = parts[0] if parts else "https"
        self._joined: dict[str, str | None] = {}  # a third of a page's references are there twice

    def join(self, reference: str) -> str | None:
        """Make `reference` absolute, without its fragment; None unless it is http(s) with a host."""
        if reference not in self._joined:
            self._joined[reference] = self._join(reference)
        return self._joined[reference]

    def _join(self, reference: str) -> str | None:
        reference = reference.strip(" \t\r\n\f\x00")
        reference = _SPACES.sub("", reference) if _SPACES.search(reference) else reference
        if not reference or len(reference) > MAX_URL or reference.lower().startswith(_SKIP):
            return None
        reference = reference.replace("\\", "/") if "\\" in reference.split("?")[0] else reference
        if reference.startswith("/") and not reference.startswith("//") and self._origin and "/." not in reference:
            reference = self._origin + reference  # the common case, ten times as fast as urljoin
        if _ORDINARY.fullmatch(reference):
            return reference
        return _absolute(self.url, reference)


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises on 99999 and on letters
    except ValueError:
        return None
    return (parts.scheme, parts.netloc) if parts.scheme in ("http", "https") and parts.hostname else None


def _absolute(base: str, reference: str) -> str | None:
    if not reference:
        return None
    try:
        url = reference if reference[:4].lower() == "http" and _SCHEME.match(reference) else urljoin(base, reference)
        url = urldefrag(url)[0]
    except ValueError:
        return None
    return url if len(url) <= MAX_URL and _split(url) else None


def links_of(root: html.HtmlElement, base: Base) -> tuple[tuple[Link, ...], int]:
    """Every distinct outgoing link in page order, at most `MAX_LINKS`, and how many more elements link somewhere. Of
    repeated links the longest text is kept.
    """
    found: dict[str, tuple[str, str]] = {}
    more = 0
    for element in root.iter("a", "area", "link"):
        href, rel = element.get("href"), (element.get("rel") or "").strip().lower()
        if not href or (element.tag == "link" and rel not in ("next", "prev", "previous")):
            continue
        if len(found) >= MAX_LINKS:
            more += 1
            continue
        url = base.join(href)
        if url is None:
            continue
        text = _text(element)
        before = found.get(url)
        found[url] = (text, rel) if before is None else (max(before[0], text, key=len), before[1] or rel)
    return tuple(Link(url=url, text=text, rel=rel) for url, (text, rel) in found.items()), more


def _text(element: html.HtmlElement) -> str:
    whole = element.text_content() if len(element) else element.text or ""
    text = " ".join(whole[: MAX_TEXT * 4].split())[:MAX_TEXT]
    return text or " ".join((element.get("title") or element.get("aria-label") or "").split())[:MAX_TEXT]


def feeds_of(root: html.HtmlElement, base: Base) -> tuple[str, ...]:
    """The feeds that the page announces with `<link rel=alternate>`, comment feeds left out."""
    urls = (
        base.join(element.get("href") or "")
        for element in root.iter("link")
        if (element.get("type") or "").split(";")[0].strip().lower() in _FEEDS
        and "alternate" in (element.get("rel") or "").lower()
        and "/comments/" not in (element.get("href") or "")
    )
    return tuple(dict.fromkeys(url for url in urls if url))[:50]


def next_page(root: html.HtmlElement, base: Base) -> str | None:
    """The next page of an article or list, if the page names one with rel=next; the same host only."""
    host = urlsplit(base.url).netloc
    for element in root.iter("link", "a"):
        if (rel := element.get("rel")) and "next" in rel.lower().split():
            url = base.join(element.get("href") or "")
            if url and url != base.url and urlsplit(url).netloc == host:
                return url
    return None
