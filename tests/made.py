"""Captures of pages that were never served, for tests of what happens to them afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from archiver.archive import Archive, Receipt
from archiver.model import Article, Capture, Failure, Reading, Verdict

START = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


def capture(url: str = "https://news.example/a", *, minute: int = 0, body: bytes | None = None) -> Capture:
    """A page captured so many minutes after START; its body names URL and minute unless given."""
    return Capture(
        url=url,
        captured_at=START + timedelta(minutes=minute),
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"), ("X-Twice", "a"), ("x-twice", "b")),
        body=f"<html><p>{url} at minute {minute}</p></html>".encode() if body is None else body,
    )


def failed(url: str = "https://down.example/", *, minute: int = 0) -> Capture:
    """A URL that gave no answer."""
    failure = Failure(reason="timeout", detail="no byte within 30 s")
    return Capture(url=url, captured_at=START + timedelta(minutes=minute), status=None, failure=failure)


def reading(title: str = "A headline", *, text: str = "Two words.", verdict: Verdict = Verdict.ARTICLE) -> Reading:
    """What was read from a page."""
    article = Article(
        title=title,
        authors=("Ada Example",),
        text=text,
        markdown=f"# {title}\n\n{text}",
        published="2026-11-01",
        language="en",
    )
    return Reading(verdict=verdict, article=article, engine="trafilatura", version="2.3.1", media_type="text/html")


def put(
    archive: Archive, url: str = "https://news.example/a", *, minute: int = 0, title: str = "A headline"
) -> Receipt:
    """Keep one made-up page."""
    return archive.put(capture(url, minute=minute), reading=reading(title), crawl="crawl-1", collection="daily")
