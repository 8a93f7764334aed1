"""Clerk: runs a ledger's calls on a thread of its own, many to one commit. In: calls. Out: results. Never: Scrapy.

A commit waits for the disk. One commit for all calls that arrived meanwhile keeps the event loop free and costs the
same fsync for twenty pages as for one.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar


class _Ledger(Protocol):
    def transact(self, call: Callable[[], Any]) -> Any: ...
    def close(self) -> None: ...


L = TypeVar("L", bound=_Ledger)
T = TypeVar("T")
MOST = 200  # calls to one commit


class Clerk(Generic[L]):
    """The only one who touches `ledger` while it runs. Call it with a function of the ledger; await the result."""

    def __init__(self, ledger: L) -> None:
        self._ledger = ledger
        self._calls: queue.SimpleQueue[tuple[Callable[[L], Any], asyncio.Future[Any]] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()

    async def __call__(self, call: Callable[[L], T]) -> T:
        """Run `call(ledger)`; when it returns, its effect is durable. What it raises is raised here."""
        future: asyncio.Future[T] = self._loop.create_future()
        self._calls.put((call, future))
        return await future

    def tell(self, call: Callable[[L], object]) -> None:
        """Run `call(ledger)` some time soon; what it raises is nobody's concern."""
        future: asyncio.Future[object] = self._loop.create_future()
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._calls.put((call, future))

    async def close(self) -> None:
        """Finish what was asked for and stop."""
        self._calls.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _work(self) -> None:
        while (first := self._calls.get()) is not None:
            batch = [first]
            while len(batch) < MOST and not self._calls.empty():
                call = self._calls.get()
                if call is None:
                    self._calls.put(None)
                    break
                batch.append(call)
            answers = self._all(batch)
            self._loop.call_soon_threadsafe(_answer, answers)
        self._ledger.close()

    def _all(
        self, batch: list[tuple[Callable[[L], Any], asyncio.Future[Any]]]
    ) -> list[tuple[asyncio.Future[Any], Any, bool]]:
        try:
            return list(self._ledger.transact(lambda: [(future, call(self._ledger), True) for call, future in batch]))
        except BaseException as error:
            if len(batch) == 1:
                return [(batch[0][1], error, False)]
            return [answer for one in batch for answer in self._all([one])]  # each alone, so the guilty one is known


def _answer(answers: list[tuple[asyncio.Future[Any], Any, bool]]) -> None:
    for future, value, good in answers:
        if future.done():
            continue
        if good:
            future.set_result(value)
        else:
            future.set_exception(value)
