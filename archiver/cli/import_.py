"""archiver import: WARC and WACZ made by others. In: files. Out: snapshots in an archive, what was refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress
from archiver.cli.output import safe
from archiver.errors import BadInput
from archiver.imports import import_file

_SHOWN = 100  # lines about what was refused; after that it is only counted


@click.command("import", epilog="Example:  archiver import old.warc.gz site.wacz --archive press --collection old")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE.warc.gz|.wacz …")
@archive_options
@click.option("--collection", default="default", show_default=True, help="The collection the records go to.")
def import_(files: tuple[Path, ...], collection: str, **given: Any) -> None:
    """Import WARC and WACZ files that others made, and read their articles.

    Times, headers and bodies stay as they were. Doing it again changes nothing. What cannot be proved or used is
    refused with one line, and then the command ends with 1.
    """
    told: Counter[str] = Counter()

    def refused(line: str) -> None:
        told["lines"] += 1
        if told["lines"] <= _SHOWN:
            click.echo(safe(line), err=True)

    if given["archive"] and "://" not in given["archive"]:
        Path(given["archive"]).mkdir(parents=True, exist_ok=True)  # a new archive begins with an import as with a crawl
    with opened(given) as archive:
        for path in files:
            try:
                done = import_file(
                    path, archive, collection=collection, refused=refused, progress=progress("importing bytes")
                )
            except BadInput as error:
                if len(files) == 1:
                    raise
                refused(str(error))
                continue
            over = f", passed over: {_words(done.passed_over)}" if done.passed_over else ""
            wrong = f", refused: {_words(done.refused)}" if done.refused else ""
            wrong += f", not read: {_words(done.unread)}" if done.unread else ""
            name = click.format_filename(path)
            click.echo(f"{name}: {done.kept:,} new, {done.known:,} known{over}{wrong} (crawl {done.crawl})", err=True)
    if told["lines"]:
        raise click.exceptions.Exit(1)


def _words(numbers: Counter[str]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(numbers.items()))
