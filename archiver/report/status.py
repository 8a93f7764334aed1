"""Status: where a job stands at this moment. In: its ledger, read beside the crawl. Out: numbers, and text of them.

Never: writing.

Rates and the time left come from when URLs ended, as the ledger has it: they hold for whoever looks, from outside.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from archiver.frontier import Event, Frontier, HostCounts, JobState, Standing

MINUTE, WINDOW = 60.0, 600.0  # seconds that the two rates look back
_MOST_HOSTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How the store and the disk behaved in this round."""

    down_since: str | None  # UTC; None while it answers
    why: str
    outages: int
    outage_seconds: float
    disk_full_since: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Where a job stands. Counts are of the whole job, `ended` of this round; times are UTC, sizes bytes."""

    job: str
    folder: str
    archive: str
    crawl: str | None
    round: int
    activity: str  # running | paused | stopping | waiting for storage | waiting for the disk | not running | complete
    state: str  # what it is told: run | pause | stop
    state_since: str | None
    running: str | None  # who works on it
    began: str | None  # this round
    pending: int
    leased: int  # handed out to the crawl and not yet ended: in flight, or next in turn
    done: int
    ended: int
    parked: int  # pending at hosts that asked to be left alone
    outcomes: Mapping[str, int]
    failures: Mapping[str, int]
    dropped: Mapping[str, int]
    per_minute: float | None  # URLs that ended in the last minute; None where no crawl is running
    per_minute_lately: float | None  # over the last ten minutes, or since this run began
    seconds_left: float | None  # of what is known so far; None where it cannot be told
    storage: Storage
    disk_free: Mapping[str, int]  # folder → bytes
    hosts: Sequence[HostCounts]


def status_of(ledger: Frontier, *, folder: Path, uri: str, running: str | None) -> Status:
    """Read where the job stands. `running` says who works on it, as `archiver.frontier.places.holder` does."""
    standing, counts = ledger.standing(), ledger.counts()
    uri = standing.archive or uri
    events = ledger.events(since=standing.began)
    window = _window(standing, events)
    hosts = ledger.hosts(recent_since=standing.now - window, most=_MOST_HOSTS)
    storage = _storage(events, standing.now, running)
    activity = _activity(standing, storage, running)
    lately = ledger.ended(since=standing.now - window) * MINUTE / window if running else None
    parked = sum(one.pending for one in hosts if one.wait > 0)
    return Status(
        job=standing.name, folder=str(folder), archive=uri, crawl=standing.crawl, round=standing.round,
        activity=activity, state=str(standing.state), state_since=_utc(standing.state_at), running=running,
        began=_utc(standing.began), pending=counts.pending, leased=counts.leased, done=counts.done,
        ended=ledger.ended(since=standing.began), parked=parked, outcomes=counts.outcomes, failures=counts.failures,
        dropped=counts.dropped, per_minute=float(ledger.ended(since=standing.now - MINUTE)) if running else None,
        per_minute_lately=lately, storage=storage, disk_free=_disk_free(folder, uri), hosts=hosts,
        seconds_left=_left(counts.pending + counts.leased - parked, hosts, window, lately)
        if activity == "running" else None,
    )  # fmt: skip


def _window(standing: Standing, events: Sequence[Event]) -> float:
    """How far the longer rate looks back: not beyond the beginning of this run."""
    run = max((one.at for one in events if one.kind == "began"), default=standing.began)
    return min(WINDOW, max(1.0, standing.now - run))


def _left(urls: int, hosts: Sequence[HostCounts], window: float, per_minute: float | None) -> float | None:
    """Seconds until the known URLs have ended, as the whole job goes or, where that is longer, as its slowest host."""
    if not urls:
        return 0.0
    if not per_minute:
        return None
    slowest = [(one.pending + one.leased) * window / one.recent for one in hosts if one.recent and not one.wait]
    return max([urls * MINUTE / per_minute, *slowest])


def _activity(standing: Standing, storage: Storage, running: str | None) -> str:
    if running is None:
        paused = standing.state is JobState.PAUSE
        return "paused" if paused else "complete" if standing.complete and standing.round else "not running"
    if standing.state is not JobState.RUN:
        return "paused" if standing.state is JobState.PAUSE else "stopping"
    waits = "waiting for the disk" if storage.disk_full_since else None
    return waits or ("waiting for storage" if storage.down_since else "running")


def _storage(events: Sequence[Event], now: float, running: str | None) -> Storage:
    outages, seconds, down, disk = 0, 0.0, None, None
    last = 0.0
    for one in events:
        if one.kind == "storage_down":
            outages, down = outages + 1, one
        elif down is not None and one.kind in ("storage_up", "ended", "began"):  # a run that was killed said no end
            seconds, down = seconds + (one.at if one.kind != "began" else last) - down.at, None
        if one.kind == "disk_full":
            disk = one
        elif one.kind in ("disk_room", "ended", "began"):
            disk = None
        last = max(last, one.at)
    if down is not None:
        seconds += now - down.at
    return Storage(
        down_since=_utc(down.at) if down is not None and running else None,
        why=down.detail if down is not None else "",
        outages=outages,
        outage_seconds=round(seconds, 1),
        disk_full_since=_utc(disk.at) if disk is not None and running else None,
    )


def _disk_free(folder: Path, uri: str) -> dict[str, int]:
    folders = [folder]
    if "://" not in uri or uri.startswith("file:"):
        folders.append(Path(unquote(urlsplit(uri).path) if uri.startswith("file:") else uri))
    free: dict[str, int] = {}
    for one in folders:
        with suppress(OSError):
            free[str(one)] = shutil.disk_usage(one).free
    return free


def _utc(at: float) -> str | None:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


# ------------------------------------------------------------------ as text


def status_lines(status: Status, *, most_hosts: int = 20) -> Iterator[str]:
    """The same in words, one line each."""
    who = f" ({status.running})" if status.running else ""
    since = f" since {status.state_since}" if status.activity in ("paused", "stopping") else ""
    yield f"{status.job}: {status.activity}{since}{who}"
    yield f"  crawl     {status.crawl or '-'}, round {status.round}, began {status.began or '-'}, into {status.archive}"
    parked = f", {status.parked:,} of them parked" if status.parked else ""
    yield (
        f"  URLs      {status.done:,} done ({status.ended:,} in this round), {status.leased:,} in flight, "
        f"{status.pending:,} pending{parked}"
    )
    if status.per_minute is not None:
        left = f", about {spell(status.seconds_left)} left" if status.seconds_left is not None else ""
        yield f"  rate      {status.per_minute:,.0f} in the last minute, {status.per_minute_lately:,.1f} a minute{left}"
    for name, numbers in (("outcomes", status.outcomes), ("errors", status.failures), ("left out", status.dropped)):
        if numbers:
            yield f"  {name:<9} {in_words(numbers)}"
    yield from _storage_lines(status)
    if status.hosts:
        yield from _host_lines(status.hosts, most_hosts)


def _storage_lines(status: Status) -> Iterator[str]:
    storage = status.storage
    if storage.down_since:
        yield f"  storage   down since {storage.down_since}: {storage.why}"
    elif storage.outages:
        times = "once" if storage.outages == 1 else f"{storage.outages} times"
        yield f"  storage   was down {times} in this round, {spell(storage.outage_seconds)} in all"
    if storage.disk_full_since:
        yield f"  disk      too full since {storage.disk_full_since}"
    for folder, free in status.disk_free.items():
        yield f"  disk      {free / 1e9:,.1f} GB free at {folder}"


def _host_lines(hosts: Sequence[HostCounts], most: int) -> Iterator[str]:
    width = max(4, *(min(40, len(one.host)) for one in hosts[:most]))
    names = f"{'pending':>8} {'flight':>7} {'done':>8} {'articles':>9} {'failed':>7} {'MB':>9}  waits"
    yield f"\n  {'host':<{width}} {names}"
    for one in hosts[:most]:
        waits = spell(one.wait) if one.wait else ""
        yield (
            f"  {one.host[:40]:<{width}} {one.pending:>8,} {one.leased:>7,} {one.done:>8,} {one.archived:>9,} "
            f"{one.failed:>7,} {one.size / 1e6:>9,.1f}  {waits}"
        ).rstrip()
    if len(hosts) > most:
        yield f"  … and {len(hosts) - most:,} more hosts"


def in_words(numbers: Mapping[str, int]) -> str:
    """Counts as people say them, the largest first: `12 timeout, 3 http_404`."""
    return ", ".join(f"{n:,} {name}" for name, n in sorted(numbers.items(), key=lambda one: (-one[1], one[0])))


def spell(seconds: float) -> str:
    """A duration in its two largest units: `2 h 5 min`."""
    whole = round(seconds)
    parts = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next((place for place, (n, _) in enumerate(parts) if n), 3)
    return " ".join(f"{n} {unit}" for n, unit in parts[first : first + 2] if n) or "0 s"
