"""The captures of one URL, in time (RFC 7089). In: a URL. Out: its captures, the closest, links. Never: bodies."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from archiver.archive import Archive
from archiver.catalog import Query, Row, target
from archiver.errors import BadInput, NotArchived
from archiver.timestamps import span
from archiver.urls import BadUrl, canonical, surt
from archiver.warc.writing import timestamp
from archiver.web.addresses import in_path, path_of

NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class Timeline:
    """The captures of `url` that can be shown, oldest first; at least one."""

    url: str
    rows: Sequence[Row]

    @classmethod
    def of(cls, archive: Archive, url: str) -> Timeline:
        """Return the captures of `url`: answers, whatever their status. Raises NotArchived if there is none.

        A 304 is one if it confirms an earlier answer.
        """
        kept: list[Row] = []
        for row in archive.rows(Query(targets=(target(url),))):
            if row.status is not None and (row.status != NOT_MODIFIED or any(one.body_key for one in kept)):
                kept.append(row)
        if not kept:
            raise NotArchived(url)
        return cls(url, kept)

    def closest(self, moment: datetime) -> Row:
        """Return the capture closest to `moment`; of several in one second the last."""
        times = [row.captured_at for row in self.rows]
        place = bisect_left(times, moment)
        near = self.rows[max(0, place - 1) : place + 1]
        best = min(near, key=lambda row: abs(row.captured_at - moment))
        return self.at(timestamp(best.captured_at)) or best

    def at(self, stamp: str) -> Row | None:
        """Return the capture at exactly these 14 digits, the last of several."""
        found = [row for row in self.rows if timestamp(row.captured_at) == stamp]
        return found[-1] if found else None

    def shown(self, row: Row) -> Row:
        """Return the capture whose body is shown for `row`: for a 304 the answer that it confirms."""
        if row.status != NOT_MODIFIED:
            return row
        earlier = [one for one in self.rows if one.body_key and one.captured_at <= row.captured_at]
        return earlier[-1] if earlier else row

    def around(self, row: Row) -> tuple[Row | None, Row | None]:
        """Return the captures before and after `row`."""
        place = next((n for n, one in enumerate(self.rows) if one.record_key == row.record_key), None)
        if place is None:
            return None, None
        before = self.rows[place - 1] if place else None
        return before, self.rows[place + 1] if place + 1 < len(self.rows) else None

    def moved(self, row: Row) -> bool:
        """Whether `row` answered under another URL: it was reached from this one over a redirect."""
        return surt(row.url) not in (surt(self.url), surt(_canonical(self.url)))


def row_of(archive: Archive, id: str) -> Row:
    """Return the row of a snapshot's id. Raises NotArchived for whatever is none."""
    try:
        one = target(id)
    except BadInput as error:
        raise NotArchived(id[:100]) from error
    if one.kind != "id":
        raise NotArchived(id[:100])
    return archive.row(id)


def with_body(archive: Archive, row: Row) -> Row:
    """Return the row whose body is shown for `row`: for a 304 that of the answer which it confirms."""
    return row if row.status != NOT_MODIFIED else Timeline.of(archive, row.url).shown(row)


def _canonical(url: str) -> str:
    try:
        return canonical(url)
    except BadUrl:
        return url


def middle(when: str) -> datetime:
    """Return the moment that 1 to 14 digits mean: the beginning of what they name. Raises BadInput."""
    return span(when)[0]


def accept_datetime(header: str) -> datetime:
    """Return the time that an Accept-Datetime header asks for. Raises BadInput for one that RFC 7089 does not know."""
    try:
        moment = parsedate_to_datetime(header)
    except ValueError as error:
        cure = "give an HTTP date, as in Mon, 02 Nov 2026 08:30:00 GMT"
        raise BadInput(f"Accept-Datetime {header[:60]!r}", cure) from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def http_date(moment: datetime) -> str:
    """Return `moment` as HTTP writes it (RFC 9110, 5.6.7)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def links(timeline: Timeline, row: Row | None = None, *, base: str = "") -> str:
    """Return the Link header for `row`, or of the TimeGate. `base` makes the links absolute."""
    url = in_path(timeline.url)
    parts = [
        f'<{url}>; rel="original"',
        f'<{base}/timegate/{url}>; rel="timegate"',
        f'<{base}/timemap/link/{url}>; rel="timemap"; type="application/link-format"',
    ]
    first, last = timeline.rows[0], timeline.rows[-1]
    previous, following = timeline.around(row) if row else (None, None)
    rels: dict[str, list[str]] = {}
    named = (("first", first), ("prev", previous), ("", row), ("next", following), ("last", last))
    rows = {}
    for rel, one in named:
        if one is not None:
            rows[one.record_key] = one
            rels.setdefault(one.record_key, []).append(rel)
    for key, one in rows.items():
        rel = " ".join([*filter(None, rels[key]), "memento"])
        parts.append(f'<{base}{path_of(one)}>; rel="{rel}"; datetime="{http_date(one.captured_at)}"')
    return ", ".join(parts)


def timemap(timeline: Timeline, *, base: str = "") -> Iterator[str]:
    """Yield a TimeMap in link format, a line at a time."""
    url, rows = in_path(timeline.url), timeline.rows
    ends = f'from="{http_date(rows[0].captured_at)}"; until="{http_date(rows[-1].captured_at)}"'
    yield f'<{url}>; rel="original",\n'
    yield f'<{base}/timegate/{url}>; rel="timegate",\n'
    yield f'<{base}/timemap/link/{url}>; rel="self"; type="application/link-format"; {ends},\n'
    for n, row in enumerate(rows):
        words = [*(["first"] if n == 0 else []), *(["last"] if n == len(rows) - 1 else []), "memento"]
        end = "\n" if n == len(rows) - 1 else ",\n"
        yield f'<{base}{path_of(row)}>; rel="{" ".join(words)}"; datetime="{http_date(row.captured_at)}"{end}'


def timemap_json(timeline: Timeline, *, base: str = "") -> str:
    """Return a TimeMap as JSON, in the members that other servers use."""
    url, rows = in_path(timeline.url), timeline.rows
    mementos = [{"datetime": f"{row.captured_at:%Y-%m-%dT%H:%M:%SZ}", "uri": base + path_of(row)} for row in rows]
    members = {
        "original_uri": timeline.url,
        "timegate_uri": f"{base}/timegate/{url}",
        "timemap_uri": {f"{form}_format": f"{base}/timemap/{form}/{url}" for form in ("link", "json", "cdxj")},
        "mementos": {"first": mementos[0], "last": mementos[-1], "list": mementos},
    }
    return json.dumps(members, ensure_ascii=False, indent=1)
