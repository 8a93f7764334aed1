"""A served archive for the tests: the real server in a thread. In: an archive. Out: an address, answers."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from archiver.archive import Archive
from archiver.web import Options, make_app


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said. Names of headers are in lower case; of several with one name, `headers` has the last."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class Served:
    """A running server."""

    url: str  # without a final slash

    def get(self, path: str, **headers: str) -> Answer:
        """Ask for `path`, written exactly so. Underscores in names of headers become hyphens."""
        return self.ask("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@contextmanager
def served(archive: Archive, **options: Any) -> Iterator[Served]:
    """Serve `archive` while the block runs."""
    archive.synced_catalog()
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    config = uvicorn.Config(make_app(archive, Options(**options)), log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}")
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
