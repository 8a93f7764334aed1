"""The index of a part's captures, as replay tools ask it: CDXJ in blocks (ZipNum). In: sorted lines. Out: three files.

Never: bodies.

Captures lie in no WARC file here, so a line names none: it says when what was captured, and the snapshot's id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from archiver.export.cdxj import write_zipnum
from archiver.export.http_blocks import ascii_uri
from archiver.export.warc import timestamp
from archiver.export.warc_records import mime_of
from archiver.model import Record
from archiver.urls import surt


def line_of(record: Record) -> str:
    """Return the line of a capture that got an answer."""
    uri = ascii_uri(record.url)
    members = {
        "url": uri,
        "mime": mime_of(record.capture.headers),
        "status": str(record.capture.status),
        **({"digest": f"sha1:{record.html.sha1}", "length": str(record.html.size)} if record.html else {}),
        "id": record.id,
    }
    return f"{surt(uri)} {timestamp(record.captured_at)} {json.dumps(members)}"


def write(lines: Iterable[str], folder: Path) -> list[Path]:
    """Write the blocks and their index; return the files."""
    write_zipnum(lines, folder)
    return sorted(folder.iterdir())
