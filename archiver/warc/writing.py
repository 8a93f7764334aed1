"""WARC/1.1 records as bytes. In: headers, a block. Out: one gzip member per record. Never: files, the clock.

Written by hand: warcio's writer puts a sha1 in place of any block digest it is given. Rules after the WARC/1.1
specification (ISO 28500:2017), as tried on its readers.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import NAMESPACE_URL, uuid5

from archiver.bodies import sha256_hex
from archiver.timestamps import iso

IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
CONFORMS_TO = "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"

Fields = tuple[tuple[str, str], ...]

_GZIP = 31  # zlib's window bits for one gzip member


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an index says about a response or a revisit, but for where it lies."""

    url: str
    status: int
    mime: str  # `warc/revisit` for a revisit
    digest: str  # sha1 in base32, without prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class WarcRecord:
    """One record. `fields` are the headers beside type, id, date, lengths and block digest, in order."""

    type: str
    id: str
    at: datetime
    fields: Fields = ()
    block: bytes = field(default=b"", repr=False)
    entry: Entry | None = None  # only responses and revisits are indexed


def record_uuid(*names: str) -> str:
    """Return the id of a record, the same one for the same names, so that an export can be made again."""
    return f"<urn:uuid:{uuid5(NAMESPACE_URL, 'newsvault:' + '/'.join(names))}>"


def to_bytes(record: WarcRecord, *, warcinfo: str | None = None) -> bytes:
    """Return the record as the bytes of a WARC file, before compression. `warcinfo` is the id of the file's first."""
    head = [("WARC-Type", record.type), ("WARC-Record-ID", record.id), ("WARC-Date", warc_date(record.at))]
    if warcinfo is not None:
        head.append(("WARC-Warcinfo-ID", warcinfo))
    head += record.fields
    head.append(("WARC-Block-Digest", f"sha256:{sha256_hex(record.block)}"))
    head.append(("Content-Length", str(len(record.block))))
    lines = "".join(f"{name}: {_one_line(value)}\r\n" for name, value in head)
    return b"WARC/1.1\r\n" + lines.encode("utf-8", "replace") + b"\r\n" + record.block + b"\r\n\r\n"


def member(data: bytes) -> bytes:
    """Return `data` as one gzip member, which a reader can start at."""
    packer = zlib.compressobj(level=6, wbits=_GZIP)
    return packer.compress(data) + packer.flush()


def warc_date(at: datetime) -> str:
    """Return `at` as WARC/1.1 writes it: UTC, with as many decimals as it has."""
    text = iso(at).removesuffix("Z").rstrip("0").removesuffix(".")
    return text + "Z"


def timestamp(at: datetime) -> str:
    """Return the 14 digits under which an index knows this second."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S").zfill(14)


def warc_fields(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return a block of type application/warc-fields."""
    return "".join(f"{name}: {_one_line(value)}\r\n" for name, value in fields).encode("utf-8", "replace")


def warcinfo(*, name: str, at: datetime, about: Fields) -> WarcRecord:
    """Return the record that opens the file `name`."""
    standard = (("format", "WARC File Format 1.1"), ("conformsTo", CONFORMS_TO))
    return WarcRecord(
        type="warcinfo",
        id=record_uuid("warcinfo", name, iso(at)),
        at=at,
        fields=(("WARC-Filename", name), ("Content-Type", "application/warc-fields")),
        block=warc_fields((*about[:1], *standard, *about[1:])),
    )


def _one_line(value: str) -> str:
    """Folded headers are not allowed, and a line end inside a value would begin another header."""
    return " ".join(value.split())
