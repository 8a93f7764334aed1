"""Media type: what the bytes are, whatever the label says. In: bytes, Content-Type. Out: a media type. Never: raising.

After the WHATWG MIME Sniffing Standard, section 7, kept to what a news archive meets.
"""

from __future__ import annotations

import re

HTML = frozenset({"text/html", "application/xhtml+xml"})
TEXT = "text/plain"
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x1f\x8b", "application/gzip"),
    (b"PK\x03\x04", "application/zip"),
    (b"7z\xbc\xaf", "application/x-7z-compressed"),
    (b"\x28\xb5\x2f\xfd", "application/zstd"),
    (b"RIFF", "application/octet-stream"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xd0\xcf\x11\xe0", "application/msword"),
    (b"{\\rtf", "application/rtf"),
    (b"wOFF", "font/woff"),
    (b"\x00\x00\x01\x00", "image/x-icon"),
)
_FEEDS = (
    (re.compile(rb"<rss[\s>]"), "application/rss+xml"),
    (re.compile(rb"<feed[\s>]"), "application/atom+xml"),
    (re.compile(rb"<rdf:RDF[\s>]"), "application/rdf+xml"),
    (re.compile(rb"<(?:urlset|sitemapindex)[\s>]"), "application/xml"),
    (re.compile(rb"<svg[\s>]"), "image/svg+xml"),
)
_TAG = re.compile(rb"<(?:!doctype\s+html|html|head|body|title|meta|script|article|div|p|table|h1)\b", re.I)
_JSON = re.compile(rb'\s*(?:\{\s*(?:"(?:[^"\\]|\\.){0,200}"\s*:|\})|\[\s*(?:[\[{"\d\]-]|true|false|null))')
_LOOK = 4096  # bytes


def media_type(body: bytes, content_type: str | None) -> str:
    """Return the media type of `body`, lower case, without parameters."""
    declared = (content_type or "").split(";")[0].strip().lower()
    head = body[:_LOOK].removeprefix(b"\xef\xbb\xbf")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[4:8] == b"ftyp":
        return "video/mp4"
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    start = head.replace(b"\x00", b"") if wide else head
    return _by_text(start.lstrip(), declared, binary=not wide and _is_binary(head))


def _by_text(start: bytes, declared: str, *, binary: bool) -> str:
    if start.startswith(b"<") or declared in HTML or not declared:
        for pattern, name in _FEEDS:
            if pattern.search(start[:1000]) and not re.search(rb"<(?:html|body)\b", start[:1000], re.I):
                return name
    if _JSON.match(start):
        return "application/json"
    if declared in HTML and not binary:
        return declared
    tag = _TAG.search(start)
    if tag and not binary and (declared != TEXT or tag.start() < 200):
        return "text/html"
    if binary:
        return "application/octet-stream"
    return declared or TEXT


def _is_binary(head: bytes) -> bool:
    """More than one in ten bytes is a control character that no text has."""
    controls = len(head) - len(head.translate(None, bytes(set(range(32)) - {9, 10, 12, 13, 27})))
    return controls * 10 > len(head) > 0
