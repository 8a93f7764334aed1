"""The reading commands, run as a user runs them."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

import archiver
from archiver import cli
from archiver.cli.output import safe
from archiver.model import Article, Capture, Reading, Verdict

FIRST = datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
HOSTILE = "=1+1\x1b[31m red\u202eevil"


def keep(archive: archiver.Archive, url: str, body: bytes, *, day: int = 2, title: str = "A title", **more) -> str:
    capture = Capture(url=url, captured_at=FIRST.replace(day=day), headers=(("Content-Type", "text/html"),), body=body)
    article = Article(title=title, authors=("Ada Byron",), text=f"Words about {title}.", markdown="# Words")
    reading = Reading(verdict=Verdict.ARTICLE, article=article, engine="trafilatura", version="2")
    return archive.put(capture, reading=reading, **more).id


@pytest.fixture(autouse=True)
def _environment_of_our_own(tmp_path, monkeypatch):
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEWSVAULT_ARCHIVE", raising=False)


@pytest.fixture
def folder(tmp_path) -> Path:
    with archiver.open(str(tmp_path / "a")) as archive:
        keep(archive, "https://news.example/one", b"<p>one</p>")
        keep(archive, "https://news.example/one", b"<p>one, changed</p>", day=5, title="Changed")
        keep(archive, "https://other.example/two", b"<p>two</p>", title=HOSTILE, collection="second")
    return tmp_path / "a"


def run(*words: str, archive: Path | str | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run a command in this process, as `archiver` does; what loads Scrapy runs in one of its own."""
    where = ("--archive", str(archive)) if archive else ()
    command = [*words, *where]
    if words[0] == "crawl":
        return run_apart(*command)
    with CliRunner().isolation() as (out, err, _):
        code = cli._run(command)
        sys.stdout.flush()
        return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def run_apart(*words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "archiver", *words]
    return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)


def on_a_terminal(*words: str, archive: Path, columns: int = 80) -> str:
    """What a terminal of 24 lines gets to see."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "archiver", *words, "--archive", str(archive)]
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": "1"}
    environment.pop("COLUMNS", None)
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    seen = b""
    while piece := _read(ours):
        seen += piece
    os.close(ours)
    assert process.wait() == 0, seen
    return seen.decode("utf-8", "replace")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that the other end is closed
        return b""


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


@pytest.mark.parametrize(
    "words",
    [
        ("list", "--format", "csv", "--fields", "title"),
        ("list", "--jsonl"),
        ("list", "--format", "json"),
        ("show", "https://hostile.example/x", "--html"),
        ("show", "https://hostile.example/x", "--json"),
        ("show", "https://hostile.example/x", "--text"),
    ],
)
def test_no_form_of_output_lets_a_page_drive_the_terminal(tmp_path, words):
    title = "\x9b31m\x1b]0;owned\x07\u202e\u2066"
    with archiver.open(str(tmp_path / "a")) as archive:
        keep(archive, "https://hostile.example/x", b"<p>\x1b[31m\xc2\x9b31m\xe2\x80\xae</p>", title=title)
    seen = on_a_terminal(*words, archive=tmp_path / "a")
    assert seen.strip()
    assert [one for one in "\x1b\x07\x9b\u202e\u2066" if one in seen] == []


def test_a_narrow_terminal_still_shows_ids_whole(folder):
    seen = on_a_terminal("list", archive=folder)
    for row in lines("list", "--jsonl", archive=folder):
        assert row["id"] in seen


def test_a_program_gets_the_text_as_it_was_read(tmp_path):
    with archiver.open(str(tmp_path / "a")) as archive:
        keep(archive, "https://news.example/he", b"<p>x</p>", title="שלום\u200f ไทย\u200bไทย")
    done = run("show", "https://news.example/he", "--text", archive=tmp_path / "a")
    assert done.stdout.decode() == "Words about שלום\u200f ไทย\u200bไทย.\n"
    (line,) = lines("list", "--jsonl", archive=tmp_path / "a")
    assert line["title"] == "שלום\u200f ไทย\u200bไทย"


@pytest.mark.parametrize("words", [("list",), ("show", "a.example"), ("get",), ("verify",), ("stats",)])
def test_a_folder_that_is_not_there_is_one_line_and_not_made(tmp_path, words):
    done = run(*words, archive=tmp_path / "nowhere")
    assert done.returncode == 3
    assert done.stderr.decode().count("\n") == 1
    assert b"no such folder" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_of_many_the_latest_goes_to_stdout_and_the_rest_is_mentioned(folder):
    for order in ((), ("--newest",)):
        done = run("get", "news.example", "-o", "-", *order, archive=folder)
        assert done.stdout == b"<p>one, changed</p>"
        assert b"the latest of 2 snapshots" in done.stderr


def test_a_folder_that_cannot_be_written_is_one_line(folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = run("get", "-o", str(tmp_path / "file"), archive=folder)
    assert done.returncode == 2
    assert b"cannot be written" in done.stderr
    assert done.stderr.count(b"\n") == 1


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
    assert run_apart("verify", "--archive", str(folder)).returncode == 0
    body = sorted(folder.glob("html/*/*"))[0]
    data = bytearray(body.read_bytes())
    data[len(data) // 2] ^= 1
    body.chmod(0o644)
    body.write_bytes(bytes(data))
    done = run_apart("verify", "--format", "jsonl", "--archive", str(folder))
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
        (["list", "https://news.example/none", "--archive", "{}"], 3, "nothing archived"),
        (["list", "--verdict", "artcle", "--archive", "{}"], 2, "'article'"),
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
    done = run_apart("list", "--jsonl", "--archive", str(folder))  # pytest would catch the warning in here
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
