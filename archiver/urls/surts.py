"""SURT keys: URLs sorted by domain, as web archives index them. In: any URL. Out: a key. Never: I/O, errors.

The rules are those of the Internet Archive's canonicaliser, so that our CDX lines sort and join with everybody else's:
no scheme, no `www.`, everything in lower case, escapes undone as often as they were made and redone once, query sorted,
no final slash.
"""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from archiver.urls.hosts import literal_address

_PARTS = re.compile(rb"([a-zA-Z][a-zA-Z0-9+.\-]*):(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?", re.DOTALL)
_HAS_SCHEME = re.compile(rb"[a-zA-Z][a-zA-Z0-9+.\-]*:")
_NESTED_HTTP = re.compile(rb"\A(?:https?://)+(?=https?://)")
_WWW = re.compile(rb"\Awww\d*\.")
_LINE_BREAKS = re.compile(rb"[\t\r\n]")
_SAFE = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"  # printable ASCII but for "#", "%" and space
_PORTS = {b"http": b"80", b"https": b"443"}
_MAX_UNESCAPES = 16  # rounds; real URLs need one or two, a hostile one could ask for thousands

_ASPX_SESSION = re.compile(rb"\A(.*/)\((?:[0-9a-z]{24}|(?:[a-z]\([0-9a-z]{24}\))+)\)/([^?]+\.aspx.*)\Z")
_QUERY_SESSIONS = tuple(
    re.compile(rb"\A(.*)" + name + rb"(?:&(.*))?\Z")
    for name in (
        *(rb"jsessionid=[0-9a-z]{32}", rb"phpsessid=[0-9a-z]{32}", rb"sid=[0-9a-z]{32}"),
        *(rb"aspsessionid[a-z]{8}=[a-z]{24}", rb"cfid=[^&]+&cftoken=[^&]+"),
    )
)


def surt(url: str) -> str:
    """Return the SURT key of `url`: `com,example)/path?query`. A text that is no URL gets a key too: every CDX line
    needs one.
    """
    raw = _LINE_BREAKS.sub(b"", url.encode("utf-8", "surrogatepass").strip())
    if not raw or raw.startswith(b"filedesc"):
        return raw.decode("utf-8", "replace") or "-"
    if not _HAS_SCHEME.match(raw):
        raw = b"http://" + raw
    match = _PARTS.match(_NESTED_HTTP.sub(b"", raw))
    if match is None:  # a pattern that starts with a scheme always matches; kept for the type
        return url
    scheme, authority, path, query = match[1].lower(), match[2] or b"", match[3], match[4]
    if scheme in _PORTS and not authority:  # http:////host/path
        authority, _, path = path.lstrip(b"/").partition(b"/")
        path = b"/" + path
    key = _host_key(authority, scheme) if authority else scheme + b":"
    return (key + _path_key(path, bool(authority)) + _query_key(query)).decode("ascii")


def _host_key(authority: bytes, scheme: bytes) -> bytes:
    name, port = _name_and_port(authority.rpartition(b"@")[2])
    name = _unescaped(name)
    if not name.isascii():
        name = _a_labels(name)
    name = name.replace(b"..", b".").strip(b".").lower()
    address = literal_address(name.decode("ascii", "replace")) if b":" not in name else None
    name = str(address).encode() if address else _escaped(name)
    reversed_labels = b",".join(reversed(_WWW.sub(b"", name).split(b".")))
    return reversed_labels + (b":" + port if port and port != _PORTS.get(scheme) else b"") + b")"


def _name_and_port(text: bytes) -> tuple[bytes, bytes]:
    if text.startswith(b"["):
        name, _, rest = text[1:].partition(b"]")
        return name, rest.lstrip(b":")
    name, _, port = text.partition(b":")
    return name, port if port.isdigit() else b""


def _a_labels(name: bytes) -> bytes:
    try:
        return name.decode("utf-8", "ignore").encode("idna")
    except UnicodeError:
        return name


def _path_key(path: bytes, has_host: bool) -> bytes:
    path = _unescaped(path)
    if has_host:
        path = _without_dots(path)
    path = _escaped(path).lower()
    if ".aspx" in path.decode("ascii") and (match := _ASPX_SESSION.match(path)):
        path = match[1] + match[2]
    return path[:-1] if path.endswith(b"/") and len(path) > 1 else path


def _without_dots(path: bytes) -> bytes:
    kept: list[bytes] = []
    for segment in path.split(b"/")[1:]:
        if segment == b".." and kept:
            kept.pop()
        elif segment != b".":
            kept.append(segment)
    folders = b"".join(segment + b"/" for segment in kept[:-1] if segment)
    return b"/" + folders + (kept[-1] if kept else b"")


def _query_key(query: bytes | None) -> bytes:
    if not query:
        return b""
    text = _escaped(_unescaped(query)).lower()
    for session in _QUERY_SESSIONS:
        if match := session.match(text):
            text = match[1] + (match[2] or b"")
    pairs = sorted(tuple(argument.split(b"=", 1)) for argument in text.split(b"&")) if len(text) > 1 else [(text,)]
    text = b"&".join(b"=".join(pair) for pair in pairs)
    return b"?" + text if text else b""


def _unescaped(text: bytes) -> bytes:
    for _ in range(_MAX_UNESCAPES):
        if b"%" not in text:
            break
        text = unquote_to_bytes(text)
    return text


def _escaped(text: bytes) -> bytes:
    return quote_from_bytes(text, safe=_SAFE).encode("ascii") if text else b""
