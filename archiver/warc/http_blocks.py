"""HTTP messages as a WARC holds them. In: a capture. Out: a block, consistent with the stored body. Never: I/O.

We keep bodies as Content-Encoding leaves them. A message that still spoke of the coding, or of its length, would make
a replay cut the page or decode it twice; so the headers say what is stored, and the old coding moves aside.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from archiver.model import Capture, Headers, Request

_NOT_A_TOKEN = re.compile(rb"[^!#$%&'*+\-.^_`|~0-9A-Za-z]")  # RFC 9110, 5.6.2
_CONTROLS = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]+")  # a line end inside a value would begin another header
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_URI_SAFE = "!#$%&'()*+,/:;=?@[]~-._"  # RFC 3986, reserved and unreserved, and the percent sign of what is escaped


def response_head(capture: Capture, *, length: int) -> bytes:
    """Return status line and headers of the answer whose stored body has `length` bytes, with the empty line.

    The protocol is written as HTTP/1.1 whatever it was: replay engines refuse `HTTP/2 200`.
    """
    return _head(f"{capture.status or 0:03d} {capture.reason}".strip(), capture.headers, length=length)


def hop_head(status: int, reason: str, headers: Headers) -> bytes:
    """Return status line and headers of a redirect, whose body was not kept."""
    return _head(f"{status:03d} {reason}".strip(), headers, length=0)


def request_head(request: Request) -> bytes:
    """Return request line and headers, with the empty line."""
    line = f"{_word(request.method) or 'GET'} {ascii_uri(request.target) or '/'} HTTP/1.1"
    return line.encode("ascii") + b"\r\n" + b"".join(_lines(request.headers)) + b"\r\n"


def ascii_uri(url: str) -> str:
    """Return `url` as RFC 3986 writes it: other characters become percent escapes of their UTF-8 bytes."""
    return quote(url, safe=_URI_SAFE, encoding="utf-8", errors="replace")


def protocol_of(http_version: str) -> str:
    """Return what WARC-Protocol calls this version: `http/1.1`, `h2`."""
    number = http_version.upper().removeprefix("HTTP/")
    return f"h{number[0]}" if number[:1] in ("2", "3") else f"http/{_word(number) or '1.1'}"


def _head(status: str, headers: Headers, *, length: int) -> bytes:
    first = b"HTTP/1.1 " + _value(status)
    lines = list(_lines(headers, length=length))
    if not any(line.lower().startswith(b"content-length:") for line in lines):
        lines.append(b"Content-Length: %d\r\n" % length)
    return first + b"\r\n" + b"".join(lines) + b"\r\n"


def _lines(headers: Headers, *, length: int | None = None) -> list[bytes]:
    """The header lines; with `length`, those of a body that is stored decoded."""
    lines, has_length = [], False
    for name, value in headers:
        key = _name(name)
        low = key.lower()
        if not key or (length is not None and low == b"transfer-encoding") or (low == b"content-length" and has_length):
            continue
        text = _value(value)
        if length is not None and low == b"content-length":
            text, has_length = b"%d" % length, True
        elif length is not None and low == b"content-encoding":
            key = b"X-Orig-Content-Encoding"
        lines.append(key + b": " + text + b"\r\n")
    return lines


def _name(name: str) -> bytes:
    return _NOT_A_TOKEN.sub(b"-", name.strip().encode("latin-1", "replace"))


def _value(value: str) -> bytes:
    """The value as one line of ASCII; other bytes become percent escapes, as web archives write them."""
    data = _CONTROLS.sub(b" ", value.encode("latin-1", "replace")).strip()
    return _NOT_ASCII.sub(lambda match: b"%%%02X" % match[0][0], data)


def _word(text: str) -> str:
    return re.sub(r"[^!-~]", "", text)[:40]
