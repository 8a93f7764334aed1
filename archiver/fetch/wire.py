"""HTTP/1.1 as bytes (RFC 9112). In: bytes, in any pieces. Out: a head, a payload. Never: I/O, content coding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import BadInput
from archiver.fetch.guard import Destination
from archiver.model import Headers

_STATUS = re.compile(r"HTTP/([0-9](?:\.[0-9])?)[ \t]+([0-9]{3})(?:[ \t]+(.*?))?[ \t]*", re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[^\x00\r\n]*")
_CHUNK_SIZE = re.compile(rb"[ \t]*([0-9a-fA-F]{1,16})[ \t]*(?:;.*)?\r?", re.DOTALL)
_LINE = 4096  # a chunk's size line may not be longer, extensions included
_TRAILER = 64 * 1024
_SECRET = frozenset(("authorization", "cookie", "proxy-authorization"))


@dataclass(frozen=True, slots=True)
class Head:
    """A status line and headers. `broken` says that some line was malformed; `raw` has it."""

    http_version: str
    status: int
    reason: str
    headers: Headers
    broken: bool
    raw: bytes

    def values(self, name: str) -> list[str]:
        """All values of header `name`, given in lower case."""
        return [value for key, value in self.headers if key.lower() == name]


def request_bytes(method: str, place: Destination, headers: Headers) -> tuple[bytes, Headers]:
    """Return the request as sent, and its headers as they may be kept: without credentials.

    Headers go out in the order given; Host comes first unless it is among them. Raises BadInput for a header that
    would break the request's framing.
    """
    for name, value in headers:
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise BadInput(f"request header {name!r}", "a name or value that HTTP cannot carry")
    if not any(name.lower() == "host" for name, _ in headers):
        headers = (("Host", place.host_header), *headers)
    lines = [f"{method} {place.target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    kept = tuple((name, value) for name, value in headers if name.lower() not in _SECRET)
    try:
        return "\r\n".join(lines).encode("latin-1"), kept
    except UnicodeEncodeError as error:
        raise BadInput("request headers", "a character outside latin-1") from error


def head_end(buffer: bytearray, start: int) -> int:
    """Return where the head in `buffer` ends (after its empty line, CRLF or bare LF), or -1; look from `start` on."""
    start = max(0, start - 3)
    ends = [end + len(mark) for mark in (b"\n\r\n", b"\n\n") if (end := buffer.find(mark, start)) >= 0]
    return min(ends, default=-1)


def parse_head(raw: bytes) -> Head | None:
    """Read a head, or return None if its first line is not a status line of HTTP/1."""
    lines = [line.removesuffix("\r") for line in raw.decode("latin-1").rstrip("\r\n").split("\n")]
    status = _STATUS.fullmatch(lines[0])
    if status is None:
        return None
    headers, broken = _parse_headers(lines[1:])
    return Head(f"HTTP/{status[1]}", int(status[2]), status[3] or "", headers, broken, raw)


def _parse_headers(lines: list[str]) -> tuple[Headers, bool]:
    headers: list[tuple[str, str]] = []
    broken = False
    for line in lines:
        if line[:1] in (" ", "\t") and headers:  # obs-fold (RFC 9112, 5.2)
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if not _TOKEN.fullmatch(name) or not colon or "\r" in value or "\0" in value:
            broken = True
            name = name.strip()
            if not colon or not name:
                continue
        headers.append((name, value.strip(" \t")))
    return tuple(headers), broken


class Framing(Protocol):
    """Finds the payload, and its end, in what follows the head."""

    done: bool  # nothing more is to be read
    complete: bool  # all of the payload came
    clean: bool  # … and the next byte on this connection begins another answer

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the payload in `data`. Bytes after the end make `clean` false."""


class LengthBody:
    """A body of a known length."""

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = self.complete = self.clean = length == 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        if len(data) > self._left:
            payload, extra = data[: self._left], True
        else:
            payload, extra = data, False
        self._left -= len(payload)
        self.done = self.complete = self._left == 0
        self.clean = self.done and not extra
        if payload:
            yield payload


class CloseBody:
    """A body that ends with the connection."""

    done = False
    complete = True
    clean = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield data


class ChunkedBody:
    """A chunked body (RFC 9112, 7.1). A size that cannot be read ends it: `done`, but not `complete`."""

    def __init__(self) -> None:
        self._left = 0  # of the current chunk
        self._held = b""  # an unfinished line
        self._after_chunk = False  # the line end after a chunk's data is due
        self._trailer = 0
        self.done = self.complete = self.clean = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._held:
            data, self._held = self._held + data, b""
        position, size = 0, len(data)
        while position < size and not self.done:
            if self._left:
                piece = data[position : position + self._left]
                position += len(piece)
                self._left -= len(piece)
                self._after_chunk = not self._left
                yield piece
                continue
            end = data.find(b"\n", position)
            if end < 0:
                self._hold(data[position:])
                return
            self._line(data[position:end])
            position = end + 1
        if self.done and position < size:
            self.clean = False

    def _hold(self, rest: bytes) -> None:
        self._held = rest
        self.done = len(rest) > _LINE

    def _line(self, line: bytes) -> None:
        if self.complete:
            self._trailer_line(line)
        elif self._after_chunk:
            self._after_chunk = False
            self.done = line not in (b"", b"\r")
        elif (size := _CHUNK_SIZE.fullmatch(line)) is None:
            self.done = True
        else:
            self._left = int(size[1], 16)
            self.complete = self._left == 0

    def _trailer_line(self, line: bytes) -> None:
        """Trailer fields are read over: nothing that an archive keeps may come after the body."""
        self._trailer += len(line)
        self.clean = line in (b"", b"\r")
        self.done = self.clean or self._trailer > _TRAILER


def framing(method: str, head: Head) -> tuple[Framing, list[str], list[str]]:
    """Choose how the body is framed (RFC 9112, 6.3). Return it with flags and the transfer codings under `chunked`."""
    if method == "HEAD" or head.status in (204, 304):
        return LengthBody(0), [], []
    codings = [name.strip().lower() for value in head.values("transfer-encoding") for name in value.split(",")]
    codings = [name for name in codings if name not in ("", "identity")]
    lengths = {part.strip() for value in head.values("content-length") for part in value.split(",")}
    if codings:
        flags = ["length_conflict"] if lengths else []
        if codings[-1] == "chunked":
            return ChunkedBody(), flags, codings[:-1]
        return CloseBody(), [*flags, "no_content_length"], codings
    if not lengths:
        return CloseBody(), ["no_content_length"], []
    length = lengths.pop()
    if lengths or not re.fullmatch(r"[0-9]{1,18}", length):
        return CloseBody(), ["content_length_invalid", "no_content_length"], []
    return LengthBody(int(length)), [], []


def keeps_alive(head: Head) -> bool:
    """Tell whether the server will answer another request on this connection (RFC 9112, 9.3)."""
    options = {option.strip().lower() for value in head.values("connection") for option in value.split(",")}
    return "close" not in options and (head.http_version == "HTTP/1.1" or "keep-alive" in options)
