"""Which snapshots are meant. In: what a person typed. Out: an SQL condition with bound values. Never: I/O.

9f86d081884c7d659a2f            a snapshot's id
https://news.example/a          every capture of a URL; http or https, www or not, tracking parameters aside
https://news.example/2026/*     every URL that starts so; also without the scheme
news.example, *.news.example    a domain and the hosts below it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from archiver.errors import BadInput
from archiver.timestamps import iso
from archiver.urls import BadUrl, canonical, host, surt

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


def condition(query: Query) -> tuple[str, list[Any]]:
    """Return the WHERE clause of `query` and its values."""
    parts: list[tuple[str, list[Any]]] = []
    if query.targets:
        wanted = [_wanted(one) for one in query.targets]
        parts.append((" OR ".join(sql for sql, _ in wanted), [value for _, values in wanted for value in values]))
    if query.domain:
        parts.append(_in_domain(query.domain.removeprefix("*.").lower()))
    for name in ("collection", "crawl", "verdict"):
        if (value := getattr(query, name)) is not None:
            parts.append((f"{name} = ?", [value]))
    if query.since:
        parts.append(("captured_at >= ?", [iso(query.since)]))
    if query.until:
        parts.append(("captured_at < ?", [iso(query.until)]))
    where = " AND ".join(f"({sql})" for sql, _ in parts)
    return where or "1", [value for _, values in parts for value in values]


def order(query: Query) -> tuple[str, list[Any]]:
    """Return the ORDER BY and LIMIT of `query` and their values."""
    way = " DESC" if query.newest_first else ""
    limit, values = ("", []) if query.limit is None else (" LIMIT ?", [query.limit])
    return f" ORDER BY captured_at{way}, id{way}{limit}", values


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
