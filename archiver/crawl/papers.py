"""Papers: what is kept about a crawl beside its records. In: a running crawl, its lines. Out: files. Never: storing.

log-….jsonl      every URL and what became of it
job-….toml       what the crawl was told, without secrets; `archiver crawl` takes it
report-….json    the figures, with what only the crawl could know: links left out, events
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from archiver.bodies import sha256_hex
from archiver.crawl.options import CrawlOptions
from archiver.job import KEYS, Job, job_text
from archiver.keys import crawl_prefix
from archiver.report.figures import figures_of

if TYPE_CHECKING:
    from archiver.crawl.running import RunningCrawl
    from archiver.frontier import Counts, Event, Line

MEDIA_TYPES = {"jsonl": "application/jsonl", "json": "application/json", "toml": "application/toml"}
_NOT_TOLD = frozenset({"state", "crawl", "store", "frontier"})  # of this machine or this run, or in a table of its own


def log_of(lines: Sequence[Line]) -> bytes:
    """The crawl log."""
    return "".join(json.dumps(log_line(line), ensure_ascii=False) + "\n" for line in lines).encode("utf-8", "replace")


def log_line(line: Line) -> dict[str, Any]:
    """One line of the crawl log."""
    ended = None if line.ended_at is None else datetime.fromtimestamp(line.ended_at, UTC).isoformat(timespec="seconds")
    return {
        "url": line.url, "final_url": line.final_url, "role": line.role, "outcome": line.outcome, "reason": line.reason,
        "status": line.status, "tries": line.tries, "hops": line.hops, "via": line.via, "record": line.record,
        "ended_at": ended,
    }  # fmt: skip


def papers(
    running: RunningCrawl, log: bytes, lines: Sequence[Line], *, counts: Counts, events: Sequence[Event], job: str
) -> dict[str, bytes]:
    """The files by key; each is named by its digest, so that an older one is never overwritten."""
    uri = running.archive.uri if "://" in running.options.uri else running.options.uri
    figures = figures_of(
        lines, crawl=running.crawl_id, archive=uri, source="ledger", job=job, dropped=counts.dropped,
        events=events,
    )  # fmt: skip
    report = json.dumps(asdict(figures), ensure_ascii=False, indent=1) + "\n"
    files = {"log.jsonl": log, "job.toml": _job(running, job), "report.json": report.encode("utf-8", "replace")}
    return {_key(running.crawl_id, name, data): data for name, data in files.items()}


def media_type(key: str) -> str:
    """The media type of such a file."""
    return MEDIA_TYPES[key.rpartition(".")[2]]


def _key(crawl: str, name: str, data: bytes) -> str:
    kind, _, form = name.partition(".")
    return f"{crawl_prefix(crawl)}{kind}-{sha256_hex(data)[:16]}.{form}"


def _job(running: RunningCrawl, name: str) -> bytes:
    """The job as it was told: what is not the default, whoever set it."""
    options, spider = running.options, running.crawler.spider
    told = {
        one.name: value
        for one in fields(CrawlOptions)
        if one.name not in _NOT_TOLD and (value := getattr(options, one.name)) != one.default
    }
    store = {key: value for key, value in _plain(options.store).items() if key in KEYS["storage"]}
    return job_text(
        Job(
            seeds=getattr(spider, "seeds", ()),
            options={**told, "job": name, "uri": options.uri, "collection": options.collection},
            store=store,
            arguments=getattr(spider, "arguments", {}),
        )
    ).encode("utf-8", "replace")


def _plain(store: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in store.items() if isinstance(value, str | int | float | bool)}
