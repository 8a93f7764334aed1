"""`/web`, `/timegate`, `/timemap`, `/snapshot`: captures by URL and time (RFC 7089). In: a request. Out: a capture.
Never: writing."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archiver.catalog import Query, target
from archiver.citation import STYLES, cite
from archiver.errors import BadInput
from archiver.web import addresses, captures, index, mementos, policy, reading, replay, site
from archiver.web.addresses import Mode, path_of
from archiver.web.cdx import cdxj_line
from archiver.web.mementos import Timeline

PARTS: dict[str, Mode] = {"raw": "id_", "replay": "mp_"}


def web(request: Request) -> Response:
    """Answer below `/web/`: every capture of a URL, one of them as a page for people, or its body."""
    address = addresses.read(site.rest_of(request, "/web/"))
    if address.when == "*":
        return captures.captures(request, address.url)
    return replay.replay(request, address) if address.mode else reading.capture(request, address)


def look_up(request: Request) -> Response:
    """Send a reader who typed a URL into a form to its captures."""
    url = request.query_params.get("url", "").strip()
    if not url:
        raise BadInput("url", "type the address of a page")
    return RedirectResponse(f"/web/*/{addresses.in_path(addresses.read_url(url))}", 303, policy.DATA)


def timegate(request: Request) -> Response:
    """Send the client to the capture closest to its Accept-Datetime, or to the latest. 400 for a date that is none."""
    where = site.of(request)
    timeline = Timeline.of(where.archive, addresses.read_url(site.rest_of(request, "/timegate/")))
    wanted = request.headers.get("accept-datetime")
    row = timeline.closest(mementos.accept_datetime(wanted)) if wanted else timeline.rows[-1]
    base = where.base(request)
    headers = {**policy.DATA, "Vary": "accept-datetime", "Link": mementos.links(timeline, row, base=base)}
    return RedirectResponse(base + path_of(row), 302, headers)


def timemap(request: Request) -> Response:
    """Answer with every capture of a URL: `link`, `json` or `cdxj`."""
    where, form = site.of(request), request.path_params["form"]
    url = addresses.read_url(site.rest_of(request, f"/timemap/{form}/"))
    timeline = Timeline.of(where.archive, url)
    base = where.base(request)
    if form == "link":
        return site.lines(mementos.timemap(timeline, base=base), "application/link-format")
    if form == "json":
        return site.data(mementos.timemap_json(timeline, base=base))
    if form == "cdxj":
        found = index.entries(where.archive, index.Asked(query=Query(targets=(target(url),))))
        return site.lines((cdxj_line(entry) for entry, _ in found), "text/x-cdxj")
    raise BadInput(f"timemap {form[:40]!r}", "known are link, json and cdxj")


def snapshot_part(request: Request) -> Response:
    """Answer `/snapshot/<id>/raw`, `/replay`, `/record`, `/text` or `/cite`: parts of the one snapshot of that id."""
    archive = site.of(request).archive
    row, what = mementos.row_of(archive, request.path_params["id"]), request.path_params["what"]
    if what in PARTS:
        headers = {"Memento-Datetime": mementos.http_date(row.captured_at)}
        return replay.body_of(request, mementos.with_body(archive, row), PARTS[what], headers=headers)
    if what == "record":
        return site.data(archive.record_bytes(row.record_key).decode("utf-8", "replace"))
    if what == "text":
        article = archive.record(row.record_key).article
        return site.text(article.text if article else "")
    if what == "cite":
        style, base = request.query_params.get("style") or STYLES[0], site.of(request).base(request)
        return site.text(
            cite(archive.record(row.record_key), style, archived_at=f"{base}{path_of(row)}" if base else "")
        )
    raise HTTPException(404)
