"""Paged: articles that go on on further pages. In: a page's links; articles. Out: its place among the pages; one article.

A page is one of several where a link leads to its own address with a number more or less by one, and says so: by rel, as
a number, or in words. Never: fetching; an article joined from pages that nobody linked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from archiver.extraction.similarity import similarity_of
from archiver.model import Article, Link
from archiver.urls import BadUrl, canonical, dated, page_number, turns_page

PAGED = "paged"  # the flag of a page that is one of several
MOST = 50  # pages of an article
_NEXT = re.compile(
    r"\W*(?:next|weiter|nächste|suivant|siguiente|próxim|volgende|successiv|prossim|dalej|następn|nästa|neste|næste|seuraav|далее|след|下一页|次へ|次の)|[»›>→]+$",
    re.I,
)
_BACK = re.compile(
    r"\W*(?:prev|back|zurück|vorherig|précédent|anterior|vorige|precedent|wstecz|poprzedni|föregående|forrige|edellinen|назад|пред|上一页|前へ|前の)|[«‹<←]+$",
    re.I,
)
_OTHERS = re.compile(r"comment|cpage|reply|kommentar", re.I)
_NUMBERED = re.compile(
    r"[\s\-–—|:,(\[]*\b(?:page|seite|página|pagina|strona|sida|side|part|teil|стр\w*)\.?\s*\d+(?:\s*(?:of|von|de|di|sur|/)\s*\d+)?[)\]]?\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page's place among the pages of its article: its number, and the addresses before and after it."""

    number: int
    previous: str | None
    next: str | None


def place_of(url: str, links: Iterable[Link]) -> Place | None:
    """Return the place of the page at `url`; None where its links name no page before or after it."""
    try:
        here = canonical(url)
    except BadUrl:
        return None
    previous = following = None
    for link in links:
        rel, text = link.rel.split(), link.text.strip()
        onward, back = "next" in rel or bool(_NEXT.match(text)), bool({"prev", "previous"} & {*rel}) or bool(_BACK.match(text))  # fmt: skip
        if not (onward or back or (text.isdigit() and len(text) < 4)) or _OTHERS.search(link.url):
            continue
        try:
            there = canonical(link.url)
        except BadUrl:
            continue
        if dated(there) != dated(here):  # the same column of another day
            continue
        if following is None and not back and turns_page(here, there):
            following = link.url
        elif previous is None and not onward and turns_page(there, here):
            previous = link.url
    if previous is None and following is None:
        return None
    number = page_number(canonical(previous), here) if previous else 1
    return Place(number, previous, following)


def continues(before: Sequence[Article], page: Article) -> bool:
    """Whether a page goes on with an article: under the same title, of the same day, and with words of its own."""
    days = {one.published[:10] for one in (before[0], page) if one.published}
    if _title(before[0]) != _title(page) or not page.text or len(days) > 1:
        return False
    known = {line for one in before for line in one.text.splitlines()}
    again = sum(len(line) for line in page.text.splitlines() if line in known)
    return again * 2 < len(page.text)


def _title(article: Article) -> str:
    return "".join(_NUMBERED.sub("", article.title or "").split()).casefold()


def joined(pages: Sequence[Article]) -> Article:
    """Return one article of all pages: the first one's facts, the words and pictures of all.

    What pages repeat at their top and bottom (a headline, a note of the author) is said once.
    """
    first = pages[0]
    text = _whole([page.text.splitlines() for page in pages], "\n")
    extra: dict[str, Any] = {**first.extra, "words": len(text.split()), **similarity_of(text)}
    return replace(
        first,
        authors=first.authors or next((page.authors for page in pages if page.authors), ()),
        text=text,
        markdown=_whole([page.markdown.split("\n\n") for page in pages], "\n\n"),
        tags=tuple(dict.fromkeys(tag for page in pages for tag in page.tags)),
        images=tuple(dict.fromkeys(image for page in pages for image in page.images)),
        updates=tuple(update for page in pages for update in page.updates),
        extra=extra,
    )


def _whole(pages: Iterable[list[str]], between: str) -> str:
    whole: list[str] = []
    known: set[str] = set()
    for lines in pages:
        start, stop = 0, len(lines)
        while start < stop and lines[start] in known:
            start += 1
        while stop > start and lines[stop - 1] in known:
            stop -= 1
        whole += lines[start:stop]
        known.update(lines)
    return between.join(whole)
