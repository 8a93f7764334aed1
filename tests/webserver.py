"""The web server under `tests.site`: Site, Visit, Answer, and `page` that books a handler. In: handlers. Out: HTTP.

Import Site from `tests.site`, which also brings the handlers. Never: the internet.
"""

from __future__ import annotations

import functools
import hashlib
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from tests.stories import article, article_path, html_page

Pairs = tuple[tuple[str, str], ...]
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One request, as it came in."""

    at: float  # monotonic seconds
    method: str
    path: str  # with the query
    headers: Pairs


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler says. `length` is the Content-Length to claim; None means the true one."""

    body: bytes = b""
    status: int = 200
    headers: Pairs = ()
    media_type: str | None = HTML
    length: int | None = None


@dataclass(slots=True)
class Visit:
    """One request as a handler sees it."""

    site: Site
    path: str
    rest: str  # what the `*` of the handler's pattern stands for
    query: dict[str, str]
    headers: dict[str, str]  # names in lower case
    nth: int  # 1 for the first request of this path and query
    raw: Callable[[bytes], None] = field(repr=False)  # writes bytes to the socket, for answers no library would give

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond the site's closing."""
        self.site.closing.wait(seconds)


Handler = Callable[[Visit], "Answer | bytes | str | None"]
_PAGES: dict[str, Handler] = {}


def page(pattern: str) -> Callable[[Handler], Handler]:
    """Serve the function under `pattern` on every Site; a final `*` stands for any rest."""

    def keep(handler: Handler) -> Handler:
        _PAGES[pattern] = handler
        return handler

    return keep


class Site:
    """The site, served on loopback from `with` on. `robots` is the text of robots.txt or a status such as 503."""

    def __init__(
        self, articles: int = 0, *, n: int | None = None, robots: str | int = "", host: str = "127.0.0.1"
    ) -> None:
        self.articles = articles if n is None else n
        self.robots = robots
        self.host = host
        self.closing = threading.Event()
        self.visits: Counter[str] = Counter()
        self._hits: list[Hit] = []
        self._pages: dict[str, Handler] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Site:
        self._server = _Server((self.host, 0), functools.partial(_Http, self))
        self.port = self._server.server_address[1]
        self.url = f"http://{self.host}:{self.port}/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.hang_up()
        self._server.server_close()

    def page(self, pattern: str) -> Callable[[Handler], Handler]:
        """Serve the decorated function under `pattern` on this site only."""

        def keep(handler: Handler) -> Handler:
            self._pages[pattern] = handler
            return handler

        return keep

    @property
    def log(self) -> tuple[Hit, ...]:
        """Every request so far, oldest first."""
        with self._lock:
            return tuple(self._hits)

    def hits(self, path: str) -> list[Hit]:
        """The requests for exactly this path and query."""
        return [hit for hit in self.log if hit.path == path]

    def at(self, path: str) -> str:
        """The absolute URL of a path."""
        return self.url + path.lstrip("/")

    def article_urls(self) -> list[str]:
        """The URLs of the generated articles, in order."""
        return [self.at(article_path(i)) for i in range(self.articles)]

    def manifest(self) -> dict[str, str]:
        """URL → sha256 (hex) of the body of every generated article."""
        return {
            self.at(article_path(i)): hashlib.sha256(article(i, total=self.articles)).hexdigest()
            for i in range(self.articles)
        }

    def note(self, hit: Hit) -> int:
        """Write one request into the log; returns how often this path has been asked for."""
        with self._lock:
            self._hits.append(hit)
            self.visits[hit.path] += 1
            return self.visits[hit.path]

    def handler(self, path: str) -> tuple[Handler, str] | None:
        """Whoever serves `path`, and what the `*` stands for; exact names first, then the longest prefix."""
        for book in (self._pages, _PAGES):
            if path in book:
                return book[path], ""
            fits = [p for p in book if p.endswith("*") and path.startswith(p[:-1])]
            if fits:
                best = max(fits, key=len)
                return book[best], path[len(best) - 1 :]
        return None


class _Server(ThreadingHTTPServer):
    """One thread per connection; `hang_up` ends those that are still open, so that no thread outlives the test."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, *args: object, **kwargs: object) -> None:
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # passed through as they came

    def process_request(self, request: socket.socket, client_address: object) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)  # type: ignore[arg-type]  # the library's own type is narrower

    def shutdown_request(self, request: socket.socket) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was quicker

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up in the middle is part of the tests, not news."""


class _Http(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def __init__(self, site: Site, *args: object) -> None:
        self.site = site
        super().__init__(*args)  # type: ignore[arg-type]  # passed through as they came

    def log_message(self, format: str, *args: object) -> None:
        """The log is `site.log`; standard error stays clean."""

    def do_GET(self) -> None:
        pairs = tuple(self.headers.items())
        nth = self.site.note(Hit(at=time.monotonic(), method=self.command, path=self.path, headers=pairs))
        parts = urlsplit(self.path)
        found = self.site.handler(parts.path)
        if found is None:
            self._send(Answer(html_page("Not found", "<p>There is no such page.</p>"), 404))
            return
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        lower = {name.lower(): value for name, value in pairs}
        visit = Visit(self.site, parts.path, found[1], query, lower, nth, self._raw)
        answer = found[0](visit)
        if isinstance(answer, str):
            answer = answer.encode()
        if answer is not None:
            self._send(Answer(answer) if isinstance(answer, bytes) else answer)

    do_HEAD = do_POST = do_GET

    def _raw(self, data: bytes) -> None:
        self.close_connection = True
        self.wfile.write(data)
        self.wfile.flush()

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        if answer.media_type is not None:
            self.send_header("Content-Type", answer.media_type)
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        if answer.length is not None:
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
