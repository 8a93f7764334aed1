"""Counts for the pages: of the archive, a domain, a crawl. In: a catalog. Out: numbers. Never: HTML."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from archiver.archive import Archive
from archiver.keys import crawl_prefix
from archiver.report.charts import Series
from archiver.timestamps import parse

_DAYS = 62  # columns of days; a longer time is drawn by months, a very long one by years
_MONTHS = 60
_TOP = 12
_LOG_LINES = 500_000  # of a crawl log that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How much there is. `size` is that of the different bodies."""

    snapshots: int
    articles: int
    bodies: int
    size: int
    domains: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawl:
    """A crawl as its records show it."""

    name: str
    first: datetime
    last: datetime
    snapshots: int
    articles: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Captures in time: at each place the articles and the rest."""

    unit: str  # day, month, year
    at: tuple[str, ...]
    articles: tuple[int, ...]
    others: tuple[int, ...]

    @property
    def series(self) -> list[Series]:
        """The columns of a chart."""
        return [Series("articles", self.articles, 0), Series("other captures", self.others, 6)]

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        """The same as a table, without the places where nothing was."""
        found = zip(self.at, self.articles, self.others, strict=True)
        return [(at, articles, others) for at, articles, others in found if articles or others]


Where = tuple[str, Sequence[Any]]  # an SQL condition of ours, and its values
EVERYTHING: Where = ("1", ())


def of_domain(domain: str) -> Where:
    """Return the condition for a registered domain, or a host."""
    return "(domain = ? OR host = ?)", (domain, domain)


def of_crawl(crawl: str) -> Where:
    """Return the condition for a crawl."""
    return "crawl = ?", (crawl,)


def totals(archive: Archive, where: Where = EVERYTHING) -> Totals:
    """Count. Identical bodies are one."""
    sql, values = where
    select = archive.catalog.select
    counts = (
        "SELECT count(*), coalesce(sum(verdict = 'article'), 0), count(DISTINCT domain), min(captured_at),"
        f" max(captured_at) FROM snapshots WHERE {sql}"
    )
    snapshots, articles, domains, first, last = next(select(counts, values))
    sizes = f"SELECT sha256, max(size) AS size FROM snapshots WHERE sha256 IS NOT NULL AND {sql} GROUP BY sha256"
    bodies, size = next(select(f"SELECT count(*), coalesce(sum(size), 0) FROM ({sizes})", values))
    return Totals(
        snapshots=snapshots,
        articles=articles,
        bodies=bodies,
        size=size,
        domains=domains,
        first=parse(first) if first else None,
        last=parse(last) if last else None,
    )


def timeline(archive: Archive, where: Where = EVERYTHING) -> Timeline:
    """Count captures by day; by month or year where there are too many days for a chart."""
    sql, values = where
    by_day = (
        "SELECT substr(captured_at, 1, 10), sum(verdict = 'article'), sum(verdict <> 'article') FROM snapshots"
        f" WHERE {sql} GROUP BY 1 ORDER BY 1"
    )
    rows = list(archive.catalog.select(by_day, values))
    if not rows:
        return Timeline(unit="day", at=(), articles=(), others=())
    days = (_day(rows[-1][0]) - _day(rows[0][0])).days + 1
    unit, width = ("day", 10) if days <= _DAYS else ("month", 7) if days <= _MONTHS * 30 else ("year", 4)
    articles, others = Counter[str](), Counter[str]()
    for day, some, more in rows:
        articles[day[:width]] += some
        others[day[:width]] += more
    first, last = _day(rows[0][0]), _day(rows[-1][0])
    at = tuple(dict.fromkeys(f"{first + timedelta(days=n):%Y-%m-%d}"[:width] for n in range((last - first).days + 1)))
    return Timeline(
        unit=unit, at=at, articles=tuple(articles[one] for one in at), others=tuple(others[one] for one in at)
    )


def crawls(archive: Archive, *, limit: int) -> list[Crawl]:
    """Return the crawls, the latest first."""
    sql = (
        "SELECT crawl, min(captured_at), max(captured_at), count(*), sum(verdict = 'article') FROM snapshots"
        " GROUP BY crawl ORDER BY 3 DESC, 1 LIMIT ?"
    )
    return [
        Crawl(name=name, first=parse(first), last=parse(last), snapshots=count, articles=articles)
        for name, first, last, count, articles in archive.catalog.select(sql, [limit])
    ]


def by(archive: Archive, column: str, where: Where = EVERYTHING, *, limit: int = _TOP) -> list[tuple[str, int]]:
    """Count by a column of ours (`verdict`, `host`, `language` …), the most frequent first."""
    sql, values = where
    counted = (
        f"SELECT coalesce({column}, ''), count(*) FROM snapshots WHERE {sql} AND coalesce({column}, '') <> ''"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"
    )
    return [(str(value), count) for value, count in archive.catalog.select(counted, [*values, limit])]


def outcomes(archive: Archive, crawl: str) -> list[tuple[str, str, int]]:
    """Count what became of the URLs of a crawl, by outcome and reason, from its log; nothing where there is none."""
    counts: Counter[tuple[str, str]] = Counter()
    left = _LOG_LINES
    for info in archive.store.list(crawl_prefix(crawl)):
        if not info.key.rpartition("/")[2].startswith("log-"):
            continue
        for line in archive.store.get(info.key).splitlines():
            left -= 1
            if left < 0:
                break
            members = json.loads(line)
            counts[str(members.get("outcome")), str(members.get("reason") or "")] += 1
    return [(outcome, reason, count) for (outcome, reason), count in counts.most_common()]


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
