"""The Courier on loopback. In: a port, or none. Out: a URL, a manifest, a log. Never: an address other than loopback.

with DemoSite() as site:
    site.url           # http://127.0.0.1:<free port>/
    site.articles      # {url: sha256 of the body}
    site.log           # the requests so far
"""

from __future__ import annotations

import functools
import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import urlsplit

from archiver.demo import feeds, pages
from archiver.demo.stories import SECTIONS, closed_stories, stories

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request: when (monotonic seconds), for what, and the status it got."""

    at: float
    method: str
    target: str  # path and query
    status: int


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of the site."""

    body: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = 200
    location: str = ""


class DemoSite:
    """The demo news site, served from `with` on. The same every time, but for the port in feeds and sitemaps.

    port: where to listen; 0, or a port in use, means a free one.
    edition: 1 shows a correction from an article's second visit on, 2 from the first.
    """

    def __init__(self, *, port: int = 0, edition: int = 1) -> None:
        self.edition = edition
        self._port = port
        self._hits: list[Hit] = []
        self._visits: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._server = _listen(self._port, functools.partial(_Http, self))
        self.url = f"http://{HOST}:{self._server.server_address[1]}/"
        self._book = self._pages()
        # poll_interval is what closing the site waits for
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def articles(self) -> dict[str, str]:
        """URL → sha256 (hex) of the body that a first visit finds, for every article that may be archived."""
        old = self.edition > 1
        return {self._at(story.path): _sha256(pages.article(story, corrected=old)) for story in stories()}

    @property
    def corrected(self) -> dict[str, str]:
        """URL → sha256 (hex) of the body that a later visit finds, for the articles that change."""
        return {self._at(s.path): _sha256(pages.article(s, corrected=True)) for s in stories() if s.correction}

    @property
    def duplicate(self) -> str:
        """The URL that serves the very bytes of another article."""
        return self._at(pages.COPY)

    @property
    def log(self) -> tuple[Hit, ...]:
        """Every request so far, oldest first."""
        with self._lock:
            return tuple(self._hits)

    def answer(self, method: str, target: str) -> Page:
        """What the site says to one request; writes it into the log."""
        path = urlsplit(target).path
        with self._lock:
            self._visits[path] += method == "GET"
            page = self._book.get(path, _gone)(self._visits[path])
            self._hits.append(Hit(at=time.monotonic(), method=method, target=target, status=page.status))
        return page

    def _at(self, path: str) -> str:
        return self.url.rstrip("/") + path

    def _pages(self) -> dict[str, Callable[[int], Page]]:
        """Path → what answers there, given the number of the visit."""
        book: dict[str, Callable[[int], Page]] = {"/": lambda nth: Page(pages.front())}
        book["/about.html"] = lambda nth: Page(pages.about())
        for name in SECTIONS:
            for number in range(1, 10):
                body = pages.section(name, number)
                if body is not None:
                    book[f"/{name}/" if number == 1 else f"/{name}/page/{number}/"] = _always(Page(body))
        for story in (*stories(), *closed_stories()):
            first = Page(pages.article(story, corrected=self.edition > 1))
            later = Page(pages.article(story, corrected=True))
            book[story.path] = functools.partial(_visit, first, later)
            book[f"/img/{story.slug}.svg"] = _always(Page(pages.picture(story.slug), "image/svg+xml"))
        by_slug = {story.slug: story for story in stories()}
        book[pages.COPY] = _always(Page(pages.article(by_slug["steam-crane"])))
        book[pages.MOVED_LINK] = _always(Page(b"", status=301, location=by_slug["evening-ferry"].path))
        return book | self._machine_pages()

    def _machine_pages(self) -> dict[str, Callable[[int], Page]]:
        xml = "application/xml"
        return {
            "/robots.txt": _always(Page(feeds.robots(self.url), "text/plain; charset=utf-8")),
            "/feed.xml": _always(Page(feeds.rss(self.url), "application/rss+xml")),
            "/atom.xml": _always(Page(feeds.atom(self.url), "application/atom+xml")),
            "/sitemap.xml": _always(Page(feeds.sitemap_index(self.url), xml)),
            "/sitemap-pages.xml": _always(Page(feeds.sitemap_pages(self.url), xml)),
            "/sitemap-news.xml": _always(Page(feeds.sitemap_news(self.url), xml)),
        }


def _always(page: Page) -> Callable[[int], Page]:
    return lambda nth: page


def _visit(first: Page, later: Page, nth: int) -> Page:
    return first if nth <= 1 else later


def _gone(nth: int) -> Page:
    return Page(pages.not_found(), status=404)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _listen(port: int, handler: Callable[..., BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    try:
        return ThreadingHTTPServer((HOST, port), handler)
    except OSError:
        if port == 0:
            raise
        return ThreadingHTTPServer((HOST, 0), handler)  # somebody else listens there now


class _Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds; a connection that says nothing does not keep its thread

    def __init__(self, site: DemoSite, *args: object) -> None:
        self.site = site
        super().__init__(*args)  # type: ignore[arg-type]  # socketserver's three, passed through

    def do_GET(self) -> None:
        page = self.site.answer(self.command, self.path)
        self.send_response_only(page.status)
        self.send_header("Server", "harbour-courier")
        self.send_header("Content-Type", page.media_type)
        if page.location:
            self.send_header("Location", page.location)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(page.body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """The log is `DemoSite.log`; standard error stays clean."""
