"""Articles as CSV that a spreadsheet only shows. In: rows. Out: a file. Never: a formula.

A cell that begins with `=`, `+`, `-`, `@`, tab or return would run when the file is opened: it gets an apostrophe in
front. Lists are joined by `; `. UTF-8, quoted after RFC 4180.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archiver.export.articles import COLUMNS

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # Excel reads the full-width ones as well


def write(rows: Iterable[dict[str, Any]], path: Path) -> None:
    """Write the table to `path`."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([cell(row[name]) for name in COLUMNS])


def cell(value: Any) -> str:
    """Return a value as an inert cell."""
    if value is None:
        return ""
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    if isinstance(value, int):
        return text
    text = text.replace("\0", "\ufffd")  # many readers end a cell there
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text
