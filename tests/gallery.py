"""An archive to look at: the Harbour Courier over some weeks, with corrections, and papers in other scripts.

In: a folder. Out: an open archive. Also the archive of the browser tests and of the pictures in the documentation.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import archiver
from archiver.archive import Archive
from archiver.demo import pages
from archiver.demo.stories import Story, stories
from archiver.model import Capture, Failure

COURIER = "https://courier.example"
BEGIN = datetime(2026, 9, 21, 6, 15, tzinfo=UTC)
EDITED = "evening-ferry"  # its page changes twice

ELSEWHERE = Path(__file__).parent / "pages" / "abroad.json"  # texts of this project's own


def archive_at(folder: Path) -> Archive:
    """Make the archive in `folder`."""
    archive = Archive.open(f"file://{folder}", sync=False, fsync=False)
    for n, story in enumerate(stories()):
        for visit in range(4 if story.slug == EDITED else 2 if n % 2 else 3):
            at = BEGIN + timedelta(days=12 * visit + n % 9, minutes=37 * n)
            crawl = f"courier-{40 + 2 * visit}"
            _put(archive, COURIER + story.path, _page(story, visit), at, crawl=crawl)
            if visit == 0:
                at += timedelta(seconds=3)
                picture = f"{COURIER}/img/{story.slug}.svg"
                _put(archive, picture, pages.picture(story.slug), at, crawl=crawl, media_type="image/svg+xml")
    for n, name in enumerate(("harbour", "town", "culture")):
        listed = pages.section(name)
        assert listed is not None
        _put(archive, f"{COURIER}/{name}/", listed, BEGIN + timedelta(minutes=n))
    for n, page in enumerate(json.loads(ELSEWHERE.read_text("utf-8"))):
        _put(archive, page["url"], _foreign(**page), BEGIN + timedelta(days=40, hours=n), crawl="abroad-45")
    failure = Failure(reason="timeout", detail="no byte within 30 s")
    at = BEGIN + timedelta(days=41)
    down = Capture(url="https://down.example/", captured_at=at, status=None, failure=failure)
    archive.put(down, crawl="abroad-45", collection="press")
    _put(archive, f"{COURIER}/town/2023/old-pier.html", pages.not_found(), at, status=404)
    return archive


def _put(
    archive: Archive,
    url: str,
    body: bytes,
    at: datetime,
    *,
    crawl: str = "courier-40",
    media_type: str = "text/html; charset=utf-8",
    status: int = 200,
) -> None:
    headers = (("Content-Type", media_type), ("Server", "courier/3"))
    capture = Capture(url=url, captured_at=at, status=status, reason="OK", headers=headers, body=body)
    read = archiver.extract(body, url, content_type=media_type) if "html" in media_type and status == 200 else None
    archive.put(capture, reading=read, crawl=crawl, collection="press")


def _page(story: Story, visit: int) -> bytes:
    page = pages.article(story, corrected=visit > 0)
    if story.slug == EDITED and visit >= 2:
        page = page.replace(b"for a trial of twelve months", b"for a trial of eighteen months")
        page = page.replace(b"after two years", b"after two years, for longer than planned")
    if story.slug == EDITED and visit == 3:
        page = page.replace(
            b"<p>The board will count",
            b"<p>The first boat was full, the harbour board said.</p><p>The board will count",
        )
    return page


def _foreign(*, url: str, language: str, title: str, author: str, paragraphs: list[str]) -> bytes:
    way = "rtl" if language == "ar" else "ltr"
    return (
        f'<!doctype html><html lang="{language}" dir="{way}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta property="og:type" content="article"><meta name="author" content="{escape(author)}">'
        '<meta property="article:published_time" content="2026-10-30T08:00:00+00:00">'
        "<style>body{font:19px/1.8 serif;max-width:40em;margin:2em auto;padding:0 1em}</style></head><body><article>"
        f"<h1>{escape(title)}</h1>"
        + "".join(f"<p>{escape(text)}</p>" for text in paragraphs)
        + "</article></body></html>"
    ).encode()
