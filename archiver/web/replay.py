"""Replay: archived bodies, as they were or made to stay inside. In: an address. Out: a body, proved. Never: a script.

`id_` gives the bytes as they were served. `mp_` and `if_` give the page for a frame: its links lead to captures. `im_`,
`cs_` and `fo_` are for what such a page loads. All of them have the policy of an archived body.
"""

from __future__ import annotations

import re
from html import escape

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archiver.catalog import Row
from archiver.model import Record
from archiver.urls import BadUrl, join
from archiver.web import policy, site
from archiver.web.addresses import Address, Mode, path_of, path_to
from archiver.web.mementos import Timeline, http_date, links, middle
from archiver.web.rewriting import Rewriter, is_html, is_style

PARTS: dict[Mode, str] = {"im_": "image/", "cs_": "text/css", "fo_": "font/"}
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MEDIA_TYPE = re.compile(r"[!#$&\-^_.+a-z0-9]+/[!#$&\-^_.+a-z0-9]+(\s*;[ -~]*)?", re.IGNORECASE)


def replay(request: Request, address: Address) -> Response:
    """Answer `/web/<time><mode>/<url>` with an archived body. Raises NotArchived, FixityMismatch, BadInput."""
    where = site.of(request)
    timeline = Timeline.of(where.archive, address.url)
    row = timeline.at(address.when) or timeline.closest(middle(address.when))
    if timeline.moved(row) or address.when != f"{row.captured_at:%Y%m%d%H%M%S}":
        return to_capture(request, timeline, row, address.mode)
    headers = {"Memento-Datetime": http_date(row.captured_at), "Link": links(timeline, row, base=where.base(request))}
    return body_of(request, timeline.shown(row), address.mode, headers=headers)


def to_capture(request: Request, timeline: Timeline, row: Row, mode: Mode) -> Response:
    """Send the client to the very capture that was found."""
    headers = {
        "Link": links(timeline, row, base=site.of(request).base(request)),
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return RedirectResponse(path_of(row, mode), 302, {**policy.DATA, **headers})


def body_of(request: Request, row: Row, mode: Mode, *, headers: dict[str, str]) -> Response:
    """Return the body of `row` in `mode`, its sha256 compared. Raises FixityMismatch."""
    archive = site.of(request).archive
    snapshot = archive.snapshot(row.record_key)
    record, content = snapshot.record, snapshot.body or b""
    media_type, own = _media_type(record), None
    if mode in ("mp_", "if_", "cs_"):
        rewriter = Rewriter(archive, record, inside=mode if mode != "cs_" else "mp_")
        if is_html(media_type) and mode != "cs_":
            content, media_type = rewriter.page(content), "text/html; charset=utf-8"
        elif is_style(media_type):
            content, media_type = rewriter.style(content), "text/css; charset=utf-8"
        host = policy.checked_host(request.headers.get("host", ""))
        own = f"{host}/web/" if host and rewriter.has_parts else None
    as_part = mode in PARTS and not is_html(media_type)
    answer = Response(content, _status(record))
    answer.headers.update({**policy.archived(own=own, as_part=as_part), **headers})
    answer.headers["Content-Type"] = media_type
    if location := _location(record, mode):
        answer.headers["Location"] = location
    for name, value in original_headers(record):
        answer.headers.append(name, value)
    return answer


def original_headers(record: Record) -> list[tuple[str, str]]:
    """Return the headers as they came, under names that a browser passes over."""
    found = []
    for name, value in record.capture.headers:
        if _TOKEN.fullmatch(name):
            found.append((f"X-Archive-Orig-{name}", _CONTROLS.sub(" ", value).strip()))
    return found


def failed(why: str, status: int) -> Response:
    """Return what a frame shows in place of a page, under the policy of one."""
    text = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Not shown</title>"
        "<body style='font:1rem/1.5 Georgia,serif;margin:15vh auto;max-width:32rem;padding:0 1rem;color:#555'>"
        f"<p>{'This page is not in the archive.' if status == 404 else 'This page cannot be shown.'}</p>"
        f"<p style='font-size:.85rem'>{escape(why)}</p>"
    )
    return Response(text, status, policy.archived(), "text/html; charset=utf-8")


def _status(record: Record) -> int:
    status = record.capture.status or 200
    return status if 200 <= status <= 599 and status not in (204, 205, 304) else 200


def _media_type(record: Record) -> str:
    """What the site said, if that is a media type; else what we found."""
    for said in (record.capture.content_type, record.html.media_type if record.html else None):
        if said and _MEDIA_TYPE.fullmatch(said.strip()):
            return said.strip()
    return "application/octet-stream"


def _location(record: Record, mode: Mode) -> str | None:
    """Where an archived redirect leads, inside the archive."""
    target = next((value for name, value in record.capture.headers if name.lower() == "location"), None)
    if target is None or not 300 <= (record.capture.status or 0) < 400:
        return None
    try:
        return path_to(join(record.url, target), record.captured_at, mode)
    except BadUrl:
        return None
