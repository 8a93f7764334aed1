"""Output: rows for people, spreadsheets and programs. In: rows. Out: text. Never: what a terminal would run."""

from __future__ import annotations

import csv
import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from archiver import logs
from archiver.errors import BadInput
from archiver.timestamps import iso

FORMATS = ("table", "json", "jsonl", "csv", "tsv")
# C0 and C1 controls, escapes among them, and the characters that reorder or hide text
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LONG = ("url", "requested_url", "surt", "title", "authors", "body_key", "record_key", "flags")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Fields = Mapping[str, Any]
log_format_option = click.option(
    "--log-format",
    type=click.Choice(logs.FORMATS),
    envvar="NEWSVAULT_LOG_FORMAT",
    help="The log on stderr: lines for people, or one JSON object a line.  [default: text]",
)


def safe(text: str) -> str:
    """Text that a terminal only shows."""
    return _UNSAFE.sub("\ufffd", text)


def say(text: str, *, nl: bool = True) -> None:
    """Write text to stdout: as it is for a program, made safe for a terminal."""
    text = safe(text) if sys.stdout.isatty() else text
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"  # a title in Greek must not end a Latin-1 listing
    click.echo(text.encode(encoding, "backslashreplace").decode(encoding), nl=nl)


def note(text: str, level: int = logging.INFO) -> None:
    """Say something beside the data: a line on stderr, or an object in a log that is JSON."""
    if logs.in_json():
        logging.getLogger("archiver").log(level, "%s", text.strip())
    else:
        click.echo(safe(text), err=True)


def give(data: bytes) -> None:
    """Write bytes to stdout: exactly these for a program, as safe text for a terminal."""
    if sys.stdout.isatty():
        say(data.decode("utf-8", "replace"))
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def dumps(value: Any, *, indent: int | None = None) -> str:
    """JSON whose texts a terminal only shows: what it would obey is escaped, so that nothing is lost."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


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


def named(fields: str | None, known: Sequence[str], default: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that `--fields` names, or the usual ones. Raises BadInput for one that is not known."""
    names = tuple(name.strip() for name in fields.split(",")) if fields else tuple(default)
    for name in names:
        if name not in known:
            raise BadInput(f"field {name!r}", f"known are {', '.join(known)}")
    return names


def write(rows: Iterable[Fields], names: Sequence[str], form: str) -> int:
    """Write rows in `form`; return how many."""
    count = 0
    for line in _lines(rows, names, form):
        if form == "table" and sys.stdout.isatty():
            click.echo(line, nl=False)  # safe already, and its colours are ours
        else:
            say(line, nl=False)
        count += 1
    return count


def _lines(rows: Iterable[Fields], names: Sequence[str], form: str) -> Iterator[str]:
    if form == "jsonl":
        for row in rows:
            yield dumps({name: plain(row[name]) for name in names}) + "\n"
    elif form == "json":
        yield dumps([{name: plain(row[name]) for name in names} for row in rows], indent=1) + "\n"
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
            yield "\t".join(safe(_inert(cell(row[name]), "\t")) for name in names) + "\n"
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    lines = [[safe(" ".join(cell(row[name]).split())) for name in names] for row in rows]
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for at, name in enumerate(names):  # what is long shares the room that is left; an id stays whole, to be copied
        width = max(len(name), *(len(line[at]) for line in lines)) if lines else len(name)
        is_long = name in _LONG
        table.add_column(
            name, overflow="ellipsis", no_wrap=True, width=None if is_long else width, ratio=1 if is_long else None
        )
    for line in lines:
        table.add_row(*map(Text, line))
    console = Console()
    with console.capture() as captured:
        console.print(table)
    yield captured.get()
