"""archiver frontier: where a job's ledger is kept. In: two places. Out: the job, moved. Never: crawling."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli.jobs import on_server
from archiver.errors import NotArchived
from archiver.frontier.moving import move
from archiver.frontier.opening import Place, open_beside
from archiver.frontier.places import LEDGER


@click.group()
def frontier() -> None:
    """Move a job's ledger between this machine and a server."""


@frontier.command(epilog="Example:  archiver frontier migrate archive/state/press postgresql://db.example/press")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--job", help="Which job of the server FROM, where it keeps several.")
def migrate(source: str, target: str, job: str | None) -> None:
    """Move a job with all that is known of its URLs: from its state folder to a PostgreSQL server, or back.

    FROM and TO are a job's state folder and a postgresql:// address, in either order. Refuses with 7 while a crawl
    works on the job. What was moved stays at FROM and is paused there. Of URLs that a server keeps as fingerprints
    only, those and their outcomes arrive in a folder.
    """
    old = _place(source, job)
    with_name = _named(old)
    new = Place(folder=Path(target), name=with_name, frontier=target if "://" in target else "")
    moved = move(old, new, progress=lambda n: click.echo(f"  {n:,} URLs", err=True))
    click.echo(f"{with_name}: {moved:,} URLs are at {new}; {old} is paused", err=True)


def _place(where: str, job: str | None) -> Place:
    if "://" in where:
        return Place(folder=Path(), name=on_server(where, job or ""), frontier=where)
    if not (Path(where) / LEDGER).is_file():
        raise NotArchived(f"any job in {where}; a job's state folder holds {LEDGER}")
    return Place(folder=Path(where), name=Path(where).name)


def _named(place: Place) -> str:
    ledger = open_beside(place)
    try:
        return ledger.standing().name
    finally:
        ledger.close()
