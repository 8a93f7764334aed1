"""archiver status: where a job stands now. In: a job. Out: text, or JSON. Never: writing."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, replace

import click

from archiver.cli.jobs import job_options, ledger_of, place_of
from archiver.cli.output import dumps, safe, say
from archiver.frontier.opening import Place, working
from archiver.report.status import Status, status_lines, status_of


@click.command(epilog="Example:  archiver status job.toml --watch")
@job_options
@click.option("--json", "as_json", is_flag=True, help="As JSON; with --watch one line each time.")
@click.option("--watch", "-w", is_flag=True, help="Show it again and again until the crawl ends, or Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(0.2), default=2.0, show_default=True, metavar="SECONDS", help="How often."
)
@click.option("--hosts", type=click.IntRange(0), default=20, show_default=True, help="So many hosts in the table.")
def status(
    job: str, archive: str | None, frontier: str | None, as_json: bool, watch: bool, every: float, hosts: int
) -> None:
    """Show where a job stands: done, pending, in flight, rate, hosts, errors by reason, disk, time left.

    Reads the ledger beside the crawl and changes nothing. Ends with 0 whatever the job's state is, with 3 where there
    is no such job.
    """
    place = place_of(job, archive, frontier)
    if not watch:
        seen = look(place)
        say(dumps(asdict(seen), indent=1) if as_json else _text(seen, hosts))
    elif as_json or not sys.stdout.isatty():
        _print_again(place, every, hosts, as_json=as_json)
    else:
        _redraw(place, every, hosts)


def look(place: Place) -> Status:
    """The job's status at this moment. Raises NotArchived where no crawl of it has begun."""
    with ledger_of(place) as ledger:
        seen = status_of(ledger, folder=place.folder, uri=place.uri, running=working(place, ledger))
        return replace(seen, folder=str(place))


def _text(seen: Status, hosts: int) -> str:
    return "\n".join(map(safe, status_lines(seen, most_hosts=hosts)))


def _print_again(place: Place, every: float, hosts: int, *, as_json: bool) -> None:
    while True:
        seen = look(place)
        say(dumps(asdict(seen)) if as_json else _text(seen, hosts) + "\n")
        sys.stdout.flush()
        if seen.running is None:
            return
        time.sleep(every)


def _redraw(place: Place, every: float, hosts: int) -> None:
    from rich.live import Live
    from rich.text import Text

    seen = look(place)
    with Live(Text(_text(seen, hosts)), auto_refresh=False, transient=False) as live:
        while seen.running is not None:
            time.sleep(every)
            seen = look(place)
            live.update(Text(_text(seen, hosts)), refresh=True)
