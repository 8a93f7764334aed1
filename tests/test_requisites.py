"""What a page needs to look as it did: found in pages and stylesheets, and kept by a crawl that is told to."""

import hashlib

import pytest

from archiver.extraction.requisites import requisites_of
from tests.crawling import crawl
from tests.site import Answer, Site
from tests.stories import html_page

PAGE = b"""<html><head><base href="/deep/">
<link rel="stylesheet" href="site.css"><link rel="alternate stylesheet" href="dark.css"><link rel="icon" href="i.ico">
<style>@import "more.css"; .a { background: url('paper.png') } @font-face { src: url(letters.woff2) }</style></head>
<body style="background: url(&quot;wall.jpg&quot;)"><img src="a.jpg" srcset="a-1.jpg 400w, a-2.jpg 1600w,a,b.jpg 800w">
<picture><source srcset="b-1.webp, b-2.webp 2x"><img data-src="b.jpg" src="data:image/gif;base64,AA"></picture>
<video poster="film.jpg"><source src="film.mp4"></video><img src="javascript:x"><img src="a.jpg"></body></html>"""


def names(kinds, body=PAGE, content_type="text/html", url="https://n.example/x/story"):
    return [one.removeprefix("https://n.example/") for one in requisites_of(body, content_type, url, kinds)]


def test_the_stylesheets_and_the_largest_pictures_of_a_page():
    css = ["deep/site.css", "deep/dark.css", "deep/more.css"]
    images = ["paper.png", "a.jpg", "a-2.jpg", "b-2.webp", "b.jpg", "film.jpg", "wall.jpg"]
    assert names(["css"]) == css
    assert names(["images"]) == [f"deep/{name}" for name in images]
    assert set(names(["css", "images"])) == {*css, *(f"deep/{name}" for name in images)}


def test_a_stylesheet_is_relative_to_itself():
    sheet = b'@import url(base.css); body { background: URL( "../img/a.png" ) } i { src: url(f.ttf?v=2) }'
    found = names(["css", "images"], sheet, "text/css; charset=utf-8", "https://n.example/css/site.css")
    assert found == ["css/base.css", "img/a.png"]


@pytest.mark.parametrize(
    "body", [b"", b"<", b"url(" * 50_000, b"@import" + b" " * 100_000, b"<img srcset='" + b"a " * 90_000]
)
def test_hostile_bytes_end_soon_and_raise_nothing(body):
    for kind in ("text/html", "text/css", None):
        assert isinstance(requisites_of(body, kind, "https://n.example/", ["css", "images"]), tuple)


def site_with_looks(site):
    body = "<p>" + "A sentence of the story about the harbour and its ships. " * 30 + "</p><img src='/img/ship.png'>"
    head = '<link rel=stylesheet href="/look.css"><script src="/run.js"></script>'
    head += f'<link rel=stylesheet href="{site.at("/secret/hidden.css")}">'
    site.page("/2026/11/24/ship-in-harbour")(lambda _: html_page("A ship in the harbour", body, head=head))
    site.page("/look.css")(lambda _: Answer(b"body { background: url(img/sea.png) }", media_type="text/css"))
    site.page("/img/*")(lambda visit: Answer(b"\x89PNG\r\n\x1a\n" + visit.rest.encode(), media_type="image/png"))
    site.robots = "User-agent: *\nDisallow: /secret/\n"


def test_a_crawl_keeps_them_when_told_to_and_asks_for_nothing_else(tmp_path):
    with Site() as site:
        site_with_looks(site)
        story = site.at("/2026/11/24/ship-in-harbour")
        where = {"uri": str(tmp_path / "a"), "state": tmp_path / "s"}
        run = crawl(story, "--spider", "urls", "--requisites", "css,images", **where)
        asked = {hit.path for hit in site.log}
        second = crawl(story, "--spider", "urls", "--requisites", "css,images", **where)
    assert run.code == 0
    assert run.outcomes == {
        story: "archived",
        site.at("/look.css"): "kept:not_html",
        site.at("/img/ship.png"): "kept:not_html",
        site.at("/img/sea.png"): "kept:not_html",
        site.at("/secret/hidden.css"): "skipped:robots",
    }
    assert "/run.js" not in asked
    parts = {record.url: record for record in run.records() if record.capture.discovery == "requisite"}
    assert parts[site.at("/img/sea.png")].capture.via == site.at("/look.css")
    assert parts[site.at("/img/sea.png")].html.sha256 == hashlib.sha256(b"\x89PNG\r\n\x1a\nsea.png").hexdigest()
    assert {record.url for record in run.articles()} == {story}
    assert set(second.outcomes) == {story}, "parts are settled"


def test_a_part_is_refused_where_a_page_would_be(tmp_path):
    with Site() as site:
        bad = "http://169.254.169.254/latest/x.png"
        body = "<p>" + "A sentence of the story about the harbour and its ships. " * 30 + f"</p><img src='{bad}'>"
        site.page("/2026/11/24/story")(lambda _: html_page("A ship in the harbour", body))
        allowed = ("--delay", "0", "--workers", "1", "--allow", site.url.split("//")[1].strip("/"))
        run = crawl(
            site.at("/2026/11/24/story"), "--spider", "urls", "--requisites", "images",
            uri=str(tmp_path / "a"), state=tmp_path / "s", quick=allowed,
        )  # fmt: skip
    assert run.outcomes[bad] == "failed:blocked_address"


def test_an_unknown_kind_is_a_usage_error(tmp_path):
    run = crawl("https://n.example/", "--requisites", "css,fonts", uri=str(tmp_path / "a"), state=tmp_path / "s")
    assert run.code == 2
    assert "'fonts' is none of css, images" in run.said
