"""archiver publish: search, tables and indexes beside the data. In: an archive. Out: objects, counts on stdout."""

from __future__ import annotations

from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress
from archiver.cli.output import safe
from archiver.publishing import publish as make

_SHOWN = 20


@click.command(epilog="Example:  archiver publish --archive s3://press/daily")
@archive_options
@click.option("--purge", is_flag=True, help="Delete replaced search shards at once.")
@click.option("--warc/--no-warc", default=None, help="Put WARC files beside the data too; else as the last time.")
def publish(purge: bool, warc: bool | None, **given: Any) -> None:
    """Put search shards, Parquet tables and CDXJ indexes beside the data, for readers without a server.

    Only what changed since the last time is made. catalog.json names the files and is written last, so that a reader
    sees the old ones or the new ones. With --warc the indexes name WARC files, with offset and length. Ends with 1 if
    a record cannot be read: it is in none of the files, and named.
    """
    with opened(given) as archive:
        done = make(archive, purge=purge, warc=warc, progress=progress("publishing"))
    for key, error in done.damaged[:_SHOWN]:
        click.echo(f"left out: {safe(key)} ({safe(str(error))})", err=True)
    if len(done.damaged) > _SHOWN:
        click.echo(f"… and {len(done.damaged) - _SHOWN:,} more", err=True)
    click.echo(
        f"{done.listing.snapshots:,} snapshots published: {done.made:,} files made ({done.bytes / 1e6:,.1f} MB),"
        f" {done.kept:,} as they were, {done.deleted:,} deleted"
    )
    if done.damaged:
        raise click.exceptions.Exit(1)
