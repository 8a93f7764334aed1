"""The index of a part's captures, as replay tools ask it: CDXJ in blocks (ZipNum). In: sorted lines. Out: three files.

Never: bodies.

A line says when what was captured, and the snapshot's id. Where the capture lies in a WARC file, a pack or one that was
made to be published, it names that too, as replay tools read it; other lines name none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from archiver.export.cdxj import Place, write_zipnum
from archiver.model import Record
from archiver.urls import surt
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.records import mime_of
from archiver.warc.writing import timestamp


def line_of(record: Record, place: Place | None) -> str:
    """Return the line of a capture that got an answer; `place` is where it lies in a pack."""
    uri = ascii_uri(record.url)
    members = {
        "url": uri,
        "mime": "warc/revisit" if place and place.is_revisit else mime_of(record.capture.headers),
        "status": str(record.capture.status),
        **({"digest": f"sha1:{record.html.sha1}"} if record.html else {}),
        **({"length": str(place.length)} if place else {"length": str(record.html.size)} if record.html else {}),
        **({"offset": str(place.offset), "filename": place.filename} if place else {}),
        "id": record.id,
    }
    return f"{surt(uri)} {timestamp(record.captured_at)} {json.dumps(members)}"


def write(lines: Iterable[str], folder: Path) -> list[Path]:
    """Write the blocks and their index; return the files."""
    write_zipnum(lines, folder)
    return sorted(folder.iterdir())
