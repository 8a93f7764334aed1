"""archiver compact: small packs become large ones. In: an archive in packs. Out: fewer objects, the same captures."""

from __future__ import annotations

from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress
from archiver.cli.output import safe

_MB = 1_000_000


@click.command(epilog="Example:  archiver compact --archive s3://press --to 64")
@archive_options
@click.option(
    "--to", "target", type=click.IntRange(1, 2000), default=64, show_default=True, metavar="MB", help="How large."
)
def compact(target: int, **given: Any) -> None:
    """Join small packs into larger ones, up to so many MB each.

    Packs of one collection and one day are joined, in the order of time. In S3 the server does the copying. Whoever
    reads meanwhile finds everything: the old packs go when the new one is there. The same command goes on after an
    interruption. Publish again afterwards: published indexes name packs. Needs the right to delete. Ends with 1 if a
    pack is damaged: it is left as it is.
    """
    with opened(given) as archive:
        done = archive.compact(target=target * _MB, progress=progress("joining packs"))
    for error in done.left:
        click.echo(f"archiver: {safe(str(error))}", err=True)
    click.echo(f"{done.packs:,} packs joined into {done.into:,}, {done.bytes / _MB:,.1f} MB", err=True)
    if done.left:
        raise click.exceptions.Exit(1)
