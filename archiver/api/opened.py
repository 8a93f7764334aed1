"""An open archive, as a researcher holds it. In: words, URLs, times. Out: snapshots, lazily. Never: changing it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, Unpack

from archiver.api import facts
from archiver.api.facts import CrawlFacts, Info
from archiver.api.html import Markup, marked, table, text
from archiver.api.selected import Selected
from archiver.api.snapshot import ArchivedSnapshot
from archiver.archive import Archive
from archiver.archive.selection import Narrowing, When, Where, selection
from archiver.catalog import RANKED, FacetName, Found, Hit, Query, Row, Sort, Synced, Target, search, target
from archiver.errors import BadInput, NotArchived
from archiver.fixity import Progress

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from archiver.shards import Pulled, Traffic

Match = Literal["exact", "prefix", "host", "domain"]
Collapse = Literal["digest", "day"]

_PACKAGES = (".wacz", ".warc", ".warc.gz")
_PAGE = 100  # hits that are asked for at once


class OpenArchive(Archive):
    """An archive to read: `archiver.open`. Any thread may call any method; nothing is read before it is asked for."""

    @classmethod
    def open(
        cls, uri: str, *, anon: bool = False, sync: bool = True, progress: Progress | None = None, **options: Any
    ) -> Self:
        """Open the archive at `uri`: `s3://bucket/prefix`, `https://…`, a folder. Nothing is read or made yet.

        A WACZ or WARC file is opened too: it is read into memory at once, each capture proved and its article read.
        `anon` reads a public bucket without credentials. `options` are those of the store: `endpoint_url`, `region`,
        `profile` … `sync=False` trusts the catalog as it is. Raises BadInput.
        """
        if anon:
            options["anonymous"] = True
        if uri.lower().endswith(_PACKAGES) and Path(uri).is_file():
            return cls._of_package(Path(uri))
        archive = super().open(uri, sync=sync, progress=progress, **options)
        if archive.uri.startswith("http"):
            archive.store.listed = archive._published_packs
        return archive

    @classmethod
    def _of_package(cls, path: Path) -> Self:
        from archiver.imports import import_file
        from archiver.storage.memory import MemoryStore

        archive = cls(MemoryStore(path.name))  # known to nobody else, so it goes with the object
        import_file(path, archive)
        return archive

    def info(self) -> Info:
        """Return how much there is."""
        return facts.info(self.synced_catalog(), self.uri)

    def crawls(self) -> list[CrawlFacts]:
        """Return the crawls, the earliest first."""
        return [*facts.crawls(self.synced_catalog())]

    def __len__(self) -> int:
        return self.synced_catalog().count(Query())

    def __bool__(self) -> bool:
        return True  # an archive with nothing in it is an archive

    def search(
        self,
        words: str = "",
        *what: str,
        sort: Sort = "relevance",
        offset: int = 0,
        facets: Sequence[FacetName] = (),
        collapse: bool = False,
        ranked: int = RANKED,
        is_exact: bool = True,
        lang: str | None = None,
        **where: Unpack[Narrowing],
    ) -> Results:
        """Return the snapshots whose article holds `words`, the best first: iterate over it, or look at its `hits`.

        Words, "phrases in quotes", -exclusions and prefixes*. `what` and the rest are those of `find`; `lang` is short
        for `language`. Without a limit the iteration goes on to the last that is ranked. Raises BadInput.
        """
        if lang is not None:
            where["language"] = lang
        query = selection(*what, words=words, **where)
        self._check_collection(query)
        asked = _Asked(
            query=query, sort=sort, facets=tuple(facets), collapse=collapse, ranked=ranked, is_exact=is_exact
        )
        return asked.answer(self, offset, facets=asked.facets)

    def snapshots(
        self, url: str, *, match: Match = "exact", collapse: Collapse | None = None, **where: Unpack[Where]
    ) -> Iterator[ArchivedSnapshot]:
        """Yield the captures of a URL, oldest first, or of all below it (`prefix`), of its host, of its domain.

        `collapse` leaves out captures of a URL whose body is that of the one before (`digest`), or that are not the
        first of their day (`day`, UTC). Raises BadInput.
        """
        if match not in ("exact", "prefix", "host", "domain") or collapse not in (None, "digest", "day"):
            raise BadInput(f"match {match!r}, collapse {collapse!r}", "see `archiver.OpenArchive.snapshots`")
        query = replace(selection(**where), targets=(_target(url, match),))
        self._check_collection(query)
        return (ArchivedSnapshot(self, row) for row in _collapsed(self.rows(query), collapse))

    def get(self, what: str, *, at: When | None = None) -> ArchivedSnapshot:
        """Return the snapshot of an id, or the capture of a URL closest to `at`; without `at`, its latest.

        Its body is proved. Raises NotArchived, BadRecord, FixityMismatch, StoreError.
        """
        snapshot = ArchivedSnapshot(self, self.row(what, at=at))
        _ = snapshot.body
        return snapshot

    def query(self, *what: str, lang: str | None = None, **where: Unpack[Where]) -> Selected:
        """Return a selection to narrow, to count and to make a table of. Nothing is read yet. Raises BadInput."""
        if lang is not None:
            where["language"] = lang
        return Selected(self, selection(*what, **where))

    def duckdb(self) -> DuckDBPyConnection:
        """Return a DuckDB connection with the views `articles` and `captures` (Common Crawl's columns).

        The records are read once, into Parquet files beside the catalog, and again only after something changed.
        """
        from archiver.api.duck import connected

        return connected(self)

    def sync(self) -> Synced:
        """Make the catalog equal to the records; where they cannot be listed, to the published shards."""
        if not self.uri.startswith("http"):
            return super().sync()
        self.pull()
        assert self.synced is not None
        return self.synced

    def pull(self) -> Pulled:
        """Make the catalog of the published shards, once, instead of reading each record. Raises NotArchived.

        What was captured after the publication is not in it; `sync` adds that.
        """
        from archiver.shards import pull

        done = pull(self.catalog, self.store, progress=self._progress)
        self.synced = Synced()
        return done

    def _published_packs(self) -> list[str]:
        from archiver.shards import published_packs

        return published_packs(self.store.below)

    def search_published(
        self,
        words: str = "",
        *what: str,
        sort: Sort = "relevance",
        offset: int = 0,
        facets: Sequence[FacetName] = (),
        collapse: bool = False,
        traffic: Traffic | None = None,
        **where: Unpack[Narrowing],
    ) -> Found:
        """Search the published shards where they are, by range requests: nothing is kept on this machine.

        Like `search`, with 10 hits unless a limit is given; a total that is not exact says so. `traffic` is told what
        was read. Raises NotArchived where nothing is published, BadInput without apsw (the extra `remote`).
        """
        from archiver.shards import read_listing, search_shards

        listing = read_listing(self.store)
        if listing is None:
            raise NotArchived(f"a published index in {self.uri}; `archiver publish` makes one")
        query = selection(*what, words=words, **where)
        return search_shards(
            self.store, listing, query, sort=sort, offset=offset, facets=facets, collapse=collapse, traffic=traffic
        )

    def _repr_html_(self) -> str:
        return self.info()._repr_html_()


@dataclass(frozen=True, slots=True, kw_only=True)
class Results(Found):
    """What a search found. `hits` is its first page; iterating gives the snapshots, page after page."""

    archive: OpenArchive = field(repr=False)
    asked: _Asked = field(repr=False)
    offset: int = 0

    def __iter__(self) -> Iterator[ArchivedSnapshot]:
        page: Results = self
        while page.hits:
            yield from (ArchivedSnapshot(self.archive, hit.row) for hit in page.hits)
            if self.asked.query.limit is not None:
                return
            page = self.asked.answer(self.archive, page.offset + len(page.hits))

    def __len__(self) -> int:
        return self.total if self.asked.query.limit is None else len(self.hits)

    def _repr_html_(self) -> str:
        return f"<p>{text(len(self.hits))} of {text(self.total)}</p>" + table(
            ("captured", "domain", "title", "snippet", "id"), map(_line, self.hits)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    query: Query
    sort: Sort
    facets: tuple[FacetName, ...]
    collapse: bool
    ranked: int
    is_exact: bool

    def answer(self, archive: OpenArchive, offset: int, *, facets: tuple[FacetName, ...] = ()) -> Results:
        query = replace(self.query, limit=_PAGE) if self.query.limit is None else self.query
        found = search(
            archive.synced_catalog(),
            query,
            sort=self.sort,
            offset=offset,
            facets=facets,
            collapse=self.collapse,
            ranked=self.ranked,
            is_exact=self.is_exact,
        )
        return Results(
            hits=found.hits,
            total=found.total,
            ranked=found.ranked,
            is_exact=found.is_exact,
            facets=found.facets,
            archive=archive,
            asked=self,
            offset=offset,
        )


def _line(hit: Hit) -> tuple[Any, ...]:
    title = Markup(marked(hit.title) or text(hit.row.title))
    return hit.row.captured_at, hit.row.domain, title, Markup(marked(hit.snippet)), hit.row.id


def _target(url: str, match: Match) -> Target:
    if match == "exact":
        return Target(kind="url", value=target(url).value if "://" in url else f"https://{url}")
    if match == "prefix":
        return target(url.removesuffix("*") + "*")
    name = url.removeprefix("*.") if "/" not in url else target(url).value.partition("://")[2].partition("/")[0]
    return target(name) if match == "domain" else target(f"https://{name}/*")


def _collapsed(rows: Iterator[Row], collapse: Collapse | None) -> Iterator[Row]:
    last: dict[str, object] = {}
    for row in rows:
        kept: object = row.sha256 if collapse == "digest" else row.captured_at.date()
        if collapse is None or row.surt not in last or last[row.surt] != kept:
            last[row.surt] = kept
            yield row
