"""Tree: one parse of a page, within limits. In: UTF-8 bytes. Out: an lxml tree or None. Never: network, entities.

The limits keep a hostile page under 30 s and 400 MB; an honest page of 1 MB and 10,000 elements never meets them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice

from lxml import etree, html

MAX_BYTES = 6_000_000  # of UTF-8; what follows is not read (the longest honest page in 5,000 had 4.1 MB)
MAX_ELEMENTS = 120_000
MAX_DEPTH = 400  # engines recurse or copy paths: beyond this the tree is flattened first
_GENERIC = (
    "div", "span", "font", "b", "i", "em", "strong", "u", "center", "section", "main", "small", "big", "ul", "ol", "li", "dl", "dd",
    "dt", "blockquote", "table", "tbody", "tr", "td", "a",
)  # fmt: skip
_LONG_ATTRIBUTE = re.compile(rb"=\s*(?:\"data:[^\"]{20000,}\"|'data:[^']{20000,}')", re.I)
_LONG_SCRIPT = re.compile(rb"(<script\b[^>]{0,500}>).{200000,}?(?=</script>)", re.S | re.I)
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{30000,}>")


@dataclass(frozen=True, slots=True)
class Page:
    """A parsed page. `limits` names the limits it met, in words for the reading's evidence."""

    root: html.HtmlElement
    elements: int
    limits: tuple[str, ...] = ()


@cache
def _parser() -> html.HTMLParser:
    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, collect_ids=False)
    # One class for every element: lxml.html asks Python for each element's class, 6 % of all that a page costs.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    return parser


def parse(body: bytes) -> Page | None:
    """Parse a page's UTF-8 bytes; None where nothing is left to read. Meets its limits instead of failing."""
    limits = []
    if len(body) > 30_000:
        body = _LONG_TAG.sub(
            _few_attributes, body
        )  # libxml2 compares each attribute with all before: 200,000 cost 51 s
    if len(body) > MAX_BYTES:
        body = _LONG_SCRIPT.sub(rb"\1", _LONG_ATTRIBUTE.sub(b'=""', body))
        if len(body) > MAX_BYTES:
            body = body[:MAX_BYTES].decode("utf-8", "ignore").encode()
            limits.append("bytes")
    root = _root(body)
    if root is None:
        return None
    elements, deepest = _measure(root)
    if elements > MAX_ELEMENTS:
        limits.append("elements")
    if deepest > MAX_DEPTH:
        limits.append("depth")
        _flatten(root)
    return Page(root, elements, tuple(limits))


def _few_attributes(tag: re.Match[bytes]) -> bytes:
    return tag[0] if tag[0].count(b"=") < 1_000 else tag[0][:10_000].rpartition(b" ")[0] + b">"


def _root(body: bytes) -> html.HtmlElement | None:
    try:
        root = html.document_fromstring(body, parser=_parser(), ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root if isinstance(root, html.HtmlElement) else None


def _measure(root: html.HtmlElement) -> tuple[int, int]:
    """Count the elements and find the deepest level, in one walk without recursion."""
    elements = depth = deepest = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        if event == "start":
            elements += 1
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return elements, deepest


def _flatten(root: html.HtmlElement) -> None:
    """Take wrappers out of a tree too deep to walk; paragraphs and headings stay. What is still too deep is cut off."""
    etree.strip_tags(root, *_GENERIC)
    _, deepest = _measure(root)
    if deepest > MAX_DEPTH:
        deep = [
            element
            for element in root.iter()
            if sum(1 for _ in islice(element.iterancestors(), MAX_DEPTH)) == MAX_DEPTH - 1
        ]
        for element in deep:
            element.drop_tree()
