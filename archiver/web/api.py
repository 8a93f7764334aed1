"""`/api/v1`: the archive for programs. In: parameters. Out: JSON. Never: more than a page of it at once."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archiver.catalog import Query, Row
from archiver.timestamps import iso
from archiver.web import addresses, index, memento, openapi, site


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
    row = memento.row_of(site.of(request).archive, request.path_params["id"])
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


ROUTES = [
    Route("/api/v1/captures", captures),
    Route("/api/v1/snapshots/{id}", snapshot),
    Route("/api/v1/openapi.json", description),
]
