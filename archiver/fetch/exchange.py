"""One request and its answer. In: facts. Out: frozen values. Never: I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from archiver.model import Capture, Headers, Hop, Request, Right, Tls

MIB = 1024 * 1024
REDIRECTS = frozenset({301, 302, 303, 307, 308})  # statuses whose Location is followed (RFC 9110, 15.4)

FLAGS = {
    "truncated": "the body ended before its framing or its content coding said it would; what came is kept",
    "decode_error": "the content coding is broken; kept is what decoded before, or the bytes as served if nothing did",
    "no_content_length": "the body ended when the server closed, so nothing proves that it is whole (RFC 9112, 6.3)",
    "content_length_invalid": "Content-Length is no number, or two that differ; the body was read until the close",
    "length_conflict": "both Content-Length and Transfer-Encoding; chunked won (RFC 9112, 6.3)",
    "extra_bytes": "bytes followed the declared end of the body; they are not part of it",
    "header_broken": "a header line was malformed; `raw_head` has it as received",
    "encoding_lie": "the body is not in the content coding it claims; kept as served",
    "encoding_unknown": "a content coding we do not know; kept as served from there on",
    "gzip_undeclared": "the body is gzip although nothing says so; kept as served",
    "cut": "reading stopped where the caller wanted it to",
}
"""What `Exchange.flags` may hold, and what each word means."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of our time and memory one fetch may take. Seconds by the monotonic clock, sizes in bytes."""

    total_seconds: float = 60.0  # from look-up to last byte
    connect_seconds: float = 10.0  # look-up, TCP and TLS together
    idle_seconds: float = 20.0  # of silence, before and within the answer
    head_bytes: int = 256 * 1024  # status line and headers, 1xx answers included
    body_bytes: int = 16 * MIB  # after content decoding
    wire_bytes: int | None = None  # of the body as it comes, chunk sizes included; None: 1 MiB more than body_bytes

    @property
    def most_wire_bytes(self) -> int:
        """`wire_bytes`, or what it stands for."""
        return self.body_bytes + MIB if self.wire_bytes is None else self.wire_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One answer, as served, and the request that it answers.

    `headers` are as received: order, case and repetitions kept, folded lines joined, bytes read as latin-1; `raw_head`
    has the very bytes. `body` is what Content-Encoding leaves (RFC 9110, 8.4). `request` leaves out credentials.
    """

    url: str
    status: int
    reason: str
    http_version: str
    headers: Headers
    body: bytes = field(repr=False)
    wire_bytes: int  # length of the body before content decoding, chunk sizes not counted
    request: Request
    started_at: datetime  # aware, UTC: when the request was sent
    sent_at: float  # the same by the event loop's clock
    first_byte_seconds: float  # from sending the request to the answer's first byte
    total_seconds: float  # from the call to the last byte: look-up and connecting included
    peer: str  # "address:port" that answered, IPv6 in brackets
    tls: Tls | None
    flags: tuple[str, ...]  # words of FLAGS
    raw_head: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        """Return the first value of header `name` (any case), or None."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), None)

    @property
    def leads_to(self) -> str | None:
        """The Location of a redirect, as received; None for any other answer."""
        return self.header("location") or None if self.status in REDIRECTS else None

    def as_hop(self, location: str) -> Hop:
        """Return this redirect as one of the hops to a capture."""
        return Hop(
            url=self.url, status=self.status, reason=self.reason, headers=self.headers, location=location,
            at=self.started_at, peer=self.peer,
        )  # fmt: skip

    def as_capture(
        self, *, hops: tuple[Hop, ...] = (), discovery: str = "urls", robots: str | None = None,
        rights: tuple[Right, ...] = (),
    ) -> Capture:  # fmt: skip
        """Return this answer as a capture: what `hops` led to, how it was found, what robots.txt says."""
        return Capture(
            url=self.url,
            requested_url=hops[0].url if hops else self.url,
            captured_at=self.started_at,
            status=self.status,
            reason=self.reason,
            http_version=self.http_version,
            headers=self.headers,
            body=self.body,
            request=self.request,
            redirects=hops,
            first_byte_seconds=self.first_byte_seconds,
            total_seconds=self.total_seconds,
            peer=self.peer,
            tls=self.tls,
            discovery=discovery,
            flags=self.flags,
            robots=robots,
            rights=rights,
        )
