"""A capture as a page for people: what it says beside how it looked. In: a capture. Out: a page. Never: its scripts."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from archiver.catalog import Row
from archiver.citation import STYLES, cite
from archiver.errors import FixityMismatch, NotArchived
from archiver.model import Article, Record, Verdict
from archiver.urls import BadUrl, join
from archiver.web import mementos, replay, site
from archiver.web.addresses import Address, path_of, path_to
from archiver.web.mementos import Timeline

_STYLE = re.compile(r"<link[^>]+stylesheet", re.IGNORECASE)


def capture(request: Request, address: Address) -> Response:
    """Answer `/web/<time>/<url>` with the page of that capture, or the way to it."""
    timeline = Timeline.of(site.of(request).archive, address.url)
    row = timeline.at(address.when) if address.when else timeline.rows[-1]
    row = row or timeline.closest(mementos.middle(address.when))
    if timeline.moved(row) or address.when != f"{row.captured_at:%Y%m%d%H%M%S}":
        return replay.to_capture(request, timeline, row, "")
    return page(request, timeline, row)


def snapshot(request: Request) -> Response:
    """Answer `/snapshot/<id>`: the same page under an address that names one record for ever."""
    archive = site.of(request).archive
    row = mementos.row_of(archive, request.path_params["id"])
    try:
        timeline = Timeline.of(archive, row.url)
    except NotArchived:  # there was no answer: a failure is shown too
        timeline = Timeline(row.url, [row])
    return page(request, timeline, row)


def page(request: Request, timeline: Timeline, row: Row) -> Response:
    """Return the page of a capture."""
    where = site.of(request)
    record = where.archive.record(row.record_key)
    if row.verdict == Verdict.TAKEN_DOWN:
        where.archive.body(record)  # says why and since when
    before, after = timeline.around(row)
    headers = {
        "Memento-Datetime": mementos.http_date(row.captured_at),
        "Link": mementos.links(timeline, row, base=where.base(request)),
    }
    return where.page(
        "snapshot.html",
        headers=headers,
        row=row,
        record=record,
        article=record.article or Article(),
        text=article_html(record),
        before=before,
        after=after,
        first=timeline.rows[0],
        last=timeline.rows[-1],
        captures=len(timeline.rows),
        state=_state(where, timeline.shown(row)),
        citation=cite(record, "apa", archived_at=where.base(request) + path_of(row)),
        styles=STYLES,
    )


def _state(where: site.Site, row: Row) -> dict[str, Any]:
    """What can be said of the body before it is shown: whether it is as promised, and has its styles."""
    if row.body_key is None:
        return {"body": False}
    try:
        body = where.archive.snapshot(row.record_key).body or b""
    except (FixityMismatch, NotArchived) as error:
        where.metrics.damaged()
        return {"body": False, "damaged": str(error)}
    head = body[:200_000].decode("latin-1")
    return {"body": True, "styled": "<style" in head.lower() and not _STYLE.search(head)}


def article_html(record: Record) -> Markup:
    """Return the article's text as HTML: paragraphs, headings, lists, quotes, tables. Links lead into the archive."""
    article = record.article
    if article is None or not (article.markdown or article.text):
        return Markup()
    text = _without_title(article.markdown, article.title) if article.markdown else ""
    if not text.strip():
        return Markup("\n").join(Markup("<p>%s</p>") % line for line in article.text.splitlines() if line.strip())
    tokens = _markdown().parse(text)
    for token in tokens:
        for one in token.children or ():
            if one.type == "link_open":
                one.attrs = {"href": _inside(str(one.attrs.get("href", "")), record)}
    rendered: str = _markdown().renderer.render(tokens, _markdown().options, {})
    return Markup(rendered)  # raw HTML is off: what a page says is escaped


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def _inside(url: str, record: Record) -> str:
    try:
        return path_to(join(record.url, url), record.captured_at)
    except BadUrl:
        return ""


def _without_title(markdown: str, title: str | None) -> str:
    """The page shows the headline by itself; a text that begins with it would say it twice."""
    first, _, rest = markdown.lstrip().partition("\n")
    return rest if title and first.lstrip("# ").strip() == title.strip() else markdown
