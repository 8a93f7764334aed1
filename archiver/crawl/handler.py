"""CaptureHandler: Scrapy's downloads by our own client. In: a request. Out: a response, its capture. Never: policy.

The capture lies in `response.meta["capture"]`, taken before any middleware can touch the response: status line and
headers as received, the request as sent, peer, TLS, times. Redirect answers collect in `request.meta["hops"]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
)
from scrapy.http import Headers as ScrapyHeaders
from scrapy.http import Response
from scrapy.responsetypes import responsetypes

from archiver.crawl.running import RunningCrawl
from archiver.errors import FetchFailed
from archiver.model import Capture, Headers, Hop

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from archiver.fetch import Exchange

REDIRECTS = frozenset({301, 302, 303, 307, 308})
AS_SCRAPY_SAYS_IT = {
    "timeout": DownloadTimeoutError,
    "dns_error": CannotResolveHostError,
    "connect_error": DownloadConnectionRefusedError,
}  # so that an existing project's RetryMiddleware knows them


class CaptureHandler(BaseDownloadHandler):
    """Fetches with `archiver.fetch`; what fails is raised as Scrapy names it, with our FetchFailed as its cause."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._running = RunningCrawl.of(crawler)

    async def download_request(self, request: Request) -> Response:
        try:
            exchange = await self._running.client.fetch(
                request.url,
                method=request.method,
                headers=_sent(request),
                deadline_seconds=request.meta.get("download_timeout"),
                body_bytes=request.meta.get("body_bytes"),
            )
        except FetchFailed as error:
            raise AS_SCRAPY_SAYS_IT.get(error.reason, DownloadFailedError)(str(error)) from error
        capture = _capture(request, exchange)
        request.meta["capture"] = capture
        location = _first(exchange.headers, "location")
        if exchange.status in REDIRECTS and location:
            request.meta["hops"] = (*capture.redirects, _hop(exchange, location))
        return _response(request, exchange)


def _sent(request: Request) -> Headers:
    pairs = ((name, value) for name, values in request.headers.items() for value in values)
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)


def _capture(request: Request, exchange: Exchange) -> Capture:
    hops: tuple[Hop, ...] = request.meta.get("hops", ())
    return Capture(
        url=request.url,
        requested_url=hops[0].url if hops else request.url,
        captured_at=exchange.started_at,
        status=exchange.status,
        reason=exchange.reason,
        http_version=exchange.http_version,
        headers=exchange.headers,
        body=exchange.body,
        request=exchange.request,
        redirects=hops,
        first_byte_seconds=exchange.first_byte_seconds,
        total_seconds=exchange.total_seconds,
        peer=exchange.peer,
        tls=exchange.tls,
        flags=exchange.flags,
        robots=request.meta.get("robots"),
        rights=request.meta.get("rights", ()),
    )


def _hop(exchange: Exchange, location: str) -> Hop:
    return Hop(
        url=exchange.url,
        status=exchange.status,
        reason=exchange.reason,
        headers=exchange.headers,
        location=location,
        at=exchange.started_at,
        peer=exchange.peer,
    )


def _response(request: Request, exchange: Exchange) -> Response:
    headers = ScrapyHeaders()
    for name, value in exchange.headers:
        headers.appendlist(name, value.encode("latin-1", "replace"))
    headers.pop("Content-Encoding", None)  # undone already; whoever reads it here would undo it twice
    kind = responsetypes.from_args(headers=headers, url=request.url, body=exchange.body[:5000])
    return kind(
        url=request.url, status=exchange.status, headers=headers, body=exchange.body, protocol=exchange.http_version
    )


def _first(headers: Headers, name: str) -> str:
    return next((value for key, value in headers if key.lower() == name), "")
