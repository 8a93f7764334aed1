"""WARC records of any version, from any maker. In: a stream. Out: records, proved or refused. Never: a huge one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver.imports.inflating import Inflating, Unreadable

LARGEST = 64 * 1024 * 1024  # bytes of a block that is read; the crawler itself keeps 16 MiB of a page
LINE = 64 * 1024
HEAD = 256 * 1024

_VERSION = re.compile(rb"WARC/\d+\.\d+\s*\Z")
_STEP = 1024 * 1024
_ALGORITHMS = {"sha1": "sha1", "sha-1": "sha1", "sha256": "sha256", "sha-256": "sha256", "sha512": "sha512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One record. `problem` says why its block is not to be used; it is empty then."""

    fields: tuple[tuple[str, str], ...]
    block: bytes = field(default=b"", repr=False)
    problem: tuple[str, str] | None = None  # reason, detail

    def get(self, name: str, default: str = "") -> str:
        """Return the first header `name` (any case)."""
        return next((value for key, value in self.fields if key.lower() == name.lower()), default)

    @property
    def type(self) -> str:
        """WARC-Type, lower case."""
        return self.get("WARC-Type").lower()

    @property
    def id(self) -> str:
        """WARC-Record-ID."""
        return self.get("WARC-Record-ID")

    @property
    def uri(self) -> str:
        """WARC-Target-URI; old writers put it into angle brackets."""
        return self.get("WARC-Target-URI").strip("<>")


def read_records(stream: Inflating) -> Iterator[Entry]:
    """Yield the records of a WARC file. Raises Unreadable where the file cannot be read on."""
    while (line := _first_line(stream)) is not None:
        if not _VERSION.match(line):
            raise Unreadable("broken", f"no record begins with {ascii(line[:40])[2:-1]!r}")
        yield _record(stream)


def _first_line(stream: Inflating) -> bytes | None:
    while (line := stream.line(LINE)) in (b"\r\n", b"\n"):
        pass
    return line or None


def _record(stream: Inflating) -> Entry:
    fields = _fields(stream)
    entry = Entry(fields=fields)
    text = entry.get("Content-Length").strip()
    if not re.fullmatch(r"\d{1,15}", text):
        raise Unreadable("broken", f"Content-Length {text[:40]!r} is no length")
    size = int(text)
    if size > LARGEST:
        _skip(stream, size)
        return Entry(fields=fields, problem=("too_large", f"{size:,} bytes; {LARGEST:,} are read at most"))
    block = stream.read(size)
    if len(block) < size:
        return Entry(fields=fields, problem=("cut", f"{len(block):,} of {size:,} bytes are there"))
    if not digest_fits(entry.get("WARC-Block-Digest"), block):
        return Entry(fields=fields, problem=("wrong_digest", "its block does not have its WARC-Block-Digest"))
    return Entry(fields=fields, block=block)


def _fields(stream: Inflating) -> tuple[tuple[str, str], ...]:
    fields: list[tuple[str, str]] = []
    size = 0
    while (line := stream.line(LINE)) not in (b"\r\n", b"\n", b""):
        size += len(line)
        if size > HEAD:
            raise Unreadable("broken", f"headers of more than {HEAD:,} bytes")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text[:1] in (" ", "\t") and fields:  # folded, as WARC/1.0 allows
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {text.strip()}")
            continue
        name, _, value = text.partition(":")
        fields.append((name.strip(), value.strip()))
    return tuple(fields)


def _skip(stream: Inflating, size: int) -> None:
    while size > 0 and (piece := stream.read(min(size, _STEP))):
        size -= len(piece)


def digest_fits(promise: str, *candidates: bytes) -> bool:
    """Whether one of the candidates has the promised digest: `sha1:` or `sha256:` in base32 or hex, any case.

    No digest, or one of an unknown kind, is no promise.
    """
    name, _, value = promise.partition(":")
    algorithm = _ALGORITHMS.get(name.strip().lower())
    if algorithm is None:
        return True
    wanted = _digest_bytes(value.strip(), hashlib.new(algorithm, usedforsecurity=False).digest_size)
    return any(hashlib.new(algorithm, one, usedforsecurity=False).digest() == wanted for one in candidates)


def _digest_bytes(text: str, size: int) -> bytes | None:
    try:
        if len(text) == 2 * size:
            return bytes.fromhex(text)
        return base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (ValueError, binascii.Error):
        return None
