"""One snapshot as WARC records. In: a snapshot, what was written before. Out: records in order. Never: I/O.

redirect hops  → a response each, at its own URL
an answer      → response (or revisit) + request + metadata, with one date
304            → revisit of the earlier answer, without a block: replay engines would show an empty 304
no answer      → metadata alone: `fetchError` says why. Nothing was served, so nothing is there to be replayed
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from archiver.bodies import sha1_base32
from archiver.model import Capture, Headers, Hop, Snapshot
from archiver.warc.http_blocks import ascii_uri, hop_head, protocol_of, request_head, response_head
from archiver.warc.writing import (
    IDENTICAL,
    NOT_MODIFIED,
    Entry,
    Fields,
    WarcRecord,
    record_uuid,
    warc_date,
    warc_fields,
)

_RESPONSE = ("Content-Type", "application/http; msgtype=response")
_EMPTY = sha1_base32(b"")
_MAX_PATH = 50  # letters of hopsFromSeed


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A response that was written before, as a revisit refers to it."""

    id: str
    uri: str
    at: datetime
    digest: str  # sha1 of the payload, base32
    mime: str
    status: int


Lookup = Callable[[str], Original | None]


def main_records(snapshot: Snapshot, *, earlier: Lookup) -> list[WarcRecord]:
    """Return the records of the capture itself, the indexed one first.

    `earlier` finds the response written before under `payload:<sha1>` or `url:<uri>`.
    """
    capture = snapshot.record.capture
    if capture.status is None:
        return [_metadata(snapshot, beside=None)]
    answer = _answer(snapshot, snapshot.body or b"", earlier)
    if answer is None:
        return [_metadata(snapshot, beside=None)]
    return [answer, _request(snapshot, answer), _metadata(snapshot, beside=answer)]


def hop_records(snapshot: Snapshot) -> list[WarcRecord]:
    """Return a response for each redirect on the way. Their bodies were not kept: a truncated flag says so."""
    return [_hop(snapshot.record.id, number, hop) for number, hop in enumerate(snapshot.record.capture.redirects)]


def original_of(record: WarcRecord) -> Original | None:
    """Return what a later revisit may refer to; None for records that are no response."""
    if record.type != "response" or (entry := record.entry) is None:
        return None
    return Original(
        id=record.id, uri=entry.url, at=record.at, digest=entry.digest, mime=entry.mime, status=entry.status
    )


def mime_of(headers: Headers) -> str:
    """Return the media type that the headers name, as an index writes it; `unk` where they name none."""
    value = next((value for name, value in headers if name.lower() == "content-type"), "")
    mime = value.partition(";")[0].strip().lower()
    return mime if mime.isascii() and " " not in mime and "/" in mime else "unk"


def truncation(capture: Capture) -> str | None:
    """Return why the stored body is not all of it, in WARC's words."""
    if "cut" in capture.flags:
        return "length"
    return "disconnect" if "truncated" in capture.flags else None


def _answer(snapshot: Snapshot, body: bytes, earlier: Lookup) -> WarcRecord | None:
    capture, uri = snapshot.record.capture, ascii_uri(snapshot.record.url)
    if capture.status == 304:
        original = earlier(f"url:{uri}")
        return None if original is None else _not_modified(snapshot, uri, original)
    digest = sha1_base32(body)
    original = earlier(f"payload:{digest}") if body else None
    if original is not None:
        return _revisit(snapshot, uri, original, size=len(body))
    cut = truncation(capture)
    return WarcRecord(
        type="response",
        id=record_uuid(snapshot.record.id, "response"),
        at=capture.captured_at,
        fields=(
            ("WARC-Target-URI", uri),
            *_connection(capture),
            ("WARC-Payload-Digest", f"sha1:{digest}"),
            *((("WARC-Identified-Payload-Type", kind),) if (kind := _identified(snapshot)) else ()),
            *((("WARC-Truncated", cut),) if cut else ()),
            _RESPONSE,
        ),
        block=response_head(capture, length=len(body)) + body,
        entry=Entry(url=uri, status=capture.status or 0, mime=mime_of(capture.headers), digest=digest),
    )


def _revisit(snapshot: Snapshot, uri: str, original: Original, *, size: int) -> WarcRecord:
    """The same payload again: this visit's headers, whose length is the original's, or a replay would cut it to 0."""
    capture = snapshot.record.capture
    return WarcRecord(
        type="revisit",
        id=record_uuid(snapshot.record.id, "revisit"),
        at=capture.captured_at,
        fields=(
            ("WARC-Target-URI", uri),
            *_connection(capture),
            ("WARC-Profile", IDENTICAL),
            *_refers_to(original),
            ("WARC-Payload-Digest", f"sha1:{original.digest}"),
            ("WARC-Truncated", "length"),
            _RESPONSE,
        ),
        block=response_head(capture, length=size),
        entry=Entry(url=uri, status=capture.status or 0, mime="warc/revisit", digest=original.digest),
    )


def _not_modified(snapshot: Snapshot, uri: str, original: Original) -> WarcRecord:
    capture = snapshot.record.capture
    return WarcRecord(
        type="revisit",
        id=record_uuid(snapshot.record.id, "revisit"),
        at=capture.captured_at,
        fields=(
            ("WARC-Target-URI", uri),
            *_connection(capture),
            ("WARC-Profile", NOT_MODIFIED),
            *_refers_to(original),
            ("WARC-Payload-Digest", f"sha1:{original.digest}"),
        ),
        entry=Entry(url=uri, status=original.status, mime="warc/revisit", digest=original.digest),
    )


def _request(snapshot: Snapshot, answer: WarcRecord) -> WarcRecord:
    return WarcRecord(
        type="request",
        id=record_uuid(snapshot.record.id, "request"),
        at=answer.at,
        fields=(
            ("WARC-Target-URI", ascii_uri(snapshot.record.url)),
            ("WARC-Concurrent-To", answer.id),
            ("Content-Type", "application/http; msgtype=request"),
        ),
        block=request_head(snapshot.record.capture.request),
    )


def _metadata(snapshot: Snapshot, *, beside: WarcRecord | None) -> WarcRecord:
    record = snapshot.record
    concurrent = (("WARC-Concurrent-To", beside.id),) if beside else ()
    return WarcRecord(
        type="metadata",
        id=record_uuid(record.id, "metadata"),
        at=record.captured_at,
        fields=(
            ("WARC-Target-URI", ascii_uri(record.url)),
            *concurrent,
            ("Content-Type", "application/warc-fields"),
        ),
        block=warc_fields(_facts(snapshot)),
    )


def _facts(snapshot: Snapshot) -> Fields:
    """The terms that the specification names (via, hopsFromSeed, fetchTimeMs), then our own."""
    record, capture = snapshot.record, snapshot.record.capture
    path = ("L" * capture.hops + "R" * len(capture.redirects))[:_MAX_PATH]
    facts: dict[str, str | None] = {
        "via": ascii_uri(capture.via) if capture.via else None,
        "hopsFromSeed": path or None,
        "fetchTimeMs": None if capture.total_seconds is None else str(round(capture.total_seconds * 1000)),
        "fetchError": f"{capture.failure.reason} {capture.failure.detail}".strip() if capture.failure else None,
        "status": "304" if capture.status == 304 else None,
        "requestedUrl": ascii_uri(capture.requested_url) if capture.requested_url != capture.url else None,
        "robots": capture.robots,
        "flags": " ".join(record.flags) or None,
        "verdict": str(record.verdict),
        "record": record.id,
    }
    return tuple((name, value) for name, value in facts.items() if value)


def _hop(record_id: str, number: int, hop: Hop) -> WarcRecord:
    uri = ascii_uri(hop.url)
    address = (("WARC-IP-Address", ip),) if (ip := _ip(hop.peer)) else ()
    dropped = (("WARC-Truncated", "length"),) if _had_body(hop) else ()
    return WarcRecord(
        type="response",
        id=record_uuid(record_id, "hop", str(number)),
        at=hop.at,
        fields=(
            ("WARC-Target-URI", uri),
            *address,
            ("WARC-Payload-Digest", f"sha1:{_EMPTY}"),
            *dropped,
            _RESPONSE,
        ),
        block=hop_head(hop.status, hop.reason, hop.headers),
        entry=Entry(url=uri, status=hop.status, mime=mime_of(hop.headers), digest=_EMPTY),
    )


def _had_body(hop: Hop) -> bool:
    values = {name.lower(): value.strip() for name, value in hop.headers}
    return "transfer-encoding" in values or values.get("content-length", "0") != "0"


def _refers_to(original: Original) -> Fields:
    return (
        ("WARC-Refers-To", original.id),
        ("WARC-Refers-To-Target-URI", original.uri),
        ("WARC-Refers-To-Date", warc_date(original.at)),
    )


def _connection(capture: Capture) -> Fields:
    """The peer, and what was really spoken: the block always says HTTP/1.1."""
    fields = [("WARC-IP-Address", ip)] if (ip := _ip(capture.peer)) else []
    fields.append(("WARC-Protocol", protocol_of(capture.http_version)))
    if capture.tls and capture.tls.cipher:
        fields.append(("WARC-Cipher-Suite", capture.tls.cipher))
    return tuple(fields)


def _ip(peer: str | None) -> str | None:
    return peer.rpartition(":")[0].strip("[]") or None if peer else None


def _identified(snapshot: Snapshot) -> str | None:
    return snapshot.record.html.media_type if snapshot.record.html else None
