"""Frontier: the crawl's ledger. In: URLs found. Out: leases to fetch, and an outcome for every URL. Never: Scrapy.

A URL is *pending* until a worker leases it, *leased* while it is being fetched, and *done* once body, record and
catalog row are durable or the reason why there is none is written down. A crash leaves leases behind; `recover` hands
them back. Nothing leaves the ledger: each URL ends with an outcome and a reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from archiver.model import Announced

__all__ = [
    "NO_LINKS",
    "Counts",
    "Event",
    "Found",
    "Frontier",
    "HostCounts",
    "Intent",
    "JobState",
    "Known",
    "Lease",
    "Line",
    "Links",
    "Outcome",
    "Standing",
]


class Outcome(StrEnum):
    """What became of a URL. The reason beside it is a documented word (docs/reference/outcomes.md)."""

    ARCHIVED = "archived"  # an article; its snapshot is kept
    REPEATED = "repeated"  # an article whose bytes were kept before; its record names the first
    UNCHANGED = "unchanged"  # the server said 304, or the bytes are those of this URL's last capture
    KEPT = "kept"  # a page that is no article; reason = its verdict
    FOLLOWED = "followed"  # a feed or sitemap, read for its links
    FAILED = "failed"  # no usable answer; reason says why
    SKIPPED = "skipped"  # never asked for; reason = robots, scope …
    DEFERRED = "deferred"  # still pending: its host asked us to come back later


class JobState(StrEnum):
    """What the job is told to do; the crawl that works on it looks about once a second."""

    RUN = "run"
    PAUSE = "pause"  # ask for nothing new; what is in flight ends; the process stays
    STOP = "stop"  # end in order; what is left stays pending for the next run


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A URL as the frontier takes it: `fp` identifies it, `url` is what will be asked for."""

    fp: int  # first 8 bytes of sha256 of the canonical URL, as a signed integer
    url: str
    host: str  # "host" or "host:port": the unit of politeness
    role: str = "page"  # page | site | feed | older | sitemap: how its answer is read
    prio: int = 0  # higher first
    via: int | None = None  # fp of the page that named it
    hops: int = 0
    seed: bool = False  # due again at each new round
    due_in: float = 0.0  # seconds from now
    announced: Announced | None = None  # what the feed or sitemap that named it says of its dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What a page, feed or sitemap led to: URLs of the job, and how many were left out, by reason."""

    found: tuple[Found, ...] = ()
    dropped: Mapping[str, int] = field(default_factory=dict)


NO_LINKS = Links()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What earlier visits to a URL left for the next one.

    With a validator the next request is conditional (RFC 9110, 13.1): the server may say 304, "as it was".
    """

    verdict: str  # of a page; "feed", "older" or "sitemap"
    record: str | None = None  # id of the record that keeps the answer's body
    etag: str | None = None
    last_modified: str | None = None
    text: str | None = None  # digest of what a reader sees: bytes differ for less
    checks: int = 0  # good answers since the first
    fails: int = 0  # rounds without one since the last
    every: float | None = None  # of a feed: seconds between its polls
    items: tuple[int, ...] = ()  # of a feed: fp of what it named


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to fetch one URL once. `epoch` proves that it is still ours."""

    fp: int
    url: str
    host: str
    role: str
    epoch: int
    tries: int  # attempts before this one
    hops: int
    via: str | None
    seed: bool
    known: Known | None = None  # None: never visited
    announced: Announced | None = None  # what the first feed or sitemap that named it said

    @property
    def is_conditional(self) -> bool:
        """Whether the next request can ask for the page only if it changed."""
        return self.known is not None and bool(self.known.etag or self.known.last_modified)

    @property
    def was_kept(self) -> bool:
        """Whether an earlier round kept a version of the page."""
        return self.known is not None and self.known.record is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """A record that was about to be written when the crawl died."""

    fp: int
    url: str
    seed: bool
    record_key: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Line:
    """One URL of this round and what became of it: a line of the crawl log, and an entry of the manifest."""

    url: str
    final_url: str
    role: str
    outcome: str
    reason: str
    status: int | None
    tries: int
    hops: int
    via: str | None
    record: str | None
    record_sha256: str | None  # of the record as stored
    record_size: int | None
    body: str | None
    body_sha256: str | None  # of the body as stored, gzip and all
    body_size: int | None
    ended_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Where the job stands. `dropped` counts links that never became URLs of the job, by reason."""

    pending: int
    leased: int
    done: int
    outcomes: Mapping[str, int]
    reasons: Mapping[str, int]
    dropped: Mapping[str, int]
    failures: Mapping[str, int] = field(default_factory=dict)  # the reasons of what failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The job itself. Times are seconds on the ledger's clock, which is the wall clock unless that jumped."""

    name: str
    archive: str  # where it crawls into, as the last run said; "" before the first
    crawl: str | None  # of this round, or of the last one; None before the first
    round: int
    complete: bool
    state: JobState
    state_at: float  # when it was told so; 0.0 if never
    began: float  # when this round began; 0.0 before the first
    now: float  # the last time that anybody worked on the ledger


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to the job. `kind` is a documented word (docs/explanation/ledger.md)."""

    at: float  # seconds on the ledger's clock
    kind: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostCounts:
    """Where one host stands."""

    host: str
    pending: int
    leased: int
    done: int
    archived: int  # articles, repeated and unchanged ones included
    failed: int
    size: int  # bytes of its bodies, as stored
    recent: int  # URLs that ended since the moment asked for
    wait: float  # seconds until it may be asked again, as it asked for; 0.0 if it did not


class Frontier(Protocol):
    """The ledger of one job. Every method is one transaction; `together` joins several into one."""

    def add(self, found: Iterable[Found]) -> int:
        """Enter URLs; known ones stay as they are, but learn what is `announced` of them. Return how many were new."""

    def claim(self, *, hosts: int, per_host: int, busy: Iterable[str] = ()) -> list[Lease]:
        """Lease up to `per_host` due URLs of up to `hosts` hosts that are not `busy` and not parked."""

    def intend(self, lease: Lease, links: Links, *, record: str, outcome: str, reason: str = "") -> None:
        """Note, before the puts, which record is about to be written, and enter the page's links."""

    def ack(
        self,
        lease: Lease,
        outcome: str,
        reason: str = "",
        *,
        links: Links = NO_LINKS,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        """Enter links and close the URL with its outcome. Nothing happens when the lease is not ours any more.

        A round that begins `again` seconds later or more asks for it anew; None: no round does. `known` replaces what
        was known; without it, that stays.
        """

    def retry(self, lease: Lease, reason: str, *, after: float, park: bool = False) -> None:
        """Put the URL back, due in `after` seconds, one attempt older; with `park`, leave its host alone so long."""

    def release(self, leases: Iterable[Lease]) -> None:
        """Give leases back untouched."""

    def recover(self) -> list[Intent]:
        """Hand back every lease of a crawl that died; return the records it was about to write."""

    def counts(self) -> Counts:
        """Where the job stands."""

    def next_due_in(self, *, besides: Iterable[str] = ()) -> float | None:
        """Seconds until the next pending URL of a host not among `besides` may be fetched; None if there is none."""

    def lines(self) -> Iterator[Line]:
        """Every URL that this round closed or left open, and what became of it."""

    def line(self, fp: int) -> Line | None:
        """What became of one URL; None if the job does not know it."""

    def now(self) -> float:
        """The ledger's clock, in seconds; it never goes back."""

    def standing(self) -> Standing:
        """The job's own row: which round it is in, and what it is told to do."""

    def belongs(self, archive: str) -> None:
        """Note which archive the job crawls into, for whoever finds the ledger alone."""

    def order(self, state: JobState) -> None:
        """Tell the job what to do; whoever works on it, here or elsewhere, finds it in `standing`."""

    def note(self, kind: str, detail: str = "") -> None:
        """Write down something that happened to the job."""

    def events(self, *, since: float = 0.0) -> list[Event]:
        """What happened to the job from then on, oldest first."""

    def ended(self, *, since: float) -> int:
        """How many URLs ended from then on."""

    def hosts(self, *, recent_since: float, most: int = 1000) -> list[HostCounts]:
        """Where each host stands, those with the most left to do first."""
