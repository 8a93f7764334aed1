"""Markdown: chosen blocks with their structure. In: blocks in page order. Out: Markdown. Never: HTML, links' addresses.

Headings, lists, quotes, tables, captions and embeds keep their form; all else is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby

from archiver.extraction.blocks import HEADINGS, TAGS, Block

_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_LINE_START = re.compile(r"^(#{1,6} |[-+>] |\d{1,3}[.)] )")


def markdown_of(blocks: Sequence[Block]) -> str:
    """Render blocks as Markdown, one blank line between blocks, none between items and rows."""
    parts = []
    for kind, group in groupby(blocks, key=_kind):
        parts.append(_RENDER[kind[0]](list(group)))
    return "\n\n".join(part for part in parts if part)


def dated(time: str, heading: str | None) -> str:
    """The heading of a live blog's entry."""
    return "## " + " · ".join(_plain(part) for part in (time, heading) if part)


def _kind(block: Block) -> tuple[str, int]:
    if block.row:
        return "table", block.table
    if block.tag in HEADINGS:
        return "heading", block.order
    if block.tag in ("figcaption", "caption"):
        return "caption", block.order
    if block.tag == "pre":
        return "code", block.order
    if block.ancestors & TAGS["blockquote"]:
        return "quote", 0
    if block.tag in ("li", "dd", "dt") and block.level:
        return "list", 0
    return "paragraph", block.order


def _plain(text: str) -> str:
    """Text that Markdown would not read as markup."""
    return _LINE_START.sub(lambda match: "\\" + match[1], _SPECIAL.sub(r"\\\1", text))


def _heading(blocks: list[Block]) -> str:
    return "\n\n".join(f"{'#' * int(block.tag[1])} {_plain(block.text)}" for block in blocks)


def _paragraph(blocks: list[Block]) -> str:
    return "\n\n".join(_plain(block.text).replace("\n", "  \n") for block in blocks)


def _caption(blocks: list[Block]) -> str:
    return "\n\n".join(f"*{_plain(block.text)}*" for block in blocks)


def _code(blocks: list[Block]) -> str:
    return "\n\n".join(f"```\n{block.text}\n```" for block in blocks)


def _quote(blocks: list[Block]) -> str:
    return "\n>\n".join("> " + _plain(block.text).replace("\n", "\n> ") for block in blocks)


def _list(blocks: list[Block]) -> str:
    lowest = min(block.level for block in blocks)
    return "\n".join(
        f"{'  ' * (block.level - lowest)}- {_plain(block.text).replace(chr(10), chr(10) + '  ')}" for block in blocks
    )


def _table(blocks: list[Block]) -> str:
    rows = [[_plain(cell).replace("|", "\\|") for cell in block.text.split(" | ")] for block in blocks]
    width = max(map(len, rows))
    lines = [_row(row, width) for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _row(cells: Iterable[str], width: int) -> str:
    cells = list(cells)
    return "| " + " | ".join([*cells, *[""] * (width - len(cells))]) + " |"


_RENDER = {
    "table": _table, "heading": _heading, "caption": _caption, "code": _code, "quote": _quote, "list": _list,
    "paragraph": _paragraph,
}  # fmt: skip
