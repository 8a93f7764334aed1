"""How much there is. In: a catalog. Out: counts and dates. Never: I/O beyond the catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from archiver.api.html import table
from archiver.catalog import Catalog
from archiver.timestamps import parse

_CRAWLS = """
SELECT crawl, collection, count(*), sum(verdict = 'article'), min(captured_at), max(captured_at) FROM snapshots
GROUP BY 1, 2 ORDER BY 5, 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """An archive in numbers."""

    uri: str
    snapshots: int
    articles: int  # snapshots whose verdict is `article`
    urls: int
    bodies: int  # different ones
    bytes: int  # of the different bodies, before compression
    first: datetime | None  # capture
    last: datetime | None
    domains: int
    languages: tuple[str, ...]
    collections: tuple[str, ...]

    def _repr_html_(self) -> str:
        return table(("", ""), ((one.name, getattr(self, one.name)) for one in fields(self)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlFacts:
    """A crawl in numbers."""

    id: str
    collection: str
    snapshots: int
    articles: int
    first: datetime
    last: datetime

    def _repr_html_(self) -> str:
        return table(("", ""), ((one.name, getattr(self, one.name)) for one in fields(self)))


def info(catalog: Catalog, uri: str) -> Info:
    """Return the numbers of the archive at `uri`, whose catalog this is."""
    counts = "count(*), coalesce(sum(verdict = 'article'), 0), count(DISTINCT surt), min(captured_at), max(captured_at)"
    snapshots, articles, urls, first, last, domains = next(
        catalog.select(f"SELECT {counts}, count(DISTINCT nullif(domain, '')) FROM snapshots")
    )
    once = "SELECT max(size) AS size FROM snapshots WHERE sha256 IS NOT NULL GROUP BY sha256"
    bodies, size = next(catalog.select(f"SELECT count(*), coalesce(sum(size), 0) FROM ({once})"))
    languages = catalog.select("SELECT DISTINCT language FROM snapshots WHERE language IS NOT NULL ORDER BY 1")
    return Info(
        uri=uri,
        snapshots=snapshots,
        articles=articles,
        urls=urls,
        bodies=bodies,
        bytes=size,
        first=parse(first) if first else None,
        last=parse(last) if last else None,
        domains=domains,
        languages=tuple(name for (name,) in languages),
        collections=tuple(catalog.collections()),
    )


def crawls(catalog: Catalog) -> Iterator[CrawlFacts]:
    """Yield the crawls, the earliest first; one that filled two collections twice."""
    for id, collection, snapshots, articles, first, last in catalog.select(_CRAWLS):
        yield CrawlFacts(
            id=id,
            collection=collection,
            snapshots=snapshots,
            articles=articles,
            first=parse(first),
            last=parse(last),
        )
