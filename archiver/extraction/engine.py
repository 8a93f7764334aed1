"""Engine: trafilatura, asked for its opinion of a page. In: a tree that may be spent. Out: its text. Never: metadata.

The engine finds the region and the text; our layer (blocks, features, classifier) corrects it block by block. So its second
opinions (readability, jusText: 6 of 24 ms) are not asked for: what they add, the blocks have already.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any

from lxml import etree, html

INVISIBLE = ("script", "style", "noscript", "template", "svg", "iframe", "head", "object", "select", "textarea", "canvas")  # fmt: skip
CHROME = ("nav", "footer", "dialog")  # never article text, and a part of the engine's time
MAX_CELLS = 1_500  # the engine's table code is quadratic: 9,000 cells cost 17 CPU s
MAX_ELEMENTS = 25_000


@cache
def version() -> str:
    """The engine's version; loads it and keeps its loggers quiet."""
    import trafilatura

    for name in ("trafilatura", "htmldate", "courlan", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return str(trafilatura.__version__)


def opinion(root: html.HtmlElement, url: str, *, elements: int) -> str:
    """Return the text the engine would extract, one block a line; "" where it finds none or fails. Spends the tree."""
    version()
    from trafilatura import bare_extraction

    if elements > MAX_ELEMENTS:
        return ""
    etree.strip_elements(root, *INVISIBLE, *CHROME, with_tail=False)
    if sum(1 for _ in root.iter("td", "th")) > MAX_CELLS:
        etree.strip_elements(root, "table", with_tail=False)
    try:
        document: Any = bare_extraction(root, url=url, fast=True, include_comments=False)
    except Exception:  # the engine's own errors on odd pages are many and undocumented; it has only a vote here
        return ""
    return (document.text or "") if document is not None else ""
