"""Figures: what a crawl did, counted. In: the lines of its log. Out: numbers, ready for JSON. Never: I/O, the clock."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from archiver.errors import BadUrl
from archiver.frontier import Event, Line, Outcome
from archiver.urls import authority

KEPT = frozenset({Outcome.ARCHIVED, Outcome.REPEATED, Outcome.UNCHANGED})
STEPS = (1, 5, 15, 60, 300, 900, 3600, 6 * 3600, 86400, 7 * 86400)  # seconds that one column of a plot may stand for
_MOST_COLUMNS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFigures:
    """One host's share. `size`: bytes of the bodies that its pages were the first of this crawl to lead to."""

    host: str
    urls: int
    articles: int
    failed: int
    skipped: int
    left: int
    size: int
    first_at: str | None
    last_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime:
    """What ended when, in equal steps from the first to the last; an outcome that never came is not listed."""

    step_seconds: int
    at: Sequence[str]  # the beginning of each step, UTC
    outcomes: Mapping[str, Sequence[int]]
    size: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """A crawl in numbers. Times are UTC, sizes bytes as stored (packed); None means that the source does not say."""

    crawl: str
    job: str | None
    archive: str
    source: Literal["ledger", "archive"]
    complete: bool  # no URL is left
    first_at: str | None  # the first URL ended
    last_at: str | None
    seconds: float  # between the two
    urls: int
    left: int  # pending, in flight or deferred
    attempts: int
    outcomes: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, int]]  # outcome → reason → how many
    statuses: Mapping[str, int]  # HTTP status → how many URLs
    records: int
    record_bytes: int
    bodies: int  # different ones that the crawl's records refer to
    body_bytes: int
    hosts: Sequence[HostFigures]
    over_time: OverTime
    dropped: Mapping[str, int] | None = None  # links that never became URLs of the job, by reason
    events: Sequence[Mapping[str, str]] | None = None

    @property
    def per_minute(self) -> float | None:
        """URLs that ended in a minute; None for a crawl too short to say."""
        return (self.urls - self.left) * 60 / self.seconds if self.seconds >= 10 else None


@dataclass(slots=True)
class _Host:
    outcomes: Counter[str] = field(default_factory=Counter)
    size: int = 0
    first: float | None = None  # when its first URL ended
    last: float | None = None


def figures_of(
    lines: Iterable[Line],
    *,
    crawl: str,
    archive: str,
    source: Literal["ledger", "archive"],
    job: str | None = None,
    dropped: Mapping[str, int] | None = None,
    events: Iterable[Event] | None = None,
) -> Figures:
    """Count a crawl's lines."""
    outcomes: Counter[str] = Counter()
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    statuses: Counter[str] = Counter()
    hosts: defaultdict[str, _Host] = defaultdict(_Host)
    bodies: set[str] = set()
    ended: list[tuple[float, str, int]] = []
    attempts = records = record_bytes = body_bytes = 0
    for line in lines:
        outcomes[line.outcome] += 1
        attempts += line.tries
        if line.reason:
            reasons[line.outcome][line.reason] += 1
        if line.status is not None:
            statuses[str(line.status)] += 1
        if line.record is not None:
            records, record_bytes = records + 1, record_bytes + (line.record_size or 0)
        size = 0
        if line.body is not None and line.body not in bodies:
            bodies.add(line.body)
            size = line.body_size or 0
        body_bytes += size
        host = hosts[_host(line.url)]
        host.outcomes[line.outcome] += 1
        host.size += size
        if line.ended_at is not None:
            ended.append((line.ended_at, line.outcome, size))
            host.first = min(line.ended_at, host.first or line.ended_at)
            host.last = max(line.ended_at, host.last or line.ended_at)
    ended.sort()
    first, last = (ended[0][0], ended[-1][0]) if ended else (None, None)
    return Figures(
        crawl=crawl, job=job, archive=archive, source=source, complete=not outcomes[Outcome.DEFERRED],
        first_at=utc(first), last_at=utc(last), seconds=round((last or 0.0) - (first or 0.0), 1),
        urls=outcomes.total(), left=outcomes[Outcome.DEFERRED], attempts=attempts, outcomes=_sorted(outcomes),
        reasons={outcome: _sorted(reasons[outcome]) for outcome in _sorted(outcomes) if outcome in reasons},
        statuses=_sorted(statuses), records=records, record_bytes=record_bytes, bodies=len(bodies),
        body_bytes=body_bytes, hosts=[_figures(name, host) for name, host in _by_size(hosts)],
        over_time=_over_time(ended), dropped=None if dropped is None else _sorted(dropped),
        events=None if events is None else [
            {"at": utc(one.at) or "", "kind": one.kind, "detail": one.detail} for one in events
        ],
    )  # fmt: skip


def utc(at: float | None) -> str | None:
    """A moment in seconds as `2026-11-02T08:30:00Z`; None where there is none."""
    return None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _host(url: str) -> str:
    try:
        return authority(url)
    except BadUrl:  # a seed that is no URL
        return "-"


def _sorted(numbers: Mapping[str, int]) -> dict[str, int]:
    """The largest first; what is equal by name, so that the same crawl gives the same report."""
    return {name: n for name, n in sorted(numbers.items(), key=lambda one: (-one[1], one[0])) if n}


def _by_size(hosts: Mapping[str, _Host]) -> list[tuple[str, _Host]]:
    return sorted(hosts.items(), key=lambda one: (-one[1].outcomes.total(), one[0]))


def _figures(name: str, host: _Host) -> HostFigures:
    outcomes = host.outcomes
    return HostFigures(
        host=name, urls=outcomes.total(), articles=sum(outcomes[one] for one in KEPT),
        failed=outcomes[Outcome.FAILED], skipped=outcomes[Outcome.SKIPPED], left=outcomes[Outcome.DEFERRED],
        size=host.size, first_at=utc(host.first), last_at=utc(host.last),
    )  # fmt: skip


def _over_time(ended: Sequence[tuple[float, str, int]]) -> OverTime:
    """`ended` is sorted by time."""
    if not ended:
        return OverTime(step_seconds=60, at=[], outcomes={}, size=[])
    first, last = ended[0][0], ended[-1][0]
    step = next((one for one in STEPS if last // one - first // one < _MOST_COLUMNS), STEPS[-1])
    begin = int(first // step)
    places = int(last // step) - begin + 1
    there = {outcome for _, outcome, _ in ended}
    known = [str(one) for one in Outcome if one in there]
    names = [*known, *sorted(there.difference(known))]  # a newer version may know more of them
    outcomes, size = {name: [0] * places for name in names}, [0] * places
    for at, outcome, n in ended:
        place = int(at // step) - begin
        outcomes[outcome][place] += 1
        size[place] += n
    at_each = [utc((begin + place) * step) or "" for place in range(places)]
    return OverTime(step_seconds=step, at=at_each, outcomes=outcomes, size=size)
