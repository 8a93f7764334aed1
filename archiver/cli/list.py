"""archiver list: what is there, one line per snapshot. In: a selection. Out: lines on stdout."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from typing import Any

import click

from archiver.cli.options import (
    archive_options,
    format_options,
    found,
    generation_option,
    opened,
    selected,
    selection_options,
)
from archiver.cli.output import named, write

WIDE = 110  # columns of a terminal that has room for all of SHOWN
NARROW = ("captured_at", "verdict", "id", "url")
SHOWN = ("captured_at", "verdict", "status", "id", "url", "title")
ALL = (
    "id", "captured_at", "url", "requested_url", "surt", "host", "domain", "collection", "crawl", "status", "verdict",
    "flags", "title", "authors", "published", "language", "words", "sha256", "size", "body_key", "record_key",
    "repeats", "failure", "generation",
)  # fmt: skip


@click.command("list", epilog="Example:  archiver list news.example --from 2026-11 --archive press --format csv")
@selection_options
@generation_option
@archive_options
@format_options
@click.option("--fields", metavar="NAME,…", help=f"Which fields: {', '.join(ALL)}.")
@click.option("--count", is_flag=True, help="Only how many.")
def list_(form: str | None, fields: str | None, count: bool, **given: Any) -> None:
    """List snapshots, oldest first: a table on a terminal, tab-separated lines for a program.

    A URL means every capture of it, `https://news.example/2026/*` all below it, `news.example` the domain.
    """
    form = form or "table"
    names = named(fields, ALL, ALL if form in ("json", "jsonl") else _shown(form))
    with opened(given) as archive:
        rows = selected(archive, given)
        if count:
            click.echo(sum(1 for _ in rows))
            return
        rows = found(rows, given)
        write((asdict(row) for row in rows), names, form)


def _shown(form: str) -> tuple[str, ...]:
    """The usual fields; on a narrow terminal those that another command needs."""
    narrow = form == "table" and sys.stdout.isatty() and shutil.get_terminal_size().columns < WIDE
    return NARROW if narrow else SHOWN
