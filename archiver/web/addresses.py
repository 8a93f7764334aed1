"""The addresses of captures: `/web/<time><mode>/<url>`. In: a path. Out: time, mode, URL; and back. Never: I/O.

A URL stands in our paths as it is, its query included; only what would end the path (`#`, a space) is escaped. Some
clients escape the whole of it, and some proxies make one slash of two: both are understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import quote, unquote

from archiver.catalog import Row, target
from archiver.errors import BadInput
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.writing import timestamp

Mode = Literal["", "id_", "mp_", "if_", "im_", "cs_", "fo_"]

_ADDRESS = re.compile(r"(\*|\d{1,14})(id_|mp_|if_|im_|cs_|fo_)?/(.+)", re.DOTALL)
_ESCAPED = re.compile(r"https?%3a", re.IGNORECASE)
_ONE_SLASH = re.compile(r"(https?):/*", re.IGNORECASE)
_IN_PATH = "!$%&'()*+,/:;=?@[]~-._"


@dataclass(frozen=True, slots=True)
class Address:
    """What a path below `/web/` asks for. `when` is 1 to 14 digits, `*` for every capture, empty for the latest."""

    when: str
    mode: Mode
    url: str


def read(rest: str) -> Address:
    """Return what `rest`, the path after `/web/` with its query, asks for. Raises BadInput."""
    if found := _ADDRESS.fullmatch(rest):
        mode: Mode = found[2] or ""  # type: ignore[assignment]  # the pattern knows no other
        return Address(found[1], mode, read_url(found[3]))
    return Address("", "", read_url(rest))


def read_url(text: str) -> str:
    """Return the URL that stands in a path. Raises BadInput for what no page can have as an address."""
    if _ESCAPED.match(text):
        text = unquote(text)
    if found := _ONE_SLASH.match(text):
        text = f"{found[1].lower()}://{text[found.end() :]}"
    elif "://" not in text.partition("?")[0]:
        text = f"https://{text}"
    if target(text).kind not in ("url", "prefix"):
        raise BadInput(text[:200], "give a URL")
    return text


def path_of(row: Row, mode: Mode = "") -> str:
    """Return the path of a capture."""
    return path_to(row.url, timestamp(row.captured_at), mode)


def path_to(url: str, when: str | datetime, mode: Mode = "") -> str:
    """Return the path of the capture of `url` closest to `when`."""
    stamp = timestamp(when) if isinstance(when, datetime) else when
    return f"/web/{stamp}{mode}/{in_path(url)}"


def in_path(url: str) -> str:
    """Return `url` as it stands at the end of a path."""
    return quote(ascii_uri(url), safe=_IN_PATH)
