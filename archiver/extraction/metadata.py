"""Metadata: title, site, section, tags, images and claims. In: what a page declares. Out: an article without its text.

Never: trusted addresses (a canonical URL stays a claim), anything but http(s) in an image.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lxml import html

from . import jsonld
from .head import Head
from .links import Base

MAX_TITLE = 500  # characters
MAX_TAGS = 50
MAX_IMAGES = 50
_SEPARATOR = re.compile(r"\s+[|–—·»›•:\-/]+\s+|\s*[|｜»]\s*| :: ")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-full-src", "data-hi-res-src", "src")


@dataclass(frozen=True, slots=True)
class Basics:
    """The plain fields of an article."""

    title: str | None
    site_name: str | None
    description: str | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    canonical: str | None
    titles: tuple[str, ...]  # every form of the title that the page declares


def basics_of(head: Head, ld: dict[str, Any], values: tuple[Any, ...], base: Base, url: str) -> Basics:
    """Read title, site, description, sections and tags."""
    site = _site(head, ld, values, url)
    candidates = _titles(head, ld, site)
    return Basics(
        title=_title(candidates, head, site),
        site_name=_short(site, 200),
        description=_short(head.first("og:description", "description", "twitter:description") or jsonld.text(ld.get("description")), 2000),
        categories=_strings([ld.get("articleSection"), *head.all("article:section", "og:section", "section", "cxenseparse:section"), *[v for k, v in head.props if k == "articlesection"]]),
        tags=_strings([*head.all("article:tag", "og:article:tag", "news_keywords", "parsely-tags"), ld.get("keywords"), *([] if head.meta.get("article:tag") else head.all("keywords"))], split=True),
        canonical=base.join(head.canonical) or base.join(head.first("og:url")),
        titles=tuple(dict.fromkeys(candidates.values())),
    )  # fmt: skip


def _short(text: str, limit: int) -> str | None:
    text = " ".join(_CONTROLS.sub(" ", text).split())
    return text[:limit] or None


def _titles(head: Head, ld: dict[str, Any], site: str) -> dict[str, str]:
    """The forms of the title by where they stand, without the site's name, empty ones left out."""
    found = {
        "json": jsonld.text(ld.get("headline")),
        "prop": next((value for name, value in head.props if name == "headline"), ""),
        "og": head.first("og:title"),
        "twitter": head.first("twitter:title"),
        "meta": head.first("title", "dc.title", "parsely-title", "sailthru.title", "hdl", "headline"),
        "h1": head.h1[0] if len(head.h1) == 1 else _like(head.h1, head.title),
        "title": head.title,
    }
    return {name: without_site(text, site) for name, text in found.items() if text}


def _like(headings: list[str], title: str) -> str:
    """The h1 that the page's title repeats, else the first."""
    folded = title.casefold()
    return next((text for text in headings if text.casefold() in folded), headings[0] if headings else "")


def _title(candidates: dict[str, str], head: Head, site: str) -> str | None:
    """The headline a reader sees where the page declares it too; else the declared one."""
    declared = [candidates[name] for name in ("json", "og", "prop", "twitter", "meta", "title") if name in candidates]
    shown = candidates.get("h1", "")
    if shown and any(_same(shown, form) for other in declared for form in (other, *pieces(other))):
        return _short(shown, MAX_TITLE)
    best = declared[0] if declared else shown
    return _short(best, MAX_TITLE)


def pieces(title: str) -> list[str]:
    """What a title says before and after each of its separators: the headline is one of them, the site's name another."""
    found = []
    for mark in _SEPARATOR.finditer(title):
        found += [title[: mark.start()].strip(), title[mark.end() :].strip()]
    return [piece for piece in found if len(piece) >= 8]


def _same(first: str, second: str) -> bool:
    return re.sub(r"\W+", "", first).casefold() == re.sub(r"\W+", "", second).casefold()


def without_site(title: str, site: str) -> str:
    """Drop the site's name from the end or the start of a title: "Bridge opens | The Gazette" → "Bridge opens"."""
    parts = list(_SEPARATOR.finditer(title))
    if not parts:
        return title
    last, first = parts[-1], parts[0]
    tail, start = title[last.end() :], title[: first.start()]
    if _is_site(tail, site):
        return title[: last.start()].strip()
    if _is_site(start, site):
        return title[first.end() :].strip()
    return title


def _is_site(text: str, site: str) -> bool:
    text, site = re.sub(r"\W+", "", text).casefold(), re.sub(r"\W+", "", site).casefold()
    return bool(text) and bool(site) and (text == site or (len(text) > 3 and (text in site or site in text)))


def _site(head: Head, ld: dict[str, Any], values: tuple[Any, ...], url: str) -> str:
    declared = head.first(
        "og:site_name", "application-name", "apple-mobile-web-app-title", "dc.publisher", "twitter:app:name:iphone"
    )
    if declared and not declared.startswith("http"):
        return declared.lstrip("@")
    publisher = jsonld.text(ld.get("publisher"))
    if publisher and "://" not in publisher:
        return publisher
    for node in jsonld.nodes(values):
        if set(jsonld.types(node)) & {"website", "newsmediaorganization"} and (name := jsonld.text(node.get("name"))):
            return name
    tail = _SEPARATOR.split(head.title)[-1] if _SEPARATOR.search(head.title) else ""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    plain = re.sub(r"\W+", "", tail).casefold()
    if plain and len(tail) < 40 and plain in re.sub(r"\W+", "", host):
        return tail
    return host


def _strings(values: Iterable[Any], *, split: bool = False) -> tuple[str, ...]:
    """Flat, distinct, short strings out of whatever a page put there."""
    found: dict[str, str] = {}
    for text in _flat(values):
        for piece in re.split(r"[,;，、]", text) if split else [text]:
            clean = _short(piece.strip(" \"'"), 100)
            if clean:
                found.setdefault(clean.casefold(), clean)
    return tuple(found.values())[:MAX_TAGS]


def _flat(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (text for item in value[:MAX_TAGS] if (text := jsonld.text(item)))
        elif isinstance(value, dict) and (text := jsonld.text(value)):
            yield text


def images_of(root: html.HtmlElement, head: Head, ld: dict[str, Any], base: Base) -> tuple[str | None, tuple[str, ...]]:
    """The lead image and every image of the page, http(s) only, lazy ones by the address they will load."""
    declared = [
        *head.all("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src"),
        *_image_strings(ld.get("image")),
    ]
    lead = next((url for text in declared if (url := base.join(text))), None)
    found: dict[str, None] = {lead: None} if lead else {}
    for image in root.iter("img", "amp-img"):
        if len(found) >= MAX_IMAGES:
            break
        if url := _source(image, base):
            found[url] = None
    return lead, tuple(found)


def _source(image: html.HtmlElement, base: Base) -> str | None:
    for name in _LAZY:
        value = image.get(name)
        if value and not value.startswith("data:") and (url := base.join(value)):
            return url
    chosen = (image.get("data-srcset") or image.get("srcset") or "").strip()
    return base.join(chosen.split(",")[-1].split()[0]) if chosen.split(",")[-1].split() else None


def _image_strings(value: Any) -> Iterator[str]:
    for item in value[:10] if isinstance(value, list) else [value]:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            for key in ("url", "contentUrl", "@id"):
                if isinstance(item.get(key), str):
                    yield item[key]
                    break
