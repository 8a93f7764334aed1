"""What is answered when something is wrong. In: an error. Out: a page, a frame or JSON. Never: where in our code."""

from __future__ import annotations

import logging

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from archiver.errors import ArchiveError, BadInput, FixityMismatch, NotArchived, StoreError, TakenDown
from archiver.web import replay, site

logger = logging.getLogger(__name__)

_FOR_PROGRAMS = ("/api/", "/cdx", "/timemap/", "/timegate/", "/metrics", "/healthz")
_IN_FRAMES = ("id_/", "mp_/", "if_/", "im_/", "cs_/", "fo_/")
_STATUSES = {BadInput: 400, TakenDown: 451, NotArchived: 404, StoreError: 503}  # the narrower error first
_TITLES = {
    400: "This cannot be asked",
    401: "A token is needed",
    403: "Not allowed",
    404: "Not in this archive",
    405: "Not allowed",
    451: "Taken down",
    500: "Something is wrong here",
    502: "Damaged in the archive",
    503: "The archive cannot be reached",
}


def of_archive(request: Request, error: Exception) -> Response:
    """Answer for an error of ours."""
    assert isinstance(error, ArchiveError)
    status = status_of(error)
    if isinstance(error, FixityMismatch):
        site.of(request).metrics.damaged()
        logger.error("%s", error)
    elif status >= 500:
        logger.error("%s", error)
    return _answer(request, status, _public(error), error)


def of_http(request: Request, error: Exception) -> Response:
    """Answer for an error of routing."""
    assert isinstance(error, HTTPException)
    why = "There is no such page here." if error.status_code == 404 else error.detail
    return _answer(request, error.status_code, why, NotArchived(request.url.path[:200]), dict(error.headers or {}))


def unforeseen(request: Request, error: Exception) -> Response:
    """Answer for an error that nobody foresaw; the log has the rest."""
    logger.error("%s %s", request.method, request.url.path[:200], exc_info=error)
    return _answer(request, 500, "The server's log says more.", NotArchived(""))


def status_of(error: ArchiveError) -> int:
    """Return the HTTP status that an error of ours means; what names no status is damage in the archive."""
    return next((status for kind, status in _STATUSES.items() if isinstance(error, kind)), 502)


def _public(error: ArchiveError) -> str:
    """The sentence for readers. That of a store may name places that are not theirs to know."""
    return "The store does not answer; try again later." if isinstance(error, StoreError) else str(error)[:500]


def _answer(
    request: Request, status: int, why: str, error: ArchiveError, headers: dict[str, str] | None = None
) -> Response:
    headers = {**(headers or {}), **({"Retry-After": "30"} if status == 503 else {})}
    path = request.url.path
    if path.startswith(_FOR_PROGRAMS):
        return site.data({"error": why}, status=status, headers=headers)
    if path.startswith("/web/") and any(mark in path[:40] for mark in _IN_FRAMES):
        return replay.failed(why, status)
    title = _TITLES.get(status, "This did not work")
    return site.of(request).page("problem.html", status=status, headers=headers, title=title, why=why, code=status)
