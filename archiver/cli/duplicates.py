"""archiver duplicates: articles that say the same. In: a selection. Out: clusters as text, JSON or CSV."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress, reads_of, runner_options, selection_options, where
from archiver.cli.output import dumps, safe, say, write
from archiver.duplicates import Cluster, Kind, find_duplicates
from archiver.duplicates.clusters import THRESHOLD
from archiver.errors import ArchiveError

_SHOWN = 10  # members of a cluster in the table
COLUMNS = ("cluster", "kind", "agency", "alike", "id", "captured_at", "domain", "url", "title")


@click.command(epilog="Example:  archiver duplicates --collection daily --kind wire --archive press --csv")
@selection_options
@archive_options
@runner_options
@click.option(
    "--threshold", type=float, default=THRESHOLD, show_default=True, metavar="SHARE",
    help="Share of runs of four words, 0 to 1, from which texts are near.",
)  # fmt: skip
@click.option("--kind", type=click.Choice([str(one) for one in Kind]), help="Only clusters of this kind.")
@click.option("--least", type=click.IntRange(2), default=2, show_default=True, help="Articles that make a cluster.")
@click.option("--captures", is_flag=True, help="Every capture of a URL, not only its newest.")
@click.option("--json", "form", flag_value="json", help="All clusters as JSON.")
@click.option("--csv", "form", flag_value="csv", help="One line per article, as CSV.")
def duplicates(threshold: float, kind: str | None, least: int, captures: bool, form: str | None, **given: Any) -> None:
    """Find articles that say the same: word for word, nearly, or because they come from one agency.

    The largest clusters come first, and within one the article that was captured first, with which the others are
    compared. A cluster is of a wire where several sites have it and a copy names its agency.
    """
    failed: list[str] = []

    def damaged(key: str, error: ArchiveError) -> None:
        failed.append(key)
        click.echo(f"archiver: {safe(str(error))}", err=True)

    with opened(given) as archive:
        found = find_duplicates(
            archive, *given["what"], where=where(given), threshold=threshold, least=least,
            every_capture=captures, damaged=damaged, progress=progress("comparing"),
            reads=reads_of(archive, given, "duplicates"),
        )  # fmt: skip
        _write((one for one in found if kind in (None, str(one.kind))), form)
    if failed:
        raise click.exceptions.Exit(1)


def _write(clusters: Iterator[Cluster], form: str | None) -> None:
    if form == "json":
        say(dumps([one.as_json() for one in clusters], indent=1))
    elif form == "csv":
        write(_rows(clusters), COLUMNS, "csv")
    else:
        _tell(clusters)


def _rows(clusters: Iterable[Cluster]) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(clusters, 1):
        about = {"cluster": number, "kind": str(one.kind), "agency": one.agency}
        for member in one.members:
            yield {**about, **{name: getattr(member, name) for name in COLUMNS[3:]}}


def _tell(clusters: Iterable[Cluster]) -> None:
    kinds: dict[str, int] = {}
    for one in clusters:
        kinds[str(one.kind)] = kinds.get(str(one.kind), 0) + 1
        sites = f"{one.domains} site{'s' * (one.domains > 1)}"
        about = [str(one.kind), *filter(None, [one.agency]), f"{len(one.members)} articles", sites]
        say(f"{', '.join(about)}, {one.least_alike:.0%} alike: {safe(one.members[0].title or '')}")
        for member in one.members[:_SHOWN]:
            say(f"  {member.captured_at[:19]}Z  {member.id}  {member.alike:4.0%}  {safe(member.url)}")
        if len(one.members) > _SHOWN:
            say(f"  … and {len(one.members) - _SHOWN} more; --json names them")
    said = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items())) or "none"
    click.echo(f"clusters: {said}", err=True)
