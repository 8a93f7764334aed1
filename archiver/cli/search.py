"""archiver search: articles by their words, the best first. In: words, filters. Out: hits with snippets on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

import click

from archiver.api import OpenArchive
from archiver.catalog import FACETS, FacetName, Found, Hit, Marked, catalog_path
from archiver.cli.list import ALL as OF_A_ROW
from archiver.cli.options import NARROWING, archive_options, format_options, narrowing_options, opened
from archiver.cli.output import Fields, cell, dumps, named, plain, safe, say, write
from archiver.errors import BadInput
from archiver.keys import LISTING

ALL = ("score", *OF_A_ROW, "snippet", "snippet_marks", "title_marks", "others")
SHOWN = ("captured_at", "id", "url", "title", "snippet")
MOST = 1_000


@click.command(epilog="Example:  archiver search '\"lithium accord\" -mining' --lang en --from 2026-11 --archive press")
@click.argument("words", nargs=-1, metavar="[WORDS …]")
@click.option(
    "--url", "what", multiple=True, metavar="URL | PREFIX/* | DOMAIN | ID", help="Captured there. Repeatable."
)
@narrowing_options
@archive_options
@click.option("--sort", type=click.Choice(["relevance", "date"]), default="relevance", show_default=True, help="Order.")
@click.option("--collapse", is_flag=True, help="One hit per URL.")
@click.option("--offset", type=click.IntRange(0), default=0, help="Leave out so many.")
@click.option("--published/--no-published", default=None, help="Search the published index where it is, or never.")
@click.option("--pull", is_flag=True, help="Bring the published index here first; once is enough.")
@format_options
@click.option("--fields", metavar="NAME,…", help=f"Which fields: those of list, and {', '.join(ALL[:1] + ALL[-4:])}.")
@click.option("--count", is_flag=True, help="Only how many.")
@click.option("--facet", metavar="NAME,…", help=f"Only how many by {', '.join(FACETS)}.")
def search(
    words: tuple[str, ...],
    what: tuple[str, ...],
    sort: Any,
    collapse: bool,
    offset: int,
    form: str | None,
    fields: str | None,
    count: bool,
    facet: str | None,
    published: bool | None,
    pull: bool,
    **given: Any,
) -> None:
    """Search the articles for words, "phrases in quotes", -exclusions and prefixes*.

    20 hits unless --limit says otherwise. The words may be left out where a filter is given. To keep what was found,
    give the same words to `get --query` or `export --query`.

    An archive in S3 or behind a web server that was never read here is searched by its published index, where that is:
    10 hits, of what was there when `archiver publish` ran. --no-published reads the records instead.
    """
    form, names = form or "table", named(fields, ALL, SHOWN)
    facets = tuple(cast(FacetName, name.strip()) for name in facet.split(",")) if facet else ()
    if (given["limit"] or 0) > MOST:
        raise BadInput(f"--limit {given['limit']}", f"{MOST:,} at most; list --query and export --query give all")
    if given["newest_first"]:
        sort = "date"
    where = {name: given[name] for name in NARROWING}
    if count or facets:
        where["limit"] = 0
    how = {"sort": sort, "offset": offset, "facets": facets, "collapse": collapse, **where}
    with opened(given) as archive:
        if pull:
            archive.pull()
        if published or (published is None and not pull and _is_elsewhere(archive)):
            found = archive.search_published(" ".join(words), *what, **how)
        else:
            found = archive.search(" ".join(words), *what, **how)
    if count:
        click.echo(f"{found.total}{'' if found.is_exact else '+'}")
    elif facets:
        write(_counts(found), ("facet", "value", "count"), form)
    elif form == "table" and fields is None and sys.stdout.isatty():
        _show(found)
    elif form == "json" and fields is None:
        hits = [{name: plain(value) for name, value in _fields(hit).items()} for hit in found.hits]
        say(dumps({"total": found.total, "ranked": found.ranked, "hits": hits}, indent=1))
    else:
        write(map(_fields, found.hits), ALL if form == "jsonl" and fields is None else names, form)
    _tell(found, form, is_ranked=bool(words) and sort == "relevance")


def _is_elsewhere(archive: OpenArchive) -> bool:
    """Whether the archive's published index is the nearest: there is one, and no catalog here."""
    path = catalog_path(archive.uri)
    if not archive.uri.startswith(("s3:", "http")) or path is None or path.exists():
        return False
    return archive.store.head(LISTING) is not None


def _tell(found: Found, form: str, *, is_ranked: bool) -> None:
    if not found.total:
        click.echo("nothing found", err=True)
    elif not found.is_exact:
        click.echo(f"more than {found.total:,} found: the newest were ranked", err=True)
    elif is_ranked and found.ranked < found.total and sys.stderr.isatty():
        click.echo(f"ranked and counted: the newest {found.ranked:,} of {found.total:,}", err=True)


def _fields(hit: Hit) -> Fields:
    return {
        **asdict(hit.row),
        "score": hit.score,
        "snippet": _text(hit.snippet),
        "snippet_marks": _marks(hit.snippet),
        "title_marks": _marks(hit.title),
        "others": hit.others,
    }


def _text(marked: Marked) -> str:
    return "".join(piece for piece, _ in marked).replace("\n", " ")


def _marks(marked: Marked) -> list[tuple[int, int]]:
    """Where the matches are: first character and the one after the last."""
    marks, at = [], 0
    for piece, is_match in marked:
        if is_match:
            marks.append((at, at + len(piece)))
        at += len(piece)
    return marks


def _counts(found: Found) -> Iterator[Fields]:
    for name, values in found.facets.items():
        for value, number in values:
            yield {"facet": name, "value": value, "count": number}


def _show(found: Found) -> None:
    """Hits as a person reads them, what matches in bold."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    for hit in found.hits:
        row = hit.row
        head = Text.assemble(*_styled(hit.title or ((row.title or row.url, False),), "bold underline", "bold"))
        facts = [cell(row.captured_at)[:10], row.domain, *([row.language] if row.language else []), row.id]
        more = f" · and {hit.others} more" if hit.others else ""
        console.print(head)
        console.print(Padding(Text(safe(" · ".join(facts) + more), style="dim"), (0, 0, 0, 2)))
        console.print(Padding(Text(safe(row.url), style="cyan", no_wrap=True, overflow="ellipsis"), (0, 0, 0, 2)))
        if hit.snippet:
            console.print(Padding(Text.assemble(*_styled(hit.snippet, "bold", "")), (0, 0, 0, 2)))
        console.print()
    shown = f"{len(found.hits):,} of {found.total:,}"
    console.print(Text(shown if found.total else "", style="dim"))


def _styled(marked: Marked, match: str, other: str) -> list[tuple[str, str]]:
    return [(safe(" ".join(piece.split("\n"))), match if is_match else other) for piece, is_match in marked]
