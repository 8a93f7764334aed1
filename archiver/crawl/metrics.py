"""MetricsFile: where the job stands, written for a collector again and again. In: the ledger. Out: one small file.

Never: a port, half a file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import ArchiveError, BadInput
from archiver.report.metrics import metrics_text
from archiver.report.status import status_of

if TYPE_CHECKING:
    from archiver.crawl.running import RunningCrawl

logger = logging.getLogger(__name__)
SECONDS = 15.0  # between two writings: as often as Prometheus usually looks
SHARE = 20  # and so many times what the counting took, which grows with the ledger


class MetricsFile:
    """The file of `ARCHIVE_METRICS`; without that setting nothing is written."""

    def __init__(self, running: RunningCrawl) -> None:
        self._running = running
        self._path = Path(running.options.metrics) if running.options.metrics else None
        self._task: asyncio.Task[None] | None = None
        self._failing = False

    def check(self) -> None:
        """Raises BadInput if the file could not be written."""
        if self._path is not None and not os.access(self._path.parent, os.W_OK | os.X_OK):
            raise BadInput(f"metrics {self._path}", f"{self._path.parent} is no folder that can be written to")

    def begin(self) -> None:
        """Write it now, and from time to time."""
        if self._path is not None:
            self._task = asyncio.ensure_future(self._writing())

    async def end(self) -> None:
        """Write it a last time: the job is not running any more, unless others work on it."""
        if self._task is None:
            return
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        others = await self._running.ledger(lambda one: one.workers())
        await self._write(", ".join(others) or None)

    async def _writing(self) -> None:
        while True:
            begun = time.monotonic()
            with suppress(ArchiveError):  # a server that is away is waited for by all; then it is written again
                await self._write(self._running.sharing.worker)
            await asyncio.sleep(max(SECONDS, SHARE * (time.monotonic() - begun)))

    async def _write(self, who: str | None) -> None:
        running, path = self._running, self._path
        assert running.state is not None
        assert path is not None
        folder, uri = running.state.folder, running.options.uri
        status = await running.ledger(lambda one: status_of(one, folder=folder, uri=uri, running=who))
        beside = draft_of(path)
        try:
            beside.write_text(metrics_text(status, now=time.time()), encoding="utf-8")
            beside.replace(path)
        except OSError as error:  # no reason to end a crawl
            if not self._failing:
                logger.warning("metrics: %s cannot be written (%s)", path, error.strerror)
            self._failing = True
        else:
            self._failing = False


def draft_of(path: Path) -> Path:
    """Where a worker writes what then takes the place of `path`: no other that shares the folder writes there.

    The host's name belongs to it, because in a container everybody is process 1.
    """
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}")
