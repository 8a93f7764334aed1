"""What is in a pack: JSON Lines, one capture each, one gzip member per line. In: bytes. Out: lines. Never: I/O.

    {"key": …, "size": …, "warc": {"type", "offset", "length"}, "body": {"key", "offset", "length", "tail"}, "end": …,
     "record": {…}}                                                                             one line
    {"pack": …, "size": …, "parts": [{"sha256", "size"} …], "lines": …, "replaces": […]}        the last line

`key` is where the record would lie as an object, `size` its bytes there; `record` is that very record, on one line.
Both are empty where it was deleted and its body is another's too.
`warc` is the capture's answer in the pack, None where nothing was served. `body` is where the body's packed bytes lie
inside that answer (see `splice`); None where the capture has none, or repeats a body that is kept elsewhere.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from archiver.errors import BadRecord
from archiver.packs.splice import Spliced
from archiver.seal import layout
from archiver.warc.writing import member

_GZIP = 31
LIMIT = 64 * 1024 * 1024  # bytes of one line; the largest record has a body of 16 MiB to tell of


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Where the WARC record of a capture's answer lies: one gzip member."""

    type: str  # response or revisit
    offset: int
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One capture in a pack. `at` and `long` are the line's own place in the contents, of `record_of`."""

    key: str
    size: int
    warc: Answer | None
    body: Spliced | None
    end: int  # where the capture's records end in the pack
    at: int = 0
    long: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of a pack with its digest: the whole, or what a joined pack took from an earlier one."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """What the last line says of the pack."""

    pack: str
    size: int
    parts: tuple[Part, ...]
    lines: int
    replaces: tuple[str, ...] = ()  # contents whose captures are all here, or were to be deleted


@dataclass(slots=True)
class Contents:
    """A pack's contents as they were read. `footer` is None where they end too early; `why` says what is wrong."""

    lines: list[Line] = field(default_factory=list)
    footer: Footer | None = None
    why: str = ""


def line_bytes(line: Line, record: bytes) -> bytes:
    """Return the line as a gzip member. `record` is the record as an object: JSON whose line ends are all layout."""
    facts: dict[str, Any] = {
        "key": line.key,
        "size": line.size,
        "warc": line.warc and asdict(line.warc),
        "body": line.body and {**asdict(line.body), "tail": line.body.tail.hex()},
        "end": line.end,
    }
    head = json.dumps(facts, separators=(",", ":")).encode()
    flat = b"".join(part.lstrip(b" ") for part in record.split(b"\n")) or b"null"
    return member(head[:-1] + b',"record":' + flat + b"}\n")


def footer_bytes(footer: Footer) -> bytes:
    """Return the last line as a gzip member."""
    return member(json.dumps(asdict(footer), separators=(",", ":")).encode() + b"\n")


def record_of(data: bytes, key: str) -> bytes:
    """Return the record in one line's bytes, as it would lie in its own object. Raises BadRecord."""
    try:
        return layout(_members(data)["record"])
    except (ValueError, KeyError, zlib.error) as error:
        raise BadRecord(key, f"its line in the pack's contents is damaged ({error})") from error


def read_contents(data: bytes) -> Contents:
    """Read lines until the end, or until one is damaged: then what comes before it, and why."""
    found, at = Contents(), 0
    while at < len(data):
        try:
            text, long = _unpacked(data, at)
            members = json.loads(text)
            if "pack" in members:
                found.footer = _footer(members)
                at += long
                break
            found.lines.append(_line(members, at, long))
        except (ValueError, KeyError, TypeError, zlib.error) as error:
            found.why = f"damaged at byte {at:,} ({error})"
            return found
        at += long
    if found.footer is None:
        found.why = "it has no last line: cut"
    elif at < len(data):
        found.why = "bytes after the last line"
    elif found.footer.lines != len(found.lines):
        found.why = f"{len(found.lines):,} lines, the last one says {found.footer.lines:,}"
    return found


def lines_in(data: bytes, lines: Sequence[Line]) -> Iterator[tuple[Line, bytes]]:
    """Yield each line with its record's bytes."""
    for line in lines:
        yield line, record_of(data[line.at : line.at + line.long], line.key)


def _members(data: bytes) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(_unpacked(data, 0)[0])
    return members


def _unpacked(data: bytes, at: int) -> tuple[bytes, int]:
    """Return the gzip member that begins `at`, unpacked, and its packed length."""
    unpacker = zlib.decompressobj(wbits=_GZIP)
    view = memoryview(data)[at:]
    text = unpacker.decompress(view, LIMIT)
    if not unpacker.eof:
        raise ValueError("a member that does not end" if len(text) < LIMIT else "a member of more than 64 MiB")
    return text, len(view) - len(unpacker.unused_data)


def _line(members: dict[str, Any], at: int, long: int) -> Line:
    warc, body = members["warc"], members["body"]
    return Line(
        key=str(members["key"]),
        size=int(members["size"]),
        warc=Answer(**warc) if warc else None,
        body=Spliced(**{**body, "tail": bytes.fromhex(body["tail"])}) if body else None,
        end=int(members["end"]),
        at=at,
        long=long,
    )


def _footer(members: dict[str, Any]) -> Footer:
    return Footer(
        pack=str(members["pack"]),
        size=int(members["size"]),
        parts=tuple(Part(**part) for part in members["parts"]),
        lines=int(members["lines"]),
        replaces=tuple(members["replaces"]),
    )
