"""archiver diff: what a later capture says otherwise. In: two snapshots, a URL, or data sets. Out: text, JSON, HTML."""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from archiver.archive import Archive
from archiver.catalog import Row
from archiver.cli.options import archive_options, name_and_time, opened
from archiver.cli.output import dumps, safe, say
from archiver.compare import Difference, Kind, Piece, Version, Way, compare, history, to_html
from archiver.errors import BadInput, NotArchived
from archiver.export import compare_datasets, list_of
from archiver.model import Record
from archiver.record import refuse_tombstone
from archiver.timestamps import span

_SIGNS = {Way.ADDED: ("{+", "+}", "green"), Way.REMOVED: ("[-", "-]", "red")}


@click.command(epilog="Example:  archiver diff https://news.example/a --a 20261102 --b 20261109 --archive press")
@click.argument("what", metavar="ID | URL[@TIME] | FOLDER")
@click.argument("other", required=False, metavar="[ID | URL[@TIME] | FOLDER]")
@archive_options
@click.option("--a", "early", metavar="TIME", help="The earlier one is the URL's capture closest to this time.")
@click.option("--b", "late", metavar="TIME", help="The later one is the URL's capture closest to this time.")
@click.option("--history", "all_of_them", is_flag=True, help="Every capture of the URL, and what each changed.")
@click.option("--json", "form", flag_value="json", help="Everything as JSON.")
@click.option("--html", "form", flag_value="html", help="One HTML page that needs nothing else.")
def diff(
    what: str, other: str | None, early: str | None, late: str | None, all_of_them: bool, form: str | None, **given: Any
) -> None:
    """Compare two captures: headline, byline and paragraphs, word by word.

    Of one URL, its latest capture with the latest before it that had other bytes. A paragraph that moved is told from
    one that was edited. Counters, "5 hours ago" and lines about when a page was made are left out, and counted. In
    text, [-this-] is gone and {+this+} is new. Of two FOLDERs that `archiver export` wrote, which snapshots only one
    has, or has in another reading; ends with 1 if there are any.
    """
    if other and all(list_of(Path(one)) for one in (what, other)):
        if early or late or all_of_them or form == "html":
            raise BadInput("two data sets", "are compared as they are, as text or --json")
        raise click.exceptions.Exit(_datasets(Path(what), Path(other), form))
    if all_of_them and (other or early or late or form == "html"):
        raise BadInput("--history", "is for one URL, as text or --json")
    if other and (early or late):
        raise BadInput("--a and --b", "are for one URL; two snapshots are compared as they are")
    with opened(given) as archive:
        if all_of_them:
            _tell(history(archive.record(row.record_key) for row in _captures(archive, what)), form)
            return
        rows = (_row(archive, what), _row(archive, other)) if other else _two(archive, what, early, late)
        difference = compare(*(_record(archive, row) for row in rows))
    if form == "html":
        say(to_html(difference), nl=False)
    else:
        click.echo(dumps(difference.as_json(), indent=1) if form == "json" else "\n".join(_text(difference)))


def _datasets(before: Path, after: Path, form: str | None) -> int:
    """Tell what differs between two data sets, a line each; return 1 if something does."""
    kinds = Counter[str]()
    for change in compare_datasets(before, after):
        kinds[change.kind] += 1
        one = change.after or change.before
        assert one is not None  # one of the two is there
        line = f"{change.kind}  {one.captured_at}  {one.id}  {one.url}"
        say(dumps(change.as_json()) if form == "json" else safe(line))
    told = ", ".join(f"{number:,} {kind.replace('_', ' ')}" for kind, number in sorted(kinds.items()))
    click.echo(told or "the same snapshots in both", err=True)
    return 1 if kinds else 0


def _record(archive: Archive, row: Row) -> Record:
    """Raises TakenDown where nothing is left to be compared."""
    record = archive.record(row.record_key)
    refuse_tombstone(record)
    return record


def _row(archive: Archive, what: str) -> Row:
    name, at = name_and_time(what)
    return archive.row(name, at=at)


def _captures(archive: Archive, url: str) -> list[Row]:
    """The captures of a URL that have a body, oldest first."""
    rows = [row for row in archive.find(archive.row(url).url) if row.body_key]
    if not rows:
        raise NotArchived(safe(url))
    return rows


def _two(archive: Archive, what: str, early: str | None, late: str | None) -> tuple[Row, Row]:
    """The two captures of a URL that are meant."""
    name, at = name_and_time(what)
    rows = _captures(archive, name)
    time = late or at
    after = _closest(rows, time) if time else rows[-1]
    if early:
        return _closest(rows, early), after
    others = [row for row in rows if row.captured_at < after.captured_at and row.sha256 != after.sha256]
    if not others:
        has = f"{len(rows)} captures with the same bytes" if len(rows) > 1 else "one capture only"
        raise NotArchived(f"an earlier, different capture of {safe(name)}; it has {has}")
    return others[-1], after


def _closest(rows: list[Row], time: str) -> Row:
    moment = span(time)[0]
    return min(rows, key=lambda row: abs(row.captured_at - moment))


def _tell(versions: Iterable[Version], form: str | None) -> None:
    if form == "json":
        say(dumps([_version(one) for one in versions], indent=1))
        return
    for one in versions:
        title = one.record.article.title if one.record.article else None
        said = one.difference.summary() if one.difference else f"first: {title or one.record.verdict}"
        say(safe(f"{one.record.captured_at:%Y-%m-%d %H:%M:%S}  {one.record.id}  {' '.join(said.split())}"))


def _version(one: Version) -> dict[str, Any]:
    told: dict[str, Any] = {"id": one.record.id, "captured_at": f"{one.record.captured_at:%Y-%m-%dT%H:%M:%SZ}"}
    if one.difference is None:
        return {**told, "summary": None, "difference": None}
    return {**told, "summary": one.difference.summary(), "difference": one.difference.as_json()}


def _text(difference: Difference) -> Iterator[str]:
    for name, side in (("before", difference.before), ("after", difference.after)):
        yield f"{name}  {side.captured_at:%Y-%m-%d %H:%M:%S} UTC  {side.id}  {safe(side.url)}"
    yield f"{difference.summary()}\n"
    yield _marked(difference.headline)
    byline = [(Way.REMOVED, name) for name in difference.byline.removed]
    byline += [(Way.ADDED, name) for name in difference.byline.added]
    if byline:
        yield "by " + ", ".join(_marked([Piece(way, name)]) for way, name in byline)
    for fact in difference.facts:
        pieces = [Piece(way, text) for way, text in ((Way.REMOVED, fact.before), (Way.ADDED, fact.after)) if text]
        yield f"{fact.name}: {_marked(pieces)}"
    yield from _paragraphs(difference)
    if difference.noise:
        yield "left out: " + ", ".join(f"{number} {kind}" for kind, number in difference.noise.items())


def _paragraphs(difference: Difference) -> Iterator[str]:
    """What changed; how many paragraphs in between did not."""
    same = 0
    for one in (*difference.paragraphs, None):
        if one is not None and one.kind is Kind.SAME:
            same += 1
            continue
        if same:
            yield f"\n    … {same} paragraph{'s' * (same > 1)} the same"
        same = 0
        if one is not None:
            yield f"\n{str(one.kind).replace('_', ' ')}:"
            yield textwrap.indent(_marked(one.pieces), "  ")


def _marked(pieces: Iterable[Piece]) -> str:
    """Text with signs around what changed; in colours where a person looks."""
    marked = ""
    for piece in pieces:
        text = safe(piece.text)
        if piece.way in _SIGNS:
            opening, closing, colour = _SIGNS[piece.way]
            text = f"{opening}{text}{closing}"
            text = click.style(text, fg=colour) if sys.stdout.isatty() else text
        marked += text
    return marked
