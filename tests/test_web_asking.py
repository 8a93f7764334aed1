"""The one write: a page archived because somebody with the token asked for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from archiver.archive import Archive
from tests.serving import Answer, Served, served
from tests.site import Site
from tests.stories import article_path, title

TOKEN = "a-token-of-the-tests"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site(articles=3, robots="User-agent: *\nDisallow: /council/") as running:
        yield running


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(f"file://{tmp_path}", fsync=False) as opened:
        yield opened


@pytest.fixture
def server(archive: Archive, site: Site) -> Iterator[Served]:
    with served(archive, token=TOKEN, allow=(f"127.0.0.1:{site.port}",)) as running:
        yield running


def ask(server: Served, url: Any, **headers: str) -> Answer:
    sent = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}", **headers}
    return server.ask("POST", "/api/v1/captures", headers=sent, body=json.dumps({"url": url}).encode())


def test_a_page_that_is_asked_for_is_kept_and_read(archive: Archive, server: Served, site: Site):
    answer = ask(server, site.at(article_path(0)))
    assert answer.status == 201
    assert answer.json["title"] == title(0)
    snapshot = archive.get(answer.json["id"])
    capture = snapshot.record.capture
    assert (capture.status, capture.discovery) == (200, "asked")
    assert "robots.txt" in {right.where for right in capture.rights}, "as a crawl keeps them"
    assert server.get(answer.headers["location"]).status == 200
    assert TOKEN not in snapshot.record.capture.request.headers.__repr__()


def test_robots_txt_holds_here_too(archive: Archive, server: Served, site: Site):
    answer = ask(server, site.at(article_path(1)))
    assert (answer.status, "robots" in answer.json["error"]) == (422, True)
    assert list(archive.find()) == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://2130706433/",
        "http://[::1]/",
        "file:///etc/passwd",
        "http://u:p@a.example/",
        "",
        7,
    ],
)
def test_the_guard_holds_here_too(archive: Archive, server: Served, url: Any):
    assert ask(server, url).status in (400, 422)
    assert list(archive.find()) == []


def test_nobody_writes_without_the_token_from_another_site_or_in_another_form(
    archive: Archive, server: Served, site: Site
):
    url = site.at(article_path(0))
    assert ask(server, url, Authorization="Bearer wrong").status == 401
    assert ask(server, url, Authorization="").status == 401
    assert ask(server, url, Origin="https://evil.example").status == 403
    assert ask(server, url, **{"Content-Type": "text/plain"}).status == 415
    assert ask(server, "x" * 20_000).status == 413
    assert ask(server, url, Origin=server.url).status == 201
    assert len(list(archive.find())) == 1


def test_a_server_without_a_token_only_reads(archive: Archive, site: Site):
    with served(archive) as server:
        assert ask(server, site.at(article_path(0)), Authorization="Bearer ").status == 403
        for method in ("PUT", "DELETE", "PATCH"):
            for path in ("/", "/api/v1/captures", "/web/2026/https://a.example/", f"/{urlsplit(server.url).netloc}"):
                assert server.ask(method, path).status in (404, 405)
