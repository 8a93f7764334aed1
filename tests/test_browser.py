"""In Chromium: a reader's walk, pages that anybody can use, and a hostile page that reaches nobody."""

from __future__ import annotations

import socket
import threading
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from archiver.archive import Archive
from archiver.export import check_dataset
from archiver.model import Capture
from tests import axe, hostile_page
from tests.browser import chromium, find_chromium, loaded
from tests.gallery import archive_at
from tests.made import START, reading
from tests.serving import Served, served
from tests.test_web_pages import PAGES, STORY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium: apt-get install chromium"),
]
HOSTILE = "https://hostile.example/page"
REFUSED = ("csp", "origin")  # why Chromium did not ask: our policy, or because the page has an origin of its own
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645"
    "400000000049454e44ae426082"
)


class Outside:
    """A listener that nobody may reach. It counts connections, not only requests: even a greeting is a leak."""

    def __enter__(self) -> Outside:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.said: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self._over.set()
        self._thread.join()
        self._listener.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(0.5)
                try:
                    said = connection.recv(300).partition(b"\r\n")[0].decode("latin-1")
                except OSError:
                    said = ""
                self.said.append(said or "a connection without a word")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("gallery") / "archive") as opened:
        yield opened


@pytest.fixture(scope="module")
def server(archive: Archive) -> Iterator[Served]:
    with served(archive) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    pytest.importorskip("playwright")
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    context = browser.new_context(accept_downloads=True)
    context.set_default_timeout(10_000)
    yield context.new_page()
    context.close()


def test_a_reader_searches_reads_an_older_version_sees_what_changed_and_downloads(
    page: Any, server: Served, tmp_path: Path
):
    page.goto(server.url)
    page.get_by_label("Words, a “phrase”, a name").fill("evening ferry")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Evening ferry returns").click()
    page.locator(".bar").get_by_role("link", name="4 captures").click()
    page.get_by_role("link", name="2026-10-27 06:15:00").click()
    assert "The first boat was full" in page.locator("article.reading").inner_text()
    framed = page.frame_locator("iframe")
    assert framed.locator("h1").inner_text() == "Evening ferry returns after two years, for longer than planned"
    assert loaded(framed.locator("figure img")).evaluate("image => image.naturalWidth") > 0

    page.get_by_role("link", name="← 15 October 2026").click()
    assert "The first boat was full" not in page.locator("article.reading").inner_text()
    page.get_by_role("link", name="← 3 October 2026").click()
    page.locator(".bar").get_by_role("link", name="4 captures").click()
    page.get_by_label("Compare").select_option("20261003061500")
    page.get_by_label("with").select_option("20261027061500")
    page.get_by_role("button", name="Show what changed").click()
    assert page.locator("section.added ins").inner_text() == "The first boat was full, the harbour board said."
    assert page.locator("section.edited del").inner_text() == "twelve"

    page.get_by_label("Search the archive").fill("ferry")
    page.get_by_role("button", name="Search").click()
    page.locator("summary", has_text="Download").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="SQLite").click()
    path = tmp_path / "ferry.zip"
    download.value.save_as(path)
    with zipfile.ZipFile(path) as pack:
        pack.extractall(tmp_path / "ferry")
    assert list(check_dataset(tmp_path / "ferry")) == []


def test_the_keyboard_alone_is_enough_and_the_focus_is_seen(page: Any, server: Served):
    page.goto(f"{server.url}/search?q=harbour")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert (
        page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0 or page.wait_for_timeout(300) is None
    )
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/web/20261003061500/{STORY}")
    assert page.locator("article.reading").is_visible()
    assert not page.locator("iframe").is_visible()
    page.locator("#view-text").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("iframe").is_visible()
    assert not page.locator("article.reading").is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(browser: Any, server: Served, scheme: str):
    if why := axe.install():
        pytest.skip(f"axe-core cannot be installed: {why}")
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    found = {}
    for name, path in {**PAGES, "problem": "/nowhere", "rtl": "/search?lang=ar"}.items():
        page.goto(server.url + path)
        for details in page.locator("details").all():
            details.evaluate("one => one.open = true")
        if violations := axe.serious(page, rules=() if scheme == "light" else ("color-contrast",)):
            found[name] = violations
    context.close()
    assert found == {}


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_no_page_is_wider_than_the_window(page: Any, server: Served, width: int):
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES.values():
        page.goto(server.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


# ------------------------------------------------------------------ a hostile page


@pytest.fixture(scope="module")
def outside() -> Iterator[Outside]:
    with Outside() as listening:
        yield listening


@pytest.fixture(scope="module", params=["alone", "with requisites"])
def hostile(
    request: pytest.FixtureRequest, outside: Outside, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    own = "https://hostile.example/own.png" if request.param == "with requisites" else ""
    with Archive.open(f"file://{tmp_path_factory.mktemp('hostile')}", fsync=False) as archive:
        body = hostile_page.html(outside.url, own=own)
        headers = (("Content-Type", "text/html"), ("Link", f"<{outside.url}/link-header>; rel=preload; as=image"),
                   ("Refresh", f"1;url={outside.url}/refresh-header"), ("Set-Cookie", "a=b"))  # fmt: skip
        archive.put(Capture(url=HOSTILE, captured_at=START, headers=headers, body=body), reading=reading("Hostile"))
        if own:
            archive.put(Capture(url=own, captured_at=START, headers=(("Content-Type", "image/png"),), body=PIXEL))
        later = Capture(
            url="https://hostile.example/second", captured_at=START + timedelta(hours=1), body=b"<p>Second page"
        )
        archive.put(later, reading=reading("Second"))
        with served(archive) as server:
            yield server


@pytest.mark.parametrize("way", ["in the frame", "replay", "raw", "mp_", "id_"])
def test_a_hostile_page_reaches_nobody_and_runs_nothing(browser: Any, hostile: Served, outside: Outside, way: str):
    outside.said.clear()
    context = browser.new_context()
    context.add_cookies([{"name": "reader", "value": "secret", "url": hostile.url}])
    page = context.new_page()
    asked: dict[str, str] = {}  # what Chromium began to ask for, and why it did not
    context.on("request", lambda request: asked.setdefault(request.url, ""))
    context.on("requestfailed", lambda request: asked.update({request.url: request.failure or ""}))
    (item,) = hostile.get(f"/api/v1/captures?url={HOSTILE}").json["items"]
    path = {
        "in the frame": f"/web/20261102083000/{HOSTILE}",
        "mp_": f"/web/20261102083000mp_/{HOSTILE}",
        "id_": f"/web/20261102083000id_/{HOSTILE}",
    }.get(way, f"/snapshot/{item['id']}/{way}")
    page.goto(hostile.url + path)
    frame = page.frames[1] if way == "in the frame" else page.main_frame
    page.wait_for_timeout(2500)  # longer than its refresh waits
    assert frame.locator("#away").count() == 1  # it is really shown
    assert "RAN" not in page.title()
    assert "CHANGED" not in page.title()
    assert len(context.pages) == 1
    if way in ("in the frame", "mp_", "replay"):
        frame.locator("#send").click()
        frame.locator("#js").click()
        frame.locator("#stay").click()
        page.wait_for_timeout(500)
        shown = page.frames[1] if way == "in the frame" else page.main_frame
        assert shown.url == f"{hostile.url}/web/20261102093000mp_/https://hostile.example/second"
    if way in ("raw", "id_"):  # the bytes are as they were, and Chromium opens a connection for a frame it then refuses
        assert set(outside.said) <= {"a connection without a word"}
    else:
        assert outside.said == []
    let_out = {
        url: why for url, why in asked.items() if not url.startswith((hostile.url, "data:")) and why not in REFUSED
    }
    assert let_out == {}
    context.close()


def test_a_picture_that_was_captured_with_a_page_is_shown(browser: Any, hostile: Served):
    page = browser.new_page()
    page.goto(f"{hostile.url}/web/20261102083000mp_/{HOSTILE}")
    kept = hostile.get("/api/v1/captures?url=https://hostile.example/own.png").json["items"]
    assert loaded(page.locator("#own")).evaluate("image => image.naturalWidth") == (1 if kept else 0)
    page.close()


def test_the_hostile_page_is_hostile(browser: Any, outside: Outside, tmp_path: Path):
    """Without the policy it does reach the outside: the tests above could fail."""
    outside.said.clear()
    path = tmp_path / "page.html"
    path.write_bytes(hostile_page.html(outside.url).replace(b"top.location", b"top.nowhere"))
    page = browser.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(800)
    page.close()
    assert len(outside.said) > 10
