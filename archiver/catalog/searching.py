"""Searching: the snapshots that hold some words, the best first. In: a query. Out: hits, snippets, counts. Never: HTML.

Ranking reads each match, so a word that most articles hold would cost 60 ms in 50,000 articles and more in more. Beyond
`RANKED` matches only the newest in the catalog are ranked and counted by facet, and of fewer where an answer has to be
quick; `Found.ranked` says how many that were.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from archiver.catalog.database import Catalog
from archiver.catalog.facets import FACETS, FacetName, Facets, counts, gathered, kept
from archiver.catalog.queries import MATCHING, Condition, Query, conjunction, filters
from archiver.catalog.rows import COLUMNS, Row, from_values
from archiver.catalog.words import END, MARK, WEIGHTS, expressions, terms, unspaced
from archiver.errors import BadInput

RANKED = 5_000
SECONDS = 10.0  # one search may take; then it asks for too much
SHOWN = 20
MOST = 1_000  # hits of one search
SNIPPET = 32  # tokens
OPENING = 240  # characters of the text, where no word was asked for

Sort = Literal["relevance", "date"]

_NAMES = ", ".join(COLUMNS)

_AHEAD = 60  # more of what is found are read than a page of URLs shows

_Ordered = tuple[int, float | None, str]  # number, score and SURT key of what was found, in order
Marked = tuple[tuple[str, bool], ...]  # pieces of a text; True where a piece is what was searched for


class Reader(Protocol):
    """A connection that reads a catalog: sqlite3's, or apsw's to one that is elsewhere."""

    def execute(self, sql: str, values: Any = ..., /) -> Any:
        """Return a cursor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A snapshot that was found. `score` is higher for the better one; None where no word was asked for."""

    row: Row
    title: Marked = ()
    snippet: Marked = ()
    score: float | None = None
    others: int = 0  # with `collapse`: further captures of the same URL that match, after this best one


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, in order, and what they are part of."""

    hits: tuple[Hit, ...]
    total: int  # snapshots that the query means
    ranked: int  # of them, how many were ranked and counted by facet: the newest
    facets: Facets
    is_exact: bool = True  # False: there are at least `total`; where they are not counted to the end


def search(
    catalog: Catalog,
    query: Query,
    *,
    sort: Sort = "relevance",
    offset: int = 0,
    facets: Sequence[FacetName] = (),
    collapse: bool = False,
    ranked: int = RANKED,
    is_exact: bool = True,
) -> Found:
    """Return what `query` means: `query.limit` hits from `offset` on, 20 if it has no limit.

    By relevance, or by date of capture with the newest first; so too where no word is asked for. `collapse` gives one
    hit per URL, of those that are ranked: the newest `ranked`, which facets count too. Months are those of publication.
    Where the total need not be exact, more than are ranked are counted only if that costs little.

    Raises BadInput for what cannot be searched for, and for a search of more than 10 seconds.
    """
    page = page_of(query, offset, facets, collapse=collapse, ranked=ranked)
    wanted, unwanted = expressions(terms(query.words), author=query.author)
    parts = filters(query)
    with catalog.reading() as reader, _limited_time(reader, query.words):
        reader.execute("BEGIN")  # one state of the catalog for all that follows
        if wanted is None:
            if unwanted is not None:
                parts.append((f"number NOT IN ({MATCHING})", [unwanted]))
            return _listed(reader, conjunction(parts), page, facets)
        expression = wanted if unwanted is None else f"({wanted}) NOT ({unwanted})"
        return _matched(reader, expression, conjunction(parts), sort, page, facets, is_exact=is_exact)


def page_of(query: Query, offset: int, facets: Sequence[FacetName], *, collapse: bool, ranked: int) -> Page:
    """Return which part of what is found is meant. Raises BadInput."""
    for name in facets:
        if name not in FACETS:
            raise BadInput(f"facet {name!r}", f"known are {', '.join(FACETS)}")
    limit = SHOWN if query.limit is None else query.limit
    if not 0 <= limit <= MOST or offset < 0:
        raise BadInput(f"{limit} hits from {offset}", f"give a limit up to {MOST:,} and an offset of 0 or more")
    return Page(limit=limit, offset=offset, collapse=collapse, ranked=ranked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what is found, in its order."""

    limit: int
    offset: int
    collapse: bool
    ranked: int

    @property
    def reads(self) -> tuple[int, ...]:
        """How many of what is found to read, in turn, until the page is full: URLs captured often come many times."""
        end = self.offset + self.limit
        return (min(end + _AHEAD, self.ranked), self.ranked) if self.collapse else (end,)

    def cut(self, found: Sequence[_Ordered], read: int) -> dict[int, tuple[float | None, str]] | None:
        """Return score and SURT key by the number of each snapshot on the page; None if `read` was too few for it."""
        end, kept = self.offset + self.limit, found
        if self.collapse:
            first: dict[str, _Ordered] = {}
            for one in found:
                first.setdefault(one[2], one)
            kept = [*first.values()]
            if len(kept) < end and read < self.ranked and len(found) == read:
                return None
        return {number: (score, key) for number, score, key in kept[self.offset : end]}


def _listed(reader: Reader, where: Condition, page: Page, facets: Sequence[FacetName]) -> Found:
    sql, values = where
    (total,) = reader.execute(f"SELECT count(*) FROM snapshots WHERE {sql}", values).fetchone()
    newest = "ORDER BY captured_at DESC, id DESC LIMIT"
    ordered = f"SELECT number, NULL, surt FROM snapshots WHERE {sql} {newest} ?"
    shown = _shown(page, lambda most: reader.execute(ordered, [*values, most]))
    return Found(
        hits=hits_of(reader, _with_others(reader, shown, page, where), openings(reader, shown)),
        total=total,
        ranked=min(total, page.ranked),
        facets=facets_of(reader, where, f"{newest} {page.ranked}", facets),
    )


def _matched(
    reader: Reader,
    expression: str,
    where: Condition,
    sort: Sort,
    page: Page,
    facets: Sequence[FacetName],
    *,
    is_exact: bool,
) -> Found:
    sql, values = where
    # the unary + keeps SQLite from looking each filtered number up in the index of words, which takes 100 times as long
    within = "" if sql == "1" else f" AND +rowid IN (SELECT number FROM snapshots WHERE {sql})"
    matches = f"articles_fts WHERE articles_fts MATCH ?{within}"
    bound = [expression, *(values if within else [])]
    # one pass over the matches gives all of this: the newest ones, of them the best, and the facets
    score = "NULL" if sort == "date" else f"-bm25(articles_fts, {', '.join(map(str, WEIGHTS))})"
    newest = f"SELECT rowid AS number, {score} AS score FROM {matches} ORDER BY rowid DESC LIMIT {page.ranked}"
    tables = [
        f"found AS MATERIALIZED ({newest})",
        "best AS MATERIALIZED (SELECT number, score FROM found ORDER BY score DESC, number DESC LIMIT ?)",
    ]
    selects = [
        "SELECT group_concat(number), NULL, NULL FROM found",
        "SELECT number, score, (SELECT surt FROM snapshots WHERE number = best.number) FROM best",
    ]
    if facets:
        tables.append(kept(facets, "FROM found CROSS JOIN snapshots USING (number)"))
        selects.append(counts(facets))
    numbers: list[str] = []
    values_of: Facets = {}

    def read(most: int) -> Iterable[_Ordered]:
        nonlocal numbers, values_of
        asked = [*bound, 0 if sort == "date" else most]
        (listed, _, _), *more = reader.execute(f"WITH {', '.join(tables)} {' UNION ALL '.join(selects)}", asked)
        numbers = listed.split(",") if listed else []
        values_of = gathered((one for one in more if isinstance(one[0], str)), facets)
        if sort == "date":
            return _by_date(reader, numbers, (matches, bound), page, most)
        return (one for one in more if not isinstance(one[0], str))

    shown = _shown(page, read)
    is_counted = len(numbers) < page.ranked or is_exact or not within
    return Found(
        hits=hits_of(reader, _with_others(reader, shown, page, set(numbers)), snippets(reader, expression, [*shown])),
        # few matches were counted as they were read; many that are filtered would be filtered again
        total=_count(reader, matches, bound) if is_counted and len(numbers) == page.ranked else len(numbers),
        ranked=len(numbers),
        facets=values_of,
        is_exact=is_counted,
    )


def _by_date(reader: Reader, numbers: list[str], matches: Condition, page: Page, most: int) -> Iterable[_Ordered]:
    """Yield what matches, the newest capture first. Many matches: through time; few: sorted."""
    if len(numbers) < page.ranked:
        which, values = f"number IN ({', '.join(numbers)})", []
    else:
        which, values = f"+number IN (SELECT rowid FROM {matches[0]})", matches[1]
    ordered = f"SELECT number, NULL, surt FROM snapshots WHERE {which} ORDER BY captured_at DESC, id DESC LIMIT ?"
    return reader.execute(ordered, [*values, most])  # type: ignore[no-any-return]  # a cursor


def _shown(page: Page, read: Callable[[int], Iterable[_Ordered]]) -> dict[int, tuple[float | None, str]]:
    for most in page.reads:
        if (shown := page.cut([*read(most)], most)) is not None:
            return shown
    return {}


def _with_others(
    reader: Reader, shown: dict[int, tuple[float | None, str]], page: Page, among: Condition | set[str]
) -> dict[int, tuple[float | None, int]]:
    """Return score and number of further captures of the same URL `among` those, by the number of each shown."""
    times: Counter[str] = Counter()
    if page.collapse:
        keys = [key for _, key in shown.values()]
        same = f"SELECT surt, number FROM snapshots WHERE surt IN ({', '.join('?' * len(keys))})"
        if isinstance(among, set):
            times.update(key for key, number in reader.execute(same, keys) if str(number) in among)
        else:  # the + keeps SQLite from beginning with the other condition
            times.update(key for key, _ in reader.execute(f"{same} AND +({among[0]})", [*keys, *among[1]]))
    return {number: (score, max(0, times[key] - 1)) for number, (score, key) in shown.items()}


def _count(reader: Reader, matches: str, bound: list[Any]) -> int:
    ((total,),) = reader.execute(f"SELECT count(*) FROM {matches}", bound)
    return int(total)


def openings(reader: Reader, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return title and beginning of each."""
    listed = ", ".join(map(str, numbers))
    sql = (
        f"SELECT number, title, substr(description || char(10) || text, 1, ?) FROM articles WHERE number IN ({listed})"
    )
    return {number: (title, _whole(text)) for number, title, text in reader.execute(sql, (OPENING,))}


def snippets(reader: Reader, expression: str, numbers: list[int]) -> dict[int, tuple[str, str]]:
    """Return title and snippet of each, with MARK and END around what matches."""
    sql = (
        f"SELECT rowid, highlight(articles_fts, 0, '{MARK}', '{END}'),"
        f" snippet(articles_fts, 3, '{MARK}', '{END}', '…', {SNIPPET}) FROM articles_fts"
        f" WHERE articles_fts MATCH ? AND rowid IN ({', '.join('?' * len(numbers))})"
    )
    return {number: (title, text) for number, title, text in reader.execute(sql, [expression, *numbers])}


def hits_of(
    reader: Reader,
    shown: dict[int, tuple[float | None, int]],
    texts: dict[int, tuple[str, str]],
) -> tuple[Hit, ...]:
    """Return the hits with these numbers, their score and how many others each stands for."""
    hits = []
    sql = f"SELECT number, {_NAMES} FROM snapshots WHERE number IN ({', '.join(map(str, shown))})"
    rows = {number: values for number, *values in reader.execute(sql)}  # at once: each takes Python's lock
    for number, (score, others) in shown.items():
        title, text = map(_marked, texts.get(number, ("", "")))
        hits.append(Hit(row=from_values(rows[number]), title=title, snippet=text, score=score, others=others))
    return tuple(hits)


def _marked(text: str) -> Marked:
    pieces: list[tuple[str, bool]] = []
    for piece in unspaced(text).split(MARK):
        before, end, after = piece.partition(END)
        pieces += [(before, True), (after, False)] if end else [(before, False)]
    return tuple((piece, is_match) for piece, is_match in pieces if piece)


def _whole(text: str) -> str:
    """The first words of a text, not cut inside one."""
    text = " ".join(text.split())
    return text if len(text) < OPENING - 1 else text.rpartition(" ")[0] + " …"


def facets_of(reader: Reader, where: Condition, more: str, names: Sequence[FacetName]) -> Facets:
    """Return the facets of the snapshots that `where` and `more` (an order, a limit) select."""
    if not names:
        return {}
    source = kept(names, f"FROM snapshots WHERE {where[0]} {more}")
    return gathered(reader.execute(f"WITH {source} {counts(names)}", where[1]), names)


@contextmanager
def _limited_time(reader: sqlite3.Connection, words: str) -> Iterator[None]:
    end = time.monotonic() + SECONDS
    reader.set_progress_handler(lambda: time.monotonic() > end, 100_000)  # some ms; each call takes Python's lock
    try:
        yield
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise BadInput(
                words, f"takes more than {SECONDS:.0f} s to search for; ask for less common words"
            ) from error
        raise
