"""Reading many objects, a few ahead. In: a reader, names. Out: what was read, in order. Never: all at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from archiver.errors import ArchiveError

Name = TypeVar("Name")
Value = TypeVar("Value")

Reads = Callable[[Iterable[str]], Iterator[tuple[str, Any]]]
"""Another way of reading objects than `read_ahead`: keys in, each with its value or its ArchiveError out, in order."""


def threads_for(uri: str) -> int:
    """Return how many reads at once pay: 8 across a network; 1 from a disk or memory, where threads only cost."""
    return 8 if uri.startswith(("s3:", "http")) else 1


def read_ahead(
    read: Callable[[Name], Value], names: Iterable[Name], *, threads: int
) -> Iterator[tuple[Name, Value | ArchiveError]]:
    """Yield each name with `read(name)`, or with the ArchiveError that it raised; any other error is raised.

    At most two values per thread are held at once, so memory stays bounded however many names there are.
    """
    if threads <= 1:
        for name in names:
            yield name, _value(read, name)
        return
    pool = ThreadPoolExecutor(threads, thread_name_prefix="read")
    waiting: deque[tuple[Name, Future[Value | ArchiveError]]] = deque()
    try:
        for name in names:
            waiting.append((name, pool.submit(_value, read, name)))
            if len(waiting) >= 2 * threads:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _value(read: Callable[[Name], Value], name: Name) -> Value | ArchiveError:
    try:
        return read(name)
    except ArchiveError as error:
        return error
