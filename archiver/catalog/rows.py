"""A row: what the catalog knows about one snapshot. In: a record and its bytes. Out: a Row, its words. Never: I/O."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from archiver.bodies import sha256_hex
from archiver.lengths import count_words
from archiver.model import Record
from archiver.record import key_of, to_json
from archiver.timestamps import iso, parse
from archiver.urls import BadUrl, host, registered_domain, surt


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One snapshot in the catalog. Everything here is also in its record, or follows from it."""

    id: str
    record_key: str  # of its newest generation that can be read
    generation: int  # that one's number
    url: str
    requested_url: str
    surt: str
    host: str  # empty where the URL has none
    domain: str  # the registered one
    collection: str
    crawl: str
    captured_at: datetime
    status: int | None
    verdict: str
    flags: tuple[str, ...]
    title: str | None
    authors: tuple[str, ...]
    published: str | None
    language: str | None
    words: int
    sha256: str | None  # of the body
    sha1: str | None  # of the body, base32: the digest of a CDX line
    media_type: str | None  # of the body, as sniffed
    size: int  # of the body; 0 where there is none
    body_key: str | None
    repeats: str | None
    record_sha256: str  # of the record's bytes
    failure: str | None  # the reason, in one word


COLUMNS = tuple(one.name for one in fields(Row))
_LISTS = ("flags", "authors")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What the catalog takes: a row, and the words by which it is found beside its title and authors."""

    row: Row
    description: str = field(default="", repr=False)
    text: str = field(default="", repr=False)


def card_of(record: Record, *, record_bytes: bytes | None = None) -> Card:
    """Return what the catalog takes of `record`; see `row_of`."""
    row, article = row_of(record, record_bytes=record_bytes), record.article
    return Card(
        row=row, description=(article.description or "") if article else "", text=article.text if article else ""
    )


def row_of(record: Record, *, record_bytes: bytes | None = None) -> Row:
    """Return the row of `record`. `record_bytes`, if they are at hand, save writing the JSON again."""
    article, html, name = record.article, record.html, _host(record.url)
    return Row(
        id=record.id,
        record_key=key_of(record),
        generation=record.generation,
        url=record.url,
        requested_url=record.capture.requested_url,
        surt=surt(record.url),
        host=name,
        domain=registered_domain(name) if name else "",
        collection=record.collection,
        crawl=record.crawl,
        captured_at=record.captured_at,
        status=record.capture.status,
        verdict=str(record.verdict),
        flags=record.flags,
        title=article.title if article else None,
        authors=article.authors if article else (),
        published=article.published if article else None,
        language=article.language if article else None,
        words=count_words(article.text) if article else 0,
        sha256=html.sha256 if html else None,
        sha1=html.sha1 if html else None,
        media_type=html.media_type if html else None,
        size=html.size if html and not record.takedown else 0,
        body_key=html.key if html and not record.takedown else None,
        repeats=record.repeats,
        record_sha256=sha256_hex(to_json(record) if record_bytes is None else record_bytes),
        failure=record.capture.failure.reason if record.capture.failure else None,
    )


def sortable(published: str | None) -> str | None:
    """Return a date of publication so that text sorts as time does: in UTC, as precise as it was."""
    if published is None or "T" not in published:
        return published
    try:
        at = datetime.fromisoformat(published)
    except ValueError:
        return published
    return (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None).isoformat(timespec="seconds")


def to_values(row: Row) -> tuple[Any, ...]:
    """Return the row as SQLite keeps it, in the order of COLUMNS."""
    return tuple(_to_value(getattr(row, name)) for name in COLUMNS)


def from_values(values: Sequence[Any]) -> Row:
    """Return the row that `to_values` gave."""
    members = dict(zip(COLUMNS, values, strict=True))
    members["captured_at"] = parse(members["captured_at"])
    for name in _LISTS:
        members[name] = tuple(json.loads(members[name]))
    return Row(**members)


def _to_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, tuple):
        return json.dumps(value, ensure_ascii=False)
    return value


def _host(url: str) -> str:
    try:
        return host(url)
    except BadUrl:  # a failure may be about just that
        return ""
