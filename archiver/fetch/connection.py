"""One connection to one server. In: a request, a reader. Out: the reader, filled. Never: choosing an address."""

from __future__ import annotations

import asyncio
import ssl

from archiver.errors import FetchFailed
from archiver.fetch import tls
from archiver.fetch.receive import ResponseReader
from archiver.model import Tls

_RECEIVE = 64 * 1024
_TLS_RECORD = 16 * 1024 + 256  # decrypted, and not yet read (RFC 8446, 5.2)


class Stale(Exception):
    """A kept connection was closed before the first byte of the answer; the request may be sent again."""


class Connection(asyncio.BufferedProtocol):
    """Sends requests one after another and feeds the answers to readers, straight from the socket's buffer.

    Parsing happens in the receive callback, so an answer wakes the waiting task once. One buffer serves all reads; a
    plain asyncio protocol gets a fresh one of 256 KiB for each (measured: 15 to 20 % more CPU per page).
    """

    def __init__(self, url: str) -> None:
        self._loop = asyncio.get_running_loop()
        self._url = url
        self._view = memoryview(bytearray(_RECEIVE))
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = self._idle = self._heard = 0.0
        self.gone = self._loop.create_future()  # done when the socket is closed
        self.closed = False
        self.exchanges = 0
        self.sent_at = self.first_byte_at = 0.0
        self.peer = ""
        self.tls: Tls | None = None
        self.idle_timer: asyncio.TimerHandle | None = None  # the pool's

    async def exchange(self, url: str, request: bytes, reader: ResponseReader, *, deadline: float, idle: float) -> None:
        """Send `request` and wait until `reader` is done; `deadline` by the loop's clock, `idle` in seconds of silence.

        Raises FetchFailed (`timeout`, `reset`, `tls` and what the reader raises), or Stale on a kept connection.
        """
        if self.closed or self._transport is None or self._transport.is_closing():
            raise Stale
        self._url, self._reader, self._deadline, self._idle = url, reader, deadline, idle
        self._waiter = self._loop.create_future()
        self.sent_at = self._heard = self._loop.time()
        self.first_byte_at = 0.0
        self._transport.write(request)
        self._set_timer()
        try:
            await self._waiter
        finally:
            self._stop()
            self.exchanges += 1
            if not reader.done or not reader.reusable:
                self.abort()

    def note_handshake(self, verified: bool) -> None:
        """Keep what the TLS handshake showed; `verified` says whether the certificate was checked."""
        assert self._transport is not None
        self.tls = tls.facts(self._transport.get_extra_info("ssl_object"), verified=verified)

    def abort(self) -> None:
        """Close now: unread bytes never become the next answer. A fetch that still waits here fails with `reset`."""
        self.closed = True
        self._settle(FetchFailed(self._url, "reset", "we closed the connection"))
        if self._transport is not None:
            self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        host, port, *_ = transport.get_extra_info("peername")
        self.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def get_buffer(self, sizehint: int) -> memoryview:
        # Under TLS the hint is what lies there, still encrypted. Make room for all of it: when the server closes,
        # asyncio fills the buffer once and drops the rest (sslproto._do_flush; 4 of 150 large pages came short so).
        if sizehint + _TLS_RECORD > len(self._view):
            self._view = memoryview(bytearray(sizehint + _TLS_RECORD))
        return self._view

    def buffer_updated(self, nbytes: int) -> None:
        reader = self._reader
        if reader is None or reader.done:
            self.abort()  # nobody asked
            return
        self._heard = self._loop.time()
        self.first_byte_at = self.first_byte_at or self._heard
        try:
            reader.feed(bytes(self._view[:nbytes]))
        except FetchFailed as failure:
            self._settle(failure)
            self.abort()
        else:
            if reader.done:
                self._settle()

    def eof_received(self) -> None:
        self.closed = True
        self._ended(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._ended(exc)
        if not self.gone.done():
            self.gone.set_result(None)

    # Endings.

    def _ended(self, error: Exception | None) -> None:
        reader = self._reader
        if reader is None or self._waiter is None or self._waiter.done():
            return
        if not reader.began and self.exchanges and (error is None or isinstance(error, OSError)):
            self._settle(Stale())
        elif isinstance(error, ssl.SSLError):
            self._settle(FetchFailed(self._url, "tls", str(error)))
        elif isinstance(error, OSError):
            self._settle(FetchFailed(self._url, "reset", error.strerror or str(error)))
        elif error is not None:
            self._settle(error)
        else:
            self._end_reader(reader)

    def _end_reader(self, reader: ResponseReader) -> None:
        try:
            reader.end()
        except FetchFailed as failure:
            self._settle(failure)
        else:
            self._settle()

    def _settle(self, error: Exception | None = None) -> None:
        if self._waiter is None or self._waiter.done():
            return
        if error is None:
            self._waiter.set_result(None)
        else:
            self._waiter.set_exception(error)

    def _stop(self) -> None:
        self._reader = self._waiter = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        self._timer = self._loop.call_at(min(self._deadline, self._heard + self._idle), self._tick)

    def _tick(self) -> None:
        now = self._loop.time()
        if now < self._deadline and now < self._heard + self._idle:
            self._set_timer()
            return
        if self._reader is not None and self._reader.whole:
            self._end_reader(self._reader)  # only a trailer is missing
        else:
            words = "no end within the time given" if now >= self._deadline else f"silent for {self._idle:g} s"
            self._settle(FetchFailed(self._url, "timeout", words))
        self.abort()
