"""Searching: the snapshots that hold some words, the best first. In: a query. Out: hits, snippets, counts. Never: HTML.

Ranking reads each match, so a word that most articles hold would cost 60 ms in 50,000 articles and more in more. Beyond
`RANKED` matches only the newest in the catalog are ranked and counted by facet; `Found.ranked` says how many that were.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

from archiver.catalog.database import Catalog
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
FacetName = Literal["domain", "language", "month", "author", "crawl", "collection", "verdict"]
FACETS: tuple[FacetName, ...] = get_args(FacetName)
VALUES = 50  # of a facet, the most frequent ones

_NAMES = ", ".join(COLUMNS)

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
    facets: dict[FacetName, tuple[tuple[str, int], ...]]  # value and count, the most frequent first
    is_exact: bool = True  # False: there are at least `total`; where they are not counted to the end


def search(
    catalog: Catalog,
    query: Query,
    *,
    sort: Sort = "relevance",
    offset: int = 0,
    facets: Sequence[FacetName] = (),
    collapse: bool = False,
) -> Found:
    """Return what `query` means: `query.limit` hits from `offset` on, 20 if it has no limit.

    By relevance, or by date of capture with the newest first; so too where no word is asked for. `collapse` gives one
    hit per URL, of those that are ranked. Months are those of publication. Raises BadInput for what cannot be searched
    for, and for a search of more than 10 seconds.
    """
    page = page_of(query, offset, facets, collapse=collapse)
    wanted, unwanted = expressions(terms(query.words), author=query.author)
    kept = filters(query)
    with catalog.reading() as reader, _limited_time(reader, query.words):
        reader.execute("BEGIN")  # one state of the catalog for all that follows
        if wanted is None:
            if unwanted is not None:
                kept.append((f"number NOT IN ({MATCHING})", [unwanted]))
            return _listed(reader, conjunction(kept), page, facets)
        expression = wanted if unwanted is None else f"({wanted}) NOT ({unwanted})"
        return _matched(reader, expression, conjunction(kept), sort, page, facets)


def page_of(query: Query, offset: int, facets: Sequence[FacetName], *, collapse: bool) -> Page:
    """Return which part of what is found is meant. Raises BadInput."""
    for name in facets:
        if name not in FACETS:
            raise BadInput(f"facet {name!r}", f"known are {', '.join(FACETS)}")
    limit = SHOWN if query.limit is None else query.limit
    if not 0 <= limit <= MOST or offset < 0:
        raise BadInput(f"{limit} hits from {offset}", f"give a limit up to {MOST:,} and an offset of 0 or more")
    return Page(limit=limit, offset=offset, collapse=collapse)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what is found, in its order."""

    limit: int
    offset: int
    collapse: bool

    @property
    def read(self) -> tuple[int, int]:
        """The LIMIT and OFFSET of SQL: of all that are ranked where URLs are to be told apart."""
        return (RANKED, 0) if self.collapse else (self.limit, self.offset)

    def cut(self, found: Iterable[tuple[int, float | None, str]]) -> dict[int, tuple[float | None, int]]:
        """Return score and number of others, by the number of each snapshot on the page."""
        if not self.collapse:
            return {number: (score, 0) for number, score, _ in found}
        first: dict[str, tuple[int, float | None]] = {}
        times: Counter[str] = Counter()
        for number, score, key in found:
            first.setdefault(key, (number, score))
            times[key] += 1
        shown = [*first.items()][self.offset : self.offset + self.limit]
        return {number: (score, times[key] - 1) for key, (number, score) in shown}


def _listed(reader: Reader, where: Condition, page: Page, facets: Sequence[FacetName]) -> Found:
    sql, values = where
    (total,) = reader.execute(f"SELECT count(*) FROM snapshots WHERE {sql}", values).fetchone()
    newest = f"SELECT number, NULL, surt FROM snapshots WHERE {sql} ORDER BY captured_at DESC, id DESC LIMIT ? OFFSET ?"
    shown = page.cut(reader.execute(newest, [*values, *page.read]))
    counted = _numbers(reader, newest, [*values, RANKED, 0]) if facets else []
    return Found(
        hits=hits_of(reader, shown, openings(reader, shown)),
        total=total,
        ranked=min(total, RANKED),
        facets=facets_of(reader, counted, facets),
    )


def _matched(
    reader: Reader,
    expression: str,
    where: Condition,
    sort: Sort,
    page: Page,
    facets: Sequence[FacetName],
) -> Found:
    sql, values = where
    # the unary + keeps SQLite from looking each filtered number up in the index of words, which takes 100 times as long
    within = "" if sql == "1" else f" AND +rowid IN (SELECT number FROM snapshots WHERE {sql})"
    matches = f"articles_fts WHERE articles_fts MATCH ?{within}"
    bound = [expression, *(values if within else [])]
    newest = f"SELECT rowid AS number FROM {matches} ORDER BY rowid DESC LIMIT {RANKED}"
    if sort == "date":
        total = _count(reader, matches, bound)
        plus = "+" if total > RANKED else ""  # many matches: go through time; few: sort them
        ordered = (
            f"SELECT number, NULL, surt FROM snapshots WHERE {plus}number IN (SELECT rowid FROM {matches})"
            " ORDER BY captured_at DESC, id DESC LIMIT ? OFFSET ?"
        )
        shown = page.cut(reader.execute(ordered, [*bound, *page.read]))
    else:
        weights = ", ".join(map(str, WEIGHTS))
        scored = f"SELECT rowid AS match, bm25(articles_fts, {weights}) AS score FROM {matches}"
        best = f"{scored} ORDER BY rowid DESC LIMIT {RANKED}"
        if page.collapse:  # of each URL the one with the least score: that is what a bare column beside min() means
            key = "(SELECT surt FROM snapshots WHERE number = match)"
            columns, group = "match, -min(score), count(*), sum(count(*)) OVER ()", f"GROUP BY {key}"
        else:
            columns, group = "match, -score, 1, count(*) OVER ()", ""
        ordered = f"SELECT {columns} FROM ({best}) {group} ORDER BY 2 DESC, match DESC LIMIT ? OFFSET ?"
        found = [*reader.execute(ordered, [*bound, page.limit, page.offset])]
        # few matches are counted as they are ranked; more, or a page behind the end, on their own
        total = found[0][3] if found and found[0][3] < RANKED else _count(reader, matches, bound)
        shown = {number: (score, times - 1) for number, score, times, _ in found}
    counted = _numbers(reader, newest, bound) if facets else []
    return Found(
        hits=hits_of(reader, shown, snippets(reader, expression, [*shown])),
        total=total,
        ranked=min(total, RANKED),
        facets=facets_of(reader, counted, facets),
    )


def _numbers(reader: Reader, sql: str, values: list[Any]) -> list[str]:
    """Return the first column of what `sql` selects, as text, in one row."""
    ((listed,),) = reader.execute(f"SELECT group_concat(number) FROM ({sql})", values)
    return listed.split(",") if listed else []


def _count(reader: Reader, matches: str, bound: list[Any]) -> int:
    ((total,),) = reader.execute(f"SELECT count(*) FROM {matches}", bound)
    return int(total)


def openings(reader: Reader, numbers: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Return title and beginning of each."""
    sql = "SELECT title, substr(description || char(10) || text, 1, ?) FROM articles WHERE number = ?"
    return {
        number: (title, _whole(text)) for number in numbers for title, text in reader.execute(sql, (OPENING, number))
    }


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
    for number, (score, others) in shown.items():
        (values,) = reader.execute(f"SELECT {_NAMES} FROM snapshots WHERE number = ?", (number,))
        title, text = map(_marked, texts.get(number, ("", "")))
        hits.append(Hit(row=from_values(values), title=title, snippet=text, score=score, others=others))
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


def facets_of(
    reader: Reader, numbers: Iterable[int | str], names: Sequence[FacetName]
) -> dict[FacetName, tuple[tuple[str, int], ...]]:
    """Return how often each value occurs in these snapshots, the most frequent first.

    Counted by SQLite: of 5,000 rows, each would take Python's lock on its way here, and wait for it where others read.
    """
    if not names:
        return {}
    listed = ", ".join(map(str, numbers))  # numbers of ours: 5,000 of them are more than SQLite lets one bind
    columns = {"month": "substr(published_at, 1, 7) AS month", "author": "authors AS author"}
    kept = f"SELECT {', '.join(columns.get(name, name) for name in names)} FROM snapshots WHERE number IN ({listed})"
    each = " UNION ALL ".join(f"SELECT * FROM ({_counted(name)})" for name in names)
    found: dict[FacetName, list[tuple[str, int]]] = {name: [] for name in names}
    for name, value, count in reader.execute(f"WITH kept AS MATERIALIZED ({kept}) {each}"):
        found[name].append((value, count))
    return {name: tuple(values) for name, values in found.items()}


def _counted(name: FacetName) -> str:
    """Return the SELECT of a facet: its name, its values, how often each is in `kept`."""
    value, source = (name, "kept") if name != "author" else ("one.value", "kept, json_each(author) AS one")
    known = f"length({value}) = 7" if name == "month" else f"{value} <> ''"
    return (
        f"SELECT '{name}', {value}, count(*) FROM {source} WHERE {known} GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {VALUES}"
    )


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
