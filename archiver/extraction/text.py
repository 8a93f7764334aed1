"""Text: the article's words, by trafilatura on a pruned tree. In: a tree, left as it is. Out: text, Markdown."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from lxml import etree, html

from archiver.extraction.engine import INVISIBLE, version
from archiver.extraction.layout import modernise
from archiver.extraction.prune import is_prompt, prune

LITTLE = 100  # characters
LIMIT_CELLS, LIMIT_ELEMENTS = 3000, 30_000  # the engine's table code is quadratic: 9,000 cells cost 17 CPU s


def text_of(root: html.HtmlElement, url: str, *, elements: int, deep: bool) -> tuple[str, str]:
    """Return text and Markdown of the article. On a huge or very deep page a cheap path keeps the visible paragraphs."""
    version()
    tree = _visible(root)
    if elements > LIMIT_ELEMENTS or deep or sum(1 for _ in tree.iter("td", "th")) > LIMIT_CELLS:
        return _plain(tree)
    modernise(tree)
    prune(tree)
    document = _engine(tree, url)
    if document is None or len(document.text or "") < LITTLE:
        # too much was cut, or the engine saw nothing: the whole page once more, then its bare paragraphs
        document = _engine(_visible(root), url) or document
        plain = _plain(_visible(root))
        if document is None or len(plain[0]) > 2 * len(document.text or ""):
            return plain
    from trafilatura.xml import xmltotxt

    markdown: str = xmltotxt(document.body, True) if document.body is not None else ""
    return _without_prompts(document.text or ""), _without_prompts(markdown)


def _visible(root: html.HtmlElement) -> html.HtmlElement:
    """A copy without the elements that nobody sees."""
    tree = deepcopy(root)
    etree.strip_elements(tree, *INVISIBLE, with_tail=False)
    return tree


def _engine(root: html.HtmlElement, url: str) -> Any:
    from trafilatura import bare_extraction

    try:
        return bare_extraction(root, url=url, fast=False, include_comments=False, include_tables=True)
    except Exception:  # the engine's own errors on odd pages are many and undocumented; the plain path still reads them
        return None


def _plain(root: html.HtmlElement) -> tuple[str, str]:
    """The visible paragraphs of the page, without structure; where there are none, its runs of text."""
    body = root.find("body")
    body = body if body is not None else root
    lines: list[str] = []
    size = 0
    for element in body.iter("p", "blockquote", "h1", "h2", "h3"):
        line = _squeezed(element.text_content()[:20_000])
        if len(line) > 30 and size < 400_000:
            lines.append(line)
            size += len(line)
    if not lines:
        lines = [line for line in map(_squeezed, body.itertext()) if len(line) > 60][:2000]
    text = _without_prompts("\n".join(lines))
    return text, text.replace("\n", "\n\n")


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _without_prompts(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not is_prompt(line)).strip()
