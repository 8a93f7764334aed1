"""The description of `/api/v1` (OpenAPI 3.1). In: nothing. Out: a document. Never: a route that is not there."""

from __future__ import annotations

from typing import Any

import archiver
from archiver.catalog import FACETS
from archiver.model import Verdict
from archiver.web.downloads import FORMS

_Json = dict[str, Any]

_TEXT: _Json = {"type": "string"}
_NUMBER: _Json = {"type": "integer", "minimum": 0}
_TIME: _Json = {"type": "string", "format": "date-time"}


def document(base: str) -> _Json:
    """Return the document; `base` is where the server is."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "newsvault",
            "version": archiver.__version__,
            "description": "Search and read an archive of news articles. Archived bodies come with a policy that lets "
            "nothing run and nothing out. Times are UTC, digests hex, sizes bytes.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base or "/"}],
        "paths": {
            "/api/v1/search": {"get": _get("search", "Search articles", [*_SELECTION, *_SEARCH, *_PAGE], "Found")},
            "/api/v1/captures": {
                "get": _get(
                    "captures", "Captures of a URL, or below a prefix that ends in *", [*_URL, *_PAGE], "Captures"
                ),
                "post": _post(),
            },
            "/api/v1/snapshots/{id}": {"get": _get("snapshot", "One snapshot", [_ID], "Snapshot")},
            "/api/v1/stats": {"get": _get("stats", "How much there is", [], "Stats")},
            "/api/v1/crawls": {"get": _get("crawls", "The crawls", [], "Crawls")},
            "/download": {"get": _download()},
        },
        "components": {
            "schemas": _SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _parameter(name: str, meaning: str, schema: _Json = _TEXT, **more: Any) -> _Json:
    return {"name": name, "in": "query", "description": meaning, "schema": schema, **more}


_SELECTION = [
    _parameter("q", 'Words, "phrases", -exclusions, prefixes*.'),
    _parameter("domain", "Of this domain and the hosts below it."),
    _parameter("lang", "In this language, ISO 639-1."),
    _parameter("author", "By this author: a name, or a part of one."),
    _parameter("crawl", "Of this crawl."),
    _parameter("collection", "Of this collection."),
    _parameter("verdict", "What it turned out to be.", {"enum": [str(one) for one in Verdict]}),
    _parameter("from", "Captured from then on: 2026, 202611, 2026-11-02."),
    _parameter("to", "Captured until then, all of it included."),
    _parameter("published", "Published then: a year, a month, a day."),
]
_SEARCH = [
    _parameter("sort", "The best first, or the newest.", {"enum": ["relevance", "date"]}),
    _parameter("facets", f"Counts by these, joined by commas: {', '.join(FACETS)}."),
    _parameter("collapse", "1: one hit per URL."),
]
_PAGE = [
    _parameter("limit", "So many at most; 1,000 is the most.", {"type": "integer", "minimum": 1, "default": 100}),
    _parameter("offset", "Leave out so many.", {**_NUMBER, "default": 0}),
]
_URL = [
    _parameter("url", "A URL, a prefix (news.example/2026/*) or a domain (*.news.example).", required=True),
    _parameter("matchType", "How much has to match.", {"enum": ["exact", "prefix", "host", "domain"]}),
    _parameter("from", "Captured from then on."),
    _parameter("to", "Captured until then."),
]
_ID: _Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "20 hex digits.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{20}$"},
}


def _array(items: _Json) -> _Json:
    return {"type": "array", "items": items}


def _optional(schema: _Json) -> _Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _object(members: _Json) -> _Json:
    return {"type": "object", "properties": members, "required": list(members)}


_SNAPSHOT = {
    "id": _TEXT,
    "url": _TEXT,
    "captured_at": _TIME,
    "status": _optional(_NUMBER),
    "verdict": _TEXT,
    "flags": _array(_TEXT),
    "title": _optional(_TEXT),
    "authors": _array(_TEXT),
    "published": _optional(_TEXT),
    "language": _optional(_TEXT),
    "domain": _TEXT,
    "words": _NUMBER,
    "collection": _TEXT,
    "crawl": _TEXT,
    "media_type": _optional(_TEXT),
    "sha256": _optional(_TEXT),
    "size": _NUMBER,
    "failure": _optional(_TEXT),
    "links": _object({name: _optional(_TEXT) for name in ("page", "memento", "record", "text", "raw")}),
}
_NEXT = {"next_offset": _optional(_NUMBER)}
_HIT = {**_SNAPSHOT, "score": _optional({"type": "number"}), "snippet": _TEXT, "others": _NUMBER}
_CRAWL = {
    "crawl": _TEXT,
    "first_captured_at": _TIME,
    "last_captured_at": _TIME,
    "snapshots": _NUMBER,
    "articles": _NUMBER,
}
_SCHEMAS: _Json = {
    "Snapshot": _object(_SNAPSHOT),
    "Captures": _object({"items": _array({"$ref": "#/components/schemas/Snapshot"}), **_NEXT}),
    "Found": _object(
        {
            "total": _NUMBER,
            "ranked": _NUMBER,
            "items": _array(_object(_HIT)),
            "facets": {
                "type": "object",
                "additionalProperties": _array(_object({"value": _TEXT, "count": _NUMBER})),
            },
            **_NEXT,
        }
    ),
    "Stats": _object(
        {
            **dict.fromkeys(("snapshots", "articles", "bodies", "bytes", "domains"), _NUMBER),
            "first_captured_at": _optional(_TIME),
            "last_captured_at": _optional(_TIME),
            "timeline": _array({"type": "object"}),
        }
    ),
    "Crawls": _object({"items": _array(_object(_CRAWL))}),
    "Error": _object({"error": _TEXT}),
}


def _answer(meaning: str, schema: str) -> _Json:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {"description": meaning, "content": {"application/json": {"schema": reference}}}


def _get(name: str, summary: str, parameters: list[_Json], schema: str) -> _Json:
    return {
        "operationId": name,
        "summary": summary,
        "parameters": parameters,
        "responses": {
            "200": _answer(summary, schema),
            "400": _answer("It cannot be asked so; the error says why", "Error"),
            "404": _answer("It is not in the archive", "Error"),
        },
    }


def _post() -> _Json:
    body = _object({"url": {"type": "string", "format": "uri"}})
    refused = {
        status: _answer(meaning, "Error")
        for status, meaning in {
            "400": "The body is not what it should be",
            "401": "The token is missing or wrong",
            "403": "This server only reads, or the question came from another site",
            "413": "The body is too long",
            "415": "The body is not JSON",
            "422": "The URL may not be fetched, or gave no answer",
        }.items()
    }
    return {
        "operationId": "ask",
        "summary": "Archive a page now",
        "security": [{"token": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {"201": _answer("The new snapshot", "Snapshot"), **refused},
    }


def _download() -> _Json:
    parameters = [
        _parameter("as", "In which form.", {"enum": list(FORMS)}),
        *_SELECTION,
        _parameter("limit", "So many at most; the server has a limit of its own.", {"type": "integer", "minimum": 1}),
    ]
    media: _Json = {name: {} for name in ("application/x-ndjson", "text/csv", "application/zip")}
    return {
        "operationId": "download",
        "summary": "Download a selection",
        "description": "JSON Lines and CSV are streamed; the other forms come as a ZIP file. `Newsvault-Total` says "
        "how many snapshots there are, `Newsvault-Sent` how many are in the file.",
        "parameters": parameters,
        "responses": {
            "200": {"description": "The file", "content": media},
            "400": _answer("It cannot be asked so", "Error"),
        },
    }
