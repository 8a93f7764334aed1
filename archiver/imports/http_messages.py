"""HTTP messages out of a WARC. In: a block. Out: status, headers, the body as a reader gets it. Never: I/O, a bomb."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from archiver.fetch.decode import Decoder, TooMuch, coding_names
from archiver.imports.inflating import Unreadable
from archiver.imports.warc_reader import LARGEST
from archiver.model import Headers, Request

_STATUS = re.compile(r"(HTTP/[\d.]+|ICY)\s+(\d{3})(?:\s+(.*))?\Z", re.IGNORECASE)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,1024}\r?\n")
_SECRETS = ("authorization", "proxy-authorization", "cookie")  # of whoever made the WARC; no archive needs them


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response as it lies in a WARC. `raw` is what follows the headers."""

    http_version: str
    status: int
    reason: str
    headers: Headers
    raw: bytes = field(repr=False)

    def values(self, name: str) -> list[str]:
        """Return all values of the header `name`."""
        return [value for key, value in self.headers if key.lower() == name]


def parse_answer(block: bytes) -> Answer | None:
    """Return the response in `block`; None if it is none."""
    head, raw = _split(block)
    first, *lines = head.split("\n")
    match = _STATUS.match(first.strip())
    if match is None:
        return None
    reason = (match[3] or "").strip()
    return Answer(http_version=match[1].upper(), status=int(match[2]), reason=reason, headers=_headers(lines), raw=raw)


def parse_request(block: bytes) -> Request | None:
    """Return the request in `block`, without credentials; None if it is none."""
    first, *lines = _split(block)[0].split("\n")
    words = first.strip().split(" ")
    if len(words) < 2 or not words[-1].upper().startswith("HTTP/"):
        return None
    headers = tuple(pair for pair in _headers(lines) if pair[0].lower() not in _SECRETS)
    return Request(method=words[0], target=" ".join(words[1:-1]) or "/", http_version=words[-1], headers=headers)


def bodies_of(answer: Answer) -> tuple[bytes, bytes, list[str]]:
    """Return the body without chunks, the body without Content-Encoding too, and flags. Raises Unreadable for a bomb.

    Archives store either form, and leave the headers as they were: what is not in a coding goes through as it is.
    """
    chunked = any("chunked" in value.lower() for value in answer.values("transfer-encoding"))
    whole = _without_chunks(answer.raw) if chunked else answer.raw
    decoder = Decoder(coding_names(answer.values("content-encoding")), LARGEST)
    try:
        body = b"".join([*decoder.feed(whole), *decoder.finish()]) if whole else b""
    except TooMuch as error:
        raise Unreadable("bomb", f"its Content-Encoding hides more than {LARGEST:,} bytes") from error
    return whole, body, decoder.flags


def _without_chunks(raw: bytes) -> bytes:
    """Undo chunks (RFC 9112, 7.1); bytes that are not in chunks come back as they are."""
    pieces: list[bytes] = []
    at = 0
    while match := _CHUNK.match(raw, at):
        size = int(match[1], 16)
        if size == 0:
            return b"".join(pieces)
        piece = raw[match.end() : match.end() + size]
        pieces.append(piece)
        at = match.end() + size
        if len(piece) < size:  # cut
            return b"".join(pieces)
        at += 2 if raw[at : at + 2] == b"\r\n" else 1 if raw[at : at + 1] == b"\n" else 0
    return b"".join(pieces) if pieces and at >= len(raw) else raw


def _split(block: bytes) -> tuple[str, bytes]:
    """Split at the first empty line."""
    match = re.search(rb"\r?\n\r?\n", block)
    head, rest = (block[: match.start()], block[match.end() :]) if match else (block, b"")
    return head.decode("latin-1"), rest


def _headers(lines: list[str]) -> Headers:
    headers: list[tuple[str, str]] = []
    for line in lines:
        text = line.rstrip("\r")
        if text[:1] in (" ", "\t") and headers:
            headers[-1] = (headers[-1][0], f"{headers[-1][1]} {text.strip()}")
        elif text:
            name, _, value = text.partition(":")
            headers.append((name.strip(), value.strip()))
    return tuple(headers)
