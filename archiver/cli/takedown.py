"""archiver takedown: content deleted for good, a tombstone left. In: an id or URL, a reason. Out: what was deleted."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress
from archiver.cli.output import safe, say
from archiver.errors import BadInput
from archiver.takedown import Plan, plan, take_down

_SHOWN = 20


@click.command(epilog='Example:  archiver takedown https://news.example/a --reason "court order 12/26" --archive press')
@click.argument("what", metavar="ID | URL")
@archive_options
@click.option("--reason", required=True, help="Why. Everybody who asks for the page will read it.")
@click.option("--dry-run", is_flag=True, help="Say what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def takedown(what: str, reason: str, dry_run: bool, yes: bool, **given: Any) -> None:
    """Delete the content of a snapshot, or of every capture of a URL, for good.

    Body, text, title and names go, from every generation and from the catalog. A tombstone stays: URL, times, digests,
    reason and date. Whoever asks for the page is told so (HTTP 451), and a crawl or an import does not bring it back. A
    body that other snapshots have too stays with them; they are named. This cannot be undone.
    """
    with opened(given) as archive:
        planned = plan(archive, what)
        _tell(planned)
        if dry_run:
            click.echo("nothing was deleted", err=True)
            return
        _ask(yes)
        notices = take_down(archive, planned, reason=reason, at=datetime.now(UTC), progress=progress("taking down"))
    bodies = len(planned.bodies)
    click.echo(f"taken down: {len(notices):,} snapshots, {bodies:,} bodies deleted; this cannot be undone", err=True)


def _tell(planned: Plan) -> None:
    records = sum(len(one.records) for one in planned.doomed)
    size = sum(planned.bodies.values()) / 1e6
    bodies = f"{len(planned.bodies):,} bodies ({size:,.1f} MB)"
    say(f"{len(planned.doomed):,} snapshots, {records:,} records, {bodies} will go")
    if planned.scope == "url":
        say("no capture of this URL will be kept again")
    for one in planned.doomed[:_SHOWN]:
        state = "" if one.records else "  taken down already"
        say(f"  {one.captured_at:%Y-%m-%d %H:%M:%S}  {one.id}  {safe(one.url)}{state}")
        if one.shared_with:
            say(f"    its body stays: {', '.join(one.shared_with)} have the same; take them down too if they must go")
    if len(planned.doomed) > _SHOWN:
        say(f"  … and {len(planned.doomed) - _SHOWN:,} more")


def _ask(yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise BadInput("takedown", "deletes for good; say --yes, or --dry-run to see what would go")
    click.confirm("Delete all this? It cannot be undone", abort=True, err=True)
