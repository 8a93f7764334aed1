"""`/cdx`: captures in pywb's dialect. In: its parameters. Out: CDXJ, JSON lines or text. Never: a list in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice

from starlette.requests import Request
from starlette.responses import Response

from archiver.archive import Archive
from archiver.errors import BadInput
from archiver.web import index, site
from archiver.web.index import Asked, Entry, Filter

FIELDS = ("urlkey", "timestamp", "url", "mime", "status", "digest", "length")
ALSO = {"original": "url", "mimetype": "mime", "statuscode": "status"}  # the other dialect's names
OUTPUTS = {"cdxj": "text/x-cdxj", "json": "text/x-ndjson", "text": "text/plain; charset=utf-8"}


def cdx(request: Request) -> Response:
    """Answer a query, as pywb's server does: 404 where there is nothing, 400 beyond the last page."""
    where, words = site.of(request), request.query_params
    ask = index.asked(words, tuple(_filter(text) for text in words.getlist("filter")))
    output = words.get("output") or "cdxj"
    if output not in OUTPUTS:
        raise BadInput(f"output {output[:40]!r}", f"use one of {', '.join(OUTPUTS)}")
    start, stop = _range(where.archive, ask, words)
    if words.get("showNumPages") == "true":
        return site.data(_pages(where.archive, ask, words))
    limit = index.number(words, "limit", least=1)
    fields = index.pick(words.get("fl") or words.get("fields") or "", FIELDS, ALSO)
    found = islice((entry for entry, _ in index.entries(where.archive, ask)), start, stop)
    found = islice(found, limit)
    first = next(found, None)
    if first is None:
        return site.data({"message": f"No Captures found for: {words.get('url', '')[:2000]}"}, status=404)
    return site.lines(_lines(first, found, output, fields), OUTPUTS[output])


def cdxj_line(entry: Entry, fields: tuple[str, ...] | list[str] = FIELDS) -> str:
    """Return an entry as one line of CDXJ."""
    members = {name: entry[name] for name in fields if name not in ("urlkey", "timestamp")}
    return f"{entry['urlkey']} {entry['timestamp']} {json.dumps(members)}\n"


def _lines(first: Entry, found: Iterator[Entry], output: str, fields: list[str]) -> Iterator[str]:
    entry: Entry | None = first
    while entry is not None:
        if output == "cdxj":
            yield cdxj_line(entry, fields)
        elif output == "json":
            yield json.dumps({name: entry[name] for name in fields}) + "\n"
        else:
            yield " ".join(entry[name] for name in fields) + "\n"
        entry = next(found, None)


def _filter(text: str) -> Filter:
    """`[!][=|~]field:value`: without a sign the field contains the value, `=` is the whole of it, `~` a pattern."""
    inverted, rest = text.startswith("!"), text.removeprefix("!")
    kind, rest = (rest[0], rest[1:]) if rest[:1] in ("=", "~") else ("", rest)
    name, colon, value = rest.partition(":")
    name = ALSO.get(name, name)
    if not colon or name not in FIELDS:
        raise BadInput(f"filter {text[:60]!r}", f"write [!][=|~]field:value, with a field of {', '.join(FIELDS)}")
    if kind == "~":
        return index.pattern_filter(name, value, inverted=inverted)
    return index.text_filter(name, value, inverted=inverted, whole=kind == "=")


def _page_size(words: Mapping[str, str]) -> int:
    return index.number(words, "pageSize", 1, least=1) or 1


def _pages(archive: Archive, ask: Asked, words: Mapping[str, str]) -> dict[str, int]:
    blocks = -(-index.count(archive, ask) // index.PAGE_LINES)
    size = _page_size(words)
    return {"pages": -(-blocks // size), "pageSize": size, "blocks": blocks}


def _range(archive: Archive, ask: Asked, words: Mapping[str, str]) -> tuple[int, int | None]:
    """Which lines, from and to. Raises BadInput for a page beyond the last, which is how clients find the end."""
    page = index.number(words, "page")
    if page is None:
        return 0, None
    pages = _pages(archive, ask, words)
    if page and page >= pages["pages"]:
        raise BadInput(f"page {page}", f"there are {pages['pages']}")
    size = pages["pageSize"] * index.PAGE_LINES
    return page * size, (page + 1) * size
