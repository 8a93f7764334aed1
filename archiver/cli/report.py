"""archiver report: what a crawl did. In: a job's ledger, or an archive alone. Out: text, JSON, one HTML file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from archiver.cli.jobs import FRONTIER, ledger_of, place_of
from archiver.cli.options import archive_options, opened
from archiver.cli.output import dumps, safe, say
from archiver.errors import BadInput, NotArchived
from archiver.report.figures import Figures
from archiver.report.html import report_page
from archiver.report.sources import crawls_of, from_archive, from_ledger
from archiver.report.text import report_lines


@click.command(epilog="Example:  archiver report --archive s3://press --html report.html")
@click.argument("job", required=False, default="", metavar="[NAME | JOB.toml | FOLDER]")
@archive_options
@FRONTIER
@click.option("--crawl", help="A crawl that the archive keeps a log of, whoever crawled it.")
@click.option("--crawls", "only_list", is_flag=True, help="List the archive's crawls, the latest first.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--html", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="As one HTML file with plots."
)
@click.option("--hosts", type=click.IntRange(0), default=20, show_default=True, help="So many hosts in the text.")
def report(
    job: str, crawl: str | None, only_list: bool, as_json: bool, html: Path | None, hosts: int, **given: Any
) -> None:
    """Report what a crawl did: outcomes, errors by reason, hosts, bytes, and when.

    Of a job that ran on this machine: its last round, from the ledger. Otherwise, and with --crawl, of any crawl that
    the archive keeps a log of. Ends with 0 whatever the crawl came to, with 3 where there is no such job or crawl.
    """
    if only_list:
        with opened(given) as archive:
            for name in crawls_of(archive.store):
                say(name)
        return
    if job and crawl:
        raise BadInput("--crawl", "is read from the archive; give either a job or --crawl")
    figures = _of_archive(crawl, given) if crawl else _figures(job, given)
    if html is not None:
        html.write_text(report_page(figures), encoding="utf-8")
        click.echo(f"{click.format_filename(html)} is written", err=True)
    if as_json:
        say(dumps(asdict(figures), indent=1))
    elif html is None:
        say("\n".join(map(safe, report_lines(figures, most_hosts=hosts))))


def _figures(job: str, given: dict[str, Any]) -> Figures:
    """From the ledger if there is one on this machine; without a job's name, else from the archive."""
    try:
        place = place_of(job, given["archive"], given["frontier"])
        with ledger_of(place) as ledger:
            return from_ledger(ledger, archive=place.uri)
    except NotArchived:
        if job or not given["archive"]:
            raise
    return _of_archive(None, given)


def _of_archive(crawl: str | None, given: dict[str, Any]) -> Figures:
    with opened(given) as archive:
        crawls = crawls_of(archive.store)
        if not crawls:
            raise NotArchived(f"any crawl; {archive.uri} keeps no crawl log")
        if crawl is not None and crawl not in crawls:
            raise NotArchived(f"crawl {crawl!r}; the latest of this archive are {', '.join(crawls[:5])}")
        if crawl is None and len(crawls) > 1:
            click.echo(f"the latest of {len(crawls):,} crawls; --crawls lists them, --crawl names one", err=True)
        return from_archive(archive.store, crawl or crawls[0])
