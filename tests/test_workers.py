"""The workers: they answer, they are bounded, and a page that kills one is kept all the same."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from archiver.extraction.frames import packed, read_frame
from archiver.extraction.workers import WorkerPool
from archiver.model import Capture, Verdict

T = TypeVar("T")
NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
TEXT = "<p>" + "The council met on Tuesday evening and agreed to mend the old bridge. " * 6 + "</p>"
LINK = "<a href='/next?utm_source=x'>next</a>"
HTML = f"<html><head><title>Bridge</title></head><body><article>{TEXT * 3}{LINK}</article></body></html>"


def capture(body: bytes, *, kind: str = "text/html", url: str = "https://news.example/a") -> Capture:
    return Capture(url=url, captured_at=NOW, headers=(("Content-Type", kind),), body=body)


def with_pool(task: Callable[[WorkerPool], Awaitable[T]], **limits) -> T:
    async def run() -> T:
        pool = WorkerPool(**limits)
        await pool.start()
        try:
            return await task(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def test_a_page_comes_back_read_digested_and_packed():
    body = HTML.encode()
    work = with_pool(lambda pool: pool.page(capture(body)))
    assert work.sha256 == hashlib.sha256(body).hexdigest()
    assert gzip.decompress(work.gz) == body
    assert work.reading.verdict is Verdict.ARTICLE
    assert work.reading.article is not None
    assert work.reading.article.title == "Bridge"
    ((url, name, _rel, text),) = work.links
    assert (url, name, text) == ("https://news.example/next?utm_source=x", "https://news.example/next", "next")


def test_feeds_and_sitemaps_are_read_there_too():
    feed = b"<rss><channel><item><link>/1</link><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>"
    entries = with_pool(lambda pool: pool.feed(capture(feed, kind="application/rss+xml"))).entries
    assert entries == (("https://news.example/1", NOW),)
    sitemap = b"<urlset><url><loc>https://news.example/2</loc></url></urlset>"
    found = with_pool(lambda pool: pool.sitemap(capture(sitemap, kind="application/xml")))
    assert [url for url, _ in found.entries] == ["https://news.example/2"]


def test_more_pages_than_workers_all_come_back():
    async def many(pool: WorkerPool) -> list[str]:
        pages = [capture(HTML.replace("Bridge", f"Bridge {n}").encode()) for n in range(12)]
        return [
            work.reading.article.title for work in await asyncio.gather(*map(pool.page, pages)) if work.reading.article
        ]

    assert with_pool(many, size=2, recycle_after=5) == [f"Bridge {n}" for n in range(12)]


def test_a_page_that_takes_too_long_keeps_its_bytes_and_the_next_one_is_read():
    slow = ("<html><body>" + "<p>" + "word " * 200_000 + "</p>" * 3 + "</body></html>").encode()

    async def both(pool: WorkerPool):
        return await pool.page(capture(slow)), await pool.page(capture(HTML.encode()))

    first, second = with_pool(both, wall_seconds=0.9)
    assert first.sha256 == hashlib.sha256(slow).hexdigest()
    assert gzip.decompress(first.gz) == slow
    assert first.reading.error in ("extract_limit", None)
    assert second.reading.verdict in (Verdict.ARTICLE, Verdict.ERROR)


def test_a_killed_worker_is_replaced():
    async def kill(pool: WorkerPool):
        first = await pool.page(capture(HTML.encode()))
        for child in list(pool._free._queue):  # type: ignore[attr-defined]  # there is no public way to a child's pid
            os.kill(child._process.pid, signal.SIGKILL)
        await asyncio.sleep(0.1)
        broken = None
        try:
            broken = await pool.page(capture(HTML.encode()))
        except Exception as error:
            broken = error
        return first, broken, await pool.page(capture(HTML.encode()))

    first, _broken, last = with_pool(kill)
    assert first.reading.verdict is Verdict.ARTICLE
    assert last.reading.verdict is Verdict.ARTICLE


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_children_do_not_outlive_the_pool():
    async def pids(pool: WorkerPool) -> list[int]:
        await pool.page(capture(HTML.encode()))
        return [child._process.pid for child in list(pool._free._queue)]  # type: ignore[attr-defined]  # as above

    for pid in with_pool(pids):
        assert not Path(f"/proc/{pid}").exists()


def test_a_frame_survives_the_pipe_and_a_cut_one_is_no_frame(tmp_path):
    data = packed({"word": "naïve \ud800"}, b"\x00body")
    file = tmp_path / "frame"
    file.write_bytes(data)
    with open(file, "rb") as pipe:
        assert read_frame(pipe) == ({"word": "naïve \ud800"}, b"\x00body")
        assert read_frame(pipe) is None
    file.write_bytes(data[:-2])
    with open(file, "rb") as pipe:
        assert read_frame(pipe) is None
