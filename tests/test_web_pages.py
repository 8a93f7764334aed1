"""The pages for people: what is on them, that they are safe, and that every link on them leads somewhere."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from urllib.parse import quote
from xml.etree import ElementTree

import pytest

from archiver.archive import Archive
from archiver.export import check_dataset
from tests.gallery import COURIER, archive_at
from tests.made import capture, reading
from tests.serving import Answer, Served, served

STORY = f"{COURIER}/harbour/2026/evening-ferry.html"
EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
PAGES = {
    "home": "/",
    "search": "/search?q=harbour",
    "browse": "/search",
    "nothing": "/search?q=zzzz",
    "snapshot": f"/web/20260921061500/{STORY}",
    "captures": f"/web/*/{STORY}",
    "urls": f"/web/*/{COURIER}/harbour/*",
    "diff": f"/diff/20260921061500/20261027061500/{STORY}",
    "domain": "/domain/courier.example",
    "crawl": "/crawl/courier-40",
    "data": "/data",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("gallery") / "archive") as opened:
        yield opened


@pytest.fixture(scope="module")
def server(archive: Archive) -> Iterator[Served]:
    with served(archive, download_limit=40) as running:
        yield running


def words(answer: Answer) -> str:
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def links(answer: Answer) -> set[str]:
    return {unescape(link) for link in re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)}


# ------------------------------------------------------------------ every page


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_a_page_has_landmarks_a_title_one_heading_and_a_policy_without_scripts(server: Served, path: str):
    answer = server.get(path)
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    text = answer.text
    assert "<script" not in text
    assert " style=" not in text
    assert not re.search(r"\son\w+=", text)
    assert text.count("<h1") == 1
    assert all(
        part in text for part in ('<a class="skip" href="#main">', '<main id="main"', "<header", "<footer", "<nav")
    )
    assert re.search(r"<title>[^<]+ · newsvault</title>", text)


@pytest.mark.parametrize("path", PAGES.values(), ids=PAGES)
def test_every_link_leads_somewhere(server: Served, path: str):
    for link in links(server.get(path)):
        if link in ("/url", "/diff/form"):  # of forms, and nothing without what is typed into them
            continue
        if link.startswith("/") and not link.startswith("/download"):
            assert server.get(link.partition("#")[0]).status in (200, 302), link
        else:
            assert link.startswith(("#", "?", "https://", "/download", "data:")), link


def test_an_address_that_is_none_and_a_capture_that_is_not_there(server: Served):
    for path in (
        "/nowhere",
        "/web/2026/https://nowhere.example/",
        "/snapshot/0123456789abcdef0123",
        "/snapshot/x",
        "/crawl/x",
        "/domain/nowhere.example",
        f"/diff/2026/2027/{COURIER}/none",
    ):
        answer = server.get(path)
        assert answer.status == 404, path
        assert "Back to the beginning" in answer.text
    assert server.get("/web/2026/javascript:alert(1)").status == 400


def test_an_empty_archive_has_a_page(tmp_path):
    with Archive.open(f"file://{tmp_path}") as archive, served(archive) as server:
        assert "Nothing is archived here yet" in server.get("/").text
        assert server.get("/search").status == server.get("/data").status == 200


# ------------------------------------------------------------------ search


def test_search_marks_what_matches_counts_it_and_narrows_by_it(server: Served):
    answer = server.get("/search?q=harbour")
    assert "<mark>harbour</mark>" in answer.text
    assert "/search?q=harbour&author=Ines+Calder" in links(answer)
    narrowed = words(server.get("/search?q=harbour&author=Ines+Calder"))
    assert "Ines Calder" in narrowed
    assert "Tomas Wendt" not in narrowed


def test_search_in_other_scripts_tells_the_way_they_are_written(server: Served):
    assert 'lang="ar" dir="rtl"' in server.get(f"/search?q={quote('مجلس')}").text
    assert "minato.example" in server.get(f"/search?q={quote('最終便')}").text


def test_what_is_no_article_is_shown_where_it_is_asked_for(server: Served):
    assert "down.example" not in server.get("/search").text
    assert "down.example" in server.get("/search?verdict=error").text
    assert server.get("/search?verdict=nonsense").status == 400


def test_pages_follow_each_other(tmp_path):
    with Archive.open(f"file://{tmp_path}", fsync=False) as archive:
        for n in range(45):
            archive.put(capture(f"https://news.example/{n}", minute=n), reading=reading(f"Headline {n}"))
        with served(archive) as server:
            seen: list[str] = []
            path = "/search?sort=date"
            while path:
                answer = server.get(path)
                seen += re.findall(r"Headline (\d+)</a>", answer.text)
                path = next(
                    (link for link in links(answer) if f'rel="next" href="{link}"' in unescape(answer.text)), ""
                )
            assert seen == [str(n) for n in reversed(range(45))]
            assert server.get("/search?page=9999999").status == 400


def test_the_feed_is_atom_and_newest_first(server: Served):
    answer = server.get("/feed?q=harbour")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.body)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    dates = [one.findtext("a:updated", namespaces=atom) for one in feed.findall("a:entry", atom)]
    assert len(dates) > 2
    assert dates == sorted(dates, reverse=True)
    link = feed.find("a:entry/a:link[@rel='alternate']", atom)
    assert link is not None
    assert server.get(link.attrib["href"].removeprefix(server.url)).status == 200


# ------------------------------------------------------------------ a capture


def test_a_snapshot_shows_text_page_digests_and_neighbours(archive: Archive, server: Served):
    row = archive.row(STORY, at="20261003061500")
    answer = server.get(f"/web/20261003061500/{STORY}")
    said = words(answer)
    assert "The last boat of the day to Sandholm" in said
    assert row.sha256 in said
    assert f'<iframe sandbox src="/snapshot/{row.id}/replay"' in answer.text
    assert {f"/web/20260921061500/{STORY}", f"/web/20261015061500/{STORY}", f"/snapshot/{row.id}/raw"} <= links(answer)
    assert answer.headers["memento-datetime"] == "Sat, 03 Oct 2026 06:15:00 GMT"
    assert words(server.get(f"/snapshot/{row.id}")) == said


def test_a_snapshot_says_how_to_cite_it_in_every_style(archive: Archive, server: Served):
    row = archive.row(STORY, at="20261003061500")
    page = server.get(f"/snapshot/{row.id}")
    assert "Calder, I." in words(page)
    for style in ("bibtex", "csl-json", "cff", "ris", "apa"):
        assert f"/snapshot/{row.id}/cite?style={style}" in links(page)
        answer = server.get(f"/snapshot/{row.id}/cite?style={style}")
        assert answer.status == 200
        assert f"{server.url}/web/20261003061500/{STORY}" in answer.text.replace("\\", "")
    assert server.get(f"/snapshot/{row.id}/cite?style=mla").status == 400


def test_a_failure_is_a_page_too(archive: Archive, server: Served):
    (row,) = archive.find("down.example")
    assert "There was no answer: no byte within 30 s" in words(server.get(f"/snapshot/{row.id}"))


def test_captures_are_marked_as_changed_or_the_same(server: Served):
    answer = server.get(f"/web/*/{STORY}")
    assert re.findall(r'class="mark (\w+)"', answer.text) == ["changed", "changed", "same", "first"]
    assert "4 captures, 3 versions" in words(answer)


def test_a_difference_shows_what_changed_and_only_that(server: Served):
    answer = server.get(f"/diff/20260921/20261015/{STORY}")
    assert answer.headers["location"] == f"/diff/20260921061500/20261015061500/{STORY}"
    text = server.get(answer.headers["location"]).text
    assert "<del>twelve</del><ins>eighteen</ins>" in text
    assert ", for longer than planned</ins>" in text
    asked = server.get(f"/diff/form?a=20261015061500&b=20260921061500&url={STORY}")
    assert asked.headers["location"] == f"/diff/20260921061500/20261015061500/{STORY}"


def test_a_typed_url_leads_to_its_captures(server: Served):
    assert (
        server.get("/url?url=courier.example/harbour/*").headers["location"]
        == "/web/*/https://courier.example/harbour/*"
    )
    assert server.get("/url?url=").status == 400


# ------------------------------------------------------------------ hostile metadata


def test_metadata_is_escaped_everywhere_and_leads_only_to_the_web(tmp_path):
    page = capture("https://evil.example/1", body=f"<html><title>{EVIL}</title>".encode())
    read = reading(EVIL, text=f"Words {EVIL} more words.")
    assert read.article is not None
    article = replace(
        read.article,
        authors=(EVIL,),
        site_name=EVIL,
        markdown=f"Words {EVIL}\n\n[a](javascript:alert(3)) ![x](https://tracker.example/x.png) [ok](/ok)\n\n<b>x</b>",
        published=EVIL,
        language='en"><script>',
    )
    with Archive.open(f"file://{tmp_path}", fsync=False) as archive:
        receipt = archive.put(page, reading=replace(read, article=article), crawl="crawl-1", collection="daily")
        archive.put(
            capture("https://evil.example/1", minute=5), reading=replace(read, article=article), crawl="crawl-1"
        )
        with served(archive) as server:
            for path in (
                "/",
                "/search",
                "/search?q=words",
                f"/search?q={quote(EVIL)}",
                "/feed?q=words",
                f"/snapshot/{receipt.id}",
                "/web/*/https://evil.example/1",
                "/web/*/evil.example/*",
                "/diff/20261102083000/20261102083500/https://evil.example/1",
                "/domain/evil.example",
            ):
                answer = server.get(path)
                assert answer.status == 200, path
                assert "<script>alert" not in answer.text, path
                assert "<img src=x" not in answer.text, path
                assert "javascript:" not in " ".join(links(answer)), path
            text = server.get(f"/snapshot/{receipt.id}").text
            assert "<img" not in text
            assert 'href="/web/20261102083000/https://evil.example/ok"' in text
            assert "<b>" not in text


def test_the_host_header_is_not_repeated(server: Served):
    answer = server.get("/data", host="evil.test")
    assert "evil.test" not in answer.text + str(answer.headers)


# ------------------------------------------------------------------ downloads


@pytest.mark.parametrize("form", ["parquet", "sqlite", "warc", "wacz", "bagit"])
def test_a_download_is_a_whole_data_set(server: Served, tmp_path, form: str):
    answer = server.get(f"/download?q=harbour&as={form}")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as pack:
        assert pack.testzip() is None
        pack.extractall(tmp_path)
    base = tmp_path / "data" if form == "bagit" else tmp_path
    assert list(check_dataset(base)) == []
    query = json.loads((base / "query.json").read_text())
    assert query["snapshots"] == int(answer.headers["newsvault-sent"]) > 0
    assert query["query"]["words"] == "harbour"


def test_streamed_downloads_have_a_row_per_snapshot_and_a_limit(archive: Archive, server: Served):
    rows = list(csv.DictReader(io.StringIO(server.get("/download?q=harbour&as=csv").text)))
    objects = [json.loads(line) for line in server.get("/download?q=harbour&as=jsonl").text.splitlines()]
    found = [row.id for row in archive.find(words="harbour")]
    assert [row["id"] for row in rows] == [one["id"] for one in objects] == found
    everything = server.get("/download?as=jsonl")
    assert everything.headers["newsvault-total"] == str(len(list(archive.find())))
    assert everything.headers["newsvault-sent"] == "40" == str(len(everything.text.splitlines()))
    assert server.get("/download?as=exe").status == 400


# ------------------------------------------------------------------ the API


def test_the_api_is_what_its_description_says(server: Served):
    import jsonschema

    document = server.get("/api/v1/openapi.json").json
    resolver = {"components": document["components"]}
    asked = {
        "/api/v1/search": "?q=harbour&facets=domain,month&limit=3",
        "/api/v1/captures": f"?url={STORY}",
        "/api/v1/snapshots/{id}": "",
        "/api/v1/stats": "",
        "/api/v1/crawls": "",
    }
    some = server.get("/api/v1/search?q=harbour").json["items"][0]["id"]
    for path, operations in document["paths"].items():
        if "get" not in operations or path == "/download":
            continue
        answer = server.get(path.replace("{id}", some) + asked.pop(path))
        schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema.validate(answer.json, {**schema, **resolver})
    assert asked == {}


def test_the_api_gives_a_thousand_rows_at_most_and_says_how_to_go_on(server: Served):
    first = server.get("/api/v1/search?limit=1000000000").json
    assert first["next_offset"] is None
    assert first["total"] == len(first["items"])
    page = server.get("/api/v1/captures?url=courier.example/*&limit=10").json
    assert (len(page["items"]), page["next_offset"]) == (10, 10)
    for bad in ("limit=-1", "limit=abc", "limit=1e9", "sort=title;DROP", "facets=secrets", "verdict=x"):
        assert server.get(f"/api/v1/search?q=the&{bad}").status == 400, bad


def test_health_and_metrics(server: Served):
    assert server.get("/healthz").json == {"status": "ok", "empty": False}
    text = server.get("/metrics").text
    assert 'newsvault_http_answers_total{method="GET",route="search",status="200"}' in text
    assert "harbour" not in text
