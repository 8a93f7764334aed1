"""A visit as a capture. In: the records of one visit, a finder of originals. Out: a capture. Never: I/O of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from archiver.errors import BadUrl
from archiver.imports.http_messages import Answer, bodies_of, parse_answer, parse_request
from archiver.imports.inflating import Unreadable
from archiver.imports.visits import Visit
from archiver.imports.warc_reader import Entry, digest_fits
from archiver.model import Capture, Request
from archiver.urls import host

Originals = Callable[[Entry], bytes | None]

_TRUNCATED = {"length": "cut", "time": "truncated", "disconnect": "truncated", "unspecified": "truncated"}


def capture_of(visit: Visit, *, original: Originals) -> Capture:
    """Return what was captured. Raises Unreadable, with the reason, for what cannot be used."""
    entry = visit.answer
    assert entry is not None
    at = _moment(entry.get("WARC-Date"))
    _check_url(entry.uri)
    answer = _answer(entry)
    body, flags = _body(entry, answer, original)
    facts = _facts(visit.metadata)
    return Capture(
        url=entry.uri,
        captured_at=at,
        status=answer.status,
        reason=answer.reason,
        http_version=answer.http_version,
        headers=answer.headers,
        body=body,
        request=_request(visit.request),
        total_seconds=_milliseconds(facts.get("fetchTimeMs", "")),
        peer=_peer(entry),
        via=facts.get("via") or None,
        hops=facts.get("hopsFromSeed", "").count("L"),
        discovery="import",
        flags=tuple(dict.fromkeys(flags)),
        robots=facts.get("robots") or None,
    )


def is_web(entry: Entry) -> bool:
    """Whether the record is an answer of the web; a WARC may also hold DNS, screenshots and texts."""
    return entry.uri.lower().startswith(("http://", "https://"))


def _answer(entry: Entry) -> Answer:
    if entry.type == "resource":  # a file that came without HTTP
        headers = (("Content-Type", entry.get("Content-Type")),) if entry.get("Content-Type") else ()
        return Answer(http_version="HTTP/1.1", status=200, reason="", headers=headers, raw=entry.block)
    if entry.type == "revisit" and not entry.block.strip():
        status = 304 if entry.get("WARC-Profile").endswith("server-not-modified") else 200
        return Answer(http_version="HTTP/1.1", status=status, reason="", headers=(), raw=b"")
    answer = parse_answer(entry.block)
    if answer is None:
        raise Unreadable("not_http", "its block is no HTTP response")
    return answer


def _body(entry: Entry, answer: Answer, original: Originals) -> tuple[bytes, list[str]]:
    if entry.type == "revisit":
        if answer.status == 304:
            return b"", []
        found = original(entry)
        if found is None:
            raise Unreadable("no_original", "the answer that it repeats is neither in this file nor in the archive")
        return found, []
    whole, body, flags = bodies_of(answer)
    if not digest_fits(entry.get("WARC-Payload-Digest"), answer.raw, whole, body):
        raise Unreadable("wrong_digest", "its payload does not have its WARC-Payload-Digest")
    if cut := _TRUNCATED.get(entry.get("WARC-Truncated").lower()):
        flags = [*flags, cut]
    return body, flags


def _request(entry: Entry | None) -> Request:
    return (parse_request(entry.block) if entry is not None and entry.problem is None else None) or Request()


def _facts(entry: Entry | None) -> dict[str, str]:
    """The lines of a metadata record of type application/warc-fields."""
    if entry is None or not entry.get("Content-Type").startswith("application/warc-fields"):
        return {}
    lines = (line.partition(":") for line in entry.block.decode("utf-8", "replace").splitlines())
    return {name.strip(): value.strip() for name, mark, value in lines if mark}


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("bad_date", f"WARC-Date {text[:40]!a} is no time") from error
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at > datetime.now(UTC) + timedelta(days=1):
        raise Unreadable("bad_date", f"WARC-Date {text} lies in the future")
    return at


def _check_url(url: str) -> None:
    try:
        host(url)
    except BadUrl as error:
        raise Unreadable("bad_url", str(error)) from error


def _peer(entry: Entry) -> str | None:
    address = entry.get("WARC-IP-Address").strip()
    if not re.fullmatch(r"[0-9A-Fa-f:.]{2,45}", address):
        return None
    port = 443 if entry.uri.lower().startswith("https:") else 80
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _milliseconds(text: str) -> float | None:
    return int(text) / 1000 if re.fullmatch(r"\d{1,9}", text) else None
