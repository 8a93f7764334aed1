"""Twins: the AMP, mobile and http copies of one page. In: a URL. Out: the key its twins share. Never: I/O."""

from __future__ import annotations

import re

from archiver.urls.identity import canonical_parts
from archiver.urls.parsing import Parts, split

_EDITION_LABELS = frozenset({"www", "m", "mobile", "amp"})
_AMP_SUFFIX = re.compile(r"\.amp(?=\.html?\Z|\Z)")
_AMP_PARAMETERS = frozenset({"amp", "outputtype=amp", "amp=1", "amp=true", "output=amp", "view=amp", "m=1", "mobile=1"})


def twin(url: str) -> str:
    """Return the key that `url` shares with its likely desktop page: https, no `www.`/`m.`/`amp.`, no AMP marks.

    A guess, good enough to ask "have we got this already?" and no more: never fetch it. Raises BadUrl.
    """
    parts = canonical_parts(split(url))
    return str(
        Parts("https", _desktop_host(parts.host), parts.port, _desktop_path(parts.path), _desktop_query(parts.query))
    )


def is_twin(url: str) -> bool:
    """Whether `url` is marked as the AMP or mobile edition of another page. Raises BadUrl."""
    parts = split(url)
    host = parts.host.removeprefix("www.")
    there = (_desktop_host(parts.host).removeprefix("www."), _desktop_path(parts.path), _desktop_query(parts.query))
    return there != (host, parts.path.rstrip("/") or "/", parts.query)


def _desktop_host(host: str) -> str:
    labels = host.split(".")
    front, domain = labels[:-2], labels[-2:]  # never the domain itself: m.de is a site
    return ".".join([label for label in front if label not in _EDITION_LABELS] + domain)


def _desktop_path(path: str) -> str:
    segments = path.rstrip("/").split("/")[1:]
    if len(segments) > 1 and segments[0] == "amp":
        segments = segments[1:]
    elif len(segments) > 1 and segments[-1] == "amp":
        segments = segments[:-1]
    if segments:
        segments[-1] = _AMP_SUFFIX.sub("", segments[-1])
    return "/" + "/".join(segments)


def _desktop_query(query: str) -> str:
    return "&".join(piece for piece in query.split("&") if piece.lower() not in _AMP_PARAMETERS)
