"""Workers: child processes that read pages, so that the event loop never does. In: captures. Out: what was read.

A child that takes too long, too much memory or dies is killed and replaced; its page keeps its digests and its gzip,
which come before the reading. Frames over pipes carry JSON and bytes: nothing that runs.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archiver.errors import ExtractionFailed
from archiver.extraction.frames import SIZES, head_of, packed
from archiver.model import Capture, Reading, Verdict
from archiver.record import article_from_json

USEFUL_HEADERS = frozenset({"content-type", "x-robots-tag", "link", "last-modified", "content-language"})
MAX_HEAD = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWork:
    """What a worker made of a page: the reading, its links, and the body packed for the store."""

    sha256: str
    sha1: str  # base32
    size: int  # of the body
    gz: bytes = field(repr=False)
    reading: Reading
    links: tuple[tuple[str, str, str, str], ...] = field(default=(), repr=False)  # URL, canonical form, rel, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What a feed or sitemap names: URLs, each with its date. `kind` is `index` for a sitemap of sitemaps."""

    entries: tuple[tuple[str, datetime | None], ...]
    kind: str | None
    error: str | None


class Gone(Exception):
    """The child ended, or was ended, in the middle of a task."""


class WorkerPool:
    """A fixed number of children; a task waits for a free one.

    `wall_seconds` and `cpu_seconds` are for one task; `memory_mb` bounds a child's own data (RLIMIT_DATA). After
    `recycle_after` tasks a child is replaced, since parsers keep what they once needed.
    """

    def __init__(
        self,
        size: int = 1,
        *,
        wall_seconds: float = 30.0,
        cpu_seconds: float = 25.0,
        memory_mb: int = 768,
        recycle_after: int = 500,
    ) -> None:
        self._size, self._wall, self._recycle = max(1, size), wall_seconds, recycle_after
        self._command = (sys.executable, "-m", "archiver.extraction.worker_main", str(memory_mb), str(int(cpu_seconds)))
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self._children = [_Child(self._command) for _ in range(self._size)]

    async def start(self) -> None:
        """Make room for the children; each is started by its first task."""
        for child in self._children:
            self._free.put_nowait(child)

    async def close(self) -> None:
        """End every child."""
        for child in self._children:
            await child.end()

    async def page(self, capture: Capture, *, extract: bool = True) -> PageWork:
        """Digest, pack and read a page. A child that dies of it leaves a reading that says so."""
        task = {
            "task": "page",
            "url": capture.url,
            "status": capture.status,
            "captured_at": capture.captured_at.isoformat(),
            "headers": [pair for pair in capture.headers if pair[0].lower() in USEFUL_HEADERS],
            "extract": extract,
        }
        answers = await self._do(task, capture.body, frames=2)
        if not answers:
            raise ExtractionFailed(capture.url, "worker_died", "before it had looked at the bytes")
        (digests, gz), *rest = answers
        found, links = (_reading(rest[0][0]["reading"]), rest[0][0]["links"]) if rest else (LIMIT, [])
        return PageWork(**digests, gz=gz, reading=found, links=tuple((one[0], one[1], one[2], one[3]) for one in links))

    async def feed(self, capture: Capture) -> Entries:
        """Read a feed."""
        return await self._entries("feed", capture)

    async def sitemap(self, capture: Capture) -> Entries:
        """Read a sitemap."""
        return await self._entries("sitemap", capture)

    async def _entries(self, task: str, capture: Capture) -> Entries:
        head = {"task": task, "url": capture.url, "content_type": capture.content_type}
        answers = await self._do(head, capture.body, frames=1)
        if not answers:
            return Entries(entries=(), kind=None, error="extract_limit")
        found = answers[0][0]
        dated = tuple((url, datetime.fromisoformat(when) if when else None) for url, when in found["entries"])
        return Entries(entries=dated, kind=found["kind"], error=found["error"])

    async def _do(self, task: dict[str, Any], body: bytes, *, frames: int) -> list[tuple[dict[str, Any], bytes]]:
        """Have a free child do the task; return the answers that came, fewer than `frames` if it died."""
        child = await self._free.get()
        answers: list[tuple[dict[str, Any], bytes]] = []
        try:
            async with asyncio.timeout(self._wall):
                await child.send(packed(task, body))
                for _ in range(frames):
                    answers.append(await child.answer())
        except (TimeoutError, Gone):
            await child.end()
        except BaseException:
            await child.end()
            raise
        finally:
            if child.tasks >= self._recycle:
                await child.end()
            self._free.put_nowait(child)
        return answers


class _Child:
    """One child, started when first needed and again after it ended."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._process: Process | None = None
        self.tasks = 0

    async def send(self, frame: bytes) -> None:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
            self.tasks = 0
        self.tasks += 1
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(frame)
            await self._process.stdin.drain()
        except ConnectionError as error:
            raise Gone from error

    async def answer(self) -> tuple[dict[str, Any], bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            head_size, body_size = SIZES.unpack(await self._process.stdout.readexactly(SIZES.size))
            head = await self._process.stdout.readexactly(min(head_size, MAX_HEAD))
            return head_of(head), await self._process.stdout.readexactly(body_size)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise Gone from error

    async def end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        # asyncio closes the pipes in a later turn of the loop; without it they are reported as leaked
        process._transport.close()  # type: ignore[attr-defined]  # there is no public way


LIMIT = Reading(verdict=Verdict.ERROR, error="extract_limit", evidence=("worker_died",))


def _reading(members: dict[str, Any] | None) -> Reading:
    if members is None:
        return Reading(verdict=Verdict.ERROR, error="not_read")
    article = members["article"]
    given: dict[str, Any] = {name: tuple(members[name]) for name in ("evidence", "flags", "feeds")}
    for name in ("charset", "media_type", "engine", "version", "settings", "error"):
        given[name] = members[name]
    verdict = Verdict(members["verdict"])
    return Reading(verdict=verdict, article=article_from_json(article) if article else None, **given)
