"""The index of WARC files: CDXJ, plain and as ZipNum. In: entries, sorted lines. Out: lines, blocks. Never: network.

A line is `<surt> <14 digits> <json>`, sorted by bytes (LC_ALL=C). ZipNum packs lines into gzip members, so that a
reader fetches one block of a large index; pywb and WACZ each have their own index of those blocks.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from archiver.bodies import sha256_hex
from archiver.urls import surt
from archiver.warc.writing import Entry, WarcRecord, member, timestamp

LINES = 3000  # per block, as Common Crawl has it
BLOCKS = "index.cdx.gz"
NAMES = {False: "cluster.idx", True: "index.idx"}
META = '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a record lies."""

    filename: str
    offset: int
    length: int  # of the gzip member
    digest: str = ""  # sha256 (hex) of the gzip member; empty where nobody asks for it
    is_revisit: bool = False


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


def write_zipnum(lines: Iterable[str], folder: Path, *, per_block: int = LINES, wacz: bool = False) -> None:
    """Write sorted lines as blocks, with the index that pywb reads, or the one of WACZ.

    pywb takes every `.idx` in the folder for its own, so the two cannot lie side by side; and without `cluster.loc` it
    finds nothing, and says nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / BLOCKS).open("wb") as file, (folder / NAMES[wacz]).open("w", newline="\n") as index:
        index.write(META if wacz else "")
        for number, block in enumerate(_blocks(lines, per_block), 1):
            offset, packed = file.tell(), member("".join(f"{line}\n" for line in block).encode())
            file.write(packed)
            key = " ".join(block[0].split(" ", 2)[:2])
            where = {"offset": offset, "length": len(packed), "digest": f"sha256:{sha256_hex(packed)}"}
            line = f"{key} {json.dumps(where)}" if wacz else f"{key}\t{BLOCKS}\t{offset}\t{len(packed)}\t{number}"
            index.write(f"{line}\n")
    if not wacz:
        (folder / "cluster.loc").write_text(f"{BLOCKS}\t{BLOCKS}\n", newline="\n")


def _blocks(lines: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(lines)
    while block := list(islice(iterator, size)):
        yield block
