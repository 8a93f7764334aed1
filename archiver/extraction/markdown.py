"""Markdown: chosen blocks with their structure. In: blocks in page order. Out: Markdown. Never: HTML, links' addresses
but those of what is embedded.

Headings, lists, quotes, tables, captions and embeds keep their form; all else is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from urllib.parse import quote

from archiver.extraction.blocks import HEADINGS, TAGS, Block

_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_URL = "%/:?#[]@!$&'()*+,;=~"  # what may stand in an address as it is (RFC 3986, 2.2)
_LINE_START = re.compile(r"^(#{1,6} |[-+>] |\d{1,3}[.)] )")


def markdown_of(blocks: Sequence[Block]) -> str:
    """Render blocks as Markdown, one blank line between blocks, none between items and rows."""
    parts = []
    for _, run in groupby(_runs(blocks), key=itemgetter(0)):
        kept = [block for _, block in run]
        for kind, group in groupby(kept, key=_kind):
            parts.append(_RENDER[kind[0]](list(group)))
        parts += [f"[{_plain(name)}](<{quote(url, safe=_URL)}>)" for name, url in kept[-1].embeds]
    return "\n\n".join(part for part in parts if part)


def _runs(blocks: Iterable[Block]) -> Iterator[tuple[int, Block]]:
    """Each block with the number of the run it is in; a run ends where something is embedded."""
    number = 0
    for block in blocks:
        yield number, block
        number += bool(block.embeds)


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
    lines, numbers, widths = [], dict[int, int](), dict[int, int]()
    for block in blocks:
        level = block.level
        numbers = {one: number for one, number in numbers.items() if one <= level}
        numbers[level] = numbers.get(level, 0) + 1
        mark = f"{numbers[level]}. " if _is_numbered(block) else "- "
        widths[level] = len(mark)
        indent = " " * sum(widths.get(one, 2) for one in range(lowest, level))
        text = _plain(block.text).replace("\n", f"\n{indent}{' ' * len(mark)}")
        lines.append(f"{indent}{mark}{text}")
    return "\n".join(lines)


def _is_numbered(block: Block) -> bool:
    """Whether the list that a block is an item of is an `ol`."""
    tags = (part.split(" ", 1)[0] for part in block.path)
    return next((tag == "ol" for tag in tags if tag in ("ol", "ul")), False)


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
