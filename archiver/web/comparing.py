"""`/diff`: what a later capture says otherwise. In: two times, a URL. Out: a page. Never: a difference nobody wrote."""

from __future__ import annotations

import re

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from archiver.compare import compare
from archiver.compare.html import paragraphs_to_html, pieces_to_html
from archiver.errors import BadInput
from archiver.warc.writing import timestamp
from archiver.web import addresses, policy, site
from archiver.web.addresses import in_path
from archiver.web.mementos import Timeline, middle

_ADDRESS = re.compile(r"(\d{1,14})/(\d{1,14})/(.+)", re.DOTALL)


def diff(request: Request) -> Response:
    """Answer `/diff/<a>/<b>/<url>`; times between captures lead to the closest ones. A form may ask with `?a=&b=`."""
    where = site.of(request)
    rest = site.rest_of(request, "/diff/")
    if request.path_params["rest"] == "form":
        words = request.query_params
        rest = f"{words.get('a', '')}/{words.get('b', '')}/{words.get('url', '')}"
    found = _ADDRESS.fullmatch(rest)
    if found is None:
        raise BadInput(rest[:200], "give /diff/<time>/<time>/<url>")
    timeline = Timeline.of(where.archive, addresses.read_url(found[3]))
    before, after = (timeline.at(when) or timeline.closest(middle(when)) for when in (found[1], found[2]))
    if before.captured_at > after.captured_at:
        before, after = after, before
    stamps = timestamp(before.captured_at), timestamp(after.captured_at)
    if (found[1], found[2]) != stamps or request.path_params["rest"] == "form":
        return RedirectResponse(f"/diff/{stamps[0]}/{stamps[1]}/{in_path(timeline.url)}", 302, policy.DATA)
    difference = compare(*(where.archive.record(timeline.shown(row).record_key) for row in (before, after)))
    return where.page(
        "diff.html",
        difference=difference,
        headline=Markup(pieces_to_html(difference.headline)),
        paragraphs=Markup(paragraphs_to_html(difference)),
        before=before,
        after=after,
        rows=timeline.rows,
        url=timeline.rows[-1].url,
    )
