"""Which URL is which. In: a URL as found. Out: the form we send, the form we know it by. Never: I/O.

`clean` is what goes on the wire: what the page wrote, made safe. `canonical` is a name: two links with one canonical
form are one page to the frontier, and the first one found is fetched as it was written.
"""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urljoin

from archiver.errors import BadUrl
from archiver.urls.junk import is_junk, without_path_session
from archiver.urls.parsing import Parts, resolve_dots, split

_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")  # RFC 3986, 2.3
_ESCAPE = re.compile("%([0-9A-Fa-f]{2})")
_SLASHES = re.compile("(?<!:)/{2,}")  # kept after ":", for addresses inside a path (/web/2024/https://…)


def clean(url: str) -> str:
    """Return `url` in the form that is safe to send: ASCII, one spelling of the host, no fragment, `..` resolved.

    Percent escapes stay as they were written (`%2e%2e`, `..%2f`, `%0d%0a`), parameters stay in their order.
    Raises BadUrl.
    """
    return str(split(url))


def join(base: str, link: str) -> str:
    """Return `link`, as found on the page `base`, made absolute and clean. Raises BadUrl."""
    text = link.strip()
    try:
        return clean(urljoin(base, text))
    except ValueError as error:  # urllib refuses some brackets outright
        raise BadUrl(link, "bad_url", "cannot be resolved") from error


def untracked(url: str) -> str:
    """Return `clean(url)` without tracking parameters and session ids: what a crawl asks for. Raises BadUrl.

    What is left is as it was written, in its order: a server may insist on either.
    """
    parts = split(url)
    pieces = [piece for piece in parts.query.split("&") if not _is_junk_piece(piece)]
    return str(parts._replace(path=without_path_session(parts.path), query="&".join(pieces)))


def _is_junk_piece(piece: str) -> bool:
    name, _, value = _normal_escapes(piece).partition("=")
    return bool(name) and is_junk(name, value)


def canonical(url: str) -> str:
    """Return the one form in which the frontier knows `url`. Raises BadUrl.

    Beyond `clean`: escapes of unreserved characters undone and hex in upper case (RFC 3986, 6.2.2), runs of slashes
    collapsed, tracking parameters and session ids dropped, parameters sorted by name. The case of the path is kept.
    Idempotent.
    """
    return str(canonical_parts(split(url)))


def canonical_parts(parts: Parts) -> Parts:
    """Return the parts of the canonical form."""
    path = without_path_session(_normal_escapes(parts.path))
    path = _SLASHES.sub("/", resolve_dots(path)) if "//" in path or "/." in path else path
    return parts._replace(path=path, query=_sorted_query(parts.query))


def fingerprint(url: str) -> str:
    """Return 16 hex digits that name the canonical form of `url`: the first 8 bytes of its sha256. Raises BadUrl.

    With 100 million URLs in one crawl, the chance that any two collide is about 0.03 %.
    """
    return hashlib.sha256(canonical(url).encode("ascii")).hexdigest()[:16]


def host(url: str) -> str:
    """Return the host of `url` without port: lower case, A-labels, IPv6 in brackets. Raises BadUrl."""
    return split(url).host


def authority(url: str) -> str:
    """Return host and, where it is not the scheme's own, port: what one robots.txt speaks for. Raises BadUrl."""
    return split(url).authority


def _normal_escapes(text: str) -> str:
    return _ESCAPE.sub(_normal_escape, text) if "%" in text else text


def _normal_escape(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in _UNRESERVED else match[0].upper()


def _sorted_query(query: str) -> str:
    if not query:
        return ""
    pairs = [piece.partition("=") for piece in _normal_escapes(query).split("&") if piece]
    kept = [pair for pair in pairs if not is_junk(pair[0], pair[2])]
    return "&".join(
        "".join(pair) for pair in sorted(kept, key=lambda pair: pair[0])
    )  # stable: repeats keep their order
