"""worker_main: a child process that reads pages, feeds and sitemaps. In: frames on stdin. Out: frames on stdout.

A page is answered twice: first digests and gzip of its body, then what was read from it. So a page that kills its
reader is kept all the same. The child limits its own memory and CPU, and ends when its parent does.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, BinaryIO

from archiver.discovery import parse_feed, parse_sitemap
from archiver.errors import BadUrl
from archiver.extraction.frames import packed, read_frame
from archiver.model import Capture, Link, Reading, Verdict
from archiver.record import article_to_json
from archiver.urls import canonical, clean

MAX_LINKS = 6000  # of one page; Heritrix takes as many
MAX_TEXT = 200  # characters of a link's text
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def main() -> None:
    """Answer frames until stdin ends."""
    memory_mb, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    _limit(memory_mb)
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break a frame
    while (frame := read_frame(source)) is not None:
        head, body = frame
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (spent + cpu_seconds, resource.RLIM_INFINITY))
        TASKS[head["task"]](head, body, sink)


def _limit(memory_mb: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _page(head: dict[str, Any], body: bytes, sink: BinaryIO) -> None:
    digests = {"sha256": sha256_hex(body), "sha1": sha1_base32(body), "size": len(body)}
    _send(sink, digests, pack(body) if body else b"")
    if not head["extract"]:
        _send(sink, {"reading": None, "links": []})
        return
    capture = Capture(
        url=head["url"],
        captured_at=datetime.fromisoformat(head["captured_at"]),
        status=head["status"],
        headers=tuple((name, value) for name, value in head["headers"]),
        body=body,
    )
    try:
        reading = _read(capture)
    except (MemoryError, RecursionError) as error:
        reading = Reading(verdict=Verdict.ERROR, error="extract_limit", evidence=(type(error).__name__,))
    except Exception as error:  # reading never raises on content; if it does, the page is kept and the reason with it
        reading = Reading(
            verdict=Verdict.ERROR, error="parse_error", evidence=(f"{type(error).__name__}: {error}"[:200],)
        )
    _send(sink, {"reading": reading_to_json(reading), "links": _links(reading.links)})


def _read(capture: Capture) -> Reading:
    from archiver.extraction import read  # heavy, and feeds do not need it

    return read(capture)


def _links(links: tuple[Link, ...]) -> list[list[str]]:
    """Each link once, by its canonical form: URL to ask for, canonical form, rel, text."""
    seen: dict[str, list[str]] = {}
    for link in links[:MAX_LINKS]:
        try:
            name = canonical(link.url)
            if name not in seen:
                seen[name] = [clean(link.url), name, link.rel, link.text[:MAX_TEXT]]
        except BadUrl:
            continue
    return list(seen.values())


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """A reading without its links."""
    return {
        "verdict": str(reading.verdict),
        "article": article_to_json(reading.article) if reading.article else None,
        "evidence": list(reading.evidence),
        "flags": list(reading.flags),
        "feeds": list(reading.feeds),
        "charset": reading.charset,
        "media_type": reading.media_type,
        "engine": reading.engine,
        "version": reading.version,
        "settings": dict(reading.settings),
        "error": reading.error,
    }


def _feed(head: dict[str, Any], body: bytes, sink: BinaryIO) -> None:
    feed = parse_feed(body, head["url"], head["content_type"])
    items = [[item.url, _iso(item.published)] for item in feed.items]
    _send(sink, {"entries": items, "kind": feed.kind, "error": feed.error})


def _sitemap(head: dict[str, Any], body: bytes, sink: BinaryIO) -> None:
    sitemap = parse_sitemap(body, head["url"], head["content_type"])
    entries = [[entry.url, _iso(entry.published or entry.lastmod)] for entry in sitemap.entries]
    _send(sink, {"entries": entries, "kind": sitemap.kind, "error": sitemap.error})


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _send(sink: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    sink.write(packed(head, body))
    sink.flush()


TASKS: dict[str, Callable[[dict[str, Any], bytes, BinaryIO], None]] = {
    "page": _page,
    "feed": _feed,
    "sitemap": _sitemap,
}

if __name__ == "__main__":
    main()
