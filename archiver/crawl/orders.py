"""Orders: what the job is told while it runs. In: the ledger's job row. Out: go on, or not. Never: fetching.

run      as it was
pause    nothing new is asked for; what is in flight ends; leases that wait go back to the ledger
stop     the crawl ends in order, with exit code 3; what is left stays pending
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

from archiver.errors import StoreError
from archiver.frontier import JobState

if TYPE_CHECKING:
    from archiver.crawl.running import RunningCrawl

LOOK_SECONDS = 1.0


class Orders:
    """Looks at the job's row now and then, and does what it says."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._looked = 0.0
        self.state = JobState.RUN

    async def may_go_on(self) -> bool:
        """Whether new URLs may be asked for, as far as the orders go."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            with suppress(StoreError):  # a full disk: the orders of a moment ago still hold
                standing = await self._running.ledger(lambda one: one.standing())
                if standing.state is not self.state:
                    self._heed(standing.state)
        return self.state is JobState.RUN

    def _heed(self, state: JobState) -> None:
        running, self.state = self._running, state
        if state is JobState.STOP:
            running.log.warning("told to stop; what is in flight ends, the rest stays for the next run")
            running.note("stopping")
            running.stop()
        elif state is JobState.PAUSE:
            running.log.warning("told to pause; what is in flight ends, then the crawl waits for `archiver resume`")
            running.note("paused")
        else:
            running.log.warning("told to go on")
            running.note("resumed")
