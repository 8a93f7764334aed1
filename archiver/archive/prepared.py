"""Prepared: a snapshot as the objects it will be. In: a capture and its reading. Out: keys and bytes. Never: I/O.

A crawler notes `record_key` before the put, so that after a crash it can ask whether the record was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from archiver.bodies import pack, sha256_hex
from archiver.catalog import Card, card_of
from archiver.fixity import Entry
from archiver.model import Capture, Html, Reading, Record, Verdict
from archiver.record import key_of, make_html, make_record, to_json

_HEADER_VALUE = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,198}")  # what every store takes as a Content-Type
_DEFAULT_TYPE = "application/octet-stream"


class Packed(Protocol):
    """A body that was hashed and packed already, in another process perhaps."""

    @property
    def sha256(self) -> str:
        """Of the body, hex."""

    @property
    def sha1(self) -> str:
        """Of the body, base32."""

    @property
    def size(self) -> int:
        """Of the body."""

    @property
    def gz(self) -> bytes:
        """The body as `archiver.bodies.pack` packs it."""


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Everything about one capture that is going to be stored."""

    record: Record
    record_key: str
    record_bytes: bytes = field(repr=False)
    body_key: str | None = None  # None: there is no body to keep
    body_gz: bytes = field(default=b"", repr=False)
    body: bytes = field(default=b"", repr=False)
    media_type: str = _DEFAULT_TYPE  # the page's own Content-Type, for browsers that look into the store

    @cached_property
    def card(self) -> Card:
        """What the catalog takes of the snapshot."""
        return card_of(self.record, record_bytes=self.record_bytes)

    @cached_property
    def record_sha256(self) -> str:
        """Of the record's bytes, hex."""
        return sha256_hex(self.record_bytes)

    def receipt(self, stored: bytes, *, is_new_record: bool, is_new_body: bool) -> Receipt:
        """Return what is to be believed once it is there; `stored` is the body's object."""
        return Receipt(
            id=self.record.id,
            url=self.record.url,
            record_key=self.record_key,
            record_sha256=self.record_sha256,
            record_size=len(self.record_bytes),
            is_new_record=is_new_record,
            body_key=self.body_key,
            body_sha256=sha256_hex(stored) if self.body_key else None,
            body_size=len(stored),
            is_new_body=is_new_body,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What was confirmed to be stored. Digests and sizes are those of the objects as they are stored."""

    id: str
    url: str
    record_key: str
    record_sha256: str
    record_size: int
    is_new_record: bool  # False: this very record was there already
    body_key: str | None = None
    body_sha256: str | None = None
    body_size: int = 0
    is_new_body: bool = False  # False: the same bytes were kept before, or there are none

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The lines of the crawl's manifest."""
        record = Entry(
            key=self.record_key,
            kind="record",
            sha256=self.record_sha256,
            size=self.record_size,
            url=self.url,
            body=self.body_key,
        )
        if self.body_key is None or self.body_sha256 is None:
            return (record,)
        return record, Entry(key=self.body_key, kind="body", sha256=self.body_sha256, size=self.body_size)


def prepare(
    capture: Capture,
    *,
    crawl: str,
    collection: str,
    reading: Reading | None = None,
    verdict: Verdict | None = None,
    html: Packed | None = None,
    repeats: str | None = None,
) -> Prepared:
    """Return what is to be stored of `capture`. `html` saves hashing and packing the body again; see `make_record`.

    Raises BadInput for a bad crawl or collection name.
    """
    facts, gz = _body(capture, reading, html)
    record = make_record(
        capture, crawl=crawl, collection=collection, reading=reading, verdict=verdict, html=facts, repeats=repeats
    )
    return Prepared(
        record=record,
        record_key=key_of(record),
        record_bytes=to_json(record),
        body_key=facts.key if facts else None,
        body_gz=gz,
        body=capture.body,
        media_type=_media_type(capture, facts),
    )


def _body(capture: Capture, reading: Reading | None, packed: Packed | None) -> tuple[Html | None, bytes]:
    if not capture.body:
        return None, b""
    if packed is None:
        return make_html(capture, reading), pack(capture.body)
    digests = (packed.sha256, packed.sha1, packed.size)
    return make_html(capture, reading, digests=digests), packed.gz


def _media_type(capture: Capture, html: Html | None) -> str:
    """Return the page's Content-Type if every store can keep it, else what was made of it."""
    for value in (capture.content_type, html.media_type if html else None):
        if value and _HEADER_VALUE.fullmatch(value.strip()):
            return value.strip()
    return _DEFAULT_TYPE
