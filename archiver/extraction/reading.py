"""Reading: one page, from bytes to article, links and verdict. In: a capture. Out: a Reading. Never: raising on content.

bytes → media type → charset → tree → head, JSON-LD, links → dates, authors, basics → pruned tree → text → verdict
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from archiver.extraction import jsonld
from archiver.extraction.authors import authors_of, classed, wire_of
from archiver.extraction.blocks import Block, cut
from archiver.extraction.charset import to_utf8
from archiver.extraction.dates import dates_of
from archiver.extraction.engine import version
from archiver.extraction.head import Head, head_of
from archiver.extraction.language import language_of
from archiver.extraction.links import Base, feeds_of, links_of, next_page
from archiver.extraction.metadata import basics_of, images_of, pieces
from archiver.extraction.sniff import HTML, media_type
from archiver.extraction.text import text_of
from archiver.extraction.tree import Page, parse
from archiver.extraction.verdict import judge
from archiver.model import Article, Capture, Reading, Verdict

RULES = "1"  # raised when a rule of this room changes what is read
ENGINE = "trafilatura"
SETTINGS = {"rules": RULES, "fast": False, "comments": False, "tables": True}
BLOCKS_UP_TO = 30_000  # elements; bylines and datelines of longer pages are read from what the head declares


def read_capture(capture: Capture) -> Reading:
    """Read a capture; what cannot be read is said in the verdict, its evidence and `error`."""
    status = capture.status
    if status is None or status >= 400:
        return Reading(verdict=Verdict.ERROR, evidence=(f"http_{status}" if status else "no_answer",))
    if not capture.body.strip():
        return Reading(verdict=Verdict.EMPTY, evidence=("empty_body",), error="empty")
    kind = media_type(capture.body, capture.content_type)
    if kind == "text/plain":
        return _plain(capture, kind)
    if kind not in HTML:
        return Reading(verdict=Verdict.NOT_HTML, evidence=(f"sniffed_{kind}",), media_type=kind, error="not_html")
    body, charset = to_utf8(capture.body, capture.content_type)
    page = parse(body)
    if page is None:
        return Reading(verdict=Verdict.EMPTY, media_type=kind, charset=charset, error="empty")
    return _page(capture, page, kind, charset)


def _page(capture: Capture, page: Page, kind: str, charset: str | None) -> Reading:
    root, base = page.root, Base(page.root, capture.url)
    links = links_of(root, base)
    head, scripts = head_of(root), jsonld.scripts(root)
    ld = jsonld.article(scripts)
    blocks = cut(root) if page.elements <= BLOCKS_UP_TO and not page.limits else []
    text, markdown = text_of(root, capture.url, elements=page.elements, deep="depth" in page.limits)
    article, suspect = _article(capture, root, head, ld, scripts, blocks, base, text, markdown)
    judged = judge(
        root, title=article.title or head.title, text=text, links=len(links), og_type=head.first("og:type"), ld=ld,
        ld_types=jsonld.types(ld) if ld else (), dated=article.dates.get("published", {}).get("source") not in (None, "url", "text"),
    )  # fmt: skip
    flags = (
        *judged.flags,
        *(["date_suspect"] if suspect else []),
        *(["noarchive"] if _noarchive(capture, head) else []),
    )
    return Reading(
        verdict=judged.verdict,
        article=article if text or judged.verdict is Verdict.ARTICLE else None,
        links=links,
        evidence=(*judged.evidence, *(f"limit_{limit}" for limit in page.limits)),
        flags=tuple(dict.fromkeys(flags)),
        feeds=feeds_of(root, base),
        charset=charset,
        media_type=kind,
        engine=ENGINE,
        version=version(),
        settings=SETTINGS,
        error=None if text else "no_text",
    )


def _article(capture: Capture, root: Any, head: Head, ld: dict[str, Any], scripts: tuple[Any, ...], blocks: list[Block], base: Base, text: str, markdown: str) -> tuple[Article, bool]:  # fmt: skip
    if not head.h1:
        head.h1.extend(_headline(root, head.title))
    basics = basics_of(head, ld, scripts, base, capture.url)
    language = language_of(head.language or head.first("og:locale", "content-language", "language"), text)
    heading = _heading(blocks, basics.title or "")
    head.authors.extend(classed(root))
    people, organisations = authors_of(
        head,
        ld,
        blocks,
        site=basics.site_name or "",
        title=basics.title or "",
        heading=heading,
        sections=basics.categories,
    )
    dates = dates_of(
        head,
        ld,
        blocks,
        url=capture.url,
        language=head.language or language or "",
        now=capture.captured_at,
        heading=heading,
    )
    image, images = images_of(root, head, ld, base)
    extra: dict[str, Any] = {"words": len(text.split())}
    if following := next_page(root, base):
        extra["next_page"] = following
    if wire := wire_of(organisations, people, text):
        extra["wire"] = wire
    if "isAccessibleForFree" in ld:
        extra["is_accessible_for_free"] = str(ld["isAccessibleForFree"]).lower() != "false"
    article = Article(
        title=basics.title, authors=people, published=dates.published, modified=dates.modified, dates=dates.evidence,
        language=language, text=text, markdown=markdown, site_name=basics.site_name, description=basics.description,
        categories=basics.categories, tags=basics.tags, image=image, images=images, canonical=basics.canonical,
        organisations=organisations, json_ld=jsonld.kept(scripts), extra=extra,
    )  # fmt: skip
    return article, dates.suspect


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
    return "noarchive" in words or "noindex" in words.replace("unavailable_after", "")


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
        version=RULES,
    )
