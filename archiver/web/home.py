"""`/`, `/domain/<d>`, `/crawl/<id>`, `/data`: the archive, and parts of it, in numbers. In: a name. Out: a page.
Never: bodies."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from archiver.archive import Archive
from archiver.errors import BadInput, NotArchived
from archiver.keys import checked_name
from archiver.report import charts
from archiver.web import numbers, site

_CRAWLS = 6
_LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing, and the same as a table."""

    svg: str
    names: tuple[str, ...]
    rows: list[tuple[object, ...]]


def home(request: Request) -> Response:
    """The search box, what there is, captures in time, the latest crawls and articles."""
    where = site.of(request)
    archive = where.archive
    latest = archive.search("", sort="date", limit=_LATEST, verdict="article", collapse=True)
    return where.page(
        "home.html",
        totals=where.remembered("totals", lambda: numbers.totals(archive)),
        chart=where.remembered("timeline", lambda: in_time(archive)),
        crawls=where.remembered("crawls", lambda: numbers.crawls(archive, limit=_CRAWLS)),
        latest=latest.hits,
    )


def domain(request: Request) -> Response:
    """A domain: how much of it, when, in which languages, by whom."""
    where, name = site.of(request), request.path_params["domain"][:255].lower()
    archive, condition = where.archive, numbers.of_domain(name)
    totals = where.remembered(("domain", name), lambda: numbers.totals(archive, condition))
    if not totals.snapshots:
        raise NotArchived(name)
    return where.page(
        "domain.html",
        name=name,
        totals=totals,
        chart=where.remembered(("domain-time", name), lambda: in_time(archive, condition)),
        verdicts=counted(numbers.by(archive, "verdict", condition), "Captures by verdict", "verdict"),
        hosts=numbers.by(archive, "host", condition),
        languages=numbers.by(archive, "language", condition),
        failures=numbers.by(archive, "failure", condition),
        latest=archive.search("", sort="date", limit=_LATEST, domain=name, verdict="article", collapse=True).hits,
    )


def crawl(request: Request) -> Response:
    """A crawl: what it captured, what it met, what it left out and why."""
    where, name = site.of(request), request.path_params["crawl"]
    try:
        condition = numbers.of_crawl(checked_name(name, what="crawl"))
    except BadInput as error:
        raise NotArchived(name[:100]) from error
    archive = where.archive
    totals = where.remembered(("crawl", name), lambda: numbers.totals(archive, condition))
    if not totals.snapshots:
        raise NotArchived(name)
    outcomes = where.remembered(("outcomes", name), lambda: numbers.outcomes(archive, name))
    reasons = [(f"{outcome}: {reason}" if reason else outcome, count) for outcome, reason, count in outcomes[:20]]
    return where.page(
        "crawl.html",
        name=name,
        totals=totals,
        chart=where.remembered(("crawl-time", name), lambda: in_time(archive, condition)),
        verdicts=counted(numbers.by(archive, "verdict", condition), "Captures by verdict", "verdict"),
        domains=counted(numbers.by(archive, "domain", condition), "Captures by domain", "domain"),
        outcomes=counted(reasons, "URLs by outcome", "outcome") if reasons else None,
        statuses=numbers.by(archive, "status", condition),
    )


def data(request: Request) -> Response:
    """How to use the archive as data: where it is, how it is laid out, what to type."""
    where = site.of(request)
    archive = where.archive
    return where.page(
        "data.html",
        base=where.base(request) or "https://archive.example",
        totals=where.remembered("totals", lambda: numbers.totals(archive)),
        languages=counted(
            where.remembered("languages", lambda: numbers.by(archive, "language")), "Snapshots by language", "language"
        ),
        domains=counted(
            where.remembered("domains", lambda: numbers.by(archive, "domain")), "Snapshots by domain", "domain"
        ),
        collections=where.remembered("collections", lambda: numbers.by(archive, "collection", limit=100)),
        limit=where.options.download_limit,
    )


def in_time(archive: Archive, condition: numbers.Where = numbers.EVERYTHING) -> Chart:
    """Return captures in time, as a chart."""
    found = numbers.timeline(archive, condition)
    title = f"Captures per {found.unit}, from {found.at[0]} to {found.at[-1]}" if found.at else "No captures yet"
    svg = charts.columns(found.at, found.series, title=title)
    return Chart(svg=svg, names=(found.unit, "articles", "other captures"), rows=list(found.rows))


def counted(rows: list[tuple[str, int]], title: str, name: str) -> Chart:
    """Return counts as a chart of bars."""
    return Chart(svg=charts.bars(rows, title=title), names=(name, "captures"), rows=list(rows))
