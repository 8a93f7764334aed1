"""State: a job's ledger, opened and locked for one crawl. In: options, seeds. Out: the ledger. Never: Scrapy."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from archiver.errors import BadInput, JobLocked, JobPaused, StoreError, StoreFull
from archiver.frontier import JobState
from archiver.frontier.ledger import Ledger
from archiver.frontier.opening import Place, open_ledger
from archiver.frontier.places import LOCK, job_name, state_folder
from archiver.urls import without_credentials

if TYPE_CHECKING:
    from archiver.crawl.options import CrawlOptions
    from archiver.crawl.running import RunningCrawl

LOOK_SECONDS = 2.0
PATIENCE_TO_BEGIN = 30.0  # seconds, for a server that is being started beside us
LOCK_TRIES, LOCK_SECONDS = 4, 0.05  # who only looks at the lock holds it for a moment


@dataclass(slots=True)
class State:
    """A job's folder, its ledger, and the lock that is held while it is open; a shared ledger needs none."""

    folder: Path
    ledger: Ledger
    lock: TextIO | None
    fresh: bool  # the ledger held nothing before

    def release(self) -> None:
        """Let the next crawl in."""
        if self.lock is not None:
            self.lock.close()


def open_state(options: CrawlOptions, seeds: Iterable[str]) -> State:
    """Lock the job and open its ledger. Raises JobLocked, JobPaused, StoreFull, BadInput."""
    began = time.monotonic()
    name = job_name(options.job, uri=options.uri, collection=options.collection, seeds=seeds)
    folder = Path(options.state) if options.state else state_folder(options.uri, name)
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if folder.stat().st_uid != os.getuid():
            raise BadInput(str(folder), "belongs to another user; give a folder of your own with --state")
        folder.chmod(0o700)
        check_room(folder, options.min_free_bytes)
        lock = None if options.frontier else _lock(folder)
    except OSError as error:
        if error.errno == 28:
            raise StoreFull(str(folder), f"disk full: {error}") from error
        raise StoreError(str(folder), f"{error.strerror}; give another folder with --state") from error
    try:
        place = Place(folder=folder, name=name, frontier=options.frontier)
        ledger = open_ledger(place, lease_seconds=options.lease_seconds, patience=PATIENCE_TO_BEGIN)
        try:
            ledger.patience = options.patience_seconds
            _heed(ledger, place, ledger.now() - (time.monotonic() - began))
            ledger.belongs(_lasting(options.uri))
        except BaseException:
            ledger.close()
            raise
    except BaseException:
        if lock is not None:
            lock.close()
        raise
    return State(folder=folder, ledger=ledger, lock=lock, fresh=ledger.standing().round == 0)


def _lasting(uri: str) -> str:
    """The archive's URI, as good from any folder as from this one."""
    return without_credentials(uri) if "://" in uri else str(Path(uri).absolute())


def _heed(ledger: Ledger, place: Place, started: float) -> None:
    """A paused job stays paused; a stop was for an earlier run, unless it came since this one `started`, or others
    are heeding it now."""
    standing = ledger.standing()
    if standing.state is JobState.PAUSE:
        since = datetime.fromtimestamp(standing.state_at, UTC).isoformat(" ", timespec="seconds")
        raise JobPaused(place.words, since)
    if standing.state is JobState.STOP and standing.state_at < started and not ledger.workers():
        ledger.order(JobState.RUN)


def _lock(folder: Path) -> TextIO:
    lock = open(folder / LOCK, "a+", encoding="utf-8")  # noqa: SIM115  # held open: closing it is what releases the lock
    try:
        for attempt in range(1, LOCK_TRIES + 1):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == LOCK_TRIES:
                    raise
                time.sleep(LOCK_SECONDS)
    except OSError as error:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise JobLocked(str(folder), owner) from error
    lock.truncate(0)
    lock.write(f"process {os.getpid()}\n")
    lock.flush()
    return lock


def check_room(folder: Path, needed: int) -> None:
    """Raise StoreFull when the disk of `folder` has less than `needed` bytes free."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreFull(
            str(folder),
            f"No space left on device: {free >> 20} MiB free, {needed >> 20} MiB needed (ARCHIVE_MIN_FREE_BYTES)",
        )


class Room:
    """Watches the disk under the ledger and under a folder archive; while it is full the crawl pauses."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._looked = 0.0
        self._full_since: float | None = None

    async def enough(self) -> bool:
        """Whether there is room. Ends the crawl when there was none for as long as the job's patience."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return self._full_since is None
        self._looked = now
        try:
            for folder in self._folders():
                check_room(folder, self._running.options.min_free_bytes)
        except StoreFull as error:
            self._wait(error, now)
            return False
        if self._full_since is not None:
            self._running.log.warning("disk: room again; going on")
            self._running.note("disk_room")
        self._full_since = None
        return True

    def _folders(self) -> list[Path]:
        uri = self._running.options.uri
        own = [self._running.state.folder] if self._running.state else []
        return own if "://" in uri else [*own, Path(uri)]

    def _wait(self, error: StoreFull, now: float) -> None:
        if self._full_since is None:
            self._full_since = now
            self._running.log.warning("disk: %s; pausing until there is room", error)
            self._running.note("disk_full", str(error))
        elif now - self._full_since > self._running.options.patience_seconds:
            self._running.stop(error)
