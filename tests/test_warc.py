"""WARC/1.1, CDXJ and WACZ as written: rule by rule, and by the programs that check them."""

from __future__ import annotations

import gzip
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.archive import Archive
from archiver.bodies import sha1_base32, sha256_hex
from archiver.export import check_wacz, export
from archiver.export.cdxj import write_zipnum
from archiver.model import Capture, Request
from archiver.warc.http_blocks import ascii_uri, protocol_of, request_head, response_head
from tests.exports import COPY, archive_at
from tests.made import capture, reading

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def warc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one WARC file of an export."""
    folder = tmp_path_factory.mktemp("warc")
    with archive_at(folder / "archive") as archive:
        export(archive, folder / "set", form="warc", now=NOW)
        export(archive, folder / "package", form="wacz", now=NOW)
    (path,) = (folder / "set" / "archive").iterdir()
    return path


@pytest.fixture(scope="module")
def wacz(warc: Path) -> Path:
    return warc.parent.parent.parent / "package" / "news-articles.wacz"


class Raw:
    """One record, taken apart without any library."""

    def __init__(self, data: bytes) -> None:
        head, _, rest = data.partition(b"\r\n\r\n")
        self.version, *lines = head.decode().split("\r\n")
        self.fields = dict(line.split(": ", 1) for line in lines)
        self.block, self.end = rest[:-4], rest[-4:]
        self.type, self.uri = self.fields["WARC-Type"], self.fields.get("WARC-Target-URI")
        self.http, _, self.payload = self.block.partition(b"\r\n\r\n")


def records(path: Path) -> Iterator[Raw]:
    """Each gzip member as a record."""
    import zlib

    data = path.read_bytes()
    while data:
        unpacker = zlib.decompressobj(31)
        yield Raw(unpacker.decompress(data))
        assert unpacker.eof
        data = unpacker.unused_data


def of(path: Path, uri: str, kind: str) -> list[Raw]:
    return [one for one in records(path) if one.uri == uri and one.type == kind]


# ---------------------------------------------------------------------- the programs that check


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_warcio_finds_nothing_wrong(warc: Path):
    pytest.importorskip("warcio")
    assert "fail" not in run("warcio.cli", "check", "-v", str(warc))


def test_fastwarc_reads_every_record_and_verifies_every_digest(warc: Path):
    fastwarc = pytest.importorskip("fastwarc.warc")
    count = 0
    with warc.open("rb") as file:
        for record in fastwarc.ArchiveIterator(file, parse_http=False):
            assert record.verify_block_digest()
            count += 1
    assert count == sum(1 for _ in records(warc))


def test_the_index_is_the_one_that_cdxj_indexer_makes(warc: Path):
    indexer = pytest.importorskip("cdxj_indexer.main")
    out = io.StringIO()
    indexer.CDXJIndexer(inputs=[str(warc)], output=out, sort=True, digest_records=False).process_all()
    theirs = {tuple(line.split(" ", 2)[:2]): json.loads(line.split(" ", 2)[2]) for line in out.getvalue().splitlines()}
    ours = (warc.parent.parent / "indexes" / "index.cdxj").read_text().splitlines()
    assert ours == sorted(ours)
    assert len(ours) == len(out.getvalue().splitlines()) == 20
    for line in ours:
        key, stamp, text = line.split(" ", 2)
        mine = json.loads(text)
        if mine["url"] != "http://news.example/moved":  # two lines have this address; the dictionary holds one
            theirs_here = theirs[key, stamp]
            if theirs_here["url"] == mine["url"]:
                assert mine.items() >= theirs_here.items()
        digest = mine["recordDigest"].removeprefix("sha256:")
        data = warc.read_bytes()[int(mine["offset"]) :][: int(mine["length"])]
        assert sha256_hex(data) == digest


def test_wacz_validate_and_our_own_strict_check_accept_the_package(wacz: Path):
    pytest.importorskip("wacz")
    assert "Validation succeeded" in run("wacz.main", "validate", "-f", str(wacz))
    assert check_wacz(wacz) == []


# ---------------------------------------------------------------------- rule by rule


def test_the_file_opens_with_a_warcinfo_that_names_it(warc: Path):
    first, *others = records(warc)
    assert warc.name == "news-articles-20261124100000-00000-newsvault.warc.gz"
    assert (first.type, first.fields["WARC-Filename"]) == ("warcinfo", warc.name)
    names = [line.split(": ")[0] for line in first.block.decode().splitlines()]
    wanted = "software format conformsTo isPartOf operator robots hostname http-header-user-agent description"
    assert names == wanted.split()
    assert "WARC-Warcinfo-ID" not in first.fields
    assert {one.fields["WARC-Warcinfo-ID"] for one in others} == {first.fields["WARC-Record-ID"]}


def test_every_record_has_its_dates_lengths_and_digests(warc: Path):
    ids = set()
    for one in records(warc):
        assert (one.version, one.end) == ("WARC/1.1", b"\r\n\r\n")
        assert one.fields["Content-Length"] == str(len(one.block))
        assert one.fields["WARC-Block-Digest"] == f"sha256:{sha256_hex(one.block)}"
        assert one.fields["WARC-Date"].endswith("Z")
        assert one.fields["WARC-Record-ID"].startswith("<urn:uuid:")
        assert ("WARC-Payload-Digest" in one.fields) == (one.type in ("response", "revisit"))
        if one.type == "response":
            assert one.fields["WARC-Payload-Digest"] == f"sha1:{sha1_base32(one.payload)}"
        ids.add(one.fields["WARC-Record-ID"])
    assert len(ids) == sum(1 for _ in records(warc))


def test_the_http_block_says_what_is_stored(warc: Path):
    (one,) = of(warc, "https://news.example/3", "response")
    lines = one.http.decode("ascii").split("\r\n")
    assert lines[0] == "HTTP/1.1 200 OK"
    assert f"Content-Length: {len(one.payload)}" in lines
    assert "X-Orig-Content-Encoding: gzip" in lines
    assert not [line for line in lines if line.lower().startswith(("transfer-encoding", "content-encoding"))]
    assert lines[-2:] == ["X-Twice: a", "x-twice: b"]
    assert "Set-Cookie: name=caf%E9" in lines
    assert one.fields["WARC-Protocol"] == "h2"
    assert one.fields["WARC-IP-Address"] == "192.0.2.7"


def test_request_and_metadata_share_the_responses_date(warc: Path):
    uri = "https://news.example/3"
    (response,), (request,), (metadata,) = (of(warc, uri, kind) for kind in ("response", "request", "metadata"))
    assert {one.fields["WARC-Date"] for one in (response, request, metadata)} == {"2026-11-02T08:33:00Z"}
    for one in (request, metadata):
        assert one.fields["WARC-Concurrent-To"] == response.fields["WARC-Record-ID"]
    assert request.block.startswith(b"GET /3 HTTP/1.1\r\nHost: news.example\r\n")
    facts = dict(line.split(": ", 1) for line in metadata.block.decode().splitlines())
    assert (facts["via"], facts["hopsFromSeed"], facts["fetchTimeMs"]) == ("https://news.example/", "L", "250")


def test_the_same_payload_again_is_a_revisit(warc: Path):
    (original,) = of(warc, "https://news.example/2", "response")
    (revisit,) = of(warc, "https://news.example/7", "revisit")
    assert revisit.fields["WARC-Profile"].endswith("/1.1/revisit/identical-payload-digest")
    assert revisit.fields["WARC-Refers-To"] == original.fields["WARC-Record-ID"]
    assert revisit.fields["WARC-Refers-To-Target-URI"] == original.uri
    assert revisit.fields["WARC-Refers-To-Date"] == original.fields["WARC-Date"]
    assert revisit.fields["WARC-Payload-Digest"] == original.fields["WARC-Payload-Digest"]
    assert revisit.fields["WARC-Truncated"] == "length"
    assert f"Content-Length: {len(COPY)}".encode() in revisit.http  # with 0, pywb replays nothing
    assert revisit.payload == b""


def test_304_is_a_revisit_without_a_block(warc: Path):
    (revisit,) = of(warc, "https://news.example/1", "revisit")
    assert revisit.fields["WARC-Profile"].endswith("/server-not-modified")
    assert (revisit.block, revisit.fields["WARC-Refers-To-Target-URI"]) == (b"", "https://news.example/1")
    assert revisit.fields["WARC-Refers-To-Date"] == "2026-11-02T09:30:00Z"
    assert b"status: 304" in of(warc, "https://news.example/1", "metadata")[-1].block


def test_what_has_nothing_to_replay_is_metadata_alone(warc: Path):
    for uri, fact in (
        ("https://down.example/", b"fetchError: timeout"),
        ("https://news.example/never", b"status: 304"),
    ):
        (one,) = [record for record in records(warc) if record.uri == uri]
        assert (one.type, one.fields["Content-Type"]) == ("metadata", "application/warc-fields")
        assert fact in one.block


def test_a_redirect_is_a_response_at_its_own_url(warc: Path):
    (hop,) = of(warc, "http://news.example/moved", "response")
    assert hop.http.startswith(b"HTTP/1.1 301 Moved Permanently\r\nLocation: https://news.example/moved\r\n")
    assert b"Content-Length: 0" in hop.http
    assert hop.fields["WARC-Truncated"] == "length"  # its body was not kept


def test_a_cut_body_says_so(warc: Path):
    assert of(warc, "https://news.example/cut", "response")[0].fields["WARC-Truncated"] == "disconnect"


def test_target_uris_are_ascii(warc: Path):
    assert all(one.uri.isascii() for one in records(warc) if one.uri)
    assert of(warc, "https://news.example/caf%C3%A9?q=%E6%BC%A2", "response")


def test_two_captures_in_one_second_are_one_in_the_file_and_the_other_is_named(tmp_path: Path):
    with Archive.open(f"file://{tmp_path}/archive", sync=False) as archive:
        for n in range(2):
            page = capture(body=f"<p>{n}</p>".encode())
            archive.put(replace(page, captured_at=page.captured_at.replace(microsecond=n)), reading=reading())
        done = export(archive, tmp_path / "set", form="warc")
    assert [one.reason for one in done.left_out] == ["same_second"]
    assert done.damaged == ()
    assert done.snapshots == 1


def test_files_end_at_their_limit_and_revisits_point_into_others(tmp_path: Path):
    with archive_at(tmp_path / "archive") as archive:
        export(archive, tmp_path / "set", form="warc", warc_bytes=2000)
    files = sorted((tmp_path / "set" / "archive").iterdir())
    assert len(files) > 5
    assert [path.name.split("-")[3] for path in files] == [f"{n:05d}" for n in range(len(files))]
    for path in files:
        assert next(records(path)).fields["WARC-Filename"] == path.name
        assert path.stat().st_size < 2000 + 2500


def test_each_package_stands_alone(tmp_path: Path):
    with archive_at(tmp_path / "archive") as archive:
        export(archive, tmp_path / "set", form="wacz", warc_bytes=2000)
    packages = sorted((tmp_path / "set").glob("*.wacz"))
    assert len(packages) > 5
    assert [problem for path in packages for problem in check_wacz(path) if "names no page" not in problem] == []
    for path in packages:
        with zipfile.ZipFile(path) as package:
            (name,) = [name for name in package.namelist() if name.startswith("archive/")]
            (tmp_path / "one.warc.gz").write_bytes(package.read(name))
        found = list(records(tmp_path / "one.warc.gz"))
        there = {one.fields["WARC-Record-ID"] for one in found}
        assert {one.fields["WARC-Refers-To"] for one in found if one.type == "revisit"} <= there


# ---------------------------------------------------------------------- HTTP blocks


def test_a_header_cannot_begin_another_one():
    page = Capture(
        url="https://news.example/",
        captured_at=NOW,
        reason="OK\r\nX-Evil: 1",
        headers=(("X-A", "b\r\nX-Evil: 1"), ("X Bad:name", "c"), ("", "d"), ("X-Nul", "e\0f")),
    )
    head = response_head(page, length=5).decode("ascii")
    assert head.split("\r\n") == [
        "HTTP/1.1 200 OK X-Evil: 1",
        "X-A: b X-Evil: 1",
        "X-Bad-name: c",
        "X-Nul: e f",
        "Content-Length: 5",
        "",
        "",
    ]


def test_two_lengths_become_one():
    page = Capture(
        url="https://news.example/",
        captured_at=NOW,
        headers=(("Content-Length", "3"), ("content-length", "9")),
    )
    assert response_head(page, length=5) == b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\n"


def test_a_request_keeps_its_length_and_its_coding():
    head = request_head(Request(target="/caf\xe9 x", headers=(("Accept-Encoding", "gzip"), ("Content-Length", "0"))))
    assert head == b"GET /caf%C3%A9%20x HTTP/1.1\r\nAccept-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize(
    ("spoken", "written"), [("HTTP/2", "h2"), ("HTTP/1.1", "http/1.1"), ("HTTP/1.0", "http/1.0"), ("h3", "http/H3")]
)
def test_the_protocol_in_warcs_words(spoken: str, written: str):
    assert protocol_of(spoken) == written


def test_what_is_escaped_is_not_escaped_again():
    assert ascii_uri("https://news.example/a%20b?c=[d]|e#f") == "https://news.example/a%20b?c=[d]%7Ce#f"


# ---------------------------------------------------------------------- ZipNum, and packages that are wrong


def test_each_block_can_be_read_alone(tmp_path: Path):
    lines = [f"example,news)/{n:03d} 20261102083000 {{}}" for n in range(10)]
    write_zipnum(lines, tmp_path, per_block=4)
    data, found = (tmp_path / "index.cdx.gz").read_bytes(), []
    for row in (tmp_path / "cluster.idx").read_text().splitlines():
        key, shard, offset, length, _ = row.split("\t")
        block = gzip.decompress(data[int(offset) :][: int(length)]).decode().splitlines()
        assert block[0].startswith(key)
        assert shard == (tmp_path / "cluster.loc").read_text().split("\t")[0]
        found += block
    assert found == lines


def rezipped(source: Path, to: Path, *, change: str = "", drop: str = "", pack: str = "", add: str = "") -> Path:
    """The package again with one entry changed, dropped, compressed or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(to, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            if info.filename == drop:
                continue
            if info.filename == change:
                data = data[:-30] + bytes([data[-30] ^ 1]) + data[-29:]
            kind = zipfile.ZIP_DEFLATED if info.filename == pack else info.compress_type
            new.writestr(info.filename, data, compress_type=kind)
        if add:
            new.writestr(add, b"x")
    return to


@pytest.mark.parametrize(
    ("how", "name", "says"),
    [
        ("change", "pages/pages.jsonl", "pages/pages.jsonl: sha256:"),
        ("change", "datapackage.json", "datapackage-digest.json does not fit"),
        ("drop", "pages/pages.jsonl", "missing: pages/pages.jsonl"),
        ("pack", "indexes/index.cdx.gz", "indexes/index.cdx.gz is compressed twice"),
        ("add", "archive/notes.txt", "archive/notes.txt is no resource"),
        ("add", "archive/deep/x.warc.gz", "lies where nothing of WACZ does"),
    ],
)
def test_the_strict_check_says_what_is_wrong_with_a_package(wacz: Path, tmp_path: Path, how: str, name: str, says: str):
    changed = rezipped(wacz, tmp_path / "changed.wacz", **{how: name})
    assert any(says in problem for problem in check_wacz(changed))


def test_what_is_no_zip_is_no_package(tmp_path: Path):
    (tmp_path / "x.wacz").write_bytes(b"PK\x03\x04 nothing")
    assert len(check_wacz(tmp_path / "x.wacz")) == 1


def test_the_package_names_each_page_with_its_text(wacz: Path):
    with zipfile.ZipFile(wacz) as package:
        header, *pages = map(json.loads, package.read("pages/pages.jsonl").decode().splitlines())
        description = json.loads(package.read("datapackage.json"))
        kinds = {info.filename: info.compress_type for info in package.infolist()}
    assert header == {"format": "json-pages-1.0", "id": "pages", "title": "News articles", "hasText": True}
    assert len(pages) == 16
    assert (pages[0]["url"], pages[0]["ts"]) == ("https://news.example/0", "2026-11-02T08:30:00Z")
    assert "Zwölf Boxkämpfer." in pages[-1]["text"]
    assert (description["wacz_version"], description["mainPageUrl"]) == ("1.1.1", "https://news.example/0")
    assert all(kind == zipfile.ZIP_STORED for name, kind in kinds.items() if name.endswith(".gz"))


def test_text_is_left_out_where_a_reader_would_have_to_fetch_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("archiver.export.wacz.TEXT_LIMIT", 500)
    with archive_at(tmp_path / "archive") as archive:
        export(archive, tmp_path / "set", form="wacz")
    with zipfile.ZipFile(tmp_path / "set" / "news-articles.wacz") as package:
        header, first, *_ = map(json.loads, package.read("pages/pages.jsonl").decode().splitlines())
    assert header["hasText"] is False
    assert "text" not in first
