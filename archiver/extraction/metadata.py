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
from .titles import Title, one_line, tail_of, title_of

MAX_TAGS = 50
MAX_IMAGES = 50
_LAZY = ("data-src", "data-original", "data-lazy-src", "data-full-src", "data-hi-res-src", "src")


@dataclass(frozen=True, slots=True)
class Basics:
    """The plain fields of an article."""

    title: Title
    site_name: str | None
    description: str | None
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    canonical: str | None


def basics_of(head: Head, ld: dict[str, Any], values: tuple[Any, ...], base: Base, url: str) -> Basics:
    """Read title, site, description, sections and tags."""
    site = _site(head, ld, values, url)
    return Basics(
        title=title_of(head, ld, site),
        site_name=_short(site, 200),
        description=_short(head.first("og:description", "description", "twitter:description") or jsonld.text(ld.get("description")), 2000),
        categories=_strings([ld.get("articleSection"), *head.all("article:section", "og:section", "section", "cxenseparse:section"), *[v for k, v in head.props if k == "articlesection"]]),
        tags=_strings([*head.all("article:tag", "og:article:tag", "news_keywords", "parsely-tags"), ld.get("keywords"), *([] if head.meta.get("article:tag") else head.all("keywords"))], split=True),
        canonical=base.join(head.canonical) or base.join(head.first("og:url")),
    )  # fmt: skip


def _short(text: str, limit: int) -> str | None:
    return one_line(text, limit) or None


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
    tail = tail_of(head.title)
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
