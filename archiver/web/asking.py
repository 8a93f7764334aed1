"""`POST /api/v1/captures`: archive one page now. In: a URL, a token. Out: its snapshot. Never: without the guard.

The only write there is. It needs the server's token, JSON and, where a browser asks, our own origin; so no page that
somebody merely visits can make their browser ask. The network guard and robots.txt are the crawler's.
"""

from __future__ import annotations

import asyncio
import hmac
import json

from starlette.requests import Request
from starlette.responses import Response

from archiver.errors import BadUrl, FetchFailed
from archiver.extraction.workers import WorkerPool
from archiver.fetch import Client, Guard, Limits, Robots
from archiver.model import Capture, Hop
from archiver.urls import join
from archiver.web import api, site

CRAWL = "asked-for"
COLLECTION = "asked-for"
LIMITS = Limits(total_seconds=40.0)
_BODY = 16 * 1024  # bytes of the question
_HOPS = 5
_AT_ONCE = asyncio.Semaphore(2)


class Refused(Exception):
    """The question was refused; `status` and `why` are the answer."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(status, why)
        self.status, self.why = status, why


async def ask(request: Request) -> Response:
    """Fetch and keep the URL of the JSON body `{"url": …}`, and answer with its snapshot: 201, or 4xx and why not."""
    try:
        url = await _asked(request)
        async with _AT_ONCE:
            capture = await _fetched(request, url)
            return await _kept(request, capture)
    except Refused as error:
        headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
        return site.data({"error": error.why}, status=error.status, headers=headers)


async def _asked(request: Request) -> str:
    """Return the URL that may be archived. Raises Refused."""
    where = site.of(request)
    if not where.options.token:
        raise Refused(403, "this server only reads: it was started without a token")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), where.options.token.encode()):
        raise Refused(401, "a token is needed: Authorization: Bearer …")
    origin = request.headers.get("origin")
    if origin is not None and origin.rstrip("/") != where.base(request):
        raise Refused(403, "asked from another site")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "the question is to be JSON: Content-Type: application/json")
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _BODY:
            raise Refused(413, f"{_BODY:,} bytes at most")
    try:
        url = json.loads(body)["url"]
    except (ValueError, TypeError, KeyError) as error:
        raise Refused(400, 'give {"url": "https://…"}') from error
    if not isinstance(url, str):
        raise Refused(400, "the URL is to be a text")
    return url


async def _fetched(request: Request, url: str) -> Capture:
    """Fetch `url` and what it leads to, each address checked. Raises Refused for whatever gives no answer."""
    options = site.of(request).options
    client = Client(Guard(allow=options.allow), limits=LIMITS)
    robots = Robots(client.fetch, options.user_agent)
    headers = (("User-Agent", options.user_agent), ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8"))
    asked = url
    hops: list[Hop] = []
    try:
        while True:
            verdict = await robots.verdict(url)
            if not verdict.allowed and not verdict.no_host:
                raise Refused(422, f"{url[:200]}: {verdict.reason}")
            exchange = await client.fetch(url, headers=headers)
            location = exchange.leads_to
            if location is None:
                return exchange.as_capture(
                    hops=tuple(hops), discovery="asked", robots=verdict.reason, rights=verdict.rights
                )
            if len(hops) == _HOPS:
                raise Refused(422, f"{asked[:200]}: more than {_HOPS} redirects")
            hops.append(exchange.as_hop(location))
            url = join(url, location)
    except (FetchFailed, BadUrl) as error:
        raise Refused(422, str(error)[:500]) from error
    finally:
        await client.close()


async def _kept(request: Request, capture: Capture) -> Response:
    """Read the page in a child that may be killed, and keep it."""
    archive = site.of(request).archive
    pool = WorkerPool(1)
    await pool.start()
    try:
        work = await pool.page(capture)
    finally:
        await pool.close()
    prepared = archive.prepare(capture, reading=work.reading, html=work, crawl=CRAWL, collection=COLLECTION)
    receipt = await asyncio.to_thread(archive.store_prepared, prepared)
    row = await asyncio.to_thread(archive.row, receipt.id)
    return site.data(api.row_json(row), status=201, headers={"Location": f"/snapshot/{receipt.id}"})
