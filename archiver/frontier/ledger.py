"""Ledger: the frontier as a worker of the crawl holds it. In: a worker. Out: rounds, hosts of its own. Never: Scrapy.

`Frontier` is what becomes of URLs. Here is what else an engine must know: how a round begins and ends, and, where many
workers share a job, which of them a host belongs to. A host belongs to one worker at a time, so that the distance
between two requests to it can be kept by that worker alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from archiver.frontier import Found, Frontier, Known

T = TypeVar("T")
FENCE = 0.7  # of a lease: after that much of it without a renewal a worker asks for nothing new


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a renewal said. `safe_until` is a moment on this machine's monotonic clock."""

    lost: tuple[str, ...] = ()  # hosts that are no longer ours: what waits for them is another worker's
    idle: tuple[str, ...] = ()  # ours, and not among those that we said we need
    surplus: int = 0  # so many hosts more than our share
    wanted: tuple[str, ...] = ()  # ours, and another worker was sent to one of them by a redirect
    safe_until: float = math.inf  # nothing is asked for later than this without another renewal


class Ledger(Frontier, Protocol):
    """A job's ledger, opened by one worker of its crawl."""

    was_damaged: bool
    patience: float  # seconds to wait for a server that is away; SQLite has none
    is_shared: bool  # whether other workers may open it too
    forgot: bool  # whether the round that was begun is to ask for URLs of which only fingerprints were left

    def transact(self, call: Callable[[], T]) -> T:
        """Run `call` as one transaction, with whatever it does to the ledger."""

    def begin(self, crawl: str, *, everything: bool = False, rules: str = "", age: float = 0.0) -> str:
        """Resume the unfinished round, or begin the next one under the name `crawl`. Return the crawl's name.

        `age`: seconds since this worker was started. A round that others completed since is the one it was meant for.
        """

    def complete(self) -> None:
        """Close the round: nothing is pending, nothing is leased."""

    def settle(
        self,
        fp: int,
        outcome: str,
        reason: str = "",
        *,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        """Close a URL without a lease: its record was found in the archive, or it cannot be asked for."""

    def adopt(self, kept: Iterable[tuple[Found, Mapping[str, object]]], *, this_round: bool) -> None:
        """Enter URLs that the archive keeps already as done."""

    def close(self) -> None:
        """Let go of the file or the connection."""

    # ------------------------------------------------------------------ many workers

    def join(self, name: str) -> Held:
        """Be one of the job's workers from now on; `name` is for people."""

    def renew(self, holding: Mapping[str, float]) -> Held:
        """Stay a worker, and keep these hosts: to each belongs the distance in seconds between two requests to it."""

    def borrow(self, host: str) -> bool:
        """Make a host ours, to which no URL of ours belongs. If it is another worker's, that one is told, and False."""

    def leave(self, rests: Mapping[str, float]) -> None:
        """Give hosts back; nobody may ask one within so many seconds. What is still leased of them stays ours."""

    def part(self) -> None:
        """Be no worker any more. What is leased goes to whoever asks for it next."""

    def workers(self) -> list[str]:
        """The names of the workers that are alive."""

    def is_last(self) -> bool:
        """Whether the papers of the crawl are ours to write: no other worker is alive, or none took that on."""


class Alone:
    """Of an engine that only one worker can open: all hosts are its own, for as long as it lives."""

    patience = 0.0
    is_shared = False
    forgot = False

    def join(self, name: str) -> Held:
        return Held()

    def renew(self, holding: Mapping[str, float]) -> Held:
        return Held()

    def borrow(self, host: str) -> bool:
        return True

    def leave(self, rests: Mapping[str, float]) -> None:
        return

    def part(self) -> None:
        return

    def workers(self) -> list[str]:
        return []

    def is_last(self) -> bool:
        return True
