"""An archive with every kind of capture that an export has to cope with. In: a folder. Out: an open archive."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from archiver.archive import Archive
from archiver.model import Hop, Request, Verdict
from tests.made import START, capture, failed, reading

PAGES = 12  # plain articles at https://news.example/0 … ; number 7 repeats the bytes of number 2
EXTRA = 9  # captures beside them
COPY = b"<html><p>The same words, twice.</p></html>"


def archive_at(folder: Path, **more: Any) -> Archive:
    """Make the archive in `folder`."""
    archive = Archive.open(f"file://{folder}", sync=False, **more)
    for n in range(PAGES):
        archive.put(_page(n), reading=reading(f"Headline {n}"), crawl="crawl-1", collection="daily")
    for one, verdict in _odd():
        read = reading("Odd", text="Zwölf Boxkämpfer.\nЗаголовок\u2028漢字") if verdict is None else None
        archive.put(one, reading=read, verdict=verdict, crawl="crawl-2", collection="daily")
    return archive


def _page(n: int):
    url = f"https://news.example/{n}"
    page = capture(url, minute=n, body=COPY if n in (2, 7) else None)
    return replace(
        page,
        headers=(
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Encoding", "gzip"),
            ("Content-Length", "17"),  # of the compressed body, as it came
            ("Transfer-Encoding", "chunked"),
            ("Set-Cookie", "name=caf\xe9"),
            ("X-Twice", "a"),
            ("x-twice", "b"),
        ),
        http_version="HTTP/2",
        peer="192.0.2.7:443",
        request=Request(target=f"/{n}", headers=(("Host", "news.example"), ("User-Agent", "newsvault-test/1"))),
        via="https://news.example/" if n else None,
        hops=min(n, 1),
        total_seconds=0.25,
    )


def _odd():
    """Later versions, a redirect, 304 with and without an earlier answer, errors, an IRI, an empty body, a second."""
    changed = capture("https://news.example/1", minute=60, body=b"<html><p>Corrected.</p></html>")
    yield changed, None
    unchanged = replace(capture("https://news.example/1", minute=70, body=b""), status=304, reason="Not Modified")
    yield unchanged, Verdict.EMPTY
    unknown = replace(capture("https://news.example/never", minute=71, body=b""), status=304, reason="Not Modified")
    yield unknown, Verdict.EMPTY
    hop = Hop(
        url="http://news.example/moved",
        status=301,
        reason="Moved Permanently",
        headers=(("Location", "https://news.example/moved"), ("Content-Length", "120")),
        location="https://news.example/moved",
        at=START + timedelta(minutes=80),
        peer="192.0.2.7:80",
    )
    moved = capture("https://news.example/moved", minute=80)  # in the same second: SURT keys drop the scheme
    yield replace(moved, redirects=(hop,), requested_url=hop.url), None
    yield replace(capture("https://news.example/gone", minute=81), status=404, reason="Not Found"), Verdict.ERROR
    yield failed(minute=82), None
    yield capture("https://news.example/caf\xe9?q=\u6f22", minute=83), None
    yield replace(capture("https://news.example/empty", minute=84, body=b""), headers=()), Verdict.EMPTY
    cut = capture("https://news.example/cut", minute=85, body=b"<html><p>Half of")
    yield replace(cut, flags=("truncated",)), None
