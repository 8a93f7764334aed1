"""A URL's parts, once it is fit to be sent. In: a URL as found. Out: Parts, or BadUrl. Never: I/O.

We read a URL as browsers do (WHATWG URL, "basic URL parser") where that matters for safety: tabs and newlines vanish, a
backslash is a slash, every spelling of an address becomes one. What we print is read the same way by everybody, so no
later stage can be told another host than the one we checked. Where browsers guess (`http:x`, `http:///x`), we refuse.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from archiver.errors import BadUrl
from archiver.urls.hosts import ascii_host

MAX_URL = 2000  # bytes of the ASCII form; links longer than that are traps or data, sitemaps.org's own limit is 2,048
_MAX_RAW = 32 * MAX_URL  # a fragment may be long and is dropped; beyond this we do not even look
_USUAL = 300  # characters; shorter ones are remembered, so that their memory has a bound
_DEFAULT_PORTS = {"http": 80, "https": 443}

_TABS_AND_NEWLINES = str.maketrans("", "", "\t\n\r")
_EDGES = "".join(map(chr, range(0x21)))  # C0 controls and space; browsers strip them at both ends
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.\-]*):")
_REST = re.compile(r"//([^/?#\\]*)([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_USERINFO = re.compile(r"://[^/?#\s]*@")
_PORT = re.compile(r":([0-9]*)\Z")
# What may stand as it is (RFC 3986 pchar and "/", minus what Scrapy's w3lib would escape after us); the rest is
# escaped.
_UNSAFE_PATH = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_UNSAFE_QUERY = re.compile(r"%(?![0-9A-Fa-f]{2})|[^A-Za-z0-9\-._~!$&()*+,;=:@/?%]")


def without_credentials(text: str) -> str:
    """A URL, or text with URLs in it, for logs and files: without what stands before the host and an `@`."""
    return _USERINFO.sub("://", text)


class Parts(NamedTuple):
    """An http(s) URL, ready to be sent: ASCII, no fragment, dot segments resolved, default port left out."""

    scheme: str
    host: str  # lower case, A-labels, an address in its usual spelling; IPv6 in brackets
    port: int | None  # None = the scheme's own
    path: str  # starts with "/"
    query: str  # without "?"; "" = none

    @property
    def authority(self) -> str:
        """Host, and the port where it is not the scheme's own."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.authority}{self.path}{query}"


def split(url: str) -> Parts:
    """Return the parts of `url`. Raises BadUrl (`bad_scheme`, `bad_url`, `too_long`)."""
    return _remembered(url) if len(url) <= _USUAL else _split(url)


def _split(url: str) -> Parts:
    if len(url) > _MAX_RAW:
        raise BadUrl(url, "too_long", f"longer than {_MAX_RAW} characters")
    text = url.strip(_EDGES)
    if _CONTROLS.search(text):
        text = text.translate(_TABS_AND_NEWLINES)
        if _CONTROLS.search(text):
            raise BadUrl(url, "bad_url", "control characters inside")
    scheme, rest = _scheme(url, text)
    match = _REST.match(rest)
    if match is None:
        raise BadUrl(url, "bad_url", "no host; write http://host/path")
    host, port = _authority(url, match[1], scheme)
    path = resolve_dots(_escape(url, _UNSAFE_PATH, match[2].replace("\\", "/")) or "/")
    parts = Parts(scheme, host, port, path, _escape(url, _UNSAFE_QUERY, match[3] or ""))
    if len(str(parts)) > MAX_URL:
        raise BadUrl(url, "too_long", f"longer than {MAX_URL} bytes")
    return parts


_remembered = lru_cache(maxsize=10_000)(
    _split
)  # a link is asked for its parts six times, and is on every page of a site


def _scheme(url: str, text: str) -> tuple[str, str]:
    match = _SCHEME.match(text)
    if match is None:
        raise BadUrl(url, "bad_url", "no scheme; write https://… in full")
    scheme = match[1].lower()
    if scheme not in _DEFAULT_PORTS:
        raise BadUrl(url, "bad_scheme", f"only http and https are archived, not {scheme[:20]}:")
    return scheme, text[match.end() :]


def _authority(url: str, text: str, scheme: str) -> tuple[str, int | None]:
    if "@" in text:
        raise BadUrl(url, "bad_url", "it carries a user name or password; leave them out")
    port = None
    if match := _PORT.search(text):
        text = text[: match.start()]
        digits = match[1].lstrip("0")
        if match[1] and not (digits and len(digits) <= 5 and int(digits) <= 65535):
            raise BadUrl(url, "bad_url", "port out of range")
        port = int(digits) if digits else None
    try:
        host = ascii_host(text)
    except ValueError as error:
        raise BadUrl(url, "bad_url", str(error)) from error
    return host, None if port == _DEFAULT_PORTS[scheme] else port


def _escape(url: str, unsafe: re.Pattern[str], text: str) -> str:
    try:
        return unsafe.sub(_percent, text)
    except UnicodeEncodeError as error:  # a lone surrogate
        raise BadUrl(url, "bad_url", "not valid Unicode") from error


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def resolve_dots(path: str) -> str:
    """Return `path` (starting with "/") without its `.` and `..` segments (RFC 3986, 5.2.4)."""
    if "/." not in path:
        return path
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
