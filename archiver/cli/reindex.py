"""archiver reindex: the catalog made anew. In: an archive. Out: a catalog that its records alone have made."""

from __future__ import annotations

from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress, reads_of, runner_options
from archiver.cli.output import safe

_SHOWN = 20


@click.command(epilog="Example:  archiver reindex --archive s3://press")
@archive_options
@runner_options
def reindex(**given: Any) -> None:
    """Make the catalog anew from the records alone.

    A catalog that is missing, cut or behind is mended by every command that reads; this makes all of it again, for one
    that says something wrong. The old one serves until the new one takes its place. The same command goes on after an
    interruption. No site is asked for anything. Ends with 1 if records cannot be read.
    """
    with opened(given) as archive:
        done = archive.reindex(progress=progress("reading records"), reads=reads_of(archive, given, "reindex"))
        path = archive.catalog.path
    for key, error in done.unreadable[:_SHOWN]:
        click.echo(f"archiver: {safe(f'{key}: {error}')}", err=True)
    if len(done.unreadable) > _SHOWN:
        click.echo(f"… and {len(done.unreadable) - _SHOWN:,} more; `archiver verify` names them", err=True)
    bad = f", {len(done.unreadable):,} records cannot be read" if done.unreadable else ""
    click.echo(f"{done.added:,} snapshots in {click.format_filename(path)}{bad}", err=True)
    if done.unreadable:
        raise click.exceptions.Exit(1)
