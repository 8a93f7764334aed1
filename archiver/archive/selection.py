"""Selections: which snapshots are meant, by name. In: what a caller gives. Out: a Query. Never: I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypedDict

from archiver.catalog import Query, target
from archiver.timestamps import span

When = datetime | str  # a string is a partial timestamp: see `archiver.timestamps.span`


class Narrowing(TypedDict, total=False):
    """What narrows a selection; all of it is to be true. None is the same as nothing."""

    domain: str | None  # and the hosts below it
    since: When | None  # captured from then on
    until: When | None  # captured until then; a partial timestamp includes all of it
    collection: str | None
    crawl: str | None
    verdict: str | None
    flag: str | None  # one of its flags
    author: str | None  # a name, or a part of one
    language: str | None  # ISO 639-1
    published_since: When | None
    published_until: When | None
    limit: int | None
    newest_first: bool


class Where(Narrowing, total=False):
    """The same, and the words of the article: words, "phrases", -exclusions, prefixes*."""

    words: str


def selection(
    *what: str,
    domain: str | None = None,
    since: When | None = None,
    until: When | None = None,
    collection: str | None = None,
    crawl: str | None = None,
    verdict: str | None = None,
    flag: str | None = None,
    words: str = "",
    author: str | None = None,
    language: str | None = None,
    published_since: When | None = None,
    published_until: When | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> Query:
    """Return what is meant: any of `what` (ids, URLs, prefixes, domains) and all of the rest. Raises BadInput."""
    return Query(
        targets=tuple(target(one) for one in what),
        domain=domain,
        since=moment(since),
        until=moment(until, end=True),
        collection=collection,
        crawl=crawl,
        verdict=verdict,
        flag=flag,
        words=words,
        author=author,
        language=language,
        published_since=moment(published_since),
        published_until=moment(published_until, end=True),
        limit=limit,
        newest_first=newest_first,
    )


def moment(when: When | None, *, end: bool = False) -> datetime | None:
    """Return the first moment of a partial timestamp, or the first one after it. Raises BadInput."""
    if isinstance(when, str):
        return span(when)[1 if end else 0]
    if when is not None and when.tzinfo is None:
        return when.replace(tzinfo=UTC)
    return when
