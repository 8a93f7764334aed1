"""Kept connections. In: a connection that may serve again. Out: it, to the next who asks. Never: opening one."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from archiver.fetch.connection import Connection

Server = tuple[str, str, int]
_KEEP_SECONDS = 15.0  # most servers close an idle connection after 5 to 75 s
_KEEP_TOTAL = 256


class Pool:
    """Keeps idle connections by server: a few per server, a bounded number in all, each for a short time.

    A kept connection leads to the address that was checked when it was opened, so it needs no second check.
    """

    def __init__(self, max_idle_per_host: int = 2, keep_seconds: float = _KEEP_SECONDS) -> None:
        self._max_idle = max_idle_per_host
        self._keep_seconds = keep_seconds
        self._idle: OrderedDict[Connection, Server] = OrderedDict()  # oldest first
        self._by_server: dict[Server, list[Connection]] = {}

    def take(self, server: Server) -> Connection | None:
        """Return the connection to `server` that was used last, or None."""
        kept = self._by_server.get(server)
        while kept:
            connection = kept[-1]
            self._drop(connection)
            if not connection.closed:
                return connection
        return None

    def give(self, server: Server, connection: Connection) -> None:
        """Keep `connection` for the next request, or close it where enough are kept."""
        if connection.closed:
            return
        kept = self._by_server.setdefault(server, [])
        if len(kept) >= self._max_idle:
            if not kept:
                del self._by_server[server]
            connection.abort()
            return
        kept.append(connection)
        self._idle[connection] = server
        connection.idle_timer = asyncio.get_running_loop().call_later(self._keep_seconds, self._expire, connection)
        if len(self._idle) > _KEEP_TOTAL:
            self._expire(next(iter(self._idle)))

    def clear(self) -> None:
        """Close all that is kept."""
        for connection in list(self._idle):
            self._expire(connection)

    def _expire(self, connection: Connection) -> None:
        self._drop(connection)
        connection.abort()

    def _drop(self, connection: Connection) -> None:
        server = self._idle.pop(connection)
        if connection.idle_timer is not None:
            connection.idle_timer.cancel()
            connection.idle_timer = None
        kept = self._by_server[server]
        kept.remove(connection)
        if not kept:
            del self._by_server[server]
