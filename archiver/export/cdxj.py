"""The index of WARC files: CDXJ, plain and as ZipNum. In: entries, sorted lines. Out: lines, blocks. Never: network.

A line is `<surt> <14 digits> <json>`, sorted by bytes (LC_ALL=C). ZipNum packs lines into gzip members, so that a
reader fetches one block of a large index; two indexes of those blocks are written, for the two readers there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from archiver.bodies import sha256_hex
from archiver.export.warc import Entry, WarcRecord, member, timestamp
from archiver.urls import surt

LINES = 3000  # per block, as Common Crawl has it
BLOCKS = "index.cdx.gz"
META = '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record lies."""

    filename: str
    offset: int
    length: int  # of the gzip member
    digest: str  # sha256 (hex) of the gzip member


def cdx_line(record: WarcRecord, entry: Entry, place: Place) -> str:
    """Return the index line of a response or revisit, without a line end."""
    members = {
        "url": entry.url,
        "mime": entry.mime,
        "status": str(entry.status),
        "digest": f"sha1:{entry.digest}",
        "length": str(place.length),
        "offset": str(place.offset),
        "filename": place.filename,
        "recordDigest": f"sha256:{place.digest}",
    }
    return f"{surt(entry.url)} {timestamp(record.at)} {json.dumps(members)}"


def write_cdxj(lines: Iterable[str], path: Path) -> None:
    """Write sorted lines as a plain index."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(line + "\n")


def write_zipnum(lines: Iterable[str], folder: Path, *, per_block: int = LINES, pywb: bool = True) -> None:
    """Write sorted lines as blocks, with `index.idx` (WACZ) and, if `pywb`, `cluster.idx` and `cluster.loc`.

    Without `cluster.loc` pywb finds nothing, and says nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    blocks = _blocks(lines, per_block)
    cluster: list[str] = []
    with (folder / BLOCKS).open("wb") as file, (folder / "index.idx").open("w", newline="\n") as index:
        index.write(META)
        for number, block in enumerate(blocks, 1):
            offset, packed = file.tell(), member("".join(f"{line}\n" for line in block).encode())
            file.write(packed)
            key = " ".join(block[0].split(" ", 2)[:2])
            where = {"offset": offset, "length": len(packed), "digest": f"sha256:{sha256_hex(packed)}"}
            index.write(f"{key} {json.dumps(where)}\n")
            cluster.append(f"{key}\t{BLOCKS}\t{offset}\t{len(packed)}\t{number}\n")
    if pywb:
        (folder / "cluster.idx").write_text("".join(cluster), newline="\n")
        (folder / "cluster.loc").write_text(f"{BLOCKS}\t{BLOCKS}\n", newline="\n")


def _blocks(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(lines)
    while block := list(islice(iterator, size)):
        yield block
