"""The table of articles: a row per snapshot, the same columns in each format. In: a record. Out: a row. Never: I/O."""

from __future__ import annotations

from typing import Any, Literal

from archiver.lengths import count_words
from archiver.model import Record
from archiver.timestamps import iso
from archiver.urls import BadUrl, host, registered_domain

Kind = Literal["text", "list", "integer", "time"]
Columns = dict[str, tuple[Kind, str]]

COLUMNS: Columns = {
    "id": ("text", "the snapshot's id, 20 hex digits"),
    "url": ("text", "the URL that answered"),
    "requested_url": ("text", "the URL first asked for; the same unless redirected"),
    "domain": ("text", "the registered domain of the URL"),
    "title": ("text", "headline"),
    "authors": ("list", "people who wrote it, in the page's order"),
    "published": ("text", "ISO 8601, exactly as precise as the page"),
    "modified": ("text", "ISO 8601, exactly as precise as the page"),
    "language": ("text", "ISO 639-1"),
    "site_name": ("text", "what the site calls itself"),
    "description": ("text", "the page's own summary"),
    "categories": ("list", "sections"),
    "tags": ("list", "keywords"),
    "image": ("text", "URL of the leading picture"),
    "canonical": ("text", "the URL that the page claims to be its own; a claim only"),
    "text": ("text", "the article, one paragraph per line"),
    "words": ("integer", "words of the text; characters in Chinese and Japanese"),
    "captured_at": ("time", "when the request was sent, UTC"),
    "status": ("integer", "HTTP status; absent where there was no answer"),
    "verdict": ("text", "what the capture turned out to be: article, index, paywall …"),
    "flags": ("list", "what is to be known about it: paywalled, truncated …"),
    "failure": ("text", "why there was no answer, in one word"),
    "collection": ("text", "the collection of the record"),
    "crawl": ("text", "the crawl that captured it"),
    "parts": ("list", "ids of the captures whose pages the text is joined from; empty for an article of one page"),
    "part_of": ("text", "id of the snapshot that holds the article whose further page this is"),
    "repeats": ("text", "id of an earlier snapshot with the same body"),
    "sha256": ("text", "of the body, hex"),
    "size": ("integer", "of the body, bytes"),
    "record_sha256": ("text", "of the record's JSON in the archive, hex"),
}
"""Name → kind and meaning. Texts and times may be absent, lists are empty instead."""


def article_row(record: Record, *, record_sha256: str) -> dict[str, Any]:
    """Return the row of `record`, as JSON has it, in the order of COLUMNS."""
    article, html, capture = record.article, record.html, record.capture
    texts = ("title", "published", "modified", "language", "site_name", "description", "image", "canonical")
    lists = ("authors", "categories", "tags")
    row: dict[str, Any] = {
        "id": record.id,
        "url": record.url,
        "requested_url": capture.requested_url or record.url,
        "domain": _domain(record.url),
        **{name: getattr(article, name) if article else None for name in texts},
        **{name: list(getattr(article, name)) if article else [] for name in lists},
        "text": article.text if article else None,
        "words": count_words(article.text) if article else 0,
        "captured_at": iso(record.captured_at),
        "status": capture.status,
        "verdict": str(record.verdict),
        "flags": list(record.flags),
        "failure": capture.failure.reason if capture.failure else None,
        "collection": record.collection,
        "crawl": record.crawl,
        "parts": [part.id for part in record.parts],
        "part_of": record.part_of,
        "repeats": record.repeats,
        "sha256": html.sha256 if html else None,
        "size": html.size if html else 0,
        "record_sha256": record_sha256,
    }
    return {name: row[name] for name in COLUMNS}


def _domain(url: str) -> str:
    try:
        return registered_domain(host(url))
    except BadUrl:  # a failure may be about just that
        return ""
