"""`/cdx/search/cdx`: captures in the Internet Archive's dialect. In: its parameters. Out: text or a list of lists.
Never: bodies."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from urllib.parse import quote_plus, unquote_plus

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from archiver.catalog import Row
from archiver.errors import BadInput
from archiver.timestamps import iso
from archiver.web import index, policy, site
from archiver.web.index import Entry, Filter

FIELDS = ("urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length")
ALSO = {"url": "original", "mime": "mimetype", "status": "statuscode"}
_OURS = {"original": "url", "mimetype": "mime", "statuscode": "status"}
_LAST = 100_000  # lines that a negative limit may ask for: they are held in memory

Line = tuple[Entry, Row]


def cdx_search(request: Request) -> Response:
    """Answer a query, as that server does: an empty 200 where there is nothing, also beyond the last page."""
    where, words = site.of(request), request.query_params
    ask = index.asked(words, tuple(_filter(text) for text in words.getlist("filter")))
    if words.get("showNumPages") == "true":
        return PlainTextResponse(f"{-(-index.count(where.archive, ask) // index.PAGE_LINES)}\n", headers=policy.DATA)
    if key := words.get("resumeKey"):
        ask = index.Asked(query=ask.query, filters=ask.filters, after=_resumed(key))
    fields = index.pick(words.get("fl", ""), FIELDS, ALSO)
    found = _collapsed(index.entries(where.archive, ask), words.getlist("collapse"))
    if (page := index.number(words, "page")) is not None:
        found = islice(found, page * index.PAGE_LINES, (page + 1) * index.PAGE_LINES)
        first = next(found, None)
        if page and first is None:
            return PlainTextResponse("", headers=policy.DATA)  # no `[]` either: this is how clients find the end
        found = found if first is None else chain((first,), found)
    found = islice(found, index.number(words, "offset", 0) or 0, None)
    limit = index.number(words, "limit", least=None)
    if limit is not None and limit < 0:
        if -limit > _LAST:
            raise BadInput(f"limit {limit}", f"the last {_LAST:,} lines at most")
        found, limit = iter(deque(found, maxlen=-limit)), None
    key_wanted = words.get("showResumeKey") == "true"
    if words.get("output") == "json":
        return site.lines(_as_json(_limited(found, limit, key_wanted), fields), "application/json")
    return site.lines(_as_text(_limited(found, limit, key_wanted), fields), "text/plain; charset=utf-8")


def _limited(found: Iterator[Line], limit: int | None, key_wanted: bool) -> Iterator[Entry | str]:
    """Yield `limit` entries, and then, if there are more and it is wanted, the key under which they go on."""
    row: Row | None = None
    for line in islice(found, limit):
        row = line[1]
        yield line[0]
    if key_wanted and limit is not None and row is not None and next(found, None) is not None:
        yield quote_plus(f"{row.surt} {iso(row.captured_at)} {row.id}")


def _as_text(found: Iterable[Entry | str], fields: list[str]) -> Iterator[str]:
    for one in found:
        yield f"\n{one}\n" if isinstance(one, str) else " ".join(_values(one, fields)) + "\n"


def _as_json(found: Iterable[Entry | str], fields: list[str]) -> Iterator[str]:
    empty = True
    for one in found:
        if empty:
            yield "[" + json.dumps(fields)
        yield ",\n[],\n" + json.dumps([one]) if isinstance(one, str) else ",\n" + json.dumps(_values(one, fields))
        empty = False
    yield "[]" if empty else "]\n"


def _values(entry: Entry, fields: list[str]) -> list[str]:
    return [entry[_OURS.get(name, name)] for name in fields]


def _filter(text: str) -> Filter:
    """`[!]field:pattern`, the whole field."""
    inverted, rest = text.startswith("!"), text.removeprefix("!")
    name, colon, value = rest.partition(":")
    name = ALSO.get(name, name)
    if not colon or name not in FIELDS:
        raise BadInput(f"filter {text[:60]!r}", f"write [!]field:pattern, with a field of {', '.join(FIELDS)}")
    return index.pattern_filter(_OURS.get(name, name), value, inverted=inverted)


def _collapsed(found: Iterator[Line], rules: list[str]) -> Iterator[Line]:
    """Leave out lines that agree with the one before in a field, or in its first N characters: `field[:N]`."""
    keys = []
    for rule in rules:
        name, _, size = rule.partition(":")
        name = ALSO.get(name, name)
        if name not in FIELDS or (size and not size.isdigit()):
            raise BadInput(f"collapse {rule[:60]!r}", f"write field or field:N, with a field of {', '.join(FIELDS)}")
        keys.append((_OURS.get(name, name), int(size) if size else None))
    last: list[str] | None = None
    for entry, row in found:
        now = [entry[name][:size] for name, size in keys]
        if not keys or now != last:
            yield entry, row
        last = now


def _resumed(key: str) -> tuple[str, str, str]:
    parts = (key if " " in key else unquote_plus(key)).split(" ")  # whether or not the client escaped it again
    if len(parts) != 3:
        raise BadInput(f"resumeKey {key[:60]!r}", "give the key that an earlier answer ended with")
    return parts[0], parts[1], parts[2]
