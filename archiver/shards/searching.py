"""Searching shards where they are. In: a query. Out: hits, and what reading them took. Never: a shard for nothing.

The newest matches of each shard are ranked, by BM25 without the length of the articles: lengths and exact counts of
common words would be read from all over the file. A shard counts its common words beforehand.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import Any

from archiver.catalog import FacetName, Found, Hit, Query, Sort
from archiver.catalog.facets import Facets
from archiver.catalog.queries import MATCHING, conjunction, filters
from archiver.catalog.searching import Page, facets_of, hits_of, openings, page_of, snippets
from archiver.catalog.words import WEIGHTS, expressions, terms
from archiver.shards.listing import Listing
from archiver.shards.remote import RemoteShard, Traffic, need_apsw
from archiver.storage import Store

RANKED = 2_000  # of each shard
HITS = 10  # unless a limit is given: each takes two requests

_SATURATION = 1.2  # BM25's k1

Place = tuple["_Shard", float | None, int]  # a shard, score and number in it


def search_shards(
    store: Store,
    listing: Listing,
    query: Query,
    *,
    sort: Sort = "relevance",
    offset: int = 0,
    facets: Sequence[FacetName] = (),
    collapse: bool = False,
    traffic: Traffic | None = None,
) -> Found:
    """Return what `archiver.catalog.search` would, from the published shards; `traffic` is told what it took.

    Facets read a row of each match that is ranked. Raises BadInput where apsw is not installed.
    """
    need_apsw()
    query = query if query.limit is not None else replace(query, limit=HITS)
    page = page_of(query, offset, facets, collapse=collapse, ranked=RANKED)
    traffic = Traffic() if traffic is None else traffic
    with ExitStack() as stack:
        shards = []
        for one in listing.of("search"):
            if one.may_hold(query):
                shard = RemoteShard(store, one.key, one.bytes, traffic)
                stack.callback(shard.close)
                shards.append(_Shard(shard, query, sort=sort, with_keys=collapse))
        return _merged(shards, page, sort, facets)


class _Shard:
    """One shard and what it holds of the answer."""

    def __init__(self, shard: RemoteShard, query: Query, *, sort: Sort, with_keys: bool) -> None:
        self.shard, self.sort = shard, sort
        self.wanted, unwanted = expressions(terms(query.words), author=query.author)
        self.where = filters(query)
        if self.wanted is not None and unwanted is not None:
            self.wanted = f"({self.wanted}) NOT ({unwanted})"
        elif unwanted is not None:
            self.where.append((f"number NOT IN ({MATCHING})", [unwanted]))
        self.found = self._found()

    def _found(self) -> list[tuple[float | None, int]]:
        """Return score and number of the newest matches, one more than are ranked."""
        sql, values = conjunction(self.where)
        if self.wanted is None:
            listed = f"SELECT NULL, number FROM snapshots WHERE {sql} ORDER BY number DESC LIMIT {RANKED + 1}"
            return [*self.execute(listed, values)]
        self.shard.connection.register_fts5_function("relevance", _relevance(self._common()))
        within = "" if sql == "1" else f" AND +rowid IN (SELECT number FROM snapshots WHERE {sql})"
        score = f"relevance(articles_fts, {', '.join(map(str, WEIGHTS))})" if self.sort == "relevance" else "NULL"
        matches = (
            f"SELECT {score}, rowid FROM articles_fts WHERE articles_fts MATCH ?{within}"
            f" ORDER BY rowid DESC LIMIT {RANKED + 1}"
        )
        return [*self.execute(matches, [self.wanted, *(values if within else [])])]

    def _common(self) -> dict[str, int]:
        return dict(self.execute("SELECT term, articles FROM common"))

    def hits(self, shown: dict[int, tuple[float | None, int]]) -> dict[int, Hit]:
        """Return the hits with these numbers."""
        texts = openings(self, shown) if self.wanted is None else snippets(self, self.wanted, [*shown])
        return dict(zip(shown, hits_of(self, shown, texts), strict=True))

    def facets(self, numbers: list[int], names: Sequence[FacetName]) -> Facets:
        """Return how often each value occurs in these snapshots."""
        return facets_of(self, (f"number IN ({', '.join(map(str, numbers))})", []), "", names)

    def captured_at(self, number: int) -> str:
        """Return when this one was captured, as text that sorts as time does."""
        ((at,),) = self.execute("SELECT captured_at FROM snapshots WHERE number = ?", (number,))
        return str(at)

    def surt(self, number: int) -> str:
        """Return the SURT key of this one."""
        ((key,),) = self.execute("SELECT surt FROM snapshots WHERE number = ?", (number,))
        return str(key)

    def execute(self, sql: str, values: Any = (), /) -> Any:
        """Ask the shard; what the store could not read is its error, not SQLite's."""
        import apsw

        try:
            return iter(self.shard.connection.execute(sql, values).fetchall())
        except apsw.Error as error:
            if self.shard.file.error is not None:
                raise self.shard.file.error from error
            raise


def _merged(shards: list[_Shard], page: Page, sort: Sort, facets: Sequence[FacetName]) -> Found:
    places = [(shard, score, number) for shard in shards for score, number in shard.found[:RANKED]]
    if sort == "relevance" and any(shard.wanted for shard in shards):
        places.sort(key=lambda place: -(place[1] or 0.0))
    elif len(shards) > 1:
        most = page.offset + page.limit
        first = [(shard, score, number) for shard in shards for score, number in shard.found[:most]]
        places = sorted(first, key=lambda place: place[0].captured_at(place[2]), reverse=True)
    shown = [*islice(_distinct(places) if page.collapse else places, page.offset, page.offset + page.limit)]
    hits: dict[tuple[int, int], Hit] = {}
    for at, shard in enumerate(shards):
        of_shard = {number: (score, 0) for one, score, number in shown if one is shard}
        hits |= {(at, number): hit for number, hit in shard.hits(of_shard).items()}
    counts: dict[FacetName, Counter[str]] = {name: Counter() for name in facets}
    for shard in shards if facets else ():
        for name, values in shard.facets([number for _, number in shard.found[:RANKED]], facets).items():
            counts[name].update(dict(values))
    return Found(
        hits=tuple(hits[shards.index(shard), number] for shard, _, number in shown),
        total=sum(min(len(shard.found), RANKED) for shard in shards),
        ranked=sum(min(len(shard.found), RANKED) for shard in shards),
        facets={name: tuple(one.most_common()) for name, one in counts.items()},
        is_exact=all(len(shard.found) <= RANKED for shard in shards),
    )


def _distinct(places: Iterable[Place]) -> Iterator[Place]:
    """Yield the first place of each URL."""
    seen: set[str] = set()
    for shard, score, number in places:
        if (key := shard.surt(number)) not in seen:
            seen.add(key)
            yield shard, score, number


def _relevance(common: Mapping[str, int]) -> Callable[..., float]:
    """Return the function that scores a match; `common` says how many articles hold a common word."""

    def relevance(api: Any, *weights: float) -> float:
        if api.aux_data is None:
            api.aux_data = [_rarity(api, phrase, common) for phrase in range(api.phrase_count)]
        score = 0.0
        for phrase, rarity in enumerate(api.aux_data):
            times = sum(
                weights[column] * len(api.phrase_column_offsets(phrase, column))
                for column in api.phrase_columns(phrase)
            )
            score += rarity * times * (_SATURATION + 1) / (times + _SATURATION)
        return score

    return relevance


def _rarity(api: Any, phrase: int, common: Mapping[str, int]) -> float:
    """Return the inverse document frequency of a phrase: counted, but for one that is of common words alone."""
    known = [common[token] for token in api.phrases[phrase] if token in common]
    if known and len(known) == len(api.phrases[phrase]):
        articles = min(known)
    else:
        found = [0]
        api.query_phrase(phrase, _count, found)
        articles = found[0]
    return max(1e-6, math.log((api.row_count - articles + 0.5) / (articles + 0.5)))


def _count(api: Any, found: list[int]) -> None:
    found[0] += 1
