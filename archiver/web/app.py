"""The routes of a served archive, on one screen. In: an archive, options. Out: an ASGI application. Never: logic."""

from __future__ import annotations

import time
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archiver.archive import Archive
from archiver.errors import ArchiveError
from archiver.web import (
    api,
    asking,
    cdx,
    cdx_search,
    comparing,
    downloads,
    home,
    memento,
    problems,
    reading,
    searching,
    state,
)
from archiver.web.site import Options, Site

STATIC = Path(__file__).parent / "static"


def make_app(archive: Archive, options: Options | None = None) -> Starlette:
    """Return the application that serves `archive`, which stays the caller's to close."""
    app = Starlette(
        routes=[
            Route("/", home.home),
            Route("/search", searching.search),
            Route("/feed", searching.feed),
            Route("/download", downloads.download),
            Route("/url", memento.look_up),
            Route("/web/{rest:path}", memento.web),
            Route("/snapshot/{id}", reading.snapshot),
            Route("/diff/{rest:path}", comparing.diff),
            Route("/domain/{domain}", home.domain),
            Route("/crawl/{crawl}", home.crawl),
            Route("/data", home.data),
            Route("/timegate/{rest:path}", memento.timegate),
            Route("/timemap/{form}/{rest:path}", memento.timemap),
            Route("/snapshot/{id}/{what}", memento.snapshot_part),
            Route("/cdx", cdx.cdx),
            Route("/cdx/search/cdx", cdx_search.cdx_search),
            Route("/api/v1/captures", asking.ask, methods=["POST"]),
            *api.ROUTES,
            Route("/healthz", state.healthz),
            Route("/metrics", state.metrics),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        exception_handlers={
            ArchiveError: problems.of_archive,
            HTTPException: problems.of_http,
            Exception: problems.unforeseen,
        },
    )
    app.state.site = Site(archive, options or Options())
    app.add_middleware(Measured, site=app.state.site)
    return app


class Measured:
    """Counts answers and the time until their first byte, and says that time in `Server-Timing`."""

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._metrics = app, site.metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - begun
                route = getattr(scope.get("endpoint"), "__name__", "other")
                self._metrics.answered(route, scope["method"], message["status"], seconds)
                timing = (b"server-timing", f"total;dur={seconds * 1000:.1f}".encode())
                message = {**message, "headers": [*message["headers"], timing]}
            await send(message)

        await self._app(scope, receive, sent)
