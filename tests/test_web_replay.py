"""Captures by URL and time (RFC 7089), and archived bodies under the policy that keeps them inside."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from archiver.archive import Archive
from archiver.model import Capture, Hop
from archiver.web.rewriting import Rewriter
from tests.exports import archive_at
from tests.made import START, capture
from tests.serving import Served, served

POLICY = {
    "content-security-policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; form-action 'none'; "
        "base-uri 'none'; frame-ancestors 'self'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-dns-prefetch-control": "off",
    "cross-origin-resource-policy": "same-origin",
    "x-robots-tag": "noindex",
}
PAGE = "https://news.example/page"
HTML = b"""<!doctype html><base href="/deep/"><meta http-equiv=refresh content="0;url=https://evil.example/">
<link rel="preconnect" href="https://evil.example"><link rel="stylesheet" href="/s.css">
<style>body{background:url("/b.png")} i{background:url(/not-kept.png)}</style>
<!-- <a href="/in-a-comment">x</a> --><script>var a = '<a href="/in-a-script">';</script>
<p>One <a target=_blank href='other?a=1&amp;b=2#part'>other</a>
<a href="#here">here</a> <a href="mailto:a@b.example">m</a>
<a href="https://abroad.example/x">abroad</a><img src=/p.png srcset="/p.png 1x, /q.png 2x"><img src="/not-kept.png">"""


def put(
    archive: Archive, url: str, body: bytes, media_type: str, *, minute: int = 0, status: int = 200, **more
) -> None:
    headers = ((("Content-Type", media_type),) if media_type else ()) + more.pop("headers", ())
    at = START + timedelta(minutes=minute)
    archive.put(
        Capture(url=url, captured_at=at, body=body, headers=headers, status=status, **more),
        crawl="c",
        collection="parts",
    )


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("archive")) as opened:
        put(opened, PAGE, HTML, "text/html")
        put(opened, "https://news.example/p.png", b"\x89PNG", "image/png")
        put(opened, "https://news.example/b.png", b"\x89PNG", "image/png")
        put(opened, "https://news.example/s.css", b"a{background:url(b.png)} b{background:url(no.png)}", "text/css")
        put(opened, "https://news.example/old", b"", "text/html", status=301, headers=(("Location", "/new"),))
        put(opened, "https://news.example/greek", "Καλημέρα".encode("iso-8859-7"), "text/html; charset=iso-8859-7")
        put(
            opened,
            "https://news.example/split",
            b"x",
            "text/html\r\nX-Evil: 1",
            headers=(("X-A\r\nB", "v"), ("X-C", "a\r\nb")),
        )
        yield opened


@pytest.fixture(scope="module")
def server(archive: Archive) -> Iterator[Served]:
    with served(archive) as running:
        yield running


# ------------------------------------------------------------------ time


def test_a_time_between_captures_leads_to_the_closest(server: Served):
    answer = server.get("/web/20261102092000id_/https://news.example/1")
    assert (answer.status, answer.headers["location"]) == (302, "/web/20261102093000id_/https://news.example/1")
    assert (
        server.get("/web/2026id_/https://news.example/1").headers["location"]
        == "/web/20261102083100id_/https://news.example/1"
    )


def test_a_capture_says_when_it_was_and_what_is_around_it(server: Served):
    answer = server.get("/web/20261102093000id_/https://news.example/1")
    assert answer.headers["memento-datetime"] == "Mon, 02 Nov 2026 09:30:00 GMT"
    links = answer.headers["link"]
    assert '<https://news.example/1>; rel="original"' in links
    assert f'<{server.url}/timegate/https://news.example/1>; rel="timegate"' in links
    assert f'<{server.url}/web/20261102083100/https://news.example/1>; rel="first prev memento"' in links
    assert f'<{server.url}/web/20261102094000/https://news.example/1>; rel="next last memento"' in links


def test_a_timegate_chooses_by_date_and_refuses_what_is_none(server: Served):
    gate = "/timegate/https://news.example/1"
    chosen = server.get(gate, accept_datetime="Mon, 02 Nov 2026 09:25:00 GMT")
    assert chosen.status == 302
    assert chosen.headers["location"] == f"{server.url}/web/20261102093000/https://news.example/1"
    assert chosen.headers["vary"] == "accept-datetime"
    assert server.get(gate).headers["location"].endswith("/web/20261102094000/https://news.example/1")
    assert server.get(gate, accept_datetime="yesterday").status == 400
    assert server.get("/timegate/https://nowhere.example/").status == 404


def test_timemaps_list_every_capture_in_three_forms(server: Served):
    link = server.get("/timemap/link/https://news.example/1")
    assert link.headers["content-type"] == "application/link-format"
    assert link.text.count("memento") == 3
    assert 'rel="self"; type="application/link-format"; from="Mon, 02 Nov 2026 08:31:00 GMT"; until="Mon' in link.text
    found = server.get("/timemap/json/https://news.example/1").json["mementos"]["list"]
    assert [one["datetime"] for one in found] == [
        "2026-11-02T08:31:00Z",
        "2026-11-02T09:30:00Z",
        "2026-11-02T09:40:00Z",
    ]
    assert len(server.get("/timemap/cdxj/https://news.example/1").text.splitlines()) == 3
    assert server.get("/timemap/xml/https://news.example/1").status == 400


@pytest.mark.parametrize(
    "written",
    ["https://news.example/1", "http://news.example/1", "news.example/1", "https:/news.example/1",
     "https%3A//news.example/1", "https%3A%2F%2Fnews.example%2F1", "www.news.example/1?utm_source=x"],
)  # fmt: skip
def test_a_url_may_be_written_in_many_ways(server: Served, written: str):
    answer = server.get(f"/web/20261102093000id_/{written}")
    assert (answer.status, answer.body) == (200, b"<html><p>Corrected.</p></html>")


def test_a_url_with_a_query_and_letters_beyond_ascii(archive: Archive, server: Served):
    (row,) = archive.find("https://news.example/caf\xe9?q=\u6f22")
    answer = server.get("/web/20261102095300id_/https://news.example/caf%C3%A9?q=%E6%BC%A2")
    assert answer.body == archive.snapshot(row.record_key).body


def test_what_was_reached_over_a_redirect_is_found_under_both_addresses(server: Served):
    assert server.get("/web/20261102095000id_/http://news.example/moved").status == 200
    answer = server.get("/web/20261102083000mp_/https://news.example/old")
    assert (answer.status, answer.headers["location"]) == (301, "/web/20261102083000mp_/https://news.example/new")


def test_a_redirect_to_another_address_leads_to_where_it_led(archive: Archive):
    with Archive.open("memory://redirects") as other:
        hop = Hop(url="https://a.example/", status=302, location="https://b.example/x", at=START)
        page = capture("https://b.example/x")
        other.put(
            Capture(**{**{f: getattr(page, f) for f in page.__slots__}, "redirects": (hop,), "requested_url": hop.url})
        )
        with served(other) as server:
            answer = server.get("/web/20261102083000id_/https://a.example/")
            assert (answer.status, answer.headers["location"]) == (302, "/web/20261102083000id_/https://b.example/x")


# ------------------------------------------------------------------ bodies


@pytest.mark.parametrize("mode", ["id_", "mp_", "if_"])
@pytest.mark.parametrize("url", ["https://news.example/1", "https://news.example/gone", "https://news.example/cut"])
def test_every_archived_body_has_exactly_the_policy(archive: Archive, server: Served, mode: str, url: str):
    row = next(archive.find(url))
    answer = server.get(f"/web/{row.captured_at:%Y%m%d%H%M%S}{mode}/{url}")
    assert answer.status == row.status
    assert {name: answer.headers.get(name) for name in POLICY} == POLICY
    assert "set-cookie" not in answer.headers


def test_what_is_not_there_has_the_policy_too_when_a_frame_asks(server: Served):
    for path in (
        "/web/2026mp_/https://nowhere.example/",
        "/web/2026mp_/file:///etc/passwd",
        "/web/20269999999999id_/a.example/",
    ):
        answer = server.get(path)
        assert answer.status in (400, 404)
        assert {name: answer.headers.get(name) for name in POLICY} == POLICY


def test_a_raw_body_is_the_body_byte_for_byte_with_its_headers_beside_it(archive: Archive, server: Served):
    seen = 0
    for row in archive.find("news.example"):
        if row.body_key is None:
            continue
        answer = server.get(f"/snapshot/{row.id}/raw")
        assert answer.body == archive.snapshot(row.record_key).body
        seen += 1
    assert seen > 20
    answer = server.get("/web/20261102083000id_/https://news.example/0")
    assert answer.headers["x-archive-orig-content-length"] == "17"
    assert answer.headers["x-archive-orig-set-cookie"] == "name=caf\xe9"
    assert "content-encoding" not in answer.headers


def test_a_header_of_a_page_cannot_become_one_of_ours(server: Served):
    answer = server.get("/web/20261102083000id_/https://news.example/split")
    assert "x-evil" not in answer.headers
    assert answer.headers["x-archive-orig-x-c"] == "a  b" or answer.headers["x-archive-orig-x-c"] == "a b"
    assert answer.headers["content-type"] in ("text/html", "application/octet-stream")


def test_a_damaged_body_is_refused_and_counted(tmp_path):
    with archive_at(tmp_path / "a") as archive:
        row = archive.row("https://news.example/0")
        path = tmp_path / "a" / row.body_key
        path.chmod(0o644)
        path.write_bytes(path.read_bytes()[:-9] + b"123456789")
        with served(archive) as server:
            for part in ("raw", "replay"):
                assert server.get(f"/snapshot/{row.id}/{part}").status == 502
            assert "newsvault_damaged_bodies_total 2.0" in server.get("/metrics").text


def test_a_304_shows_what_it_confirms(server: Served):
    assert server.get("/web/20261102094000id_/https://news.example/1").body == b"<html><p>Corrected.</p></html>"
    assert server.get("/web/2026id_/https://news.example/never").status == 404


# ------------------------------------------------------------------ rewriting


def test_links_lead_to_captures_and_parts_that_were_kept_are_shown(server: Served):
    answer = server.get(f"/web/20261102083000mp_/{PAGE}")
    text, at = answer.text, "/web/20261102083000"
    assert f'href="{at}mp_/https://news.example/deep/other?a=1&amp;b=2#part"' in text
    assert f'href="{at}mp_/https://abroad.example/x"' in text
    assert 'href="#here"' in text
    assert 'href="mailto:a@b.example"' in text
    assert "target=" not in text
    assert f'src="{at}im_/https://news.example/p.png"' in text
    assert f'srcset="{at}im_/https://news.example/p.png 1x, /q.png 2x"' in text
    assert f'href="{at}cs_/https://news.example/s.css"' in text
    assert f"url('{at}im_/https://news.example/b.png')" in text
    assert '<a href="/in-a-comment">' in text
    assert '<a href="/in-a-script">' in text
    assert "url(/not-kept.png)" in text
    for gone in ("<base", "preconnect", "refresh"):
        assert gone not in text
    own = server.url.removeprefix("http://") + "/web/"
    policy = answer.headers["content-security-policy"]
    assert policy == POLICY["content-security-policy"].replace("data:", f"data: {own}").replace(
        "'unsafe-inline'", f"'unsafe-inline' {own}"
    )


def test_a_style_sheet_is_rewritten_and_a_part_may_be_used_by_the_page(server: Served):
    style = server.get("/web/20261102083000cs_/https://news.example/s.css")
    assert (
        style.text == "a{background:url('/web/20261102083000im_/https://news.example/b.png')} b{background:url(no.png)}"
    )
    assert style.headers["cross-origin-resource-policy"] == "cross-origin"
    page = server.get(f"/web/20261102083000im_/{PAGE}")  # a page stays a page, whatever it is asked as
    assert page.headers["cross-origin-resource-policy"] == "same-origin"


def test_a_page_in_an_old_charset_is_shown_as_utf_8_and_kept_as_it_was(server: Served):
    shown = server.get("/web/20261102083000mp_/https://news.example/greek")
    assert (shown.text, shown.headers["content-type"]) == ("Καλημέρα", "text/html; charset=utf-8")
    raw = server.get("/web/20261102083000id_/https://news.example/greek")
    assert (raw.body, raw.headers["content-type"]) == ("Καλημέρα".encode("iso-8859-7"), "text/html; charset=iso-8859-7")


@pytest.mark.parametrize(
    "piece",
    [b"<a ", b"<a href='", b'<a "', b"<!--", b"<script ", b"<style>", b"<a href=", b"url('", b"<img srcset=',,,"],
)
def test_rewriting_takes_time_in_proportion_whatever_a_page_says(archive: Archive, piece: bytes):
    from time import process_time

    record = archive.get(PAGE).record

    def seconds(size: int) -> float:
        body = piece * (size // len(piece))
        begun = process_time()
        Rewriter(archive, record).page(body)
        return process_time() - begun

    seconds(10_000)
    assert seconds(800_000) < 30 * max(seconds(80_000), 0.02)  # 10 times as much; 100 if it were quadratic
