"""pywb, a real replay engine, in a virtual environment of its own. In: a folder of collections. Out: what it replays.

pywb pins old gevent, greenlet and brotlipy, which would break ours; so pip installs it into `.venv-tools/` once.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.weed import free_ports

FOLDER = Path(__file__).parent.parent / ".venv-tools" / "pywb"
_WANTED = ["pywb>=2.8", "setuptools<81"]  # pywb asks for pkg_resources
_SECONDS = 60.0


def install() -> str | None:
    """Make sure that pywb is installed; return why it cannot be, or None."""
    stamp = FOLDER / "installed"
    if stamp.exists() and stamp.read_text() == sys.version:
        return None
    making = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(FOLDER)]
    pip = [sys.executable, "-m", "pip", "--python", str(FOLDER / "bin" / "python"), "install", "--quiet", *_WANTED]
    for command in (making, pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"{command[2]} failed"
    stamp.write_text(sys.version)
    return None


class Pywb:
    """A running pywb that serves the collections below `folder`, each with `archive/` and `indexes/`."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        log = (self._folder / "pywb.log").open("wb")
        command = [str(FOLDER / "bin" / "wayback"), "-p", str(self._port), "-b", "127.0.0.1"]
        self._process = subprocess.Popen(command, cwd=self._folder, stdout=log, stderr=log)
        log.close()
        self._wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def replay(self, collection: str, stamp: str, url: str) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of what is replayed, unchanged, for `url` at 14 digits."""
        opener = urllib.request.build_opener(_Stay())
        address = f"http://127.0.0.1:{self._port}/{collection}/{stamp}id_/{url}"
        try:
            with opener.open(address, timeout=30) as answer:
                return answer.status, dict(answer.headers), answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, dict(error.headers), error.read()

    def captures(self, collection: str, pattern: str) -> list[dict[str, str]]:
        """Return what the index of a collection holds for a URL, or for all that begin so where it ends in `*`."""
        address = f"http://127.0.0.1:{self._port}/{collection}/cdx?url={pattern}&output=json"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return [json.loads(line) for line in answer.read().splitlines()]

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + _SECONDS
        while time.monotonic() < end:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._port}/", timeout=5).close()
                return
            except OSError:
                if self._process.poll() is not None:
                    break
                time.sleep(0.1)
        raise RuntimeError((self._folder / "pywb.log").read_text(errors="replace")[-2000:])


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: an archived one is what was to be seen."""

    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None
