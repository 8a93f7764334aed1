"""Tree: one parse of a page, within limits. In: UTF-8 bytes. Out: an lxml tree or None. Never: network, entities.

The limits keep a hostile page under 30 s and 400 MB; an honest page of 1 MB and 10,000 elements never meets them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from lxml import etree, html

MAX_BYTES = 6_000_000  # of UTF-8; what follows is not read (the longest honest page in 5,000 had 4.1 MB)
MAX_ELEMENTS = 120_000
MAX_DEPTH = (
    400  # engines recurse or copy paths, and libxml2 stops reading at 2,048: beyond this a page is flattened first
)
KEPT_DEPTH = 100  # levels that flattening leaves
_INLINE = frozenset(b"a abbr b bdo big cite code em font i q s small span strike strong sub sup tt u".split())
# Tags that cannot nest, or end by themselves, or hold no markup: they stay when a page is flattened.
_STAYING = frozenset(
    b"html head body title meta link base script style noscript template textarea select option p h1 h2 h3 h4 h5 h6 br hr img li dt dd"
    b" tr td th input wbr source embed area col param track".split()
)
_TOO_DEEP: Any = etree.XPath(f"boolean(/{'*/' * MAX_DEPTH}*)")
_COUNT: Any = etree.XPath("count(//*)")
_TAG = re.compile(rb"<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>")
_END = re.compile(rb"</(?:body|html)", re.I)
_OPENED = re.compile(rb"<!--(?:\[if[^\]<>]{0,200}\]>)?")
_LONG_ATTRIBUTE = re.compile(rb"=\s*(?:\"data:[^\"]{20000,}\"|'data:[^']{20000,}')", re.I)
_LONG_SCRIPT = re.compile(rb"(<script\b[^>]{0,500}>).{200000,}?(?=</script>)", re.S | re.I)
LONG_TAG = 30_000  # bytes
_LONG_TAG = re.compile(rb"<[a-zA-Z][^<>]{%d,}>" % LONG_TAG)


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
    if _has_long_run(body):
        body = _LONG_TAG.sub(
            _few_attributes, body
        )  # libxml2 compares each attribute with all before: 200,000 cost 51 s
    if len(body) > MAX_BYTES:
        body = _LONG_SCRIPT.sub(rb"\1", _LONG_ATTRIBUTE.sub(b'=""', body))
        if len(body) > MAX_BYTES:
            body = body[:MAX_BYTES].decode("utf-8", "ignore").encode()
            limits.append("bytes")
    if (at := _unclosed(body)) >= 0:
        body = body[:at] + _OPENED.sub(b"", body[at:])
        limits.append("comment")
    root = _root(body)
    if root is None:
        return None
    if _TOO_DEEP(root):
        limits.append("depth")
        root = _root(_flat(body))
        if root is None:
            return None
        if _TOO_DEEP(root):
            _cut_off(root)
    elements = int(_COUNT(root))
    if elements > MAX_ELEMENTS:
        limits.append("elements")
    return Page(root, elements, tuple(limits))


def _has_long_run(body: bytes) -> bool:
    """Whether half the length of a long tag goes by somewhere without `<` or `>`: a look that spares the search, 0.4 ms."""
    step = LONG_TAG // 2
    starts = range(0, len(body) - step, step)
    return any(body.find(b"<", at, at + step) < 0 and body.find(b">", at, at + step) < 0 for at in starts)


def _few_attributes(tag: re.Match[bytes]) -> bytes:
    return tag[0] if tag[0].count(b"=") < 1_000 else tag[0][:10_000].rpartition(b" ")[0] + b">"


def _root(body: bytes) -> html.HtmlElement | None:
    try:
        root = html.document_fromstring(body, parser=_parser(), ensure_head_body=False)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return root if isinstance(root, html.HtmlElement) else None


def _unclosed(body: bytes) -> int:
    """Where a comment begins that swallows the page with its end tag, as an Internet Explorer condition left open does; -1
    if none does. A page cut off within a comment, or a script with one, is another matter.
    """
    end = body.rfind(b"-->")
    if body.find(b"<!--", end + 1) < 0:
        return -1  # nearly every page, without a look for the other end that hardly any has
    at = body.find(b"<!--", max(end, body.rfind(b"--!>")) + 1)
    if at < 0 or not _END.search(body, at):
        return -1
    before = body[:at].lower()
    return -1 if before.rfind(b"<script") > before.rfind(b"</script") else at


def _flat(body: bytes) -> bytes:
    """Take the wrappers below `KEPT_DEPTH` out of a page too deep to walk; each block-level one leaves a line's end."""
    depth = 0

    def kept(tag: re.Match[bytes]) -> bytes:
        nonlocal depth
        name = tag[2].lower()
        if name in _STAYING:
            return tag[0]
        depth = max(0, depth - 1) if tag[1] else depth + 1
        if depth <= KEPT_DEPTH - len(tag[1]):
            return tag[0]
        return b"" if name in _INLINE else b"<hr>"

    return _TAG.sub(kept, body)


def _cut_off(root: html.HtmlElement) -> None:
    """Drop what lies deeper than `MAX_DEPTH` even so."""
    deep = [
        element
        for element in root.iter()
        if sum(1 for _ in islice(element.iterancestors(), MAX_DEPTH)) == MAX_DEPTH - 1
    ]
    for element in deep:
        element.drop_tree()
