"""Feeds and sitemaps as bytes on the wire. In: a body. Out: its text from the root element on. Never: all of a bomb.

Two steps, each a stream, so that neither a 50 MB document nor a bomb is ever whole in memory: inflate, decode. What
stands before the root element is thrown away unread: with the DOCTYPE gone there is no entity to expand and nothing to
fetch.
"""

from __future__ import annotations

import codecs
import re
import zlib
from collections.abc import Iterator

MAX_BYTES = 50 * 1024 * 1024  # of a feed or sitemap, inflated (sitemaps.org)
_STEP = 1024 * 1024
_MAX_PROLOG = 256 * 1024  # characters before the root element; after that it is no feed

_GZIP = b"\x1f\x8b"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:\-]{1,40})["']""")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:\-]{1,40})""", re.IGNORECASE)
_ROOT = re.compile(r"<(?:[A-Za-z][\w.\-]{0,30}:)?(rss|rdf|feed|channel|urlset|sitemapindex)(?=[\s>/])", re.IGNORECASE)


class TooLarge(Exception):
    """The document is longer than MAX_BYTES; what came before has been handed out."""


class Document:
    """A document's text. `root` is the local name of its root element in lower case, "" where none of ours is found."""

    def __init__(self, body: bytes, content_type: str | None = None) -> None:
        self.too_large = False
        self._pieces = _decoded(_inflated(body), content_type)
        self._head = ""
        match = None
        while match is None and len(self._head) < _MAX_PROLOG and (piece := self._next()):
            self._head += piece
            match = _ROOT.search(self._head)
        self.root = match[1].lower() if match else ""
        if match:
            self._head = self._head[match.start() :]

    @property
    def empty(self) -> bool:
        """Whether there is nothing but white space."""
        return not self.root and not self._head.strip("\ufeff \t\r\n")

    def text(self) -> Iterator[str]:
        """Yield the text, from the root element on if there is one. Can be read once."""
        piece: str | None = self._head
        while piece:
            yield piece
            piece = self._next()

    def _next(self) -> str | None:
        try:
            return next((piece for piece in self._pieces if piece), None)
        except TooLarge:
            self.too_large = True
            return None


def _inflated(body: bytes) -> Iterator[bytes]:
    """Yield `body`, un-gzipped if it is a gzip file, in steps of at most 1 MiB. Raises TooLarge past MAX_BYTES."""
    left = MAX_BYTES
    for piece in _gunzipped(body) if body.startswith(_GZIP) else _sliced(body):
        yield piece[:left]
        left -= len(piece)
        if left < 0:
            raise TooLarge


def _sliced(body: bytes) -> Iterator[bytes]:
    for start in range(0, len(body), _STEP):
        yield body[start : start + _STEP]


def _gunzipped(body: bytes) -> Iterator[bytes]:
    """A file that ends early or turns to garbage yields what can be had of it."""
    rest = body
    while rest.startswith(_GZIP):  # several members in a row are one file (RFC 1952, 2.2)
        member = zlib.decompressobj(wbits=31)
        try:
            while not member.eof:
                piece = member.decompress(rest, _STEP)
                rest = member.unconsumed_tail
                if not piece and not rest:
                    return
                yield piece
        except zlib.error:
            return
        rest = member.unused_data


def _decoded(pieces: Iterator[bytes], content_type: str | None) -> Iterator[str]:
    first = next(pieces, b"")
    decoder = codecs.getincrementaldecoder(_charset(first, content_type))("replace")
    yield decoder.decode(first)
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _charset(first: bytes, content_type: str | None) -> str:
    """The BOM's word, else the XML declaration's, else Content-Type's, else UTF-8.

    RFC 7303 puts Content-Type before the declaration; servers that add one charset to everything made readers of feeds
    turn that around.
    """
    for mark, name in _BOMS:
        if first.startswith(mark):
            return name
    if first[:2] in (b"<\0", b"\0<"):  # UTF-16 without a mark
        return "utf-16-le" if first[:1] == b"<" else "utf-16-be"
    declared = _DECLARED.match(first)
    served = _CHARSET.search(content_type or "")
    for name in (declared[1].decode() if declared else "", served[1] if served else ""):
        if name and _is_ascii_based(name):
            return name
    return "utf-8"


def _is_ascii_based(name: str) -> bool:
    """Whether text in `name` reads "<?xml" as we just did; keeps out "utf-16" where it is a lie, and codecs that are
    not of text.
    """
    try:
        return b"<?xml".decode(name) == "<?xml"
    except (LookupError, UnicodeError, ValueError):
        return False
