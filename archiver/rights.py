"""Rights: what headers and robots directives say about use. In: their text. Out: Right values. Never: obeying, judging.

X-Robots-Tag and meta robots as search engines document them, with `noai` and `noimageai` among the directives; TDM
Reservation Protocol (W3C Community Group report, 2024: headers and meta `tdm-reservation`, `tdm-policy`); Content-Usage
of the IETF's AI preferences; `Link: …; rel="license"` (RFC 8288, RFC 4946).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archiver.model import Headers, Right

MOST = 60  # rights of one capture; a page says five
MAX_VALUE = 500  # characters
NAMED = ("tdm-reservation", "tdm-policy", "content-usage")  # headers; the first two are meta elements too
_WITH_VALUE = frozenset({"unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"})
_PARTS = re.compile(r",\s*(?=[A-Za-z][\w-]*\s*(?:[:,]|$))")  # not the comma within a date
_PART = re.compile(r"([A-Za-z][\w.-]*)\s*(?::\s*(.*))?", re.S)
_LICENSE = re.compile(r"<([^<>]*)>[^<]*?;\s*rel\s*=\s*\"?[^\"<]*\blicen[cs]e\b", re.I)


def of_headers(headers: Headers) -> tuple[Right, ...]:
    """Return what an answer's headers say, in their order."""
    found: list[Right] = []
    for key, value in headers:
        name = key.lower()
        if name == "x-robots-tag":
            found += directives(value, where="header")
        elif name in NAMED and value.strip():
            found.append(Right(name=name, value=clipped(value), where="header"))
        elif name == "link":
            found += (Right(name="license", value=clipped(url), where="header") for url in _LICENSE.findall(value))
    return bounded(found)


def directives(text: str, *, where: str, to: str | None = None) -> Iterator[Right]:
    """Yield one right for each directive in `noarchive, otherbot: noai`; an agent's name holds for what follows it."""
    for part in _PARTS.split(text[:2000]):
        match = _PART.fullmatch(part.strip())
        if match is not None and match[2] and match[1].lower() not in _WITH_VALUE:
            to = match[1].lower()
            match = _PART.fullmatch(match[2].strip())
        if match is not None:
            yield Right(name=match[1].lower(), value=clipped(match[2] or "") or None, to=to, where=where)


def bounded(rights: Iterable[Right]) -> tuple[Right, ...]:
    """Return each right once, `MOST` at most."""
    return tuple(dict.fromkeys(rights))[:MOST]


def clipped(value: str) -> str:
    """Return a value on one line, `MAX_VALUE` characters at most."""
    return " ".join(value[: 2 * MAX_VALUE].split())[:MAX_VALUE]
