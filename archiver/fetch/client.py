"""HTTP/1.1 client that keeps what was really said. In: a URL. Out: an Exchange. Never: redirects, cookies.

No retries either, but for one: a kept connection that the server had closed before the answer's first byte. The layers
above decide about all of that.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from archiver.errors import FetchFailed
from archiver.fetch import tls, wire
from archiver.fetch.connection import Connection, Stale
from archiver.fetch.exchange import Exchange, Limits
from archiver.fetch.guard import Address, Destination, Guard
from archiver.fetch.pool import Pool
from archiver.fetch.receive import ResponseReader
from archiver.model import Headers, Request

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
"""Sent unless the caller gives another. All four, as browsers do: the archive keeps decoded bodies, so replay tools
never see a coding (warcio cannot read `br`), and sites that only test for `br` behave as for readers."""

_TRIES = 4  # addresses of one name


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Client:
    """Fetches URLs one by one, over kept connections. Use it within one event loop, and close it there.

    `insecure_hosts` may show any certificate; that the exchange was not verified is kept in its `tls`. `ca_file` names
    the trusted roots in PEM form instead of the system's. `now` is the wall clock, for `started_at` only.
    """

    def __init__(
        self,
        guard: Guard,
        *,
        limits: Limits | None = None,
        insecure_hosts: frozenset[str] = frozenset(),
        ca_file: str | None = None,
        max_idle_per_host: int = 2,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self.limits = limits or Limits()
        self._guard = guard
        self._insecure_hosts = insecure_hosts
        self._ca_file = ca_file
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._pool = Pool(max_idle_per_host)
        self._connections: set[Connection] = set()
        self._now = now

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Headers = (),
        deadline_seconds: float | None = None,
        keep_bytes: int | None = None,
        body_bytes: int | None = None,
    ) -> Exchange:
        """Send one request and return the answer, whatever its status.

        `headers` go out as given, with Host before and Accept-Encoding after them where missing. `deadline_seconds`
        shortens or lengthens `Limits.total_seconds` for this fetch, `body_bytes` stands for `Limits.body_bytes`. With
        `keep_bytes`, reading stops quietly after so many decoded bytes (flag `cut`).

        Raises FetchFailed; `reason` is `timeout`, `too_large`, `decode_error`, `protocol_error`, `reset`,
        `connect_error`, `dns_error`, `blocked_address`, `bad_scheme`, `bad_url` or `tls`. Raises BadInput for request
        headers that HTTP cannot carry.
        """
        limits = self.limits if body_bytes is None else replace(self.limits, body_bytes=body_bytes)
        begun = asyncio.get_running_loop().time()
        deadline = begun + (self.limits.total_seconds if deadline_seconds is None else deadline_seconds)
        place = self._guard.check_url(url)
        if not any(name.lower() == "accept-encoding" for name, _ in headers):
            headers = (*headers, ("Accept-Encoding", ACCEPT_ENCODING))
        sent, kept_headers = wire.request_bytes(method, place, headers)
        request = Request(method=method, target=place.target, headers=kept_headers)
        connection = self._pool.take(place.server)
        if connection is not None:
            try:
                return await self._exchange(url, place, connection, sent, request, begun, deadline, limits, keep_bytes)
            except Stale:
                pass
        connection = await self._connect(url, place, deadline)
        try:
            return await self._exchange(url, place, connection, sent, request, begun, deadline, limits, keep_bytes)
        except Stale:  # closed between the handshake and the request
            raise FetchFailed(url, "reset", "the server closed the connection without an answer") from None

    async def close(self) -> None:
        """Close all connections and wait until they are gone."""
        self._pool.clear()
        for connection in list(self._connections):
            connection.abort()
        if self._connections:
            await asyncio.wait([connection.gone for connection in self._connections], timeout=5)
        await self._guard.close()

    async def _exchange(
        self,
        url: str,
        place: Destination,
        connection: Connection,
        sent: bytes,
        request: Request,
        begun: float,
        deadline: float,
        limits: Limits,
        keep_bytes: int | None,
    ) -> Exchange:
        reader = ResponseReader(url, request.method, limits, keep_bytes)
        started_at = self._now()
        await connection.exchange(url, sent, reader, deadline=deadline, idle=self.limits.idle_seconds)
        ended = asyncio.get_running_loop().time()
        head = reader.head
        assert head is not None  # a reader is done only after a head
        if reader.reusable:
            self._pool.give(place.server, connection)
        return Exchange(
            url=url,
            status=head.status,
            reason=head.reason,
            http_version=head.http_version,
            headers=head.headers,
            body=reader.body,
            wire_bytes=reader.wire_bytes,
            request=request,
            started_at=started_at,
            sent_at=connection.sent_at,
            first_byte_seconds=connection.first_byte_at - connection.sent_at,
            total_seconds=ended - begun,
            peer=connection.peer,
            tls=connection.tls,
            flags=reader.flags,
            raw_head=head.raw,
        )

    async def _connect(self, url: str, place: Destination, deadline: float) -> Connection:
        """Look up, check, connect: to a checked address and to nothing else."""
        until = min(deadline, asyncio.get_running_loop().time() + self.limits.connect_seconds)
        try:
            async with asyncio.timeout_at(until):
                addresses = await self._guard.resolve(place.host, place.port, url=url)
        except TimeoutError:
            raise FetchFailed(url, "dns_error", f"{place.host}: no answer from the name server in time") from None
        return await self._first_that_answers(url, place, addresses[:_TRIES], until)

    async def _first_that_answers(
        self, url: str, place: Destination, addresses: list[Address], until: float
    ) -> Connection:
        loop = asyncio.get_running_loop()
        failure = FetchFailed(url, "connect_error", "no address")
        for index, address in enumerate(addresses):
            share = (until - loop.time()) / (len(addresses) - index)
            try:
                async with asyncio.timeout(share):
                    return await self._open(url, place, address)
            except TimeoutError:
                failure = FetchFailed(url, "timeout", f"{address.ip} port {address.port}: no connection in time")
            except ssl.SSLError as error:  # the same certificate waits at the other addresses
                raise FetchFailed(url, "tls", tls.words(error)) from error
            except ConnectionResetError as error:
                failure = FetchFailed(url, "reset", f"{address.ip} port {address.port}: {error.strerror or error}")
            except OSError as error:
                failure = FetchFailed(
                    url, "connect_error", f"{address.ip} port {address.port}: {error.strerror or error}"
                )
        raise failure

    async def _open(self, url: str, place: Destination, address: Address) -> Connection:
        loop = asyncio.get_running_loop()
        verified = place.host not in self._insecure_hosts
        if place.scheme == "http":
            _, connection = await loop.create_connection(lambda: Connection(url), address.ip, address.port)
        else:
            _, connection = await loop.create_connection(
                lambda: Connection(url),
                address.ip,
                address.port,
                ssl=self._context(verified),
                server_hostname=place.host.strip("[]").rstrip("."),
                ssl_shutdown_timeout=1,
            )
            connection.note_handshake(verified)
        self._connections.add(connection)
        connection.gone.add_done_callback(lambda _: self._connections.discard(connection))
        return connection

    def _context(self, verified: bool) -> ssl.SSLContext:
        if verified not in self._contexts:
            self._contexts[verified] = tls.context(verified=verified, ca_file=self._ca_file)
        return self._contexts[verified]
