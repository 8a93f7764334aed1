"""In Chromium: a page that was crawled with its parts looks as it did, in our replay and in ReplayWeb.page."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import archiver
from archiver.export import export
from tests import replayweb
from tests.browser import chromium, find_chromium, loaded
from tests.crawling import crawl
from tests.serving import served
from tests.site import Answer, Site
from tests.stories import article_path, html_page, title

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium: apt-get install chromium"),
]
HEADLINE = "A lamp for the ship in the harbour"
LOOK = b"@import url(more.css); h1 { color: rgb(12, 34, 56); background: url(../img/sea.png) }"
MORE = b"p { letter-spacing: 3px }"
SIZE = (8, 5)  # of the picture


class World(NamedTuple):
    """A site that was crawled and still runs, so that a leak would be seen; the archive; two pages."""

    site: Site
    archive: archiver.OpenArchive
    dressed: str
    plain: str

    def asked(self) -> int:
        return len(self.site.log)


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x20\x60\xa0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("looks")
    text = (
        "<p>"
        + "A sentence of the story about the harbour and its lamps. " * 20
        + "</p><img id=ship src='/img/ship.png'>"
    )
    head = '<link rel=stylesheet href="/css/look.css"><script src="/run.js"></script>'
    with Site(articles=1) as site:
        site.page("/2026/11/24/lamp")(lambda _: html_page(HEADLINE, f"<h1>{HEADLINE}</h1>{text}", head=head))
        site.page("/css/look.css")(lambda _: Answer(LOOK, media_type="text/css"))
        site.page("/css/more.css")(lambda _: Answer(MORE, media_type="text/css"))
        site.page("/img/*")(lambda _: Answer(png(*SIZE), media_type="image/png"))
        dressed, plain = site.at("/2026/11/24/lamp"), site.at(article_path(0))
        run = crawl(
            dressed, plain, "--spider", "urls", "--requisites", "css,images",
            uri=str(folder / "archive"), state=folder / "state",
        )  # fmt: skip
        assert run.code == 0, run.said
        with archiver.open(str(folder / "archive")) as archive:
            yield World(site, archive, dressed, plain)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


def check_looks(frame: Any) -> None:
    """Assert that styles and pictures are those of the page, wherever it is shown."""
    heading = frame.locator("h1", has_text=HEADLINE)
    heading.wait_for(timeout=20_000)
    heading.evaluate("() => document.readyState === 'complete' || new Promise(done => { window.onload = done })")
    assert heading.evaluate("one => getComputedStyle(one).color") == "rgb(12, 34, 56)"
    assert "sea.png" in heading.evaluate("one => getComputedStyle(one).backgroundImage")
    assert frame.locator("p").first.evaluate("one => getComputedStyle(one).letterSpacing") == "3px"
    assert loaded(frame.locator("#ship")).evaluate("one => [one.naturalWidth, one.naturalHeight]") == [*SIZE]


@pytest.mark.parametrize("way", ["in the frame", "alone"])
def test_our_replay_shows_the_page_as_it_looked_and_asks_nobody(browser: Any, world: World, way: str):
    row = world.archive.row(world.dressed)
    stamp, asked = f"{row.captured_at:%Y%m%d%H%M%S}", world.asked()
    with served(world.archive) as server:
        context = browser.new_context()
        elsewhere: list[str] = []
        context.on("request", lambda one: None if one.url.startswith(server.url) else elsewhere.append(one.url))
        page = context.new_page()
        page.goto(f"{server.url}/web/{stamp}{'' if way == 'in the frame' else 'mp_'}/{world.dressed}")
        check_looks(page.frames[1] if way == "in the frame" else page)
        page.wait_for_load_state("networkidle")
        context.close()
    assert elsewhere == []
    assert world.asked() == asked


def test_replayweb_page_shows_what_we_exported(browser: Any, world: World, tmp_path: Path):
    if why := replayweb.install():
        pytest.skip(f"ReplayWeb.page cannot be installed: {why}")
    asked = world.asked()
    export(world.archive, tmp_path / "set", form="wacz")
    (package,) = (tmp_path / "set").glob("*.wacz")
    stamps = {url: f"{world.archive.row(url).captured_at:%Y%m%d%H%M%S}" for url in (world.dressed, world.plain)}
    with replayweb.reader(tmp_path / "player", browser) as reader:
        check_looks(reader.open(package, world.dressed, stamps[world.dressed]))
        frame = reader.open(package, world.plain, stamps[world.plain])
        frame.locator("h1", has_text=title(0)).wait_for(timeout=20_000)
        assert world.archive.get(world.plain).text.split("\n")[0][:40] in frame.locator("body").inner_text()
        assert reader.elsewhere == []
    assert world.asked() == asked
