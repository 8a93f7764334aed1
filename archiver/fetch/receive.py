"""The reader of one answer. In: bytes, as they come. Out: head, decoded body, flags. Never: I/O, clocks."""

from __future__ import annotations

from archiver.errors import FetchFailed
from archiver.fetch import decode, wire
from archiver.fetch.engines import GZIP_MAGIC
from archiver.fetch.exchange import Limits
from archiver.fetch.wire import Head

_INFORMATIONAL = 300  # 1xx answers before the real one; a few Early Hints are normal
_START = b"HTTP/"


class ResponseReader:
    """Reads one answer from pieces of any size. `done` says that it is whole, or as whole as it gets.

    Raises FetchFailed from `feed` and `end`: `protocol_error` where this is no HTTP/1, `too_large` beyond a limit,
    `reset` where the connection closed before the headers ended, `decode_error` for a silly number of codings.
    """

    def __init__(self, url: str, method: str, limits: Limits, keep_bytes: int | None = None) -> None:
        self._url, self._method, self._limits = url, method, limits
        self._keep_bytes = keep_bytes
        self._buffer = bytearray()
        self._head_bytes = 0  # of 1xx answers
        self._informational = 0
        self._framing: wire.Framing | None = None
        self._decoder: decode.Decoder | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._flags: list[str] = []
        self._received = 0
        self.wire_bytes = 0
        self.head: Head | None = None
        self.began = False
        self.done = False
        self.reusable = False

    @property
    def body(self) -> bytes:
        """The decoded body."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    @property
    def flags(self) -> tuple[str, ...]:
        """Words of `exchange.FLAGS`, each once."""
        return tuple(dict.fromkeys(self._flags))

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the connection."""
        self.began = True
        if self._framing is None:
            data = self._feed_head(data)
        if self._framing is not None and not self.done:
            self._feed_body(self._framing, data)

    def end(self) -> None:
        """Take note that the server closed."""
        if self._framing is None:
            words = "before the headers were complete" if self.began else "without an answer"
            raise self._failed("reset", f"the server closed the connection {words}")
        if not self.done:
            self._finish(self._framing)

    @property
    def whole(self) -> bool:
        """All of the body came, though more (a trailer) may follow."""
        return self.done or (isinstance(self._framing, wire.ChunkedBody) and self._framing.complete)

    def _feed_head(self, data: bytes) -> bytes:
        """Read heads up to the first that is not 1xx; return what follows it."""
        start = len(self._buffer)
        self._buffer += data
        while self._framing is None:
            if not self._buffer.startswith(_START[: len(self._buffer)]):
                raise self._failed("protocol_error", "the answer is not HTTP/1")
            end = wire.head_end(self._buffer, start)
            if self._head_bytes + (end if end >= 0 else len(self._buffer)) > self._limits.head_bytes:
                raise self._failed("too_large", f"headers of more than {self._limits.head_bytes} bytes")
            if end < 0:
                return b""
            raw = bytes(self._buffer[:end])
            del self._buffer[:end]
            start = 0
            self._take_head(raw)
        rest, self._buffer = bytes(self._buffer), bytearray()
        return rest

    def _take_head(self, raw: bytes) -> None:
        head = wire.parse_head(raw)
        if head is None or head.status == 101:
            raise self._failed("protocol_error", "the status line cannot be read" if head is None else "status 101")
        if head.status < 200:
            self._head_bytes += len(raw)
            self._informational += 1
            if self._informational > _INFORMATIONAL:
                raise self._failed("protocol_error", f"more than {_INFORMATIONAL} informational answers")
            return
        self.head = head
        self._start_body(head)

    def _start_body(self, head: Head) -> None:
        if head.broken:
            self._flags.append("header_broken")
        self._framing, flags, transfer = wire.framing(self._method, head)
        self._flags += flags
        codings = decode.coding_names(head.values("content-encoding")) + transfer
        if len(codings) > decode.MAX_CODINGS:
            raise self._failed("decode_error", f"{len(codings)} content codings, one over another")
        if codings and not self._framing.done:
            self._decoder = decode.Decoder(codings, self._limits.body_bytes)
        self._refuse_early(head)
        if self._framing.done:
            self.done, self.reusable = True, wire.keeps_alive(head)

    def _refuse_early(self, head: Head) -> None:
        """A length that says it is too large need not be waited for."""
        lengths = head.values("content-length")
        if not isinstance(self._framing, wire.LengthBody) or self._framing.done or self._keep_bytes is not None:
            return
        if int(lengths[0].split(",")[0]) > self._limits.most_wire_bytes:
            raise self._failed("too_large", f"Content-Length is {lengths[0]}")

    def _feed_body(self, framing: wire.Framing, data: bytes) -> None:
        self._received += len(data)
        try:
            for payload in framing.feed(data):
                self.wire_bytes += len(payload)
                for piece in (payload,) if self._decoder is None else self._decoder.feed(payload):
                    self._keep(piece)
                    if self.done:
                        return
        except decode.TooMuch:
            raise self._too_large() from None
        if framing.done:
            self._finish(framing)
        elif self._received > self._limits.most_wire_bytes:
            raise self._failed("too_large", f"more than {self._limits.most_wire_bytes} bytes on the wire")

    def _keep(self, piece: bytes) -> None:
        if self.done:
            return
        if self._keep_bytes is not None and self._size + len(piece) > self._keep_bytes:
            piece = piece[: self._keep_bytes - self._size]
            self._flags.append("cut")
            self.done = True
        self._size += len(piece)
        if self._size > self._limits.body_bytes:
            raise self._too_large()
        self._pieces.append(piece)

    def _finish(self, framing: wire.Framing) -> None:
        if self._decoder is not None:
            try:
                for piece in self._decoder.finish():
                    self._keep(piece)
            except decode.TooMuch:
                raise self._too_large() from None
            self._flags += self._decoder.flags
        if not framing.complete:
            self._flags.append("truncated")
        elif framing.done and not framing.clean:
            self._flags.append("extra_bytes")
        self._note_undeclared_gzip()
        self.done = True
        self.reusable = framing.clean and self.head is not None and wire.keeps_alive(self.head)

    def _note_undeclared_gzip(self) -> None:
        if self.head is None or not self._pieces or "encoding_unknown" in self._flags:
            return
        media_type = (self.head.values("content-type") or [""])[0].lower()
        path = self._url.partition("?")[0].partition("#")[0].lower()
        if self.body.startswith(GZIP_MAGIC) and "gzip" not in media_type and not path.endswith((".gz", ".tgz")):
            self._flags.append("gzip_undeclared")

    def _too_large(self) -> FetchFailed:
        return self._failed("too_large", f"a body of more than {self._limits.body_bytes} bytes")

    def _failed(self, reason: str, detail: str) -> FetchFailed:
        return FetchFailed(self._url, reason, detail)
