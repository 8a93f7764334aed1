"""What every page of a served archive shares. In: an open archive, options. Out: answers. Never: routes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from archiver.archive import Archive
from archiver.urls import BadUrl, host
from archiver.web import policy
from archiver.web.metrics import Metrics
from archiver.web.templates import Templates

Made = TypeVar("Made")
PAGE_SIZE = 1000  # rows in one answer, at most
_TOGETHER = 500  # lines sent at once: each piece of a stream costs a change of thread
_MINUTE = 60.0  # seconds
_MOST_KEPT = 1_000
_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, kw_only=True)
class Options:
    """How an archive is served."""

    title: str = "newsvault"
    public_url: str = ""  # as readers see it: https://archive.example
    token: str = ""  # whoever has it may write; nobody may where it is empty
    download_limit: int = 10_000  # snapshots in one download
    allow: tuple[str, ...] = ()  # exceptions to the network guard, for captures that are asked for
    user_agent: str = "newsvault (archive of news articles)"  # of captures that are asked for


class Site:
    """An archive as it is served."""

    def __init__(self, archive: Archive, options: Options) -> None:
        self.archive, self.options = archive, options
        self.metrics = Metrics(archive)
        self.templates = Templates(site_title=options.title)
        self._kept: dict[Hashable, tuple[float, Any]] = {}

    def remembered(self, name: Hashable, make: Callable[[], Made]) -> Made:
        """Return what `make` makes, at most a minute old: counts of a whole archive are not made for every reader."""
        at, value = self._kept.get(name, (-_MINUTE, None))
        now = time.monotonic()
        if now - at > _MINUTE:
            if len(self._kept) > _MOST_KEPT:
                self._kept.clear()
            value = make()
            self._kept[name] = (now, value)
        found: Made = value
        return found

    def base(self, request: Request) -> str:
        """Return what makes our links absolute: the public URL, the local address that was asked, or nothing.

        A Host header that could be anything is not repeated: a cache might keep the answer.
        """
        if self.options.public_url:
            return self.options.public_url.rstrip("/")
        header = policy.checked_host(request.headers.get("host", ""))
        return f"{request.url.scheme}://{header}" if header and _name(header) in _LOCAL else ""

    def page(
        self, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **values: Any
    ) -> Response:
        """Return a page for people."""
        text = self.templates.render(template, values)
        return Response(text, status, {**policy.PAGE, **(headers or {})}, "text/html; charset=utf-8")


def of(request: Request) -> Site:
    """Return the site that `request` is about."""
    site: Site = request.app.state.site
    return site


def data(content: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return JSON for a program."""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    all_headers = {**policy.DATA, "Access-Control-Allow-Origin": "*", **(headers or {})}
    return Response(text.encode("utf-8", "replace"), status, all_headers, "application/json")


def lines(found: Iterable[str], media_type: str, *, headers: Mapping[str, str] | None = None) -> Response:
    """Return text that is made while it is sent; what is wrong with its beginning is raised here."""
    pieces = _pieces(iter(found))
    first = next(pieces, b"")
    all_headers = {**policy.DATA, "Access-Control-Allow-Origin": "*", **(headers or {})}
    return StreamingResponse(chain((first,), pieces), headers=all_headers, media_type=media_type)


def text(content: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a line of text."""
    return Response(content, status, {**policy.DATA, **(headers or {})}, "text/plain; charset=utf-8")


def rest_of(request: Request, prefix: str) -> str:
    """Return what follows `prefix` in the address that was asked for, as it was written, with the query."""
    raw = (request.scope.get("raw_path") or request.url.path.encode()).decode("latin-1")
    query = request.scope.get("query_string", b"").decode("latin-1")
    return raw[len(prefix) :] + (f"?{query}" if query else "")


def _pieces(found: Iterator[str]) -> Iterator[bytes]:
    while piece := list(islice(found, _TOGETHER)):
        yield "".join(piece).encode("utf-8", "replace")


def _name(header: str) -> str:
    try:
        return host(f"http://{header}/")
    except BadUrl:
        return ""
