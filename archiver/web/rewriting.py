"""A page made to stay inside the archive. In: a page, its record. Out: the page, its links leading to captures.

Never: I/O.

Safety does not rest on this: the policy of an archived body lets nothing out, whatever a page says. This makes a click
lead to a capture, and shows pictures, styles and fonts that were captured too. All else stays as it was, byte for byte.
Every pattern here is linear: alternatives exclude each other, and an end that never comes is the end of the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from html import escape, unescape
from itertools import count, islice

from archiver.archive import Archive
from archiver.extraction.charset import to_utf8
from archiver.model import Record
from archiver.urls import BadUrl, join, surt
from archiver.web.addresses import Mode, path_to

_PIECES = re.compile(
    r"""<!--.*?(?:-->|\Z)                                        # a comment
      | <(?P<raw>script|textarea|title|xmp)\b .*? (?:</(?P=raw)\b|\Z)   # text that only looks like tags
      | <style\b [^>]*+ (?:>|\Z) (?P<css>.*?) (?=</style\b|\Z)
      | <(?P<tag>[a-z][a-z0-9]*+) (?P<attributes>(?:[^>"']++|"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))*+) (?:>|\Z)
    """,
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s"'>/=]++) (?:\s*+=\s*+ (?:"(?P<a>[^"]*+)"?|'(?P<b>[^']*+)'?|(?P<c>[^\s"'>]++)))?+""", re.VERBOSE
)
_CSS = re.compile(
    r"""(?P<call>url\(\s*+)(?P<q>["']?)(?P<url>[^"')\s]{1,2000}+)(?P=q)|(?P<at>@import\s++)(?P<r>["'])(?P<other>[^"'\s]{1,2000}+)(?P=r)"""
)
_CANDIDATE = re.compile(r"(?:(?<=,)|^)(\s*+)([^\s,]\S*+)")  # HTML, 4.8.4.2: a URL may hold commas, not end with one
_FONT = re.compile(r"\.(?:woff2?|ttf|otf|eot)(?:[?#]|\Z)", re.IGNORECASE)

_DROPPED_LINKS = {"preconnect", "dns-prefetch", "prefetch", "preload", "modulepreload", "prerender"}
_DROPPED_METAS = {"refresh", "content-security-policy", "set-cookie"}
_LINKS = {"a", "area"}
_FRAMES = {"iframe", "frame", "fencedframe"}  # never loaded, but Chromium would connect to where they are
_AWAY = {"target", "ping"}  # a frame has no other window to open, and tells nobody
_PARTS = {("img", "src"), ("input", "src"), ("video", "poster"), ("body", "background"), ("table", "background")}
_AT_ONCE = 500
_MOST = 20_000  # references of one page that are looked at; each costs 50 µs, and a page of nothing else 140 s

Change = Callable[[str, str], str | None]  # a URL as found and what it is for; what to put there, None: as it is


def is_html(media_type: str) -> bool:
    """Whether a browser would show this media type as a page."""
    return "html" in media_type.partition(";")[0].lower()


def is_style(media_type: str) -> bool:
    """Whether this is a style sheet."""
    return media_type.partition(";")[0].strip().lower() == "text/css"


class Rewriter:
    """Rewrites the body of one record; `inside` is the mode in which its links go on."""

    def __init__(self, archive: Archive, record: Record, *, inside: Mode = "mp_") -> None:
        self._archive, self._record, self._inside = archive, record, inside
        self._base = record.url
        self.has_parts = False  # whether anything the page loads is in the archive

    def page(self, body: bytes) -> bytes:
        """Return the page in UTF-8, rewritten."""
        text = to_utf8(body, self._record.capture.content_type)[0].decode("utf-8", "replace")
        self._base = self._base_of(text)
        wanted: list[str] = []
        for found in _PIECES.finditer(text):
            _piece(found, lambda url, use: wanted.append(url) if use != "link" and len(wanted) < _MOST else None)
        change = self._change(wanted)
        return _PIECES.sub(lambda found: _piece(found, change), text).encode("utf-8", "replace")

    def style(self, body: bytes) -> bytes:
        """Return the style sheet in UTF-8, rewritten."""
        text = to_utf8(body, self._record.capture.content_type)[0].decode("utf-8", "replace")
        wanted: list[str] = []
        _styled(text, lambda url, use: wanted.append(url))
        return _styled(text, self._change(wanted)).encode("utf-8", "replace")

    def _change(self, wanted: Iterable[str]) -> Change:
        """Return what turns URLs into paths here; of the parts, those of `wanted` that were captured."""
        absolute = {url: found for url in dict.fromkeys(wanted) if (found := self._absolute(url))}
        held = set(_held(self._archive, {surt(url) for url in absolute.values()}))
        self.has_parts = self.has_parts or bool(held)
        at, left = self._record.captured_at, count(_MOST, -1)

        def change(url: str, use: str) -> str | None:
            if next(left) <= 0:
                return None
            if use == "link":
                target = self._absolute(url)
                fragment = "#" + url.partition("#")[2] if "#" in url else ""
                return path_to(target, at, self._inside) + fragment if target and not url.startswith("#") else None
            target = absolute.get(url)
            mode: Mode = "fo_" if _FONT.search(url) else "cs_" if use == "style" else "im_"
            return path_to(target, at, mode) if target and surt(target) in held else None

        return change

    def _absolute(self, url: str) -> str | None:
        if url.lower().lstrip().startswith(("data:", "javascript:", "mailto:", "tel:", "about:", "blob:")):
            return None
        try:
            return join(self._base, url)
        except BadUrl:
            return None

    def _base_of(self, text: str) -> str:
        for found in _PIECES.finditer(text):
            if (found["tag"] or "").lower() == "base" and (href := _attributes(found["attributes"]).get("href")):
                return self._absolute(href) or self._base
        return self._base


def _piece(found: re.Match[str], change: Change) -> str:
    """Return one piece of a page, rewritten."""
    whole = found[0]
    if found["css"] is not None:
        start = found.start("css") - found.start()
        return whole[:start] + _styled(found["css"], change)
    tag = (found["tag"] or "").lower()
    if not tag:
        return whole
    attributes = found["attributes"]
    if tag == "base":
        return ""
    if tag in ("link", "meta") and _is_dropped(tag, _attributes(attributes)):
        return ""
    rel = _attributes(attributes).get("rel", "").lower().split() if tag == "link" else []
    edit = _edit(tag, rel, change)
    changed = _ATTRIBUTE.sub(edit, attributes) if _may_matter(tag, attributes) else attributes
    return whole if changed == attributes else f"<{found['tag']}{changed}>"


def _edit(tag: str, rel: list[str], change: Change) -> Callable[[re.Match[str]], str]:
    def edit(found: re.Match[str]) -> str:
        name, value = found["name"].lower(), unescape(found["a"] or found["b"] or found["c"] or "")
        new: str | None = None
        if tag in _LINKS and name == "href":
            new = change(value.strip(), "link")
        elif (tag in _LINKS and name in _AWAY) or (tag in _FRAMES and name == "src"):
            return ""
        elif tag == "link" and name == "href" and ("stylesheet" in rel or "icon" in rel):
            new = change(value.strip(), "style" if "stylesheet" in rel else "image")
        elif (tag, name) in _PARTS:
            new = change(value.strip(), "image")
        elif name == "srcset" and tag in ("img", "source"):
            new = _srcset(value, change)
        elif name == "style":
            new = _styled(value, change)
        return found[0] if new is None or new == value else f'{found["name"]}="{escape(new)}"'

    return edit


def _may_matter(tag: str, attributes: str) -> bool:
    return (
        tag in _LINKS | _FRAMES
        or tag in ("link", "img", "source", "input", "video", "body", "table")
        or "url(" in attributes
    )


def _is_dropped(tag: str, attributes: dict[str, str]) -> bool:
    """Whether a tag only prepares what a page may not do; a policy of its own would fight with ours."""
    if tag == "link":
        return bool(_DROPPED_LINKS & set(attributes.get("rel", "").lower().split()))
    return attributes.get("http-equiv", "").strip().lower() in _DROPPED_METAS


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in _ATTRIBUTE.finditer(text):
        found.setdefault(one["name"].lower(), unescape(one["a"] or one["b"] or one["c"] or ""))
    return found


def _srcset(value: str, change: Change) -> str:
    """A srcset whose candidates are all kept; those that are in the archive lead there."""

    def edit(found: re.Match[str]) -> str:
        url = found[2].rstrip(",")
        new = change(url, "image")
        return found[0] if new is None else found[1] + new.replace(",", "%2C") + found[2][len(url) :]

    return _CANDIDATE.sub(edit, value)


def _styled(text: str, change: Change) -> str:
    def edit(found: re.Match[str]) -> str:
        url = found["url"] or found["other"]
        new = change(url, "style" if found["other"] or ".css" in url else "image")
        if new is None:
            return found[0]
        safe = new.replace("'", "%27").replace("(", "%28").replace(")", "%29")
        return f"{found['call']}'{safe}'" if found["call"] else f"{found['at']}'{safe}'"

    return _CSS.sub(edit, text)


def _held(archive: Archive, keys: Iterable[str]) -> Iterator[str]:
    """Yield those SURT keys under which something that is no page was kept."""
    left = iter(keys)
    while some := list(islice(left, _AT_ONCE)):
        marks = ", ".join("?" * len(some))
        sql = (
            f"SELECT DISTINCT surt FROM snapshots WHERE surt IN ({marks}) AND body_key IS NOT NULL"
            " AND status BETWEEN 200 AND 299 AND coalesce(media_type, '') NOT LIKE '%html%'"
        )
        yield from (key for (key,) in archive.catalog.select(sql, some))
