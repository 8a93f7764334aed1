"""Import of WARC and WACZ files made by others: wget, py-wacz, warcio; and of files that nobody should trust."""

from __future__ import annotations

import gzip
import json
import re
import shutil
import stat
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from archiver import cli
from archiver.archive import Archive
from archiver.bodies import sha1_base32, sha256_hex
from archiver.errors import BadInput
from archiver.export import export
from archiver.imports import Imported, import_file
from archiver.imports.inflating import Inflating, Unreadable
from archiver.model import Verdict
from tests.exports import archive_at
from tests.site import Site
from tests.stories import article, article_path, title


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(f"file://{tmp_path}/archive") as opened:
        yield opened


def record(
    kind: str, url: str, block: bytes, *, date: str = "2020-05-17T10:20:30Z", version: str = "WARC/1.0", **more: str
) -> bytes:
    """One record, by hand. `more` are headers with `_` for `-`."""
    fields = {"WARC-Type": kind, "WARC-Target-URI": url, "WARC-Date": date, "Content-Length": str(len(block))}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    fields.setdefault("WARC-Record-ID", f"<urn:x:{sha256_hex(repr(fields).encode())}>")
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{version}\r\n{head}\r\n".encode() + block + b"\r\n\r\n"


def http(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = "".join(f"{line}\r\n" for line in ("Content-Type: text/html", *headers))
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode("latin-1") + body


def warc(tmp_path: Path, *records: bytes, name: str = "made.warc.gz") -> Path:
    path = tmp_path / name
    packed = name.endswith(".gz")  # without the time: the same records are the same file, and the same import
    path.write_bytes(b"".join(gzip.compress(one, mtime=0) if packed else one for one in records))
    return path


def imported(path: Path, archive: Archive, **options) -> tuple[Imported, list[str]]:
    lines: list[str] = []
    return import_file(path, archive, collection="old", refused=lines.append, **options), lines


PAGE = article(3)

# ---------------------------------------------------------------------- made by other programs


@pytest.fixture(scope="module")
def from_wget(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WARC that wget made of our test site."""
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed")
    folder = tmp_path_factory.mktemp("wget")
    with Site(articles=5) as site:
        urls = [site.at(article_path(n)) for n in range(1, 5)]
        command = ["wget", "-q", "--no-config", "--warc-file=made", "--warc-cdx", "-O", "/dev/null", *urls]
        subprocess.run(command, cwd=folder, check=True)
    return folder / "made.warc.gz"


def test_a_warc_made_by_wget_is_imported_found_and_read(archive: Archive, from_wget: Path):
    done, refused = imported(from_wget, archive)
    assert (done.kept, refused) == (4, [])
    rows = sorted(archive.find(collection="old"), key=lambda row: row.title[-2])
    assert [row.title for row in rows] == [title(n) for n in range(1, 5)]
    assert {row.verdict for row in rows} == {str(Verdict.ARTICLE)}
    snapshot = archive.get(rows[0].id)
    assert snapshot.body == article(1, total=5)
    assert any(name == "User-Agent" and "Wget" in value for name, value in snapshot.record.capture.request.headers)
    assert snapshot.record.capture.peer.startswith("127.0.0.1:")
    assert list(archive.verify()) == []


def test_importing_again_changes_nothing(archive: Archive, from_wget: Path):
    imported(from_wget, archive)
    before = {info.key: info.size for info in archive.store.list()}
    done, _ = imported(from_wget, archive)
    assert (done.kept, done.known) == (0, 4)
    assert {info.key: info.size for info in archive.store.list()} == before


@pytest.fixture(scope="module")
def from_py_wacz(from_wget: Path) -> Path:
    """A WACZ that py-wacz made of that WARC."""
    pytest.importorskip("wacz")
    path = from_wget.parent / "made.wacz"
    command = [sys.executable, "-m", "wacz.main", "create", "-f", str(from_wget), "-o", str(path), "--detect-pages"]
    subprocess.run(command, check=True, capture_output=True)
    return path


def test_a_wacz_made_by_py_wacz_is_imported_found_and_exported_again(
    archive: Archive, from_py_wacz: Path, tmp_path: Path
):
    done, refused = imported(from_py_wacz, archive)
    assert (done.kept, refused) == (4, [])
    assert title(1) in [row.title for row in archive.find(collection="old")]
    export(archive, tmp_path / "set", form="wacz")
    with Archive.open(f"file://{tmp_path}/second") as second:
        again, _ = imported(tmp_path / "set" / "news-articles.wacz", second)
        assert again.kept == 4
        assert [row.sha256 for row in second.find()] == [row.sha256 for row in archive.find()]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves temporary files open
def test_a_warc_made_by_warcio_is_imported(archive: Archive, tmp_path: Path):
    pytest.importorskip("warcio")
    from io import BytesIO

    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    with (tmp_path / "made.warc.gz").open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.0")
        made = writer.create_warc_record(
            "https://old.example/x", "response", payload=BytesIO(PAGE), http_headers=headers
        )
        writer.write_record(made)
        writer.write_record(
            writer.create_revisit_record("https://old.example/y", made.rec_headers["WARC-Payload-Digest"],
                                         "https://old.example/x", made.rec_headers["WARC-Date"])
        )  # fmt: skip
    done, refused = imported(tmp_path / "made.warc.gz", archive)
    assert (done.kept, refused) == (2, [])
    assert archive.get("https://old.example/y").body == PAGE


def test_our_own_export_comes_back_whole(archive: Archive, tmp_path: Path):
    with archive_at(tmp_path / "first") as first:
        export(first, tmp_path / "set", form="warc")
        wanted = {
            (row.url, row.captured_at, row.sha256, row.status)
            for row in first.find()
            if row.status is not None and not row.url.endswith(("/never", "\xe9?q=\u6f22"))
        }
        moved = first.get("https://news.example/moved").record.capture
        page = first.get("https://news.example/3").record.capture
    (path,) = (tmp_path / "set" / "archive").iterdir()
    _, refused = imported(path, archive)
    assert refused == []
    found = {(row.url, row.captured_at, row.sha256, row.status) for row in archive.find()}
    assert found >= wanted
    assert len(found) == len(wanted) + 1  # the IRI, now in ASCII
    back = archive.get("https://news.example/moved").record.capture
    assert [hop.url for hop in back.redirects] == [hop.url for hop in moved.redirects]
    assert back.requested_url == moved.requested_url
    again = archive.get("https://news.example/3").record.capture
    assert (again.via, again.hops, again.total_seconds) == (page.via, page.hops, page.total_seconds)
    assert archive.get("https://news.example/7").record.repeats == archive.row("https://news.example/2").id


# ---------------------------------------------------------------------- what captures keep


def test_time_headers_and_discovery_are_kept(archive: Archive, tmp_path: Path):
    answer = record(
        "response", "https://old.example/a", http(PAGE, "X-A: 1", "x-a: caf\xe9"), WARC_Record_ID="<urn:x:1>"
    )
    asked = record(
        "request",
        "https://old.example/a",
        b"GET /a HTTP/1.1\r\nHost: old.example\r\nCookie: session=secret\r\nAuthorization: Basic xyz\r\n\r\n",
        WARC_Concurrent_To="<urn:x:1>",
    )
    noted = record(
        "metadata",
        "https://old.example/a",
        b"via: https://old.example/\r\nhopsFromSeed: LL\r\nfetchTimeMs: 1250\r\n",
        WARC_Concurrent_To="<urn:x:1>",
        Content_Type="application/warc-fields",
    )
    for order in ((answer, asked, noted), (asked, noted, answer)):
        with Archive.open(f"memory://{len(order[0])}") as place:
            imported(warc(tmp_path, *order), place)
            capture = place.get("https://old.example/a").record.capture
            assert f"{capture.captured_at:%Y-%m-%dT%H:%M:%SZ}" == "2020-05-17T10:20:30Z"
            assert capture.headers == (("Content-Type", "text/html"), ("X-A", "1"), ("x-a", "caf\xe9"))
            assert capture.request.headers == (("Host", "old.example"),)  # no secrets of whoever made the file
            assert (capture.via, capture.hops, capture.total_seconds) == ("https://old.example/", 2, 1.25)


CHUNKED = b"5;x=y\r\n<p>Hi\r\n4\r\n</p>\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("stored", "headers", "body"),
    [
        (CHUNKED, ("Transfer-Encoding: chunked",), b"<p>Hi</p>"),
        (b"<p>Hi</p>", ("Transfer-Encoding: chunked",), b"<p>Hi</p>"),  # stored without chunks, header left
        (gzip.compress(b"<p>Hi</p>", mtime=0), ("Content-Encoding: gzip",), b"<p>Hi</p>"),
        (b"<p>Hi</p>", ("Content-Encoding: gzip",), b"<p>Hi</p>"),
    ],
)
def test_bodies_are_what_a_reader_gets_whatever_form_they_are_stored_in(
    archive: Archive, tmp_path: Path, stored: bytes, headers: tuple[str, ...], body: bytes
):
    digest = f"sha1:{sha1_base32(stored)}"
    done, _ = imported(
        warc(tmp_path, record("response", "https://old.example/", http(stored, *headers), WARC_Payload_Digest=digest)),
        archive,
    )
    assert done.kept == 1
    assert archive.get("https://old.example/").body == body


def test_a_redirect_becomes_a_hop_of_what_it_leads_to(archive: Archive, tmp_path: Path):
    first = http(b"", "Location: /b", status="301 Moved")
    lost = http(b"moved", "Location: https://old.example/nowhere", status="302 Found")
    path = warc(
        tmp_path,
        record("response", "http://old.example/a", first),
        record("response", "http://old.example/c", lost),
        record("response", "http://old.example/b", http(PAGE), date="2020-05-17T10:20:31Z"),
    )
    assert imported(path, archive)[0].kept == 2
    assert [hop.url for hop in archive.get("http://old.example/b").record.capture.redirects] == ["http://old.example/a"]
    assert archive.get("http://old.example/c").record.capture.status == 302  # it led nowhere, and is kept as it is


def test_what_is_no_answer_of_the_web_is_passed_over_and_counted(archive: Archive, tmp_path: Path):
    path = warc(
        tmp_path,
        record("warcinfo", "", b"software: x\r\n"),
        record("response", "dns:old.example", b"20200517 old.example. 1 IN A 192.0.2.1\n"),
        record("resource", "urn:text:https://old.example/", b"text"),
        record("response", "https://old.example/", http(PAGE)),
        name="made.warc",
    )
    done, refused = imported(path, archive)
    assert (done.kept, refused) == (1, [])
    assert done.passed_over == {"warcinfo": 1, "response": 1, "resource": 1}


def test_a_stopped_import_goes_on_and_its_manifest_is_whole(archive: Archive, tmp_path: Path):
    records = [record("response", f"https://old.example/{n}", http(article(n))) for n in range(6)]

    def stop(done: int, total: int) -> None:
        if sum(1 for _ in archive.store.list("records/")) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imported(warc(tmp_path, *records), archive, progress=stop)
    done, _ = imported(warc(tmp_path, *records), archive)
    assert (done.kept, done.known) == (3, 3)
    (manifest,) = [info.key for info in archive.store.list("crawls/") if info.key.endswith(".copy.jsonl")]
    lines = [json.loads(line) for line in archive.store.get(manifest).splitlines()]
    assert sum(line["kind"] == "record" for line in lines) == 6
    assert list(archive.verify()) == []


# ---------------------------------------------------------------------- files that nobody should trust

X = "https://x.example/"


def packed(start: bytes, zeros: int) -> bytes:
    """`start` and so many million zeros as gzip, made in little memory."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(start) + b"".join(packer.compress(bytes(10**6)) for _ in range(zeros)) + packer.flush()


HUGE = packed(record("response", X, b"").replace(b": 0", b": 400000000"), 400)
CODED = http(packed(b"", 80), "Content-Encoding: gzip")


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (record("response", X, http(PAGE), WARC_Block_Digest=f"sha1:{'A' * 32}"), "wrong_digest"),
        (record("response", X, http(PAGE), WARC_Payload_Digest=f"sha256:{'0' * 64}"), "wrong_digest"),
        (record("response", X, http(PAGE), date="yesterday"), "bad_date"),
        (record("response", X, http(PAGE), date="2999-01-01T00:00:00Z"), "bad_date"),
        (record("response", "https://", http(PAGE)), "bad_url"),
        (record("response", X, b"\x16\x03\x01 TLS"), "not_http"),
        (record("response", X, CODED), "bomb"),
        (record("revisit", X, http(b""), WARC_Payload_Digest=f"sha1:{'B' * 32}"), "no_original"),
    ],
    ids=["block digest", "payload digest", "no date", "future", "no url", "no http", "coded bomb", "no original"],
)  # fmt: skip
def test_a_bad_record_is_refused_in_one_line_and_the_next_is_kept(
    archive: Archive, tmp_path: Path, bad: bytes, reason: str
):
    done, refused = imported(warc(tmp_path, bad, record("response", "https://old.example/", http(PAGE))), archive)
    assert (done.kept, done.refused) == (1, {reason: 1})
    assert len(refused) == 1
    assert refused[0].startswith(f"refused ({reason}): ")
    assert "\n" not in refused[0]


def test_a_huge_record_is_passed_by_without_being_read(archive: Archive, tmp_path: Path):
    path = tmp_path / "huge.warc"
    size = 200_000_000
    head = record("response", "https://x.example/", b"").replace(b"Content-Length: 0", b"Content-Length: %d" % size)
    with path.open("wb") as file:
        file.write(head.removesuffix(b"\r\n\r\n"))
        file.seek(size, 1)  # a hole
        file.write(b"\r\n\r\n" + record("response", "https://old.example/", http(PAGE)))
    imported(warc(tmp_path, record("response", "https://old.example/1", http(article(1)))), archive)  # loads the engine
    tracemalloc.start()
    done, refused = imported(path, archive)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (done.kept, done.refused) == (1, {"too_large": 1})
    assert "200,000,000 bytes" in refused[0]
    assert peak < 30_000_000


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packed(b"WARC/1.0\r\nX: ", 300), "broken"),  # one endless line
        (HUGE, "bomb"),
        (gzip.compress(b"<html>no WARC</html>"), "broken"),
        (gzip.compress(record("response", X, http(PAGE)))[:-200], "cut"),
        (record("response", X, http(PAGE)).replace(b"Content-Length: ", b"Content-Length: -"), "broken"),
        (b"WARC/1.0\r\n" + b"A: b\r\n" * 100_000, "broken"),
    ],
    ids=["endless line", "bomb", "no warc", "cut", "no length", "endless headers"],
)  # fmt: skip
def test_a_file_that_cannot_be_read_on_is_said_in_one_line(archive: Archive, tmp_path: Path, data: bytes, reason: str):
    path = tmp_path / ("x.warc.gz" if data.startswith(b"\x1f\x8b") else "x.warc")
    path.write_bytes(data)
    done, refused = imported(path, archive)
    assert (done.kept, done.refused) == (0, {reason: 1})
    assert len(refused) == 1


def test_a_bomb_costs_little_memory(tmp_path: Path):
    (tmp_path / "bomb").write_bytes(packed(b"", 300))
    tracemalloc.start()
    with (tmp_path / "bomb").open("rb") as file:
        stream = Inflating(file)
        with pytest.raises(Unreadable, match="times its size"):
            list(iter(lambda: len(stream.read(100_000)), 0))
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()


def package(tmp_path: Path, files: dict[str, bytes], *, wrong: str = "", link: str = "") -> Path:
    """A WACZ by hand, its digests right but for `wrong`."""
    resources = [
        {"path": name, "name": name.rpartition("/")[2], "bytes": len(data), "hash": f"sha256:{sha256_hex(data)}"}
        for name, data in files.items()
    ]
    for one in resources:
        if one["path"] == wrong:
            one["hash"] = f"sha256:{'0' * 64}"
    description = json.dumps({"profile": "data-package", "wacz_version": "1.1.1", "resources": resources}).encode()
    digest = {"path": "datapackage.json", "hash": f"sha256:{sha256_hex(description)}"}
    if wrong == "datapackage.json":
        digest["hash"] = f"sha256:{'0' * 64}"
    path = tmp_path / "made.wacz"
    with zipfile.ZipFile(path, "w") as made:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (stat.S_IFLNK if name == link else stat.S_IFREG) << 16
            made.writestr(info, data, compress_type=zipfile.ZIP_DEFLATED)
        made.writestr("datapackage.json", description)
        made.writestr("datapackage-digest.json", json.dumps(digest))
    return path


WARC = gzip.compress(record("response", "https://old.example/", http(PAGE)))
GOOD = {"archive/data.warc.gz": WARC}


def test_a_package_by_hand_is_imported(archive: Archive, tmp_path: Path):
    assert imported(package(tmp_path, GOOD), archive)[0].kept == 1


@pytest.mark.parametrize(
    ("files", "options", "says"),
    [
        ({"../evil.warc.gz": WARC}, {}, "leads outside"),
        ({"archive/../../evil": b"x"}, {}, "leads outside"),
        ({"archive\\..\\evil": b"x"}, {}, "leads outside"),
        ({"/etc/cron.d/evil": b"x"}, {}, "absolute path"),
        ({"C:/evil": b"x"}, {}, "absolute path"),
        ({"archive/data.warc.gz": b"/etc/passwd"}, {"link": "archive/data.warc.gz"}, "is a link"),
        ({"archive/data.warc.gz": bytes(100_000_000)}, {}, "is a bomb"),
        (GOOD, {"wrong": "archive/data.warc.gz"}, "not the sha256:000"),
        (GOOD, {"wrong": "datapackage.json"}, "digest of datapackage-digest.json"),
        ({"pages/pages.jsonl": b"{}"}, {}, "no WARC file"),
    ],
)
def test_a_hostile_package_is_refused_whole(
    archive: Archive, tmp_path: Path, files: dict[str, bytes], options: dict[str, str], says: str
):
    with pytest.raises(BadInput, match=says) as error:
        imported(package(tmp_path, {**GOOD, **files} if files is not GOOD and "pages" not in str(files) else files,
                         **options), archive)  # fmt: skip
    assert "\n" not in str(error.value)
    assert list(archive.store.list()) == []
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("name", ["cut.wacz", "none.wacz", "hollow.wacz"])
def test_what_is_no_package_is_said_in_one_line(archive: Archive, tmp_path: Path, name: str):
    path = tmp_path / name
    if name == "cut.wacz":
        data = package(tmp_path, GOOD).read_bytes()
        path.write_bytes(data[: len(data) // 2])
    elif name == "hollow.wacz":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("archive/data.warc.gz", WARC)
    with pytest.raises(BadInput):
        imported(path, archive)


# ---------------------------------------------------------------------- the command


def run(*words: str) -> tuple[int, str, str]:
    with CliRunner().isolation() as (out, err, _):
        code = cli._run(list(words))
        return code, out.getvalue().decode(), err.getvalue().decode()


def test_the_command_counts_and_refuses_and_ends_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    bad = record("response", "https://x.example/\x1b[31m", http(PAGE), date="never")
    path = warc(tmp_path, bad, record("response", "https://old.example/", http(PAGE)))
    code, out, err = run("import", str(path), "--archive", str(tmp_path / "new"), "--collection", "old")
    assert (code, out) == (1, "")
    assert "1 new, 0 known, refused: 1 bad_date" in err
    assert "\x1b" not in err
    assert run("list", "--archive", str(tmp_path / "new"), "--count")[1] == "1\n"


def test_a_file_that_is_not_there_ends_with_2(tmp_path: Path):
    code, _, err = run("import", str(tmp_path / "none.warc.gz"), "--archive", str(tmp_path / "new"))
    assert code == 2
    assert "none.warc.gz: cannot be read" in err


def test_every_reason_to_refuse_is_documented():
    folder = Path(__file__).parent.parent
    page = (folder / "docs" / "how-to" / "import.md").read_text("utf-8")
    source = "".join(path.read_text("utf-8") for path in (folder / "archiver" / "imports").glob("*.py"))
    reasons = set(re.findall(r'Unreadable\("(\w+)"|problem=\("(\w+)"', source))
    assert len(reasons) >= 8
    for reason in ("".join(pair) for pair in reasons):
        assert f"| `{reason}` |" in page


def test_a_page_that_kills_or_hangs_its_reader_is_kept_with_the_reason(archive: Archive, tmp_path: Path):
    pages = {name: f"{name} <p>Words.</p>".encode() for name in ("before", "burn", "die", "after")}
    records = [record("response", f"https://old.example/{name}", http(body)) for name, body in pages.items()]
    limits = {"reader": "tests.readers:by_body", "cpu_seconds": 1.0}
    done = import_file(warc(tmp_path, *records), archive, **limits)
    assert (done.kept, dict(done.unread), done.refused.total()) == (4, {"extract_limit": 1, "worker_died": 1}, 0)
    for name, body in pages.items():
        snapshot = archive.snapshot(archive.row(f"https://old.example/{name}").record_key)
        expected = Verdict.INDEX if name in ("before", "after") else Verdict.ERROR
        assert (snapshot.body, snapshot.record.verdict) == (body, expected), name
    assert archive.record(archive.row("https://old.example/die").record_key).extraction["error"] == "worker_died"
