"""archiver export: a frozen, citable data set. In: a selection. Out: a folder, checked or made. Never: half of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli.options import (
    archive_options,
    generation_option,
    opened,
    progress,
    reads_of,
    runner_options,
    selection_options,
    where,
)
from archiver.cli.output import safe
from archiver.errors import BadInput
from archiver.export import About, Exported
from archiver.export import export as make
from archiver.export.forms import FORMS

_SHOWN = 20  # of what was left out; query.json names all


@click.command(epilog="Example:  archiver export news.example --from 2026-11 --as parquet -o november --archive press")
@selection_options
@generation_option
@archive_options
@runner_options
@click.option("--as", "form", type=click.Choice(list(FORMS)), help="Which form; see docs/reference/formats.md.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A new folder, or one to go on with.")
@click.option("--title", default="News articles", show_default=True, help="The data set's title.")
@click.option("--description", default="", help="What is in it, in a sentence.")
@click.option("--creator", default="newsvault", show_default=True, help="Who is to be cited.")
@click.option("--contact", default="", help="An address for questions.")
@click.option("--licence", default="", help="An SPDX id or a URL, where you can give one.")
@click.option("--captures", is_flag=True, help="With --as warc: Common Crawl's columnar index too.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="MB/S", help="Read no faster than this.")
def export(form: str | None, output: Path | None, **given: Any) -> None:
    """Export snapshots as a data set: frozen, checked, citable.

    Always with datapackage.json, CITATION.cff, query.json, README.md and manifest-sha256.txt. The same command goes on
    after an interruption, and ends equal. Ends with 1 if a snapshot is damaged: it is left out and named.
    `archiver verify FOLDER` checks a data set, `archiver diff` compares two.
    """
    if form is None or output is None:
        raise BadInput("--as and --output", "are both needed: --as parquet -o november")
    about = About(**{name: given[name] for name in ("title", "description", "creator", "contact", "licence")})
    with opened(given) as archive:
        done = make(
            archive,
            output,
            *given["what"],
            form=form,
            where=where(given),
            about=about,
            with_captures=given["captures"],
            rate=given["rate"] * 1e6 if given["rate"] else None,
            progress=progress("exporting"),
            reads=reads_of(archive, given, "export"),
        )
    _tell(done, output)
    if done.damaged:
        raise click.exceptions.Exit(1)


def _tell(done: Exported, output: Path) -> None:
    for one in done.left_out[:_SHOWN]:
        click.echo(f"left out: {safe(one.record_key)} ({one.reason}: {safe(one.detail)})", err=True)
    if len(done.left_out) > _SHOWN:
        click.echo(f"… and {len(done.left_out) - _SHOWN:,} more; query.json names them", err=True)
    left = f", {len(done.left_out):,} left out" if done.left_out else ""
    was = "was complete already: " if done.was_complete else ""
    where = click.format_filename(output)
    click.echo(f"{was}{done.snapshots:,} snapshots as {done.form} in {where}{left}", err=True)
    click.echo(done.identifier)
