"""`/web/*/<url>`: every capture of a URL, as a calendar and a list. In: a URL or a prefix. Out: a page.
Never: bodies."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from archiver.archive import Archive
from archiver.catalog import Row, target
from archiver.catalog.queries import Query, condition
from archiver.web import index, site
from archiver.web.mementos import NOT_MODIFIED, Timeline

_PER_PAGE = 200
_URLS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A capture in the list. `change` is `first`, `same` or `changed`: its bytes against the capture before."""

    row: Row
    change: str


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar: weeks of days, each with its captures; 0 stands for a day of another month."""

    year: int
    number: int
    weeks: list[list[tuple[int, list[Row]]]]

    @property
    def name(self) -> str:
        """As people write it."""
        return calendar.month_name[self.number]


def captures(request: Request, url: str) -> Response:
    """Answer with the captures of a URL; of a prefix that ends in `*` with the URLs that were captured."""
    where = site.of(request)
    if url.endswith("*"):
        return _urls(request, url)
    timeline = Timeline.of(where.archive, url)
    entries = list(changes(timeline.rows))[::-1]
    page = index.number(request.query_params, "page", 1, least=1) or 1
    years = sorted({row.captured_at.year for row in timeline.rows})
    year = index.number(request.query_params, "year", years[-1]) or years[-1]
    return where.page(
        "captures.html",
        url=timeline.rows[-1].url,
        title=next((row.title for row in reversed(timeline.rows) if row.title), None),
        entries=entries[(page - 1) * _PER_PAGE : page * _PER_PAGE],
        total=len(entries),
        versions=sum(entry.change != "same" for entry in entries),
        page=page,
        has_next=page * _PER_PAGE < len(entries),
        year=year,
        years=years,
        months=list(months(timeline.rows, year)),
    )


def changes(rows: Sequence[Row]) -> Iterator[Entry]:
    """Yield the captures with what became of the bytes since the one before."""
    last: str | None = None
    for place, row in enumerate(rows):
        same = row.status == NOT_MODIFIED or (row.sha256 is not None and row.sha256 == last)
        yield Entry(row, "first" if place == 0 else "same" if same else "changed")
        last = row.sha256 or last


def months(rows: Sequence[Row], year: int) -> Iterator[Month]:
    """Yield the months of a year in which something was captured."""
    days: dict[tuple[int, int], list[Row]] = defaultdict(list)
    for row in rows:
        at: datetime = row.captured_at
        if at.year == year:
            days[at.month, at.day].append(row)
    for number in sorted({month for month, _ in days}):
        weeks = calendar.monthcalendar(year, number)
        yield Month(year, number, [[(day, days.get((number, day), [])) for day in week] for week in weeks])


def _urls(request: Request, prefix: str) -> Response:
    """The URLs below a prefix, with how often and when they were captured."""
    where = site.of(request)
    page = index.number(request.query_params, "page", 1, least=1) or 1
    found = list(urls(where.archive, prefix, offset=(page - 1) * _URLS))
    return where.page("urls.html", prefix=prefix, urls=found[:_URLS], page=page, has_next=len(found) > _URLS)


def urls(archive: Archive, prefix: str, *, offset: int = 0) -> Iterator[tuple[str, int, str, str, str]]:
    """Yield URL, number of captures, first and last day and title, one more than a page of them."""
    where, values = condition(Query(targets=(target(prefix),)))
    sql = (
        "SELECT max(url), count(*), min(captured_at), max(captured_at), max(title) FROM snapshots"
        f" WHERE status IS NOT NULL AND {where} GROUP BY surt ORDER BY surt LIMIT ? OFFSET ?"
    )
    for url, count, first, last, title in archive.catalog.select(sql, [*values, _URLS + 1, offset]):
        yield url, count, first[:10], last[:10], title or ""
