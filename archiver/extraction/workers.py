"""Workers: child processes that read pages, so that the event loop never does. In: captures. Out: what was read.

A child that takes too long, too much memory or dies is killed and replaced; its page keeps its digests and its gzip,
which come before the reading. Frames over pipes carry JSON and bytes: nothing that runs.

Measured on a page of 150 KB, two busy cores: 0.5 ms of CPU in the parent; in the child, without reading, 4.5 ms, nearly
all of it gzip.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from archiver.extraction.frames import SIZES, Answer, head_of, packed, sealed
from archiver.extraction.rules import settings
from archiver.model import Announced, Capture, Reading, Verdict
from archiver.record import (
    announced_from_json,
    announced_to_json,
    article_from_json,
    rights_from_json,
    usual_to_json,
)

USEFUL_HEADERS = frozenset({"content-type", "x-robots-tag", "link", "last-modified", "content-language"})
LAST_SECONDS = 2.0  # for a child that closed its pipe to end
MAX_ANSWER = 256 * 1024 * 1024  # bytes; an article may be as long as its page, and is told in two forms


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWork:
    """What a worker made of a page: the reading, its links, and the body packed for the store."""

    sha256: str
    sha1: str  # base32
    size: int  # of the body
    gz: bytes = field(repr=False)
    reading: Reading
    links: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # URL to ask for, canonical form
    dropped: Mapping[str, int] = field(default_factory=dict)  # links that cannot be asked for, by reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """What a feed or sitemap names: URLs, each with what is said of its dates.

    `kind` is `index` for a sitemap of sitemaps.
    """

    entries: tuple[tuple[str, Announced | None], ...]
    kind: str | None
    error: str | None
    next_url: str | None = None  # an older page of the same feed
    dropped: Mapping[str, int] = field(default_factory=dict)  # entries that cannot be asked for, by reason


class Gone(Exception):
    """The child ended, or was ended, in the middle of a task."""


class WorkerPool:
    """A fixed number of children; a task waits for a free one.

    `wall_seconds` and `cpu_seconds` are for one task; `memory_mb` bounds a child's own data (RLIMIT_DATA). A child is
    replaced after `recycle_after` tasks, or when it holds `recycle_rss_mb`: parsers keep what they once needed.
    `reader` names a function, `module:function`, that reads pages as `archiver.extraction.read` does.
    """

    def __init__(
        self,
        size: int = 1,
        *,
        wall_seconds: float = 30.0,
        cpu_seconds: float = 25.0,
        memory_mb: int = 448,  # with the code itself, about 500 MB in memory at most; the usual page needs 165
        recycle_after: int = 2000,  # starting one costs as much as reading 40 pages; what it holds is watched each time
        recycle_rss_mb: int = 300,
        reader: str = "archiver.extraction.remembering:read",
    ) -> None:
        self._size, self._wall = max(1, size), wall_seconds
        self._recycle, self._recycle_bytes = recycle_after, recycle_rss_mb << 20
        limits = (str(memory_mb), str(max(1, int(cpu_seconds))))
        self._command = (sys.executable, "-m", "archiver.extraction.worker_main", *limits, reader)
        self._free: asyncio.Queue[_Child] = asyncio.Queue()
        self.waiting = 0  # tasks that have no child yet
        self._children = [_Child(self._command) for _ in range(self._size)]

    async def start(self) -> None:
        """Make room for the children; each is started by its first task."""
        for child in self._children:
            self._free.put_nowait(child)

    async def close(self) -> None:
        """End every child."""
        for child in self._children:
            await child.end()

    async def page(self, capture: Capture) -> PageWork:
        """Digest, pack and read a page; waits for a free child.

        Never raises for a page: one that kills its child, or costs too much, comes back with a reading whose `error`
        is `worker_died` or `extract_limit`.
        """
        answers, problem = await self._do(_task("page", capture), capture.body, frames=2)
        digests, gz = answers[0] if answers else await asyncio.to_thread(sealed, capture.body)
        if len(answers) < 2:
            return PageWork(**digests, gz=gz, reading=_not_read(problem))
        found = answers[1][0]
        names = found["names"]
        links = tuple((url, names.get(url, url)) for url in found["links"])
        return PageWork(**digests, gz=gz, reading=_reading(found["reading"]), links=links, dropped=found["dropped"])

    async def seal(self, capture: Capture, reading: Reading) -> PageWork:
        """Digest and pack a page whose reading is known already; no links are told."""
        answers, _ = await self._do({"task": "seal"}, capture.body, frames=1)
        digests, gz = answers[0] if answers else await asyncio.to_thread(sealed, capture.body)
        return PageWork(**{name: digests[name] for name in ("sha256", "sha1", "size")}, gz=gz, reading=reading)

    async def read(self, capture: Capture) -> Reading:
        """Read a page whose body is kept already: as `page` does, without digests, gzip and links."""
        answers, problem = await self._do(_task("read", capture), capture.body, frames=1)
        return _reading(answers[0][0]["reading"]) if answers else _not_read(problem)

    async def feed(self, capture: Capture) -> Entries:
        """Read a feed."""
        return await self._entries("feed", capture)

    async def sitemap(self, capture: Capture) -> Entries:
        """Read a sitemap."""
        return await self._entries("sitemap", capture)

    async def requisites(self, capture: Capture, kinds: Collection[str]) -> Entries:
        """Find what a page or stylesheet needs to look as it did. `kinds` are of `requisites.KINDS`."""
        return await self._entries("requisites", capture, kinds=list(kinds))

    async def _entries(self, task: str, capture: Capture, **more: Any) -> Entries:
        head = {"task": task, "url": capture.url, "content_type": capture.content_type, **more}
        answers, problem = await self._do(head, capture.body, frames=1)
        if not answers:
            return Entries(entries=(), kind=None, error=problem)
        found = answers[0][0]
        named = tuple((url, announced_from_json(said)) for url, said in found["entries"])
        about = {name: found[name] for name in ("kind", "error", "next_url", "dropped")}
        return Entries(entries=named, **about)

    async def _do(self, task: dict[str, Any], body: bytes, *, frames: int) -> tuple[list[Answer], str | None]:
        """Have a free child do the task. Return the answers that came and, if that is not all, why."""
        self.waiting += 1
        try:
            child = await self._free.get()
        finally:
            self.waiting -= 1
        answers: list[Answer] = []
        try:
            async with asyncio.timeout(self._wall):
                await child.send(packed(task, body))
                for _ in range(frames):
                    answers.append(await child.answer())
            if child.tasks >= self._recycle or answers[-1][0]["rss"] > self._recycle_bytes:
                await child.end()
        except TimeoutError:
            await child.end()
            return answers, "extract_limit"
        except Gone:
            return answers, "extract_limit" if await child.end() == -signal.SIGXCPU else "worker_died"
        except BaseException:
            await child.end()
            raise
        finally:
            self._free.put_nowait(child)
        return answers, None


class _Child:
    """One child, started when first needed and again after it ended."""

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._process: Process | None = None
        self.tasks = 0

    async def send(self, frame: bytes) -> None:
        if self._process is not None and self._process.returncode is not None:
            await self.end()  # it died while idle, of the kernel's memory killer most likely
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

    async def answer(self) -> Answer:
        assert self._process is not None
        assert self._process.stdout is not None
        try:
            head_size, body_size = SIZES.unpack(await self._process.stdout.readexactly(SIZES.size))
            if max(head_size, body_size) > MAX_ANSWER:
                raise Gone
            head = await self._process.stdout.readexactly(head_size)
            return head_of(head), await self._process.stdout.readexactly(body_size)
        except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
            raise Gone from error

    async def end(self) -> int | None:
        """Kill it if it lives; return its exit status, the signal as a negative number."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.stdout is not None and process.stdout.at_eof():
            # It is dying by itself. To signal it now would poll it, which takes the status from under asyncio's waiting.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_SECONDS):
                    await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
        # asyncio closes the pipes in a later turn of the loop; without it they are reported as leaked
        process._transport.close()  # type: ignore[attr-defined]  # there is no public way
        return status


def _task(name: str, capture: Capture) -> dict[str, Any]:
    return {
        "task": name,
        "url": capture.url,
        "status": capture.status,
        "captured_at": capture.captured_at.isoformat(),
        "headers": [pair for pair in capture.headers if pair[0].lower() in USEFUL_HEADERS],
        "discovery": capture.discovery,
        "announced": announced_to_json(capture.announced),
        "usual": usual_to_json(capture.usual),
    }


def _not_read(problem: str | None) -> Reading:
    return Reading(verdict=Verdict.ERROR, error=problem, settings=settings())


def _reading(members: dict[str, Any]) -> Reading:
    article = members["article"]
    given: dict[str, Any] = {name: tuple(members[name]) for name in ("evidence", "flags", "feeds")}
    for name in ("charset", "media_type", "engine", "version", "settings", "error"):
        given[name] = members[name]
    verdict, given["rights"] = Verdict(members["verdict"]), rights_from_json(members["rights"])
    return Reading(verdict=verdict, article=article_from_json(article) if article else None, **given)
