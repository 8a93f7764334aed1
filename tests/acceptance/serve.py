"""The suite's probes against a served archive: `python -m tests.acceptance.serve SUITE`. Prints what the suite says.

SUITE is the folder with `hostile_site.py` and `ui_probes.py`. The site's nasty pages are archived first, the rest is
the suite's: the probes' own program is run against the running server, and its exit code is ours.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import archiver
from tests.weed import free_ports

TOKEN = "probe-token-1d9f0c"
SECRET = "probe-secret-7f3ae1"
SITE = 8900  # the probes name this port, and the one above it for the canary


def main(suite: Path) -> int:
    """Archive the site's pages, serve them, probe the server."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        site = subprocess.Popen([sys.executable, str(suite / "hostile_site.py"), "--port", str(SITE)], cwd=folder)
        try:
            _wait(f"http://127.0.0.1:{SITE}/_log")
            _crawl(folder)
            port = free_ports(1)[0]
            environment = {**os.environ, "NEWSVAULT_TOKEN": TOKEN, "AWS_SECRET_ACCESS_KEY": SECRET}
            command = [
                sys.executable,
                "-m",
                "archiver",
                "serve",
                "--archive",
                str(folder / "archive"),
                "--port",
                str(port),
            ]
            server = subprocess.Popen(command, env=environment)
            try:
                _wait(f"http://127.0.0.1:{port}/healthz")
                (folder / "probes.json").write_text(json.dumps(_probes(folder, port)))
                probes = [sys.executable, str(suite / "ui_probes.py"), str(folder / "probes.json")]
                return subprocess.run(probes, check=False).returncode
            finally:
                server.terminate()
                server.wait()
        finally:
            site.kill()
            site.wait()


def _crawl(folder: Path) -> None:
    """Archive the pages that carry scripts, formulas and escapes."""
    cases = json.load(urllib.request.urlopen(f"http://127.0.0.1:{SITE}/_cases.json"))
    named = [
        case for case in cases["cases"] if any(word in case["id"] for word in ("xss", "csv", "ansi", "short-article"))
    ]
    command = [sys.executable, "-m", "archiver", "crawl", *(case["url"] for case in named), "--spider", "urls"]
    command += ["--delay", "0", "--workers", "1"]
    more = ["--archive", str(folder / "archive"), "--allow", f"127.0.0.0/8:{SITE}", "--log-level", "WARNING"]
    subprocess.run([*command, *more], check=False)


def _probes(folder: Path, port: int) -> dict[str, Any]:
    with archiver.open(str(folder / "archive")) as archive:
        rows = {row.url: row for row in archive.find()}
    good = next(row for row in rows.values() if row.verdict == "article")
    hostile = next(row for url, row in rows.items() if "xss-replay" in url)
    return {
        "base": f"http://127.0.0.1:{port}",
        "auth_header": ["Authorization", f"Bearer {TOKEN}"],
        "search": "/api/v1/search?q={q}&limit={limit}&sort={sort}",
        "search_html": "/search?q={q}",
        "snapshot_raw": "/snapshot/{id}/raw",
        "replay": "/snapshot/{id}/replay",
        "download": "/snapshot/{id}/{file}",
        "archive": ["POST", "/api/v1/captures", {"url": "{url}"}],
        "export_csv": "/download?as=csv&q={q}",
        "delete": ["DELETE", "/api/v1/snapshots/{id}"],
        "good_id": good.id,
        "xss_id": hostile.id,
        "canary_log": f"http://127.0.0.1:{SITE}/_log",
        "secrets": [SECRET, TOKEN],
    }


def _wait(url: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
