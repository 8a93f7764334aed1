"""Articles as JSON Lines, gzip. In: rows. Out: bytes to append, and the rows again. Never: all rows at once.

Each checkpoint ends a gzip member, so a file can grow; members after one another are one gzip file (RFC 1952, 2.2).
It is also what the other formats of the table are made of.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from archiver.warc.writing import member


def to_line(members: dict[str, Any]) -> str:
    """Return the members as one line, and one to readers too that split at Unicode's line separators."""
    text = json.dumps(members, ensure_ascii=False)
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085")


def to_member(rows: list[dict[str, Any]]) -> bytes:
    """Return the rows as one gzip member."""
    return member("".join(to_line(row) + "\n" for row in rows).encode("utf-8", "replace"))


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that was written so."""
    with gzip.open(path, "rt", encoding="utf-8", newline="\n") as file:
        for line in file:
            yield json.loads(line)
