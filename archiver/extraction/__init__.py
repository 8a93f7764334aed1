"""Extraction: what a page says. In: a capture. Out: a reading (article, links, verdict). Never: network, raising on it."""

from __future__ import annotations

from datetime import UTC, datetime

from archiver.model import Capture, Reading

__all__ = ["extract", "read"]


def extract(body: bytes, url: str, *, content_type: str | None = None) -> Reading:
    """Read one page from memory, as if it had been captured now with status 200. No network."""
    headers = (("Content-Type", content_type),) if content_type else ()
    return read(Capture(url=url, captured_at=datetime.now(UTC), headers=headers, body=body))


def read(capture: Capture) -> Reading:
    """Read a capture: links, feeds, article and verdict from one parse of its body."""
    from archiver.extraction.reading import read_capture  # heavy, and whoever only reads an archive does not need it

    return read_capture(capture)
