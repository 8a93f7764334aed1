"""The workers: they answer, they are bounded, and a page that kills one is kept all the same."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from archiver.extraction.frames import packed, read_frame
from archiver.extraction.workers import PageWork, WorkerPool
from archiver.model import Announced, Capture, Verdict

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
    assert work.links == (("https://news.example/next?utm_source=x", "https://news.example/next"),)


def test_feeds_and_sitemaps_are_read_there_too():
    feed = b"<rss><channel><item><link>/1</link><pubDate>Tue, 24 Nov 2026 08:00:00 GMT</pubDate></item></channel></rss>"
    entries = with_pool(lambda pool: pool.feed(capture(feed, kind="application/rss+xml"))).entries
    assert entries == (("https://news.example/1", Announced(source="feed", published="2026-11-24T08:00:00+00:00")),)
    sitemap = b"<urlset><url><loc>https://news.example/2</loc></url></urlset>"
    found = with_pool(lambda pool: pool.sitemap(capture(sitemap, kind="application/xml")))
    assert [url for url, *_ in found.entries] == ["https://news.example/2"]


def test_more_pages_than_workers_all_come_back():
    async def many(pool: WorkerPool) -> list[str]:
        pages = [capture(HTML.replace("Bridge", f"Bridge {n}").encode()) for n in range(12)]
        return [
            work.reading.article.title for work in await asyncio.gather(*map(pool.page, pages)) if work.reading.article
        ]

    assert with_pool(many, size=2, recycle_after=5) == [f"Bridge {n}" for n in range(12)]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("sleep", "extract_limit"),
        ("burn", "extract_limit"),
        ("eat", "extract_limit"),
        ("die", "worker_died"),
        ("raise", "parse_error"),
        ("print", None),
    ],
)
def test_a_poison_page_is_kept_and_the_next_one_is_read(body, error):
    async def both(pool: WorkerPool) -> tuple[PageWork, PageWork]:
        return await pool.page(capture(f"{body} page".encode())), await pool.page(capture(b"fine"))

    poison, fine = with_pool(both, reader="tests.readers:by_body", wall_seconds=3, cpu_seconds=1, memory_mb=200)
    assert poison.reading.error == error
    assert gzip.decompress(poison.gz) == f"{body} page".encode()
    assert poison.sha256 == hashlib.sha256(gzip.decompress(poison.gz)).hexdigest()
    assert (fine.reading.engine, fine.reading.error) == ("quick", None)


def test_a_page_that_no_worker_even_looked_at_is_kept():
    work = with_pool(lambda pool: pool.page(capture(b"body")), wall_seconds=0.001)
    assert (gzip.decompress(work.gz), work.size, work.reading.error) == (b"body", 4, "extract_limit")


def test_a_worker_killed_while_idle_costs_no_page():
    async def twice(pool: WorkerPool) -> tuple[PageWork, PageWork]:
        first = await pool.page(capture(b"x"))
        os.kill(int(first.reading.evidence[0]), signal.SIGKILL)
        await asyncio.sleep(0.2)
        return first, await pool.page(capture(b"y"))

    first, second = with_pool(twice, reader="tests.readers:quick")
    assert second.reading.error is None
    assert first.reading.evidence != second.reading.evidence


@pytest.mark.parametrize(("limit", "children"), [({"recycle_after": 2}, 2), ({"recycle_rss_mb": 1}, 4), ({}, 1)])
def test_workers_are_replaced_before_they_grow_old_or_fat(limit, children):
    async def four(pool: WorkerPool) -> set[str]:
        return {(await pool.page(capture(b"x"))).reading.evidence[0] for _ in range(4)}

    assert len(with_pool(four, reader="tests.readers:quick", **limit)) == children


def test_links_come_canonical_once_bounded_and_the_rest_counted():
    urls = ["https://news.example/a?utm_source=x", "https://news.example/a", "ftp://news.example/", "http://[", "x"]
    urls += ["https://news.example/" + "a" * 3000] + [f"https://news.example/{number}" for number in range(7000)]
    work = with_pool(lambda pool: pool.page(capture("\n".join(urls).encode())), reader="tests.readers:linking")
    assert work.links[0] == ("https://news.example/a?utm_source=x", "https://news.example/a")
    assert work.links[1] == ("https://news.example/0", "https://news.example/0")
    assert len(work.links) == 6000 - 5
    assert work.dropped == {"bad_scheme": 1, "bad_url": 2, "too_long": 1, "too_many_links": 1006}


def test_the_reader_is_told_what_was_served():
    work = with_pool(lambda pool: pool.page(capture(b"x")), reader="tests.readers:echoing")
    url, status, captured_at, *headers = work.reading.evidence
    assert (url, status, captured_at) == ("https://news.example/a", "200", NOW.isoformat())
    assert headers == ["('Content-Type', 'text/html')"]
    assert work.reading.flags == ("\ud800",)


def test_a_requisite_is_packed_and_not_read():
    part = replace(capture(b"die"), discovery="requisite")
    work = with_pool(lambda pool: pool.page(part), reader="tests.readers:by_body")
    assert (work.reading.verdict, work.reading.evidence, gzip.decompress(work.gz)) == (
        "not_html",
        ("requisite",),
        b"die",
    )


def test_entries_that_cannot_be_asked_for_are_counted():
    feed = b"<rss><channel><item><link>/1</link></item><item><link>file:///x</link></item></channel></rss>"
    found = with_pool(lambda pool: pool.feed(capture(feed)))
    assert (len(found.entries), found.dropped, found.kind, found.error) == (1, {"bad_scheme": 1}, "rss", None)
    assert with_pool(lambda pool: pool.sitemap(capture(b""))).error == "empty"


def test_workers_serve_an_event_loop_run_by_twisted():
    code = """
import asyncio
from twisted.internet import asyncioreactor
loop = asyncio.new_event_loop()
asyncioreactor.install(loop)
from twisted.internet import reactor
from tests.test_workers import capture
from archiver.extraction.workers import WorkerPool

async def run():
    pool = WorkerPool(reader="tests.readers:by_body", wall_seconds=20)
    await pool.start()
    print([(await pool.page(capture(body))).reading.error for body in (b"x", b"die", b"x")])
    await pool.close()
    reactor.stop()

reactor.callWhenRunning(lambda: loop.create_task(run()))
reactor.run()
loop.close()
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("[None, 'worker_died', None]", "")


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_children_do_not_outlive_a_parent_that_is_killed():
    code = """
import asyncio
from tests.test_workers import capture
from archiver.extraction.workers import WorkerPool

async def run():
    pool = WorkerPool(reader="tests.readers:by_body")
    await pool.start()
    print((await pool.page(capture(b"x"))).reading.evidence[0], flush=True)
    await pool.page(capture(b"burn"))

asyncio.run(run())
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent, parent.stdout:
        child = Path("/proc") / parent.stdout.readline().strip()
        parent.kill()
    assert gone(child)


def gone(process: Path) -> bool:
    """Whether the process has ended, waited for with a limit that only a broken test reaches."""
    for _ in range(500):
        state = next((line for line in _status(process) if line.startswith("State:")), "State: X")
        if state.split()[1] in "XZ":
            return True
        time.sleep(0.02)
    return False


def _status(process: Path) -> list[str]:
    try:
        return (process / "status").read_text().splitlines()
    except OSError:
        return []


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
