"""`/search` and its feed. In: a selection. Out: hits, what matches in them, counts. Never: a script."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from archiver.catalog import FacetName, Found
from archiver.model import Verdict
from archiver.web import policy, site
from archiver.web.downloads import FORMS
from archiver.web.finding import Name, Selection, page_of

SHOWN = 20
FEED = 50
RANKED = 1_000  # of what is found; the 5,000 of a search on a command line would double the time of a page
_FACETS: tuple[FacetName, ...] = ("domain", "language", "month", "author", "crawl", "verdict")
_WORD: dict[FacetName, Name] = {
    "domain": "domain",
    "language": "lang",
    "month": "published",
    "author": "author",
    "crawl": "crawl",
    "verdict": "verdict",
}
_LEAST = 2  # different values, or a facet narrows nothing
_VALUES = 24  # of a facet on a page


def search(request: Request) -> Response:
    """A page of hits, one per URL, the best first."""
    where, words = site.of(request), request.query_params
    asked = Selection.of(words)
    # words are searched for in articles anyway, and a filter that lets nearly everything through doubles the time
    is_open = asked.text or "verdict" in words
    selection = asked if is_open else asked.having(verdict="article")
    page = page_of(words, size=SHOWN, last=RANKED)
    found = selection.find(
        where.archive,
        limit=SHOWN,
        offset=(page - 1) * SHOWN,
        facets=_FACETS,
        collapse=words.get("all") != "1",
        ranked=RANKED,
        is_exact=False,
    )
    return where.page(
        "search.html",
        asked=asked,
        selection=selection,
        found=found,
        facets=_facets(found, selection),
        page=page,
        has_next=len(found.hits) == SHOWN and page * SHOWN < min(found.ranked, RANKED),
        forms=FORMS,
        limit=where.options.download_limit,
        all_captures=words.get("all") == "1",
        verdicts=[str(one) for one in Verdict],
    )


def feed(request: Request) -> Response:
    """The newest hits as Atom (RFC 4287)."""
    where = site.of(request)
    selection = Selection.of({**request.query_params, "sort": "date"})
    found = selection.find(where.archive, limit=FEED, collapse=True)
    latest = max((hit.row.captured_at for hit in found.hits), default=datetime(1970, 1, 1, tzinfo=UTC))
    base = where.base(request)
    text = where.templates.render("feed.xml", {"selection": selection, "hits": found.hits, "at": latest, "base": base})
    return Response(text.encode("utf-8", "replace"), 200, policy.DATA, "application/atom+xml; charset=utf-8")


class Facet(NamedTuple):
    """A way to narrow a search: values, how many snapshots have each, and the words of the address that asks for it."""

    name: FacetName
    word: Name
    chosen: str | None
    values: list[tuple[str, int, str]]


def _facets(found: Found, selection: Selection) -> list[Facet]:
    """Return the facets that narrow."""
    facets = []
    for name, values in found.facets.items():
        word = _WORD[name]
        chosen = selection.words.get(word)
        if chosen or len(values) >= _LEAST:
            ordered = (sorted(values, reverse=True) if name == "month" else values)[:_VALUES]
            links = selection.links(word, (value for value, _ in ordered))
            shown = [(value, count, link) for (value, count), link in zip(ordered, links, strict=True)]
            facets.append(Facet(name, word, chosen, shown))
    return facets
