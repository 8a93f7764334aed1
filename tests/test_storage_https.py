"""A store behind a web server: ranges, redirects, what breaks off. A real bucket is read so in test_publish."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from archiver.errors import BadInput, NotArchived, StoreDenied, StoreError
from archiver.storage import Store, open_store

DATA = bytes(range(256)) * 4


class Handler(BaseHTTPRequestHandler):
    """Serves DATA at /a/*, and trouble elsewhere."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def do_GET(self) -> None:  # http.server's name
        self.server.seen.append(self.path)  # type: ignore[attr-defined]
        last = self.path.rpartition("/")[2]
        times = self.server.seen.count(self.path)  # type: ignore[attr-defined]
        if last == "moved":
            self._say(302, location="/a/data")
        elif last == "loop":
            self._say(302, location=self.path)
        elif last == "secret":
            self._say(403)
        elif last == "gone":
            self._say(404)
        elif last == "busy" and times < 3:
            self._say(503)
        elif last == "broken" and times == 1:
            self.close_connection = True  # no answer at all
        elif (asked := self.headers.get("Range")) and last not in ("whole", "wrong"):
            start, end = map(int, asked.removeprefix("bytes=").split("-"))
            if start >= len(DATA):
                self._say(416)
            else:
                self._say(206, DATA[start : end + 1], content_range=f"bytes {start}-{end}/{len(DATA)}")
        elif last == "wrong":
            self._say(206, DATA[:5], content_range=f"bytes 0-4/{len(DATA)}")
        else:
            self._say(200, DATA)

    do_HEAD = do_GET

    def _say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.seen = []  # type: ignore[attr-defined]
        thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def web(server: ThreadingHTTPServer) -> Iterator[Store]:
    with open_store(f"http://127.0.0.1:{server.server_port}/a/") as store:
        yield store


def test_objects_and_ranges_are_read(web: Store) -> None:
    assert web.get("data") == DATA
    assert web.get_range("data", 10, 20) == DATA[10:30]
    assert web.get_range("data", 5000, 20) == b""
    assert web.get_range("data", 5, 0) == b""
    info = web.head("data")
    assert info is not None
    assert info.size == len(DATA)
    web.check(write=False)


def test_a_server_that_knows_no_ranges_gives_the_same(web: Store) -> None:
    assert web.get_range("whole", 10, 20) == DATA[10:30]


def test_another_range_than_was_asked_for_is_an_error(web: Store) -> None:
    with pytest.raises(StoreError, match="another range"):
        web.get_range("wrong", 10, 20)


def test_what_is_busy_or_breaks_off_is_asked_again(web: Store) -> None:
    assert web.get("busy") == DATA
    assert web.get("broken") == DATA


def test_redirects_are_followed_but_not_for_ever(web: Store) -> None:
    assert web.get_range("moved", 1, 2) == DATA[1:3]
    with pytest.raises(StoreError, match="redirected more than"):
        web.get("loop")


def test_what_is_not_there_or_not_for_us_is_said(web: Store) -> None:
    with pytest.raises(NotArchived):
        web.get("gone")
    assert web.head("gone") is None
    with pytest.raises(StoreDenied, match="does not show it"):
        web.get("secret")
    with pytest.raises(BadInput, match="not a key"):
        web.get("../data")


def test_nothing_is_written_or_listed(web: Store) -> None:
    for write in (
        lambda: web.put_new("a", b"1"), lambda: web.replace("a", b"1"), lambda: web.delete("a"),
        lambda: web.check(write=True),
    ):  # fmt: skip
        with pytest.raises(StoreDenied, match="read only"):
            write()
    with pytest.raises(StoreError, match="cannot be listed"):
        next(web.list())


def test_no_server_is_one_sentence(server: ThreadingHTTPServer) -> None:
    server.server_close()
    with open_store(f"http://127.0.0.1:{server.server_port}/a") as store, pytest.raises(StoreError, match="no answer"):
        store.get("data")
