"""Both CDX dialects, spoken with programs that others wrote."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from archiver.archive import Archive
from archiver.model import Snapshot
from tests.exports import archive_at
from tests.serving import Served, served

pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")  # of waybackpy

ALL = "url=news.example/*"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("archive")) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(archive: Archive) -> Iterator[Served]:
    with served(archive) as running:
        yield running


def answered(archive: Archive) -> list[Snapshot]:
    found = [archive.snapshot(row.record_key) for row in archive.find("news.example")]
    return [one for one in found if one.record.capture.status is not None]


def entries(server: Served, query: str) -> list[dict[str, str]]:
    answer = server.get(f"/cdx?{query}&output=json")
    return [json.loads(line) for line in answer.text.splitlines()] if answer.status == 200 else []


def table(server: Served, query: str) -> list[list[str]]:
    return server.get(f"/cdx/search/cdx?{query}&output=json").json


# ------------------------------------------------------------------ pywb's dialect


def test_every_answer_has_a_line_with_the_digest_of_its_body(archive: Archive, server: Served):
    lines = {(line["url"], line["timestamp"], line["digest"]) for line in entries(server, ALL)}
    for snapshot in answered(archive):
        record = snapshot.record
        if record.html is not None:
            assert (record.url, f"{record.captured_at:%Y%m%d%H%M%S}", record.html.sha1) in lines
    assert len(entries(server, ALL)) == len(answered(archive))


def test_lines_are_sorted_as_bytes_and_a_304_is_a_revisit_of_what_it_confirms(server: Served):
    lines = server.get(f"/cdx?{ALL}").text.splitlines()
    assert lines == sorted(lines, key=lambda line: line.encode())
    one = entries(server, "url=https://news.example/1")
    assert [line["mime"] for line in one] == ["text/html", "text/html", "warc/revisit"]
    assert one[2]["digest"] == one[1]["digest"]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("url=news.example/1", 3),
        ("url=news.example/1&matchType=prefix", 5),  # /1, /10, /11
        ("url=news.example&matchType=host", 20),
        ("url=*.example", 0),  # no domain
        ("url=*.news.example", 20),
        (f"{ALL}&limit=4", 4),
        (f"{ALL}&from=202611020932&to=202611020941", 2),
        (f"{ALL}&filter==status:404", 1),
        (f"{ALL}&filter=!status:200", 3),
        (f"{ALL}&filter=~url:.*/1[01]?", 5),
        (f"{ALL}&filter=mime:html&filter=!~status:4..", 16),
    ],
)
def test_queries_find_what_they_say(server: Served, query: str, count: int):
    assert len(entries(server, query)) == count


def test_closest_sorts_by_distance_and_reverse_turns_the_order_round(server: Served):
    stamps = [line["timestamp"] for line in entries(server, "url=news.example/1&closest=20261102093100&sort=closest")]
    assert stamps == ["20261102093000", "20261102094000", "20261102083100"]
    assert entries(server, "url=news.example/1&sort=reverse")[0]["timestamp"] == "20261102094000"


def test_fields_can_be_chosen_under_either_name(server: Served):
    assert entries(server, "url=news.example/0&fl=url,statuscode") == [
        {"url": "https://news.example/0", "status": "200"}
    ]
    assert (
        server.get("/cdx?url=news.example/0&output=text&fields=timestamp,url").text
        == "20261102083000 https://news.example/0\n"
    )


def test_pages_are_counted_and_a_page_beyond_the_last_is_refused(server: Served):
    assert server.get(f"/cdx?{ALL}&showNumPages=true").json == {"pages": 1, "pageSize": 1, "blocks": 1}
    assert len(entries(server, f"{ALL}&page=0")) == 20
    assert server.get(f"/cdx?{ALL}&page=1").status == 400
    nothing = server.get("/cdx?url=nowhere.example/*&page=0")
    assert (nothing.status, nothing.json) == (404, {"message": "No Captures found for: nowhere.example/*"})


@pytest.mark.parametrize(
    "query",
    ["", "url=", "url=a%00b", "url=news.example/&matchType=near", f"{ALL}&output=xml", f"{ALL}&limit=x",
     f"{ALL}&fl=secret", f"{ALL}&filter=nothing", f"{ALL}&filter=~url:(", f"{ALL}&from=yesterday"],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_words(server: Served, query: str):
    answer = server.get(f"/cdx?{query}")
    assert answer.status == 400
    assert answer.json["error"]


def test_no_regular_expression_holds_the_server_up(server: Served):
    begun = time.monotonic()
    server.get(f"/cdx?{ALL}&filter=~digest:{quote('((([A-Z0-9]+)+)+)+!')}")
    assert time.monotonic() - begun < 5


# ------------------------------------------------------------------ the Internet Archive's dialect


def test_a_list_of_lists_with_the_names_first_and_an_empty_one_for_nothing(server: Served):
    names, line = table(server, "url=news.example/0")
    assert names == ["urlkey", "timestamp", "original", "mimetype", "statuscode", "digest", "length"]
    (digest,) = entries(server, "url=news.example/0&fl=digest")[0].values()
    assert line == ["example,news)/0", "20261102083000", "https://news.example/0", "text/html", "200", digest, "54"]
    assert table(server, "url=nowhere.example") == []
    assert server.get("/cdx/search/cdx?url=nowhere.example").body == b""
    assert server.get(f"/cdx/search/cdx?{ALL}&page=7&output=json").body == b""  # beyond the last page


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (f"{ALL}&filter=statuscode:200", 17),
        (f"{ALL}&filter=!statuscode:[23]..", 1),
        (f"{ALL}&collapse=timestamp:10", 4),
        ("url=news.example/1&collapse=digest", 2),
        (f"{ALL}&limit=-3", 3),
        (f"{ALL}&offset=18", 2),
        (f"{ALL}&page=0", 20),
    ],
)
def test_its_queries_find_what_they_say(server: Served, query: str, count: int):
    assert len(table(server, query)[1:]) == count


def test_a_resume_key_goes_on_without_gap_or_repetition(server: Served):
    seen: list[str] = []
    key = ""
    while True:
        text = server.get(f"/cdx/search/cdx?{ALL}&limit=3&showResumeKey=true{key}").text
        lines, _, rest = text.partition("\n\n")
        seen += lines.strip().splitlines()
        if not rest:
            break
        key = f"&resumeKey={quote(rest.strip(), safe='')}"
    assert seen == server.get(f"/cdx/search/cdx?{ALL}").text.splitlines()


def test_the_number_of_pages_is_a_plain_number(server: Served):
    assert server.get(f"/cdx/search/cdx?{ALL}&showNumPages=true").text == "1\n"


# ------------------------------------------------------------------ other people's clients


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves temporary files open
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("path", ["/cdx", "/cdx/search/cdx"])
def test_cdx_toolkit_reads_both_and_fetches_bodies(
    archive: Archive, server: Served, path: str, monkeypatch: pytest.MonkeyPatch
):
    import cdx_toolkit
    from cdx_toolkit import myrequests

    monkeypatch.setitem(myrequests.retry_info["default"], "minimum_interval", 0.01)  # it is polite to public servers
    monkeypatch.setattr(myrequests, "MAX_ERRORS", 1)

    client = cdx_toolkit.CDXFetcher(source=server.url + path, wb=server.url + "/web")
    found = {(one["url"], one["timestamp"]): one for one in client.iter("news.example/*", limit=100)}
    assert len(found) == len(answered(archive))
    assert client.get_size_estimate("news.example/*") > 0
    for snapshot in answered(archive):
        record = snapshot.record
        if record.capture.status == 200 and record.html is not None:
            capture = found[record.url, f"{record.captured_at:%Y%m%d%H%M%S}"]
            if "\xe9" in record.url:
                continue  # it does not escape beyond Latin-1
            assert capture.content == snapshot.body
            assert capture.fetch_warc_record().http_headers.get_header("X-Twice") == "a, b"


def test_waybackpy_walks_the_captures_and_finds_the_nearest(archive: Archive, server: Served):
    from waybackpy import WaybackMachineCDXServerAPI

    def client(**words: object) -> WaybackMachineCDXServerAPI:
        api = WaybackMachineCDXServerAPI("https://news.example/1", "newsvault tests", **words)
        api.endpoint = f"{server.url}/cdx/search/cdx"
        return api

    found = list(client(limit=1).snapshots())  # three answers, joined by resume keys
    assert [one.timestamp for one in found] == ["20261102083100", "20261102093000", "20261102094000"]
    assert client().near(year=2026, month=11, day=2, hour=9, minute=31).timestamp == "20261102093000"
    assert len(list(client(filters=["statuscode:200"], collapses=["digest"]).snapshots())) == 2
