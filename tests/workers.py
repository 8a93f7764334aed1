"""A shared crawl for the tests: sites, a ledger on a server, workers that are killed. In: a scenario. Out: findings."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from threading import Event as Bell
from threading import Thread

import archiver
from archiver.bodies import sha256_hex
from archiver.frontier import Counts, Event
from archiver.frontier.postgres import PostgresFrontier
from tests.crawling import environment
from tests.postgres import QUICK, Postgres
from tests.site import Site
from tests.test_crawl import wait_for

CONCURRENCY = 4
LATE = 0.1  # seconds that a request may be noticed too late


@dataclass
class Shared:
    """Workers of one job. Use it with `with`; `start` as many as you like."""

    folder: Path
    sites: int = 4
    articles: int = 6
    delay: float = 0.25
    lease: float = 4.0
    server: Postgres = field(default_factory=lambda: Postgres(*QUICK))
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Shared:
        self._stack = ExitStack()
        self._stack.callback(self.server.remove)
        self.server.start()
        self.world = [self._stack.enter_context(Site(articles=self.articles)) for _ in range(self.sites)]
        self._stack.callback(self.kill)
        self.late, self._over = LATE, Bell()
        watch = Thread(target=self._watch, daemon=True)
        watch.start()
        self._stack.callback(watch.join)
        self._stack.callback(self._over.set)
        return self

    def _watch(self) -> None:
        """How late this process itself is: by so much more may it notice a request too late."""
        while not self._over.is_set():
            before = time.monotonic()
            time.sleep(0.02)
            self.late = max(self.late, LATE + time.monotonic() - before - 0.02)

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def command(self, *more: str) -> list[str]:
        words = [*(site.url for site in self.world), "--archive", str(self.folder / "a"), "--job", "press"]
        words += ["--frontier", self.server.dsn, "--delay", str(self.delay), "--concurrency", str(CONCURRENCY)]
        words += ["--workers", "1", "--allow-private", "--set", f"ARCHIVE_LEASE_SECONDS={self.lease}"]
        return [sys.executable, "-m", "archiver", "crawl", *words, *more]

    def start(self, n: int = 1, *more: str) -> list[subprocess.Popen[bytes]]:
        """Start `n` workers, each with a folder of its own, as on machines of their own."""
        begun = []
        for _ in range(n):
            state = self.folder / f"worker-{len(self.workers)}"
            state.mkdir(exist_ok=True)
            with open(state / "stderr", "wb") as log:
                begun.append(
                    subprocess.Popen(
                        self.command("--state", str(state), *more), stderr=log, stdout=log, env=environment(state),
                        stdin=subprocess.DEVNULL, start_new_session=True,
                    )
                )  # fmt: skip
            self.workers.append(begun[-1])
        return begun

    def kill(self) -> None:
        """kill -9 all that run, with their children."""
        for worker in self.workers:
            kill(worker)

    def ledger(self) -> PostgresFrontier:
        return PostgresFrontier.beside(self.server.dsn, name="press", write=True)

    def done(self) -> int:
        ledger = self.ledger()
        try:
            return ledger.counts().done
        finally:
            ledger.close()

    def said(self) -> str:
        """What all workers printed."""
        return "".join(path.read_text("utf-8", "replace") for path in sorted(self.folder.glob("worker-*/stderr")))

    def wait(self, seconds: float = 120.0) -> list[int]:
        """The exit codes of those that end by themselves."""
        until = time.monotonic() + seconds
        return [worker.wait(max(0.1, until - time.monotonic())) for worker in self.workers]


def kill(worker: subprocess.Popen[bytes]) -> None:
    """As the kernel does when memory is short: the worker and its children, without a word."""
    if worker.poll() is None:
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()


@dataclass
class Findings:
    """What a crawl with a fault came to."""

    codes: list[int]
    counts: Counts
    missing: list[str]  # articles that are not kept, byte for byte
    again: int  # requests of pages beyond the first
    short: int  # gaps of less than 0.95 of the delay
    smallest: float
    early: list[str]  # requests that came before their time, by more than we may be late
    events: list[Event]
    seconds: float


def one_dies(shared: Shared, chance: random.Random) -> None:
    kill(chance.choice(shared.workers[:3]))


def all_die(shared: Shared, chance: random.Random) -> None:
    shared.kill()
    shared.start(3)


def the_server_dies(shared: Shared, chance: random.Random) -> None:
    shared.server.kill()
    time.sleep(chance.uniform(0.0, 2.0))
    shared.server.start()


FAULTS: dict[str, Callable[[Shared, random.Random], None]] = {
    "one": one_dies,
    "all": all_die,
    "server": the_server_dies,
}


def trial(folder: Path, fault: str, seed: int, *more: str) -> Findings:
    """Three workers crawl; at a moment chosen by `seed` something is killed; then see what it came to."""
    chance = random.Random(f"{fault} {seed}")
    with Shared(folder) as shared:
        began = time.monotonic()
        shared.start(3, *more)
        moment = chance.randint(1, shared.sites * shared.articles)
        wait_for(lambda: sum(len(site.log) for site in shared.world) >= moment + shared.sites)
        time.sleep(chance.uniform(0.0, 0.3))
        FAULTS[fault](shared, chance)
        codes = shared.wait()
        return findings(shared, codes, time.monotonic() - began)


def findings(shared: Shared, codes: list[int], seconds: float) -> Findings:
    wanted = {url: digest for site in shared.world for url, digest in site.manifest().items()}
    with archiver.open(str(shared.folder / "a")) as archive:
        kept = {record.url: sha256_hex(archive.body(record) or b"") for record in archive.records() if record.html}
    gaps, early = [], []
    for site in shared.world:
        times = sorted(hit.at for hit in site.log)
        gaps += [after - before for before, after in pairwise(times)]
        for i, start in enumerate(times):  # one that was noticed late makes the next gap short, but no later sum
            for j in range(i + 1, len(times)):
                if times[j] - start < (j - i) * shared.delay - shared.late:
                    early.append(f"{site.url}: {j - i} requests in {times[j] - start:.2f} s")
    asked = Counter(site.at(hit.path) for site in shared.world for hit in site.log if hit.path != "/robots.txt")
    ledger = shared.ledger()
    try:
        counts, events = ledger.counts(), ledger.events()
    finally:
        ledger.close()
    return Findings(
        codes=codes, counts=counts, missing=sorted(url for url in wanted if kept.get(url) != wanted[url]),
        again=sum(n - 1 for n in asked.values()), short=sum(gap < 0.95 * shared.delay for gap in gaps),
        smallest=min(gaps), early=early, events=events, seconds=seconds,
    )  # fmt: skip
