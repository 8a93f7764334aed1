"""Text: the article's words. First version: trafilatura as it is."""

from __future__ import annotations

from copy import deepcopy

from lxml import html


def text_of(root: html.HtmlElement, url: str) -> tuple[str, str]:
    from trafilatura import bare_extraction
    from trafilatura.xml import xmltotxt

    document = bare_extraction(deepcopy(root), url=url, include_comments=False, fast=False, output_format="python")
    if document is None:
        return "", ""
    return document.text or "", xmltotxt(document.body, True)
