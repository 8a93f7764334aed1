"""Where a site usually keeps its feeds and sitemaps. In: its URL, its robots.txt. Out: URLs to try. Never: network."""

from __future__ import annotations

import re

from archiver.errors import BadUrl
from archiver.urls import join

_SITEMAPS = ("/sitemap.xml", "/sitemap_index.xml", "/news-sitemap.xml", "/sitemap-news.xml", "/sitemap.xml.gz")
_FEEDS = ("/feed", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/feed.json")
_LINE = re.compile(r"^[ \t]*site-?map[ \t]*:[ \t]*([^\s#]+(?:#\S+)?)", re.IGNORECASE | re.MULTILINE)
_MAX_ROBOTS = 512 * 1024  # characters; RFC 9309, 2.5 asks for at least 500 KiB
_MAX_SITEMAPS = 1000


def sitemaps_in_robots(text: str, base: str) -> tuple[str, ...]:
    """Return the sitemaps that a robots.txt, fetched from `base`, names: absolute, clean, each once, in order.

    Sitemap lines stand outside the groups (RFC 9309, 2.2.4); unusable ones are left out.
    """
    text = text[:_MAX_ROBOTS].replace("\r", "\n").lstrip("\ufeff")
    return _joined(base, [match[1] for match in _LINE.finditer(text)][:_MAX_SITEMAPS])


def sitemaps_of(url: str) -> tuple[str, ...]:
    """Return the places on the site of `url` where a sitemap may be, likeliest first; ask robots.txt before. Raises
    BadUrl.
    """
    return tuple(join(url, path) for path in _SITEMAPS)


def feeds_of(url: str) -> tuple[str, ...]:
    """Return the places on the site of `url` where a feed may be, likeliest first. Raises BadUrl."""
    return tuple(join(url, path) for path in _FEEDS)


def _joined(base: str, links: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for link in links:
        try:
            found[join(base, link)] = None
        except BadUrl:
            continue
    return tuple(found)
