from __future__ import annotations

import logging
from functools import cache

from ..model import Article, Capture, Reading, Verdict
from .charset import to_utf8
from .links import Base, feeds_of, links_of
from .sniff import HTML, media_type
from .text import text_of
from .tree import parse


@cache
def _engine() -> str:
    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    logging.getLogger("htmldate").setLevel(logging.CRITICAL)
    return str(trafilatura.__version__)


def read_capture(capture: Capture) -> Reading:
    status = capture.status
    if status is None or status >= 400:
        return Reading(verdict=Verdict.ERROR, evidence=(f"http_{status}" if status else "no_answer",))
    if not capture.body.strip():
        return Reading(verdict=Verdict.EMPTY, evidence=("empty_body",), error="empty")
    kind = media_type(capture.body, capture.content_type)
    if kind not in HTML:
        return Reading(verdict=Verdict.NOT_HTML, evidence=(f"sniffed_{kind}",), media_type=kind, error="not_html")
    body, charset = to_utf8(capture.body, capture.content_type)
    page = parse(body)
    if page is None:
        return Reading(verdict=Verdict.EMPTY, media_type=kind, charset=charset, error="empty")
    base = Base(page.root, capture.url)
    links, feeds = links_of(page.root, base), feeds_of(page.root, base)
    version = _engine()
    text, markdown = text_of(page.root, capture.url)
    words = len(text.split())
    title = next((t.text_content().strip() for t in page.root.iter("title")), None)
    verdict = Verdict.ARTICLE if words >= 40 else Verdict.INDEX if links else Verdict.EMPTY
    return Reading(
        verdict=verdict,
        article=Article(title=title, text=text, markdown=markdown) if text else None,
        links=links, feeds=feeds, charset=charset, media_type=kind, engine="trafilatura", version=version,
    )  # fmt: skip
