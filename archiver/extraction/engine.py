"""Engine: trafilatura, asked for its opinion of a page. In: a tree that may be spent. Out: its text. Never: metadata.

`fast` leaves out the engine's second opinions (readability, jusText): they cost as much as all the rest, and what they
find our own blocks find too (see docs/explanation/extraction.md for the figures).
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from lxml import etree, html

_INVISIBLE = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "head",
    "object",
    "select",
    "textarea",
    "canvas",
)


@cache
def version() -> str:
    """The engine's version; loads it and keeps its loggers quiet."""
    import trafilatura

    for name in ("trafilatura", "htmldate", "courlan", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return str(trafilatura.__version__)


def opinion(root: html.HtmlElement, url: str, *, fast: bool = True) -> str:
    """Return the text the engine would extract, one block a line; "" where it finds none or fails. Spends the tree."""
    version()
    from trafilatura import bare_extraction

    etree.strip_elements(root, *_INVISIBLE, with_tail=False)
    try:
        document: Any = bare_extraction(root, url=url, fast=fast, include_comments=False)
    except Exception:  # the engine's own errors on odd pages are many and undocumented; it has only a vote here
        return ""
    return (document.text or "") if document is not None else ""
