"""`/api/v1`: the archive for programs. In: parameters. Out: JSON. Never: more than a page of it at once."""

from __future__ import annotations

from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.catalog import FacetName, Marked, Query, Row
from archiver.timestamps import iso
from archiver.web import addresses, index, mementos, numbers, openapi, site
from archiver.web.finding import Selection


def search(request: Request) -> Response:
    """Answer with what holds some words, the best first; a snippet says where."""
    where, words = site.of(request), request.query_params
    selection = Selection.of(words)
    limit, offset = page_of(words)
    names = tuple(cast(FacetName, name) for name in words.get("facets", "").split(",") if name)
    found = selection.find(
        where.archive, limit=limit, offset=offset, facets=names, collapse=words.get("collapse") == "1"
    )
    items = [
        {**row_json(hit.row), "score": hit.score, "snippet": _text(hit.snippet), "others": hit.others}
        for hit in found.hits
    ]
    more = len(items) == limit and offset + limit < found.total
    return site.data(
        {
            "total": found.total,
            "ranked": found.ranked,
            "items": items,
            "facets": {
                name: [{"value": value, "count": count} for value, count in found.facets[name]] for name in names
            },
            "next_offset": offset + limit if more else None,
        }
    )


def stats(request: Request) -> Response:
    """Answer with how much there is, and when it was captured."""
    where = site.of(request)
    totals = where.remembered("totals", lambda: numbers.totals(where.archive))
    time = where.remembered("stats", lambda: numbers.timeline(where.archive))
    return site.data(
        {
            "snapshots": totals.snapshots,
            "articles": totals.articles,
            "bodies": totals.bodies,
            "bytes": totals.size,
            "domains": totals.domains,
            "first_captured_at": iso(totals.first) if totals.first else None,
            "last_captured_at": iso(totals.last) if totals.last else None,
            "timeline": [{time.unit: at, "articles": some, "others": more} for at, some, more in time.rows],
        }
    )


def crawls(request: Request) -> Response:
    """Answer with the crawls, the latest first."""
    found = numbers.crawls(site.of(request).archive, limit=site.PAGE_SIZE)
    return site.data(
        {
            "items": [
                {
                    "crawl": one.name,
                    "first_captured_at": iso(one.first),
                    "last_captured_at": iso(one.last),
                    "snapshots": one.snapshots,
                    "articles": one.articles,
                }
                for one in found
            ]
        }
    )


def captures(request: Request) -> Response:
    """Answer with the captures of a URL or a prefix, a page at a time."""
    where, words = site.of(request), request.query_params
    ask = index.asked(words)
    limit, offset = page_of(words)
    found = where.archive.catalog.find
    rows = list(
        found(Query(targets=ask.query.targets, since=ask.query.since, until=ask.query.until, limit=offset + limit + 1))
    )
    return site.data(page_json([row_json(row) for row in rows[offset:]], limit=limit, offset=offset))


def snapshot(request: Request) -> Response:
    """Answer with what the catalog knows about one snapshot, and where its parts are."""
    row = mementos.row_of(site.of(request).archive, request.path_params["id"])
    return site.data(row_json(row))


def page_of(words: Any) -> tuple[int, int]:
    """Return limit and offset of a page. Raises BadInput. A page has 1,000 rows at most, whatever is asked."""
    limit = index.number(words, "limit", 100, least=1) or 1
    return min(limit, site.PAGE_SIZE), index.number(words, "offset", 0) or 0


def page_json(items: list[dict[str, Any]], *, limit: int, offset: int) -> dict[str, Any]:
    """Return a page of `items`, of which one more than `limit` says that there is another page."""
    return {"items": items[:limit], "next_offset": offset + limit if len(items) > limit else None}


def row_json(row: Row) -> dict[str, Any]:
    """Return a row of the catalog for a program."""
    return {
        "id": row.id,
        "url": row.url,
        "captured_at": iso(row.captured_at),
        "status": row.status,
        "verdict": row.verdict,
        "flags": list(row.flags),
        "title": row.title,
        "authors": list(row.authors),
        "published": row.published,
        "language": row.language,
        "domain": row.domain,
        "words": row.words,
        "collection": row.collection,
        "crawl": row.crawl,
        "media_type": row.media_type,
        "sha256": row.sha256,
        "size": row.size,
        "failure": row.failure,
        "links": {
            "page": f"/snapshot/{row.id}",
            "memento": addresses.path_of(row),
            "record": f"/snapshot/{row.id}/record",
            "text": f"/snapshot/{row.id}/text",
            "raw": f"/snapshot/{row.id}/raw" if row.body_key else None,
        },
    }


def description(request: Request) -> Response:
    """Answer with the description of this API (OpenAPI 3.1)."""
    return site.data(openapi.document(site.of(request).base(request)))


def _text(marked: Marked) -> str:
    return "".join(text for text, _ in marked)


ROUTES = [
    Route("/api/v1/search", search),
    Route("/api/v1/captures", captures),
    Route("/api/v1/stats", stats),
    Route("/api/v1/crawls", crawls),
    Route("/api/v1/snapshots/{id}", snapshot),
    Route("/api/v1/openapi.json", description),
]
