"""Reading: one page, from bytes to article, links and verdict. In: a capture. Out: a Reading. Never: raising on content.

bytes → media type → charset → tree → head, JSON-LD, links → blocks → engine's opinion → text → dates, authors → verdict

Words in `Reading.error`: `empty` (no bytes, or nothing in them), `not_html`, `no_text` (nothing that could be an article).
Limits that a page met are named in the evidence: `limit_bytes`, `limit_elements`, `limit_depth`; `limit_comment` where a
comment that never ends would have swallowed the page.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Hashable
from dataclasses import replace
from hashlib import sha256
from itertools import islice
from typing import Any, Protocol
from urllib.parse import urldefrag

from archiver.extraction import engine, jsonld
from archiver.extraction.authors import authors_of
from archiver.extraction.blocks import Block, Cutter
from archiver.extraction.bylines import bylines_of
from archiver.extraction.charset import to_utf8
from archiver.extraction.dates import Dates, dates_of, searched
from archiver.extraction.features import Hints, Rows, rows
from archiver.extraction.head import Head, head_of
from archiver.extraction.language import language_of
from archiver.extraction.links import Base, feeds_of, links_of, next_page
from archiver.extraction.live import entries_of, may_be_live
from archiver.extraction.metadata import Basics, basics_of, images_of
from archiver.extraction.paged import PAGED, Place, place_of
from archiver.extraction.rights import rights_of
from archiver.extraction.rules import ENGINE, settings
from archiver.extraction.similarity import similarity_of
from archiver.extraction.sniff import HTML, media_type
from archiver.extraction.text import MAX_BLOCKS, Text, text_of
from archiver.extraction.titles import pieces
from archiver.extraction.tree import Page, parse
from archiver.extraction.verdict import MANY, facts_of, is_free, is_short, judge
from archiver.extraction.wires import wire_of
from archiver.lengths import SHORT_FOR_HOST, count_words
from archiver.model import Article, Capture, Reading, Verdict

_NO_PAGE = frozenset({Verdict.BOT_WALL, Verdict.CONSENT, Verdict.SOFT_404})  # what they declare is not the page's
SEARCHED_UP_TO = 6_000  # elements; a page without any declared date is searched for one up to this size


class Texts(Protocol):
    """Where texts found before are kept: `archiver.extraction.remembering`."""

    def text(self, key: Hashable, find: Callable[[], Text]) -> Text:
        """The text kept under `key`, or what `find` finds."""


def read_capture(capture: Capture, *, memory: Texts | None = None) -> Reading:
    """Read a capture; what cannot be read is said in the verdict, its evidence and `error`. With a `memory`, an article
    that was found in the same bytes is not looked for again.
    """
    status = capture.status
    if status is None or status >= 400:
        why = f"http_{status}" if status else "no_answer"
        return Reading(verdict=Verdict.ERROR, evidence=(why,), settings=settings())
    if not capture.body.strip():
        return Reading(verdict=Verdict.EMPTY, evidence=("empty_body",), error="empty", settings=settings())
    kind = media_type(capture.body, capture.content_type)
    if kind == "text/plain":
        return _plain(capture, kind)
    if kind not in HTML:
        why = f"sniffed_{kind}"
        return Reading(
            verdict=Verdict.NOT_HTML, evidence=(why,), media_type=kind, error="not_html", settings=settings()
        )
    body, charset = to_utf8(capture.body, capture.content_type)
    page = parse(body)
    if page is None:
        return Reading(verdict=Verdict.EMPTY, media_type=kind, charset=charset, error="empty", settings=settings())
    digest = sha256(body).digest() if memory else b""
    return _page(capture, page, kind, charset, live=may_be_live(body), digest=digest, memory=memory)


def candidates(body: bytes, url: str) -> tuple[list[Block], Rows, Hints] | None:
    """A page's blocks, the features of those that may be text, and its hints: what the classifier is trained on."""
    page = parse(to_utf8(body, None)[0])
    if page is None:
        return None
    head, scripts = head_of(page.root), jsonld.scripts(page.root)
    ld = jsonld.article(scripts)
    basics = _basics(page.root, head, ld, scripts, Base(page.root, url), url)
    cutter = Cutter()
    blocks = cutter.cut(page.root)
    opinion = engine.opinion(page.root, cutter.menus, elements=page.elements)
    hints = _hints(head, ld, basics)
    return blocks, rows(blocks, opinion or "", hints), hints


def _basics(root: Any, head: Head, ld: dict[str, Any], scripts: tuple[Any, ...], base: Base, url: str) -> Basics:
    if not head.h1:
        head.h1.extend(_headline(root, head.title))
    return basics_of(head, ld, scripts, base, url)


def _hints(head: Head, ld: dict[str, Any], basics: Basics) -> Hints:
    kinds = jsonld.types(ld) if ld else ()
    kind = 2 if any("newsarticle" in one for one in kinds) else int(bool(kinds) or head.first("og:type") == "article")
    return Hints(titles=basics.title.declared, description=basics.description or "", kind=kind)


def _page(capture: Capture, page: Page, kind: str, charset: str | None, *, live: bool, digest: bytes, memory: Texts | None) -> Reading:  # fmt: skip
    root, base = page.root, Base(page.root, capture.url)
    (links, more_links), feeds = links_of(root, base), feeds_of(root, base)
    head, scripts = head_of(root), jsonld.scripts(root)
    ld = jsonld.article(scripts)
    basics = _basics(root, head, ld, scripts, base, capture.url)
    cutter = Cutter()
    blocks = cutter.cut(root)
    facts = facts_of(root, blocks)
    images, following = images_of(root, head, ld, base), next_page(root, base)
    heading = _heading(blocks, basics.title.text or "")
    seen = bylines_of(root, blocks, heading, links=links, claims=head.all("article:author", "author"))
    authors = authors_of(
        head, ld, seen, site=basics.site_name or "", url=capture.url, title=basics.title.text or "", sections=basics.categories
    )  # fmt: skip
    dates = _dates(capture, page, head, ld, blocks, heading)
    entries = entries_of(root, scripts, blocks) if live and len(blocks) <= MAX_BLOCKS else ()
    hints = _hints(head, ld, basics)

    def find() -> Text:
        opinion = engine.opinion(root, cutter.menus, elements=page.elements)  # spends the tree
        return text_of(blocks, opinion, hints, entries)

    text = memory.text((digest, hints), find) if memory else find()
    article = _article(head, ld, scripts, basics, text, dates, authors, images, following)
    judged = judge(
        facts, title=article.title or head.title, text=text.text, links=len(links), og_type=head.first("og:type"),
        ld_types=jsonld.types(ld) if ld else (), dated=article.dates.get("published", {}).get("source") in ("json-ld", "meta", "time"),
        free=is_free(ld, head.first("article:content_tier")), among=0 if text.updates else _among(blocks, text, facts.teasers), headed=heading >= 0,
    )  # fmt: skip
    is_one = judged.verdict is Verdict.ARTICLE and judged.marked and head.first("og:type").lower() != "website"
    place = place_of(capture.url, links) if is_one else None  # articles in full one below the other are a list
    article = _in_place(article, place)
    usual = capture.usual if judged.verdict is Verdict.ARTICLE and not text.updates else None
    short = usual and is_short(count_words(text.text), usual)
    flags = (
        *judged.flags,
        *([SHORT_FOR_HOST] if short else []),
        *([PAGED] if place else []),
        *(["date_suspect"] if dates.suspect else []),
        *(["noarchive"] if _noarchive(capture, head) else []),
    )
    return Reading(
        verdict=judged.verdict,
        article=article if text.text or judged.verdict not in _NO_PAGE else None,
        links=links,
        more_links=more_links,
        evidence=(
            *judged.evidence,
            *([f"{len(text.updates)}_updates"] if text.updates else []),
            *([f"usual_{usual.words}_words"] if usual and short else []),
            *(f"limit_{limit}" for limit in page.limits),
        ),
        flags=tuple(dict.fromkeys(flags)),
        rights=rights_of(head, links, ld, base),
        feeds=_without_comments(feeds, capture.url) if judged.verdict is Verdict.ARTICLE else feeds,
        charset=charset,
        media_type=kind,
        engine=ENGINE,
        version=engine.version(),
        settings=settings(),
        error=None if text.text else "no_text",
    )


def _dates(capture: Capture, page: Page, head: Head, ld: dict[str, Any], blocks: list[Block], heading: int) -> Dates:
    now = capture.captured_at
    stamp = next((value for name, value in capture.headers if name.lower() == "last-modified"), "")
    dates = dates_of(
        head, ld, blocks, url=capture.url, language=head.language, now=now, heading=heading, header=stamp,
        announced=capture.announced,
    )  # fmt: skip
    if dates.published or dates.suspect or page.elements > SEARCHED_UP_TO:
        return dates
    return searched(page.root, capture.url, now=now)


def _article(head: Head, ld: dict[str, Any], scripts: tuple[Any, ...], basics: Basics, text: Text, dates: Dates, authors: tuple[tuple[str, ...], tuple[str, ...]], images: tuple[str | None, tuple[str, ...]], following: str | None) -> Article:  # fmt: skip
    declared = (
        head.language or jsonld.text(ld.get("inLanguage")) or head.first("og:locale", "content-language", "language")
    )
    language = language_of(declared, text.text)
    people, organisations = authors
    extra: dict[str, Any] = {"words": len(text.text.split())}
    if text.text:  # pages without words are not alike
        extra |= similarity_of(text.text)
    if basics.title.text:
        extra["title_sources"] = list(basics.title.sources)
    if basics.title.others:
        extra["other_titles"] = dict(basics.title.others)
    if following:
        extra["next_page"] = following
    extra |= wire_of(organisations, people, text.text, ld)
    if (free := is_free(ld, head.first("article:content_tier"))) is not None:
        extra["is_accessible_for_free"] = free
    return Article(
        title=basics.title.text, authors=people, published=dates.published, modified=dates.modified, dates=dates.evidence,
        language=language, text=text.text, markdown=text.markdown, site_name=basics.site_name,
        description=basics.description, categories=basics.categories, tags=basics.tags, image=images[0],
        images=images[1], canonical=basics.canonical, organisations=organisations, updates=text.updates, json_ld=jsonld.kept(scripts),
        extra=extra,
    )  # fmt: skip


def _in_place(article: Article, place: Place | None) -> Article:
    if place is None:
        return article
    told = {"page": place.number, "previous_page": place.previous, "next_page": place.next}
    extra = {**article.extra, **{name: value for name, value in told.items() if value}}
    if place.next is None:
        extra.pop("next_page", None)  # of a list: the next article
    return replace(article, extra=extra)


def _without_comments(feeds: tuple[str, ...], url: str) -> tuple[str, ...]:
    """The feed below an article's own address holds its comments: WordPress announces one on every article."""
    own = f"{urldefrag(url).url.rstrip('/')}/feed"
    return tuple(feed for feed in feeds if feed.rstrip("/") != own)


def _among(blocks: list[Block], text: Text, teasers: frozenset[str]) -> int:
    """How many teasers stand between the first and the last block of the text; none where they stand together in a few
    places: that is a box, or one block of a text that was found far below it.
    """
    if not text.chosen or not teasers:
        return 0
    ends = range(max(0, text.chosen[0] - 1), text.chosen[-1] + 1)
    found = [at for at in ends if blocks[at].text in teasers]
    chosen = set(text.chosen)
    places = {(at in chosen, bisect(text.chosen, at)) for at in found}
    return len(found) if len(places) >= MANY else 0


def _headline(root: Any, title: str) -> list[str]:
    """The headline of a page without an h1: what is shown and is a part of the title."""
    wanted = {"".join(piece.split()).casefold() for piece in (title, *pieces(title)) if piece}
    for element in islice(root.iter("h2", "b", "strong", "font", "big"), 300):
        text = " ".join(element.text_content().split())
        if 8 <= len(text) < 300 and "".join(text.split()).casefold() in wanted:
            return [text]
    return []


def _heading(blocks: list[Block], title: str) -> int:
    """The index of the headline's block, -1 if it is not shown."""
    wanted = "".join(title.split()).casefold()
    return next(
        (at for at, block in enumerate(blocks) if wanted and "".join(block.text.split()).casefold() == wanted), -1
    )


def _noarchive(capture: Capture, head: Head) -> bool:
    tags = [value for name, value in capture.headers if name.lower() == "x-robots-tag"]
    words = ",".join([*tags, *head.all("robots", "googlebot")]).lower()
    return (
        "noarchive" in words
        or "noindex" in words.replace("unavailable_after", "")
        or "none" in re.split(r"[\s,:;]+", words)
    )


def _plain(capture: Capture, kind: str) -> Reading:
    """A page of plain text: what is there is the article."""
    body, charset = to_utf8(capture.body, capture.content_type)
    text = body.decode("utf-8", "replace").strip()
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    title = first if len(first) < 200 else None
    article = Article(
        title=title, text=text, markdown=text, language=language_of("", text), extra={"words": len(text.split())}
    )
    verdict = Verdict.ARTICLE if len(text.split()) >= 40 else Verdict.EMPTY
    return Reading(
        verdict=verdict,
        article=article,
        evidence=("plain_text",),
        charset=charset,
        media_type=kind,
        engine="plain",
        version="1",
        settings=settings(),
    )
