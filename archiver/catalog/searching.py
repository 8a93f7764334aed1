"""Searching: the snapshots that hold some words, the best first. In: a query. Out: hits, snippets, counts. Never: HTML.

Ranking reads each match, so a word that most articles hold would cost 60 ms in 50,000 articles and more in more. Beyond
`RANKED` matches only the newest in the catalog are ranked and counted by facet; `Found.ranked` says how many that were.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

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

Marked = tuple[tuple[str, bool], ...]  # pieces of a text; True where a piece is what was searched for


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A snapshot that was found. `score` is higher for the better one; None where no word was asked for."""

    row: Row
    title: Marked = ()
    snippet: Marked = ()
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits, in order, and what they are part of."""

    hits: tuple[Hit, ...]
    total: int  # snapshots that the query means
    ranked: int  # of them, how many were ranked and counted by facet: the newest
    facets: dict[FacetName, tuple[tuple[str, int], ...]]  # value and count, the most frequent first


def search(
    catalog: Catalog,
    query: Query,
    *,
    sort: Sort = "relevance",
    offset: int = 0,
    facets: Sequence[FacetName] = (),
) -> Found:
    """Return what `query` means: `query.limit` hits from `offset` on, 20 if it has no limit.

    By relevance, or by date of capture with the newest first; so too where no word is asked for. Months are those of
    publication. Raises BadInput for what cannot be searched for, and for a search of more than 10 seconds.
    """
    for name in facets:
        if name not in FACETS:
            raise BadInput(f"facet {name!r}", f"known are {', '.join(FACETS)}")
    limit = SHOWN if query.limit is None else query.limit
    if not 0 <= limit <= MOST or offset < 0:
        raise BadInput(f"{limit} hits from {offset}", f"give a limit up to {MOST:,} and an offset of 0 or more")
    wanted, unwanted = expressions(terms(query.words), author=query.author)
    kept = filters(query)
    with catalog.reading() as reader, _limited_time(reader, query.words):
        reader.execute("BEGIN")  # one state of the catalog for all that follows
        if wanted is None:
            if unwanted is not None:
                kept.append((f"number NOT IN ({MATCHING})", [unwanted]))
            return _listed(reader, conjunction(kept), limit, offset, facets)
        expression = wanted if unwanted is None else f"({wanted}) NOT ({unwanted})"
        return _matched(reader, expression, conjunction(kept), sort, limit, offset, facets)


def _listed(
    reader: sqlite3.Connection, where: Condition, limit: int, offset: int, facets: Sequence[FacetName]
) -> Found:
    sql, values = where
    (total,) = reader.execute(f"SELECT count(*) FROM snapshots WHERE {sql}", values).fetchone()
    newest = f"SELECT number FROM snapshots WHERE {sql} ORDER BY captured_at DESC, id DESC LIMIT ? OFFSET ?"
    numbers = [number for (number,) in reader.execute(newest, [*values, limit, offset])]
    counted = [number for (number,) in reader.execute(newest, [*values, RANKED, 0])] if facets else []
    opening = "SELECT number, title, substr(description || char(10) || text, 1, ?) FROM articles WHERE number = ?"
    shown = {}
    for number in numbers:
        for key, title, text in reader.execute(opening, (OPENING, number)):
            shown[key] = title, _whole(text)
    return Found(
        hits=_hits(reader, numbers, shown, {}),
        total=total,
        ranked=min(total, RANKED),
        facets=_facets(reader, counted, facets),
    )


def _matched(
    reader: sqlite3.Connection,
    expression: str,
    where: Condition,
    sort: Sort,
    limit: int,
    offset: int,
    facets: Sequence[FacetName],
) -> Found:
    sql, values = where
    # the unary + keeps SQLite from looking each filtered number up in the index of words, which takes 100 times as long
    within = "" if sql == "1" else f" AND +rowid IN (SELECT number FROM snapshots WHERE {sql})"
    matches = f"articles_fts WHERE articles_fts MATCH ?{within}"
    bound = [expression, *(values if within else [])]
    (total,) = reader.execute(f"SELECT count(*) FROM {matches}", bound).fetchone()
    newest = f"SELECT rowid FROM {matches} ORDER BY rowid DESC LIMIT {RANKED}"
    scores: dict[int, float] = {}
    if sort == "date":
        plus = "+" if total > RANKED else ""  # many matches: go through time; few: sort them
        by_date = (
            f"SELECT number FROM snapshots WHERE {plus}number IN (SELECT rowid FROM {matches})"
            " ORDER BY captured_at DESC, id DESC LIMIT ? OFFSET ?"
        )
        numbers = [number for (number,) in reader.execute(by_date, [*bound, limit, offset])]
    else:
        weights = ", ".join(map(str, WEIGHTS))
        ranked = (
            f"SELECT rowid, score FROM (SELECT rowid, bm25(articles_fts, {weights}) AS score FROM {matches}"
            f" ORDER BY rowid DESC LIMIT {RANKED}) ORDER BY score, rowid DESC LIMIT ? OFFSET ?"
        )
        scores = {number: -score for number, score in reader.execute(ranked, [*bound, limit, offset])}
        numbers = [*scores]
    counted = [number for (number,) in reader.execute(newest, bound)] if facets else []
    return Found(
        hits=_hits(reader, numbers, _snippets(reader, expression, numbers), scores),
        total=total,
        ranked=min(total, RANKED),
        facets=_facets(reader, counted, facets),
    )


def _snippets(reader: sqlite3.Connection, expression: str, numbers: list[int]) -> dict[int, tuple[str, str]]:
    """Return title and snippet of each, with MARK and END around what matches."""
    sql = (
        f"SELECT rowid, highlight(articles_fts, 0, '{MARK}', '{END}'),"
        f" snippet(articles_fts, 3, '{MARK}', '{END}', '…', {SNIPPET}) FROM articles_fts"
        f" WHERE articles_fts MATCH ? AND rowid IN ({', '.join('?' * len(numbers))})"
    )
    return {number: (title, text) for number, title, text in reader.execute(sql, [expression, *numbers])}


def _hits(
    reader: sqlite3.Connection,
    numbers: list[int],
    shown: dict[int, tuple[str, str]],
    scores: dict[int, float],
) -> tuple[Hit, ...]:
    rows = {}
    names = ", ".join(COLUMNS)
    for number in numbers:
        found = reader.execute(f"SELECT {names} FROM snapshots WHERE number = ?", (number,)).fetchone()
        rows[number] = from_values(found)
    return tuple(
        Hit(
            row=rows[number],
            title=_marked(shown.get(number, ("", ""))[0]),
            snippet=_marked(shown.get(number, ("", ""))[1]),
            score=scores.get(number),
        )
        for number in numbers
    )


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


def _facets(
    reader: sqlite3.Connection, numbers: list[int], names: Sequence[FacetName]
) -> dict[FacetName, tuple[tuple[str, int], ...]]:
    counts: dict[FacetName, Counter[str]] = {name: Counter() for name in names}
    if not names:
        return {}
    columns = {"month": "substr(published_at, 1, 7)", "author": "authors"}
    sql = f"SELECT {', '.join(columns.get(name, name) for name in names)} FROM snapshots WHERE number = ?"
    lists: dict[str, list[str]] = {}
    for number in numbers:
        for row in reader.execute(sql, (number,)):
            for name, value in zip(names, row, strict=True):
                if name == "author":
                    if value not in lists:
                        lists[value] = json.loads(value)
                    counts[name].update(lists[value])
                elif value and (name != "month" or len(value) == 7):
                    counts[name][value] += 1
    return {name: tuple(sorted(one.items(), key=_most_first)[:VALUES]) for name, one in counts.items()}


def _most_first(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


@contextmanager
def _limited_time(reader: sqlite3.Connection, words: str) -> Iterator[None]:
    end = time.monotonic() + SECONDS
    reader.set_progress_handler(lambda: time.monotonic() > end, 1_000)
    try:
        yield
    except sqlite3.OperationalError as error:
        if "interrupted" in str(error):
            raise BadInput(
                words, f"takes more than {SECONDS:.0f} s to search for; ask for less common words"
            ) from error
        raise
