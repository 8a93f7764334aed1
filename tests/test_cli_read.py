"""The reading commands, run as a user runs them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

import archiver
from archiver.cli.output import safe
from archiver.model import Article, Capture, Reading, Verdict

FIRST = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
HOSTILE = "=1+1\x1b[31m red\u202eevil"


def keep(archive: archiver.Archive, url: str, body: bytes, *, day: int = 2, title: str = "A title", **more) -> str:
    capture = Capture(url=url, captured_at=FIRST.replace(day=day), headers=(("Content-Type", "text/html"),), body=body)
    article = Article(title=title, authors=("Ada Byron",), text=f"Words about {title}.", markdown="# Words")
    reading = Reading(verdict=Verdict.ARTICLE, article=article, engine="trafilatura", version="2")
    return archive.put(capture, reading=reading, **more).id


@pytest.fixture
def folder(tmp_path) -> Path:
    with archiver.open(str(tmp_path / "a")) as archive:
        keep(archive, "https://news.example/one", b"<p>one</p>")
        keep(archive, "https://news.example/one", b"<p>one, changed</p>", day=5, title="Changed")
        keep(archive, "https://other.example/two", b"<p>two</p>", title=HOSTILE, collection="second")
    return tmp_path / "a"


def run(*words: str, archive: Path | str | None = None) -> subprocess.CompletedProcess[bytes]:
    where = ("--archive", str(archive)) if archive else ()
    command = [sys.executable, "-m", "archiver", *words, *where]
    return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def lines(*words: str, archive: Path | str) -> list[dict]:
    return [json.loads(line) for line in run(*words, archive=archive).stdout.splitlines()]


def test_list_takes_urls_prefixes_domains_times_and_collections(folder):
    def urls(*words):
        return [line["url"].rpartition("/")[2] for line in lines("list", *words, "--jsonl", archive=folder)]

    assert sorted(urls()) == ["one", "one", "two"]
    assert urls("https://news.example/one") == ["one", "one"]
    assert urls("https://other.example/*") == ["two"]
    assert urls("other.example") == ["two"]
    assert urls("--from", "20261105") == ["one"]
    assert sorted(urls("--to", "2026-11-04")) == ["one", "two"]
    assert urls("--collection", "second") == ["two"]
    assert run("list", "--count", archive=folder).stdout == b"3\n"


def test_csv_and_terminal_are_safe_from_what_pages_say(folder):
    table = run("list", "other.example", "--format", "csv", "--fields", "title,url", archive=folder).stdout.decode()
    assert next(csv.reader(io.StringIO(table.splitlines()[1])))[0].startswith("'=1+1")
    shown = run("show", "https://other.example/two", archive=folder).stdout.decode()
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert safe("a\x9b1m\u2066b") == "a\ufffd1m\ufffdb"


def test_show_gives_the_latest_or_the_closest_to_a_time(folder):
    assert b"Changed" in run("show", "https://news.example/one", archive=folder).stdout
    assert run("show", "https://news.example/one@20261102", "--html", archive=folder).stdout == b"<p>one</p>"
    assert run("show", "https://news.example/one", "--text", archive=folder).stdout == b"Words about Changed.\n"
    assert json.loads(run("show", "https://news.example/one", "--json", archive=folder).stdout)["schema"] == 1
    assert run("show", "https://news.example/one", "--headers", archive=folder).stdout.startswith(b"HTTP/1.1 200")


def test_get_downloads_proves_and_goes_on(folder, tmp_path):
    out = tmp_path / "out"
    done = run("get", "news.example", "--as", "both", "-o", str(out), archive=folder)
    assert done.returncode == 0, done.stderr
    for line in (out / "manifest-sha256.txt").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
    files = sorted(path for path in out.iterdir() if path.suffix == ".html")
    assert sorted(path.read_bytes() for path in files) == sorted([b"<p>one</p>", b"<p>one, changed</p>"])
    kept = files[0].stat().st_mtime_ns
    files[1].write_bytes(b"cut short")
    assert run("get", "news.example", "--as", "both", "-o", str(out), archive=folder).returncode == 0
    assert files[0].stat().st_mtime_ns == kept, "what is there and equal is left alone"
    assert files[1].read_bytes() in (b"<p>one</p>", b"<p>one, changed</p>")
    assert run("get", "other.example", "-o", "-", archive=folder).stdout == b"<p>two</p>"


def test_verify_names_the_damaged_object_and_nothing_else(folder):
    assert run("verify", archive=folder).returncode == 0
    body = sorted(folder.glob("html/*/*"))[0]
    data = bytearray(body.read_bytes())
    data[len(data) // 2] ^= 1
    body.chmod(0o644)
    body.write_bytes(bytes(data))
    done = run("verify", "--format", "jsonl", archive=folder)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["key"] for one in found] == [str(body.relative_to(folder))]
    assert run("show", "https://news.example/one", "--html", archive=folder).returncode in (0, 1)


def test_stats_counts(folder):
    numbers = json.loads(run("stats", "--format", "json", archive=folder).stdout)
    assert numbers["snapshots"] == 3
    assert numbers["collection"] == {"default": 2, "second": 1}
    assert "2 different" not in run("stats", archive=folder).stdout.decode()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["list"], 2, "give --archive"),
        (["list", "--archive", "no/such/folder"], 3, "no such folder"),
        (["list", "--collection", "third", "--archive", "{}"], 3, "this archive has: default, second"),
        (["show", "https://news.example/none", "--archive", "{}"], 3, "nothing archived"),
        (["list", "--fields", "colour", "--archive", "{}"], 2, "known are"),
        (["list", "--from", "yesterday", "--archive", "{}"], 2, "ISO date"),
        (["lst"], 2, "did you mean 'list'"),
        (["crawl", "not-a-url"], 2, "did you mean https://not-a-url"),
        (["crawl"], 2, "archiver init"),
        (["crawl", "http:///nohost", "--archive", "{}"], 2, "write https://host/path"),
        (["crawl", "missing.toml"], 2, "no such file"),
        (["verify", "--sample", "some", "--archive", "{}"], 2, "5%"),
    ],
)
def test_bad_input_is_one_line_with_a_cure_and_its_exit_code(folder, words, code, says):
    done = run(*(word.format(folder) for word in words))
    said = done.stderr.decode()
    assert done.returncode == code, said
    assert says in said
    assert "Traceback" not in said


def test_a_truncated_record_is_named_and_hides_no_other(folder):
    record = sorted(folder.glob("records/**/*.json"))[0]
    record.chmod(0o644)
    record.write_bytes(record.read_bytes()[:200])
    (folder / "catalog" / "catalog.sqlite").unlink()
    done = run("list", "--jsonl", archive=folder)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert b"cannot be read" in done.stderr


def test_a_record_of_a_newer_schema_asks_for_an_upgrade(folder):
    from archiver.seal import seal

    record = sorted(folder.glob("records/**/*.json"))[0]
    members = json.loads(record.read_bytes()) | {"schema": 99}
    members.pop("digest")
    record.chmod(0o644)
    record.write_bytes(seal(members))
    (folder / "catalog" / "catalog.sqlite").unlink()
    done = run("show", members["id"], archive=folder)
    assert done.returncode == 1
    assert b"pip install -U newsvault" in done.stderr


def test_an_archive_in_s3_is_read_the_same_way(s3_uri):
    with archiver.open(s3_uri) as archive:
        keep(archive, "https://news.example/one", b"<p>one</p>")
    assert [line["url"] for line in lines("list", "--jsonl", archive=s3_uri)] == ["https://news.example/one"]
    assert run("verify", archive=s3_uri).returncode == 0


def test_reading_loads_neither_scrapy_nor_trafilatura(folder):
    text = f"""
import sys
from archiver.cli import _run
_run(["list", "--archive", {str(folder)!r}])
assert not [name for name in ("scrapy", "twisted", "trafilatura", "boto3") if name in sys.modules]
"""
    subprocess.run([sys.executable, "-c", text], check=True, stdout=subprocess.DEVNULL)
