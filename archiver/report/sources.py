"""Sources: where a report's lines come from. In: a ledger, or a store alone. Out: figures. Never: writing.

A ledger tells of its job's last round. The archive keeps a log and a manifest of every crawl that ended, so that any
crawl of anybody's bucket can be reported without the machine that crawled.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from archiver.bodies import sha256_hex
from archiver.errors import BadRecord, NotArchived
from archiver.fixity import Entry, read_manifest
from archiver.frontier import Event, Frontier, Line
from archiver.keys import CRAWLS, crawl_prefix, kind_of
from archiver.report.figures import Figures, figures_of
from archiver.storage import ObjectInfo, Store

LOG, REPORT = "log-", "report-"  # names below a crawl's prefix begin so, and go on with 16 digits of their sha256


def from_ledger(ledger: Frontier, *, archive: str) -> Figures:
    """The last round of a job. Raises NotArchived where it has not begun one."""
    standing = ledger.standing()
    if standing.crawl is None:
        raise NotArchived(f"{standing.name}: no crawl of this job has begun yet")
    return figures_of(
        ledger.lines(), crawl=standing.crawl, job=standing.name, archive=standing.archive or archive, source="ledger",
        dropped=ledger.counts().dropped, events=ledger.events(since=standing.began),
    )  # fmt: skip


def crawls_of(store: Store) -> list[str]:
    """The crawls that the archive keeps a log of, the one that ended last first."""
    ended: dict[str, datetime] = {}
    for info in store.list(CRAWLS):
        crawl, _, name = info.key.removeprefix(CRAWLS).partition("/")
        if name.startswith(LOG):
            ended[crawl] = max(info.modified, ended.get(crawl, info.modified))
    return sorted(ended, key=lambda crawl: (ended[crawl], crawl), reverse=True)


def from_archive(store: Store, crawl: str) -> Figures:
    """Any crawl that an archive keeps a log of. Raises NotArchived, and BadRecord where log or manifest are damaged."""
    latest = _latest(store, crawl)
    if LOG not in latest:
        raise NotArchived(f"crawl {crawl!r}; the archive keeps no log of it")
    entries = _entries(store, latest)
    said = _said(store, latest)
    events = said.get("events")
    return figures_of(
        _lines(_proved(store, latest[LOG].key), latest[LOG].key, entries), crawl=crawl, job=said.get("job"),
        archive=store.uri, source="archive", dropped=said.get("dropped"),
        events=None if events is None else [_event(one) for one in events],
    )  # fmt: skip


def _latest(store: Store, crawl: str) -> dict[str, ObjectInfo]:
    """The newest log, manifest and report: each run of an interrupted crawl leaves its own, the last is whole."""
    found: defaultdict[str, list[ObjectInfo]] = defaultdict(list)
    for info in store.list(crawl_prefix(crawl)):
        name = info.key.rpartition("/")[2]
        kind = "manifest" if kind_of(info.key) == "manifest" else f"{name.partition('-')[0]}-"
        found[kind].append(info)
    return {kind: max(infos, key=lambda one: (one.modified, one.size)) for kind, infos in found.items()}


def _proved(store: Store, key: str) -> bytes:
    """The object at `key`, whose name is its proof."""
    data = store.get(key)
    if sha256_hex(data)[:16] not in key:
        raise BadRecord(key, "its name does not fit its content")
    return data


def _entries(store: Store, latest: Mapping[str, ObjectInfo]) -> dict[str, Entry]:
    if "manifest" not in latest:
        return {}
    key = latest["manifest"].key
    return {entry.key: entry for entry in read_manifest(store.get(key), key)}


def _said(store: Store, latest: Mapping[str, ObjectInfo]) -> dict[str, Any]:
    """What only the crawl itself could know: its job, the links that it left out, its events."""
    if REPORT in latest:
        with suppress(NotArchived, BadRecord, ValueError):
            said = json.loads(_proved(store, latest[REPORT].key))
            return said if isinstance(said, dict) else {}
    return {}


def _event(one: Mapping[str, str]) -> Event:
    return Event(at=_seconds(one["at"]) or 0.0, kind=one["kind"], detail=one["detail"])


def _seconds(text: str | None) -> float | None:
    return datetime.fromisoformat(text).timestamp() if text else None


def _lines(log: bytes, key: str, entries: Mapping[str, Entry]) -> Iterator[Line]:
    for text in log.decode("utf-8", "replace").splitlines():
        try:
            one = json.loads(text)
            yield _line(one, entries)
        except (ValueError, KeyError, TypeError) as error:
            raise BadRecord(key, f"not a crawl log: {error!r}") from error


def _line(one: Mapping[str, Any], entries: Mapping[str, Entry]) -> Line:
    record = entries.get(one["record"] or "")
    body = entries.get(record.body or "") if record else None
    return Line(
        url=one["url"], final_url=one["final_url"], role=one["role"], outcome=one["outcome"], reason=one["reason"],
        status=one["status"], tries=one["tries"], hops=one["hops"], via=one["via"], record=one["record"],
        record_sha256=record.sha256 if record else None, record_size=record.size if record else None,
        body=body.key if body else None, body_sha256=body.sha256 if body else None,
        body_size=body.size if body else None, ended_at=_seconds(one["ended_at"]),
    )  # fmt: skip
