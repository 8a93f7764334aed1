"""Engine: trafilatura, quiet. In: nothing. Out: its version; the names of elements nobody sees. Never: metadata."""

from __future__ import annotations

import logging
from functools import cache

INVISIBLE = (
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "iframe",
    "head",
    "object",
    "select",
    "textarea",
    "canvas",
)


@cache
def version() -> str:
    """The engine's version; loads it and keeps its loggers quiet."""
    import trafilatura

    for name in ("trafilatura", "htmldate", "courlan", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return str(trafilatura.__version__)
