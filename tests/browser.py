"""A real browser for the tests: Debian's Chromium, driven by Playwright. Never: a download of another browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


def find_chromium() -> str | None:
    """Return the browser's path, None if there is none."""
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium(**options: Any) -> Iterator[Any]:
    """A running browser."""
    from playwright.sync_api import sync_playwright

    path = find_chromium()
    assert path is not None, "no chromium; apt-get install chromium"
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]  # as root in a container
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments, **options)
        try:
            yield browser
        finally:
            browser.close()


def loaded(picture: Any) -> Any:
    """Return a picture once it has come, or is known not to."""
    picture.evaluate("one => one.complete || new Promise(done => { one.onload = one.onerror = done })")
    return picture
