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
from archiver.model import Headers
from archiver.urls import authority

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from archiver.fetch import Exchange

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
        self._running.politeness.sent(authority(request.url), exchange.sent_at)
        meta = request.meta
        capture = exchange.as_capture(
            hops=meta.get("hops", ()), robots=meta.get("robots"), rights=meta.get("rights", ())
        )
        request.meta["capture"] = capture
        if location := exchange.leads_to:
            request.meta["hops"] = (*capture.redirects, exchange.as_hop(location))
        return _response(request, exchange)


def _sent(request: Request) -> Headers:
    pairs = ((name, value) for name, values in request.headers.items() for value in values)
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)


def _response(request: Request, exchange: Exchange) -> Response:
    headers = ScrapyHeaders()
    for name, value in exchange.headers:
        headers.appendlist(name, value.encode("latin-1", "replace"))
    headers.pop("Content-Encoding", None)  # undone already; whoever reads it here would undo it twice
    kind = responsetypes.from_args(headers=headers, url=request.url, body=exchange.body[:5000])
    return kind(
        url=request.url, status=exchange.status, headers=headers, body=exchange.body, protocol=exchange.http_version
    )
