"""`/web`, `/timegate`, `/timemap`, `/snapshot`: captures by URL and time (RFC 7089). In: a request. Out: a capture."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archiver.archive import Archive
from archiver.catalog import Query, Row, target
from archiver.errors import BadInput, NotArchived
from archiver.web import addresses, index, mementos, policy, replay, site
from archiver.web.addresses import Mode, path_of
from archiver.web.cdx import cdxj_line
from archiver.web.mementos import Timeline

PARTS: dict[str, Mode] = {"raw": "id_", "replay": "mp_"}


def web(request: Request) -> Response:
    """Answer below `/web/`: every capture of a URL, one of them as a page for people, or its body."""
    address = addresses.read(site.rest_of(request, "/web/"))
    if address.mode and address.when != "*":
        return replay.replay(request, address)
    raise HTTPException(404)


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
    """Answer `/snapshot/<id>/raw`, `/replay`, `/record` or `/text`: parts of the one snapshot of that id."""
    archive = site.of(request).archive
    row, what = row_of(archive, request.path_params["id"]), request.path_params["what"]
    if what in PARTS:
        headers = {"Memento-Datetime": mementos.http_date(row.captured_at)}
        return replay.body_of(request, with_body(archive, row), PARTS[what], headers=headers)
    if what == "record":
        return site.data(archive.record_bytes(row.record_key).decode("utf-8", "replace"))
    if what == "text":
        article = archive.record(row.record_key).article
        return site.text(article.text if article else "")
    raise HTTPException(404)


def row_of(archive: Archive, id: str) -> Row:
    """Return the row of a snapshot's id. Raises NotArchived for whatever is none."""
    try:
        one = target(id)
    except BadInput as error:
        raise NotArchived(id[:100]) from error
    if one.kind != "id":
        raise NotArchived(id[:100])
    return archive.row(id)


def with_body(archive: Archive, row: Row) -> Row:
    """Return the row whose body is shown for `row`: for a 304 that of the answer which it confirms."""
    return row if row.status != mementos.NOT_MODIFIED else Timeline.of(archive, row.url).shown(row)
