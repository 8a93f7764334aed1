"""Which snapshots are meant. In: what a person typed. Out: an SQL condition with bound values. Never: I/O.

9f86d081884c7d659a2f            a snapshot's id
https://news.example/a          every capture of a URL; http or https, www or not, tracking parameters aside
https://news.example/2026/*     every URL that starts so; also without the scheme
news.example, *.news.example    a domain and the hosts below it
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from archiver.catalog.words import expressions, terms
from archiver.errors import BadInput
from archiver.timestamps import iso
from archiver.urls import BadUrl, canonical, host, registered_domain, surt

_ID = re.compile(r"[0-9a-f]{20}")
_DOMAIN = re.compile(r"(?:\*\.)?([^\s/:?#@*]+\.[^\s/:?#@*]+|localhost)")
_LAST = "\U0010ffff"  # sorts behind every character


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing typed on a command line, understood."""

    kind: Literal["id", "url", "prefix", "domain"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which snapshots: any of the targets, and all of the rest. Times are half open: from `since`, before `until`."""

    targets: tuple[Target, ...] = ()
    domain: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    collection: str | None = None
    crawl: str | None = None
    verdict: str | None = None
    flag: str | None = None  # one of its flags
    words: str = ""  # of the article: see `archiver.catalog.words`
    author: str | None = None  # a name, or a part of one
    language: str | None = None  # ISO 639-1
    published_since: datetime | None = None
    published_until: datetime | None = None
    limit: int | None = None
    newest_first: bool = False


def target(text: str) -> Target:
    """Return what `text` means. Raises BadInput if it can be nothing."""
    text = text.strip()
    if _ID.fullmatch(text):
        return Target(kind="id", value=text)
    if text.endswith("/*"):
        return Target(kind="prefix", value=_checked(text[:-1]))
    if found := _DOMAIN.fullmatch(text):
        return Target(kind="domain", value=found[1].lower())
    if text.endswith("*"):
        return Target(kind="prefix", value=_checked(text[:-1]))
    return Target(kind="url", value=_checked(text))


Condition = tuple[str, list[Any]]  # an SQL condition, and the values it binds


def condition(query: Query) -> Condition:
    """Return the WHERE clause of `query` and its values. Raises BadInput for words that ask for too much."""
    wanted, unwanted = expressions(terms(query.words), author=query.author)
    parts = filters(query)
    if wanted is not None:
        parts.append((f"number IN ({MATCHING})", [wanted]))
    if unwanted is not None:
        parts.append((f"number NOT IN ({MATCHING})", [unwanted]))
    return conjunction(parts)


MATCHING = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ?"


def filters(query: Query) -> list[Condition]:
    """Return the conditions of `query` that are not about its words."""
    parts: list[Condition] = []
    if query.targets:
        wanted = [_wanted(one) for one in query.targets]
        parts.append((" OR ".join(sql for sql, _ in wanted), [value for _, values in wanted for value in values]))
    if query.domain:
        parts.append(_in_domain(query.domain.removeprefix("*.").lower()))
    for name in ("collection", "crawl", "verdict", "language"):
        if (value := getattr(query, name)) is not None:
            parts.append((f"{name} = ?", [value]))
    if query.flag:
        parts.append(("flags LIKE ?", [f'%"{query.flag}"%']))
    if query.since:
        parts.append(("captured_at >= ?", [iso(query.since)]))
    if query.until:
        parts.append(("captured_at < ?", [iso(query.until)]))
    if query.published_since:
        parts.append(("published_at >= ?", [_published(query.published_since)]))
    if query.published_until:
        parts.append(("published_at < ?", [_published(query.published_until)]))
    return parts


def conjunction(parts: Iterable[Condition]) -> Condition:
    """Return one condition that is all of `parts`."""
    parts = list(parts)
    where = " AND ".join(f"({sql})" for sql, _ in parts)
    return where or "1", [value for _, values in parts for value in values]


def order(query: Query) -> tuple[str, list[Any]]:
    """Return the ORDER BY and LIMIT of `query` and their values."""
    way = " DESC" if query.newest_first else ""
    limit, values = ("", []) if query.limit is None else (" LIMIT ?", [query.limit])
    return f" ORDER BY captured_at{way}, id{way}{limit}", values


def _published(at: datetime) -> str:
    """A bound for dates as precise as their page: the first moment of a month is `2026-11`, before all days of it."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    for beginning in ("T00:00:00", "-01", "-01"):
        if not text.endswith(beginning):
            break
        text = text.removesuffix(beginning)
    return text


def _wanted(one: Target) -> tuple[str, list[Any]]:
    if one.kind == "id":
        return "id = ?", [one.value]
    if one.kind == "domain":
        return _in_domain(one.value)
    if one.kind == "prefix":
        start = _surt_prefix(one.value)
        return "surt >= ? AND surt < ?", [start, start + _LAST]
    return "surt IN (?, ?) OR requested_url = ?", [surt(one.value), surt(_canonical(one.value)), one.value]


def _surt_prefix(url: str) -> str:
    """Return what the SURT keys below `url` start with: `surt` drops a final slash, but `/a/` is no start of `/ab`."""
    start = surt(url)
    return start if start.endswith("/") or not url.endswith("/") else start + "/"


def _in_domain(domain: str) -> tuple[str, list[Any]]:
    """SURT keys write a domain from its end, so that the hosts below it, and its other ports, lie beside it."""
    if registered_domain(f"any.{domain}") == domain:  # the index of domains holds all that a filter asks for
        return "domain = ?", [domain]
    start = surt(f"https://{domain}/").removesuffix("/").removesuffix(")")
    values = [bound for mark in "),:" for bound in (start + mark, start + mark + _LAST)]
    return " OR ".join(["surt >= ? AND surt < ?"] * 3), values


def _canonical(url: str) -> str:
    try:
        return canonical(url)
    except BadUrl:
        return url


def _checked(url: str) -> str:
    """Return `url` if a page can have such an address; the scheme may be missing."""
    full = url if "://" in url else f"https://{url}"
    try:
        host(full)
    except BadUrl as error:
        cure = "give a URL, a domain, a prefix that ends in /*, or a snapshot's id of 20 hex digits"
        raise BadInput(url, cure) from error
    return full
