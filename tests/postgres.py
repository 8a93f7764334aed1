"""A real PostgreSQL for the tests: Debian's binaries, a cluster of its own in a temporary folder. Never: a port.

The server refuses to run as root; where we are root it runs as `nobody`. It listens on a socket in its folder only, so
that any number of them run beside each other.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

USER, PASSWORD = "archiver", "a-password-that-must-never-be-seen"
QUICK = ("fsync=off", "full_page_writes=off")  # a killed process loses nothing that the kernel has; a power cut would


def find_postgres() -> Path | None:
    """The folder of `initdb` and `postgres`; None if there is none."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: int(one.parent.name), reverse=True)]
    if (found := shutil.which("initdb")) is not None:
        folders.append(Path(found).resolve().parent)
    return next((one for one in folders if (one / "initdb").exists() and (one / "postgres").exists()), None)


class Postgres:
    """A server with its data in a folder of its own; the same data and address again after `kill()` and `start()`."""

    def __init__(self, *settings: str) -> None:
        binaries = find_postgres()
        if binaries is None:
            raise FileNotFoundError("no PostgreSQL; install Debian's package `postgresql`")
        self.binaries, self.settings = binaries, settings
        self.folder = Path(tempfile.mkdtemp(prefix="nvpg-", dir="/tmp"))  # a socket's path may have 107 characters
        self._process: subprocess.Popen[bytes] | None = None
        self._as: dict[str, Any] = {}
        if os.getuid() == 0:
            self._as = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")

    @property
    def dsn(self) -> str:
        """The address for a client, with a password in it."""
        return f"postgresql://{USER}:{PASSWORD}@/postgres?host={self.folder}"

    @property
    def pid(self) -> int:
        """The postmaster."""
        assert self._process is not None
        return self._process.pid

    def start(self, seconds: float = 60.0) -> None:
        """Make the cluster if there is none, and start the server."""
        data = self.folder / "data"
        if not data.exists():
            password = self.folder / "password"
            password.write_text(PASSWORD)
            command = [self.binaries / "initdb", "-D", data, "-U", USER, "--no-sync", "-E", "UTF8", "--locale=C"]
            command += ["-A", "scram-sha-256", f"--pwfile={password}"]
            subprocess.run(command, check=True, capture_output=True, cwd=self.folder, **self._as)
        settings = [
            f"-c{one}" for one in ("listen_addresses=", f"unix_socket_directories={self.folder}", *self.settings)
        ]
        until = time.monotonic() + seconds
        while True:
            with open(self.folder / "log", "ab") as log:
                self._process = subprocess.Popen(
                    [self.binaries / "postgres", "-D", data, *settings],
                    stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self._as,
                )  # fmt: skip
            if self._answers(until):
                return
            if time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL does not start; see {self.folder / 'log'}")
            time.sleep(0.1)  # a killed one's processes are still ending

    def _answers(self, until: float) -> bool:
        import psycopg

        assert self._process is not None
        while self._process.poll() is None and time.monotonic() < until:
            try:
                psycopg.connect(self.dsn).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False

    def stop(self) -> None:
        """Restart's first half: end the server in order, whoever is connected."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server and its processes as a power cut would."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            (os.killpg if how is signal.SIGKILL else os.kill)(self._process.pid, how)
            self._process.wait(60)
            self._process = None

    def remove(self) -> None:
        """Kill the server and take its folder away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
