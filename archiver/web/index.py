"""Index lines: what a CDX server says about captures. In: a query's words. Out: entries, in order. Never: bodies.

Both dialects ask the same: a URL, how much of it has to match, a time, filters. They differ in names and in form.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import regex

from archiver.archive import Archive
from archiver.catalog import Query, Row, target
from archiver.catalog.queries import condition
from archiver.catalog.rows import COLUMNS, from_values
from archiver.errors import BadInput
from archiver.timestamps import iso, span
from archiver.urls import BadUrl, host
from archiver.warc.writing import timestamp
from archiver.web.addresses import read_url

PAGE_LINES = 3000  # as other servers have it: clients count on it
REVISIT = "warc/revisit"
MATCH_TYPES = ("exact", "prefix", "host", "domain")
_PATTERN = 200  # characters of a regular expression
_SECONDS = 0.05  # that one match may take: no expression can hold the server up
_NAMES = ", ".join(COLUMNS)

Entry = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which lines are wanted, before any of them is looked at."""

    query: Query
    closest: datetime | None = None
    newest_first: bool = False
    filters: tuple[Filter, ...] = ()
    after: tuple[str, str, str] | None = None  # SURT key, time and id of the last line that was seen


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one field. `test` is given the field's text."""

    field: str
    test: Callable[[str], bool]
    inverted: bool = False

    def passes(self, entry: Entry) -> bool:
        """Whether `entry` is wanted."""
        return self.test(entry.get(self.field, "")) is not self.inverted


def asked(words: Mapping[str, str], filters: tuple[Filter, ...] = ()) -> Asked:
    """Return what `url`, `matchType`, `from`, `to`, `closest` and `sort` mean. Raises BadInput."""
    url = words.get("url", "").strip()
    if not url:
        raise BadInput("url", "which URL? add ?url=news.example/*")
    kind = words.get("matchType") or ""
    if kind and kind not in MATCH_TYPES:
        raise BadInput(f"matchType {kind[:40]!r}", f"use one of {', '.join(MATCH_TYPES)}")
    sort = words.get("sort", "")
    closest = words.get("closest")
    query = Query(
        targets=(target(_wanted(url, kind)),),
        since=span(words["from"])[0] if words.get("from") else None,
        until=span(words["to"])[1] if words.get("to") else None,
    )
    moment = span(closest)[0] if closest and sort in ("", "closest") else None
    return Asked(query=query, closest=moment, newest_first=sort in ("reverse", "descending"), filters=filters)


def _wanted(url: str, kind: str) -> str:
    """Return the words of `archiver.catalog.target` for a URL and its match type."""
    if not kind:
        kind = "domain" if url.startswith("*.") else "prefix" if url.endswith("*") else "exact"
        url = url.removeprefix("*.") if kind == "domain" else url
    bare = read_url(url.rstrip("*") if kind != "exact" else url)
    if kind == "exact":
        return bare
    if kind == "prefix":
        return bare + "*"
    try:
        name = host(bare)
    except BadUrl as error:
        raise BadInput(url[:200], "has no host to match") from error
    return f"*.{name}" if kind == "domain" and "." in name else f"https://{name}/*"


def entries(archive: Archive, ask: Asked) -> Iterator[tuple[Entry, Row]]:
    """Yield the lines: by SURT key and time, or by nearness to a time. Only what answered has a line."""
    for row in _rows(archive, ask):
        entry = _entry(row, _digest(archive, row))
        if all(one.passes(entry) for one in ask.filters):
            yield entry, row


def count(archive: Archive, ask: Asked) -> int:
    """Return how many lines there are before filters."""
    where, values = condition(ask.query)
    sql = f"SELECT count(*) FROM snapshots WHERE status IS NOT NULL AND {where}"
    return int(next(archive.synced_catalog().select(sql, values))[0])


def _rows(archive: Archive, ask: Asked) -> Iterator[Row]:
    where, values = condition(ask.query)
    order = "surt, captured_at, id"
    if ask.after is not None:
        where += " AND (surt, captured_at, id) > (?, ?, ?)"
        values += list(ask.after)
    if ask.closest is not None:
        order = "abs(julianday(captured_at) - julianday(?)), id"
        values.append(iso(ask.closest))
    elif ask.newest_first:
        order = "surt DESC, captured_at DESC, id DESC"
    sql = f"SELECT {_NAMES} FROM snapshots WHERE status IS NOT NULL AND {where} ORDER BY {order}"
    for found in archive.synced_catalog().select(sql, values):
        yield from_values(found)


def _digest(archive: Archive, row: Row) -> str:
    """Return the digest of the row's body; of a 304 that of the answer which it confirms; `-` where there is none."""
    if row.sha1 or row.status != 304:
        return row.sha1 or "-"
    sql = (
        "SELECT sha1 FROM snapshots WHERE surt = ? AND captured_at <= ? AND sha1 IS NOT NULL"
        " ORDER BY captured_at DESC LIMIT 1"
    )
    found = next(archive.catalog.select(sql, [row.surt, iso(row.captured_at)]), None)
    return str(found[0]) if found else "-"


def _entry(row: Row, digest: str) -> Entry:
    return {
        "urlkey": row.surt,
        "timestamp": timestamp(row.captured_at),
        "url": row.url,
        "mime": REVISIT if row.status == 304 else row.media_type or "unk",
        "status": str(row.status),
        "digest": digest,
        "length": str(row.size),
    }


def text_filter(field: str, value: str, *, inverted: bool, whole: bool) -> Filter:
    """Return a filter for a text: the whole field, or any part of it."""
    return Filter(field, (lambda text: text == value) if whole else (lambda text: value in text), inverted)


def pattern_filter(field: str, value: str, *, inverted: bool) -> Filter:
    """Return a filter for a regular expression that has to match the whole field. Raises BadInput."""
    if len(value) > _PATTERN:
        raise BadInput("filter", f"a regular expression of at most {_PATTERN} characters, please")
    try:
        pattern = regex.compile(value)
    except regex.error as error:
        raise BadInput(f"filter {value[:60]!r}", f"no regular expression ({error})") from error

    def test(text: str) -> bool:
        try:
            return pattern.fullmatch(text, timeout=_SECONDS) is not None
        except TimeoutError as error:
            raise BadInput(f"filter {value[:60]!r}", "this expression takes too long; write a simpler one") from error

    return Filter(field, test, inverted)


def number(words: Mapping[str, str], name: str, default: int | None = None, *, least: int | None = 0) -> int | None:
    """Return a whole number among `words`. Raises BadInput."""
    text = words.get(name, "")
    if not text:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text) or (least is not None and int(text) < least):
        raise BadInput(f"{name} {text[:40]!r}", "give a whole number" + ("" if least is None else f" from {least} on"))
    return int(text)


def pick(names: str, known: Sequence[str], also: Mapping[str, str]) -> list[str]:
    """Return the fields named in a comma list, under our names. Raises BadInput."""
    wanted = [also.get(name, name) for name in re.split(r"[,\s]+", names.strip()) if name]
    for name in wanted:
        if name not in known:
            raise BadInput(f"field {name[:40]!r}", f"known are {', '.join(known)}")
    return wanted or list(known)


def following(ask: Asked, row: Row) -> Asked:
    """Return the same question, for what comes after `row`."""
    return replace(ask, after=(row.surt, iso(row.captured_at), row.id))
