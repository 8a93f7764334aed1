"""What a browser may do with what we send. In: what is sent. Out: response headers. Never: a script.

An archived page is somebody else's program. It is shown without scripts, in an origin of its own, and nothing in it can
reach a network: in Chromium the `sandbox` attribute of a frame alone let 16 of 24 tricks through, this policy none.
"""

from __future__ import annotations

import re

Headers = dict[str, str]

PAGE: Headers = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""For our own pages, which have no scripts at all."""

DATA: Headers = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""For JSON, text, feeds and downloads: nothing a browser would show as a page."""

_POLICY = (
    "sandbox; default-src 'none'; img-src data:{own}; style-src 'unsafe-inline'{own}; font-src data:{own}; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_HOST = re.compile(r"(?:[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?", re.IGNORECASE)


def archived(*, own: str | None = None, as_part: bool = False) -> Headers:
    """Return the headers of an archived body.

    `own` is the address below which a page may load the pictures, styles and fonts that were captured with it:
    `news.example:8080/web/`. `as_part` is for such a part: the page that asks for it has an origin of its own, so the
    part must let others use it, and a font must say so in CORS's words too.
    """
    source = f" {own}" if own else ""
    headers = {
        "Content-Security-Policy": _POLICY.format(own=source),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "X-DNS-Prefetch-Control": "off",
        "Cross-Origin-Resource-Policy": "cross-origin" if as_part else "same-origin",
        "X-Robots-Tag": "noindex",
    }
    return {**headers, "Access-Control-Allow-Origin": "*"} if as_part else headers


def checked_host(header: str) -> str | None:
    """Return a Host header that can stand in a policy; None for one that is no host."""
    return header if _HOST.fullmatch(header) else None
