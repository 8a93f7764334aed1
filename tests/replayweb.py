"""ReplayWeb.page, which people open WACZ files with. In: a folder of packages, a browser. Out: what it shows.

npm fetches its one package into `.venv-tools/`, once; it is no part of the project. What it needs is in two files, a
page's script and a service worker, which have to come from the same origin as the page.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOLDER = Path(__file__).parent.parent / ".venv-tools" / "replayweb"
_WANTED = "replaywebpage@2"
_FILES = ("ui.js", "sw.js")
_SECONDS = 10.0
_APP = '<!doctype html><script src="ui.js"></script><replay-app-main></replay-app-main>'
_EMBEDDED = (
    '<!doctype html><meta charset="utf-8"><title>Embedded</title><script src="/ui.js"></script>'
    '<replay-web-page source="/{package}" url="{url}" ts="{stamp}" embed="replayonly" replayBase="/replay/"'
    ' style="height: 100vh"></replay-web-page>'
)


def install() -> str | None:
    """Make sure that it is there; return why it cannot be, or None."""
    if all((FOLDER / name).exists() for name in _FILES):
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [npm, "pack", "--silent", "--pack-destination", str(FOLDER), _WANTED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        return (done.stderr or done.stdout).strip()[-200:] or "npm failed"
    (packed,) = FOLDER.glob("*.tgz")
    with tarfile.open(packed) as tar:
        for name in _FILES:
            member = tar.extractfile(f"package/{name}")
            assert member is not None
            (FOLDER / name).write_bytes(member.read())
    packed.unlink()
    return None


class Reader:
    """Somebody who opens packages that are embedded in a page."""

    def __init__(self, folder: Path, url: str, context: Any) -> None:
        self._folder, self._url = folder, url
        self._page = context.new_page()
        self.elsewhere: list[str] = []  # URLs that were asked for beyond this machine's port
        own = (url + "/", "data:", "blob:", "about:")
        context.on("request", lambda one: None if one.url.startswith(own) else self.elsewhere.append(one.url))

    def open(self, package: Path, url: str, stamp: str) -> Any:
        """Open a page of a WACZ; return the frame that it is shown in."""
        shutil.copy(package, self._folder / package.name)
        (self._folder / "embedded.html").write_text(_EMBEDDED.format(package=package.name, url=url, stamp=stamp))
        self._page.goto(f"{self._url}/embedded.html")
        frame = self._page.frame_locator("replay-web-page iframe").frame_locator("iframe")
        try:
            frame.locator("h1").first.wait_for(timeout=_SECONDS * 1000)
        except Exception:  # its first start: the worker came later than the frame that needs it
            self._page.reload()
            frame.locator("h1").first.wait_for(timeout=_SECONDS * 1000)
        return frame


@contextmanager
def reader(folder: Path, browser: Any) -> Iterator[Reader]:
    """Somebody with `browser`; ReplayWeb.page and the packages come from `folder`, by Range as it asks."""
    (folder / "replay").mkdir(parents=True)
    for name in ("ui.js", "replay/ui.js", "replay/sw.js"):
        shutil.copy(FOLDER / Path(name).name, folder / name)
    (folder / "replay" / "index.html").write_text(_APP)
    listener = socket.create_server(("127.0.0.1", 0))
    files = Starlette(routes=[Mount("/", StaticFiles(directory=folder, html=True))])
    server = uvicorn.Server(uvicorn.Config(files, log_level="error", access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    context = browser.new_context()
    try:
        yield Reader(folder, f"http://127.0.0.1:{listener.getsockname()[1]}", context)
    finally:
        context.close()
        server.should_exit = True
        thread.join(20)
        listener.close()
