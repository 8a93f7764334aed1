"""Requisites: what a page needs to look as it did. In: a page or stylesheet. Out: URLs. Never: fetching.

    css       stylesheets that it links or imports
    images    pictures that it shows, also from its stylesheets: `src`, and the largest of a `srcset`

Fonts, scripts and films are left out: a replay runs no script, and the reader has fonts.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterator

from lxml import html

from archiver.extraction.charset import to_utf8
from archiver.extraction.links import Base
from archiver.extraction.tree import parse

KINDS = ("css", "images")
REQUISITE = "requisite"  # the role of their URLs in a crawl
MOST = 200  # of one page or stylesheet; what comes after is counted
_IMPORT = re.compile(r"@import\s{0,20}(?:url\(\s{0,20})?[\"']?([^\"')\s;]{1,2000})", re.I)
_URL = re.compile(r"url\(\s{0,20}[\"']?([^\"')]{1,2000}?)\s{0,20}[\"']?\s{0,20}\)", re.I)
_FONT = re.compile(r"\.(?:woff2?|ttf|otf|eot)(?:[?#]|\Z)", re.I)
_SIZE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?)[wxh]")
_LAZY = ("data-src", "data-original", "data-lazy-src")


def requisites_of(body: bytes, content_type: str | None, url: str, kinds: Collection[str]) -> tuple[str, ...]:
    """Return the distinct URLs of these kinds, absolute, in the order of the page. Never raises on content."""
    named = (content_type or "").partition(";")[0].strip().lower()
    if named == "text/css":
        found = _in_css(body.decode("utf-8", "replace"), kinds)
        base = Base(html.Element("html"), url)
    else:
        page = parse(to_utf8(body, content_type)[0])
        if page is None:
            return ()
        base, found = Base(page.root, url), _in_page(page.root, kinds)
    urls = (base.join(reference) for reference in found)
    return tuple(dict.fromkeys(url for url in urls if url))


def _in_page(root: html.HtmlElement, kinds: Collection[str]) -> Iterator[str]:
    for element in root.iter("link", "style", "img", "source", "video", "input", "image"):
        if element.tag == "link":
            if "css" in kinds and "stylesheet" in (element.get("rel") or "").lower().split():
                yield element.get("href") or ""
        elif element.tag == "style":
            yield from _in_css(element.text or "", kinds)
        elif "images" in kinds:
            yield from _pictures(element)
    if "images" in kinds:
        for element in root.iterfind(".//*[@style]"):
            yield from _in_css(element.get("style") or "", ("images",))


def _pictures(element: html.HtmlElement) -> Iterator[str]:
    if element.tag == "video":
        yield element.get("poster") or ""
        return
    if element.tag == "source" and element.getparent().tag != "picture":
        return  # of a film
    for name in ("src", "href", *_LAZY) if element.tag != "source" else _LAZY:
        yield element.get(name) or ""
    for name in ("srcset", "data-srcset"):
        yield _largest(element.get(name) or "")


def _largest(srcset: str) -> str:
    """The URL with the largest descriptor, `800w` or `2x` (HTML, 4.8.4.2.2)."""
    best, largest = "", 0.0
    words = deque(srcset[:20_000].split())
    while words:
        url, descriptor, comma = words.popleft(), "1x", ""
        if not url.endswith(","):
            while words and not comma:
                descriptor, comma, rest = words.popleft().partition(",")
                if rest:
                    words.appendleft(rest)
        size = _SIZE.fullmatch(descriptor)
        if size and float(size[1]) > largest:
            best, largest = url.strip(","), float(size[1])
    return best


def _in_css(text: str, kinds: Collection[str]) -> Iterator[str]:
    imported = set()
    for match in _IMPORT.finditer(text):
        imported.add(match[1])
        if "css" in kinds:
            yield match[1]
    if "images" in kinds:
        for match in _URL.finditer(text):
            if match[1] not in imported and not _FONT.search(match[1]):
                yield match[1]
