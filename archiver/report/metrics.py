"""Metrics: a job's status as Prometheus reads it. In: a status. Out: text. Never: URLs, hosts.

The text exposition format, 0.0.4. The label is `crawl_job`, since `job` is Prometheus's own. All are gauges: counts are
the ledger's, and may go down when a round begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archiver.report.status import Status

PREFIX = "newsvault_crawl_"
ACTIVITIES = (
    "running", "paused", "stopping", "waiting for storage", "waiting for the disk", "not running", "complete",
)  # fmt: skip


def metrics_text(status: Status, *, now: float) -> str:
    """`status` as of `now`, seconds since 1970."""
    return "".join(
        line + "\n"
        for name, about, values in _families(status, now)
        for line in _family(name, about, values, status.job)
    )


Values = Mapping[tuple[str, str], float | None]
_ONE = ("", "")


def _families(status: Status, now: float) -> Iterator[tuple[str, str, Values]]:
    storage = status.storage
    states = {"pending": status.pending, "leased": status.leased, "done": status.done}
    yield "urls", "URLs of the whole job, by state.", _by("state", states)
    yield "parked", "Pending URLs at hosts that asked to be left alone.", {_ONE: status.parked}
    yield "round", "The round the job is in.", {_ONE: status.round}
    yield "round_urls", "URLs that ended in this round.", {_ONE: status.ended}
    yield "outcomes", "URLs that ended, by outcome.", _by("outcome", status.outcomes)
    yield "failures", "URLs that failed, by reason.", _by("reason", status.failures)
    yield "left_out", "Links that were never asked for, by reason.", _by("reason", status.dropped)
    yield "urls_per_minute", "URLs that ended a minute, over the last ten.", {_ONE: status.per_minute_lately}
    yield "seconds_left", "Until what is known has ended.", {_ONE: status.seconds_left}
    yield "activity", "1 for what the job does.", _by("activity", {one: one == status.activity for one in ACTIVITIES})
    yield "storage_down", "1 while the store does not answer.", {_ONE: storage.down_since is not None}
    yield "storage_outages", "Outages of the store in this round.", {_ONE: storage.outages}
    yield "storage_outage_seconds", "How long they took together.", {_ONE: storage.outage_seconds}
    yield "disk_full", "1 while the disk is too full to go on.", {_ONE: storage.disk_full_since is not None}
    yield "disk_free_bytes", "Room on the disks of ledger and archive.", _by("folder", status.disk_free)
    yield "written_seconds", "When this was written.", {_ONE: now}


def _by(label: str, numbers: Mapping[str, float]) -> Values:
    return {(label, name): number for name, number in numbers.items()}


def _family(name: str, about: str, values: Values, job: str) -> Iterator[str]:
    known = {label: value for label, value in values.items() if value is not None}
    if known:
        yield f"# HELP {PREFIX}{name} {about}"
        yield f"# TYPE {PREFIX}{name} gauge"
    for (label, word), value in known.items():
        more = f',{label}="{_escaped(word)}"' if label else ""
        yield f'{PREFIX}{name}{{crawl_job="{_escaped(job)}"{more}}} {float(value)!r}'


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
