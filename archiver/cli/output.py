"""Output: rows for people, spreadsheets and programs. In: rows. Out: text. Never: what a terminal would run."""

from __future__ import annotations

import csv
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from archiver.timestamps import iso

FORMATS = ("table", "json", "jsonl", "csv", "tsv")
# C0 and C1 controls, escapes among them, and the characters that reorder or hide text
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Fields = Mapping[str, Any]


def safe(text: str) -> str:
    """Text that a terminal only shows."""
    return _UNSAFE.sub("\ufffd", text)


def cell(value: Any) -> str:
    """A value as one line of text."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)[:19] + "Z"
    if isinstance(value, tuple | list):
        return "; ".join(map(str, value))
    return str(value)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    return iso(value) if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value


def write(rows: Iterable[Fields], names: Sequence[str], form: str) -> int:
    """Write rows in `form`; return how many."""
    count = 0
    for line in _lines(rows, names, form):
        click.echo(line, nl=False)
        count += 1
    return count


def _lines(rows: Iterable[Fields], names: Sequence[str], form: str) -> Iterator[str]:
    if form == "jsonl":
        for row in rows:
            yield json.dumps({name: plain(row[name]) for name in names}, ensure_ascii=False) + "\n"
    elif form == "json":
        yield (
            json.dumps([{name: plain(row[name]) for name in names} for row in rows], ensure_ascii=False, indent=1)
            + "\n"
        )
    elif form in ("csv", "tsv"):
        yield from _separated(rows, names, "," if form == "csv" else "\t")
    else:
        yield from _table(rows, names)


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _separated(rows: Iterable[Fields], names: Sequence[str], mark: str) -> Iterator[str]:
    writer = csv.writer(_Echo(), delimiter=mark, lineterminator="\n")
    yield writer.writerow(names)
    for row in rows:
        yield writer.writerow([_inert(cell(row[name]), mark) for name in names])


def _inert(text: str, mark: str) -> str:
    """No formula, and in TSV no tab or line end inside a value."""
    text = " ".join(text.split()) if mark == "\t" else text
    return "'" + text if text.startswith(_FORMULA) else text


def _table(rows: Iterable[Fields], names: Sequence[str]) -> Iterator[str]:
    """A table where people look, tab-separated where a program reads."""
    if not sys.stdout.isatty():
        for row in rows:
            yield "\t".join(safe(" ".join(cell(row[name]).split())) for name in names) + "\n"
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="ellipsis", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(safe(" ".join(cell(row[name]).split()))) for name in names))
    console = Console()
    with console.capture() as captured:
        console.print(table)
    yield captured.get()
