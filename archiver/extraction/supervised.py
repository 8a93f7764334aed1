"""Supervised reading for who waits: one page at a time in a child that may be killed. In: captures. Out: readings.

Never: a page that hangs its reader, or takes it down. The loop that the workers need runs in a thread of its own, so that
this works in a notebook, whose thread has a loop already.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from archiver.extraction.workers import WorkerPool
from archiver.model import Capture, Reading

Made = TypeVar("Made")
POISON = frozenset({"worker_died", "extract_limit", "parse_error"})  # errors of a page that must not be tried for ever
ATTEMPTS = 2  # the first death may have been the machine's doing


class Supervised:
    """A reader of pages; `limits` are those of `WorkerPool`. Its child is started by the first page, and kept."""

    def __init__(self, **limits: Any) -> None:
        self._pool = WorkerPool(1, **limits)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._turn, name="reading", daemon=True)

    def read(self, capture: Capture) -> Reading:
        """Read a page, twice where it comes to grief; its reading then says why in `error`. Never raises for a page."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread.start()
            self._wait(self._pool.start())
        for _ in range(ATTEMPTS):
            reading = self._wait(self._pool.read(capture))
            if reading.error not in POISON:
                break
        return reading

    def close(self) -> None:
        """End the child."""
        if self._loop is not None:
            self._wait(self._pool.close())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()

    def _turn(self) -> None:
        assert self._loop is not None
        self._loop.run_forever()

    def _wait(self, work: Coroutine[Any, Any, Made]) -> Made:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
