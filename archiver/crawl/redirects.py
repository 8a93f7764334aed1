"""Redirects: where an answer sends us, and whether we go. In: a 3xx response. Out: a request, or a refusal. Never: I/O
but the ledger's word on whether the target is known."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from archiver.crawl.running import RunningCrawl
from archiver.errors import BadUrl, FetchFailed
from archiver.fetch.exchange import REDIRECTS
from archiver.urls import clean

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

SAME_URL_TWICE = 2  # once plain, once with the cookie that the first answer set


class RedirectMiddleware:
    """Follows redirects as new requests: robots.txt, guard, scope and politeness are asked again for each."""

    def __init__(self, crawler: Crawler) -> None:
        self._running = RunningCrawl.of(crawler)
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RedirectMiddleware:
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        hops = request.meta.get("hops", ())
        if response.status not in REDIRECTS or not hops or request.meta.get("dont_redirect"):
            return response
        target = self._target(request, hops[-1].location)
        if len(hops) > self._running.options.max_redirects:
            raise FetchFailed(
                request.url, "redirect_limit", f"more than {self._running.options.max_redirects} redirects"
            )
        if [hop.url for hop in hops].count(target) >= SAME_URL_TWICE:
            raise FetchFailed(request.url, "redirect_loop", f"back to {target}")
        spider = self._crawler.spider
        if reason := spider.refuses(target, request.meta["lease"]):  # type: ignore[union-attr]  # only ArticleSpiders get this class
            raise FetchFailed(request.url, reason, f"redirects to {target}")
        meta = {name: value for name, value in request.meta.items() if name not in ("turn", "capture")}
        onward = request.replace(url=target, meta=meta, method="GET", body=b"", dont_filter=True)
        for validator in ("If-None-Match", "If-Modified-Since"):  # of the page that stood at the first URL
            onward.headers.pop(validator, None)
        return onward

    def _target(self, request: Request, location: str) -> str:
        try:
            # a header is bytes; browsers read them as UTF-8 and so do we (RFC 9110, 5.5 leaves it open)
            text = location.encode("latin-1", "replace").decode("utf-8", "replace").strip()
            return clean(urljoin(request.url, text))
        except (BadUrl, ValueError) as error:
            raise FetchFailed(
                request.url, getattr(error, "reason", "bad_url"), f"redirects to {location[:200]!r}"
            ) from error
