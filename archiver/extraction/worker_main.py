"""worker_main: a child process that reads pages, feeds and sitemaps. In: frames on stdin. Out: frames on stdout.

A page is answered twice: first digests and gzip of its body, then what was read from it. So a page that kills its
reader is kept all the same. The child limits its own memory and CPU, and ends when its parent does.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from archiver.discovery import parse_feed, parse_sitemap
from archiver.errors import BadUrl
from archiver.extraction.frames import packed, read_frame, sealed
from archiver.extraction.requisites import MOST, REQUISITE, requisites_of
from archiver.extraction.rules import settings
from archiver.extraction.sniff import media_type
from archiver.model import Announced, Capture, Reading, Verdict
from archiver.record import (
    announced_from_json,
    announced_to_json,
    article_to_json,
    rights_to_json,
    usual_from_json,
)
from archiver.urls import canonical, clean

_Named = tuple[str, dict[str, Any] | None]  # URL, what is said of its dates

MAX_LINKS = 6000  # of one page; Heritrix takes as many
COLLECTED = (20_000, 20, 50)  # Python's own 700, 10, 10 look through a page's objects all the time: 4 % of all CPU
PIPE_BYTES = 1 << 20  # as wide as Linux lets a pipe be without asking (pipe(7), pipe-max-size)
DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def main(memory_mb: str, cpu_seconds: str, reader: str) -> None:
    """Answer frames until stdin ends. `reader` names the function that reads a page, `module:function`."""
    _limit(int(memory_mb))
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's own threads cost 50 ms to start and would do nothing
    _widen((0, 1))
    source, sink = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not break a frame
    gc.set_threshold(*COLLECTED)
    first = True
    while (frame := read_frame(source)) is not None:
        head, body = frame
        _limit_cpu(int(cpu_seconds))
        packed = b""
        if head["task"] == "seal":
            answer, packed = sealed(body)
        elif head["task"] in ("page", "read"):
            if head["task"] == "page":
                _send(sink, *sealed(body))
            answer = _page(head, body, reader)
        else:
            answer = _listed(head, body)
        _send(sink, {**answer, "rss": _rss()}, packed)
        if first:
            gc.freeze()  # code and tables that came with the first task are there to stay
            first = False


def _limit_cpu(seconds: int) -> None:
    """Give the next task so much; a process that goes beyond ends with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))


def _rss() -> int:
    """Bytes in memory now; where /proc is not, the most there ever were."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _limit(memory_mb: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(DIE_WITH_PARENT, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _widen(pipes: Iterable[int]) -> None:
    """Let a page, and what was read of it, go through in one piece each, not in Linux's 64 KiB: 4 % of a crawler's CPU."""
    if sys.platform == "linux":
        for pipe in pipes:
            with suppress(OSError):  # it is no pipe, or this user's pipes are large enough altogether
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _page(head: dict[str, Any], body: bytes, reader: str) -> dict[str, Any]:
    capture = Capture(
        url=head["url"],
        captured_at=datetime.fromisoformat(head["captured_at"]),
        status=head["status"],
        headers=tuple((name, value) for name, value in head["headers"]),
        body=body,
        discovery=head["discovery"],
        announced=announced_from_json(head["announced"]),
        usual=usual_from_json(head["usual"]),
    )
    try:
        reading = _requisite(capture) if capture.discovery == REQUISITE else _function(reader)(capture)
    except (MemoryError, RecursionError) as error:
        why = type(error).__name__
        reading = Reading(verdict=Verdict.ERROR, error="extract_limit", evidence=(why,), settings=settings())
    except Exception as error:  # reading never raises on content; if it does, the page is kept and the reason with it
        why = f"{type(error).__name__}: {error}"[:200]
        reading = Reading(verdict=Verdict.ERROR, error="parse_error", evidence=(why,), settings=settings())
    links, names, dropped = _links(reading)
    return {"reading": reading_to_json(reading), "links": links, "names": names, "dropped": dropped}


def _function(name: str) -> Callable[[Capture], Reading]:
    """The reader; imported with the first page, since it is heavy and feeds do not need it."""
    module, _, attribute = name.partition(":")
    found: Callable[[Capture], Reading] = getattr(importlib.import_module(module), attribute)
    return found


def _links(reading: Reading) -> tuple[list[str], dict[str, str], dict[str, int]]:
    """The URLs to ask for, each once by its canonical form; that form where it is another, of one link in forty; and
    what is left out by reason.
    """
    seen: dict[str, str] = {}
    more = reading.more_links + max(0, len(reading.links) - MAX_LINKS)
    dropped = Counter({"too_many_links": more} if more else {})
    for link in reading.links[:MAX_LINKS]:
        try:
            name = canonical(link.url)
            if name not in seen:
                seen[name] = clean(link.url)
        except BadUrl as error:
            dropped[error.reason] += 1
    return list(seen.values()), {url: name for name, url in seen.items() if url != name}, dropped


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """A reading without its links."""
    return {
        "verdict": str(reading.verdict),
        "article": article_to_json(reading.article) if reading.article else None,
        "evidence": list(reading.evidence),
        "flags": list(reading.flags),
        "rights": rights_to_json(reading.rights),
        "feeds": list(reading.feeds),
        "charset": reading.charset,
        "media_type": reading.media_type,
        "engine": reading.engine,
        "version": reading.version,
        "settings": dict(reading.settings),
        "error": reading.error,
    }


def _listed(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    try:
        return TASKS[head["task"]](head, body)
    except (MemoryError, RecursionError):
        return _entries([], (), kind=None, error="extract_limit", next_url=None)


def _feed(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    feed = parse_feed(body, head["url"], head["content_type"])
    items = [_named(item.url, item.announced) for item in feed.items]
    return _entries(items, feed.refused, kind=feed.kind, error=feed.error, next_url=feed.next_url)


def _sitemap(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    sitemap = parse_sitemap(body, head["url"], head["content_type"])
    entries = [_named(entry.url, entry.announced) for entry in sitemap.entries]
    return _entries(entries, sitemap.refused, kind=sitemap.kind, error=sitemap.error, next_url=None)


def _requisite(capture: Capture) -> Reading:
    """A part of a page is no page, even where an error page in HTML stands in its place."""
    kind = media_type(capture.body, capture.content_type)
    return Reading(verdict=Verdict.NOT_HTML, evidence=(REQUISITE,), media_type=kind, settings=settings())


def _requisites(head: dict[str, Any], body: bytes) -> dict[str, Any]:
    urls = requisites_of(body, head["content_type"], head["url"], head["kinds"])
    refused = [("", "too_many_requisites")] * (len(urls) - MOST)
    return _entries([_named(url) for url in urls[:MOST]], refused, kind=None, error=None, next_url=None)


def _named(url: str, said: Announced | None = None) -> _Named:
    return url, announced_to_json(said)


def _entries(entries: list[_Named], refused: Iterable[tuple[str, str]], **about: str | None) -> dict[str, Any]:
    return {"entries": entries, "dropped": Counter(reason for _, reason in refused), **about}


def _send(sink: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    sink.write(packed(head, body))
    sink.flush()


TASKS: dict[str, Callable[[dict[str, Any], bytes], dict[str, Any]]] = {
    "feed": _feed,
    "sitemap": _sitemap,
    "requisites": _requisites,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
