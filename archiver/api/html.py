"""HTML for notebooks. In: texts. Out: markup in which every text is escaped. Never: a script, a link a page chose."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from archiver.catalog import Marked

_CONTROLS = dict.fromkeys([*range(32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def text(value: Any) -> str:
    """A value as escaped text, without what would reorder the page around it."""
    if isinstance(value, datetime):
        value = f"{value:%Y-%m-%d %H:%M:%S} UTC"
    if isinstance(value, tuple | list):
        value = ", ".join(map(str, value))
    if isinstance(value, int):
        value = f"{value:,}"
    return escape("" if value is None else str(value).replace("\n", " ").translate(_CONTROLS))


def marked(pieces: Marked) -> str:
    """A text, what matches in <mark>."""
    return "".join(f"<mark>{text(piece)}</mark>" if is_match else text(piece) for piece, is_match in pieces)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as a table; a cell that is `Markup` stays as it is."""
    lines = ["".join(f"<td>{cell if isinstance(cell, Markup) else text(cell)}</td>" for cell in row) for row in rows]
    names = f"<thead><tr>{''.join(f'<th>{text(name)}</th>' for name in head)}</tr></thead>" if any(head) else ""
    return f"<table>{names}<tbody>{''.join(f'<tr>{line}</tr>' for line in lines)}</tbody></table>"


class Markup(str):
    """Text that is markup already."""
