"""archiver get goes on where it was interrupted, and every command ends in one line and an exit code."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import archiver
from archiver import cli
from archiver.archive import Archive
from archiver.errors import StoreDenied
from archiver.storage.folder import FolderStore
from tests.made import failed, put

PAGES = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An archive of four pages and a failure."""
    with archiver.open(str(tmp_path / "archive"), fsync=False) as archive:
        for n in range(PAGES):
            put(archive, f"https://news.example/{n}", minute=n)
        archive.put(failed(minute=PAGES))
    return tmp_path / "archive"


def run(*words: object, archive: Path) -> int:
    return cli._run([*map(str, words), "--archive", str(archive)])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_download_equals_an_uninterrupted_one_however_it_was_interrupted(folder: Path, tmp_path: Path) -> None:
    assert run("get", "--as", "both", "-o", tmp_path / "whole", archive=folder) == 0
    whole = contents(tmp_path / "whole")
    assert len(whole) == 2 * PAGES + 1 + 1  # a failure has no body; and the manifest
    assert run("get", "--as", "both", "-o", tmp_path / "cut", "--limit", 2, archive=folder) == 0
    names = sorted(path for path in (tmp_path / "cut").iterdir() if path.suffix == ".html")
    names[0].write_bytes(names[0].read_bytes()[:5])  # as a tool without our care would leave it
    names[1].unlink()
    (tmp_path / "cut" / f"{names[1].name}.part").write_bytes(b"half")
    assert run("get", "--as", "both", "-o", tmp_path / "cut", archive=folder) == 0
    assert contents(tmp_path / "cut") == whole


def test_a_rate_holds_the_download_back(folder: Path, tmp_path: Path) -> None:
    assert run("get", "-o", tmp_path / "whole", archive=folder) == 0
    size = sum(len(data) for name, data in contents(tmp_path / "whole").items() if name.endswith(".html"))
    start = time.monotonic()
    assert run("get", "-o", tmp_path / "slow", "--rate", size / 1e6 / 0.4, archive=folder) == 0
    assert time.monotonic() - start >= 0.4
    assert contents(tmp_path / "slow") == contents(tmp_path / "whole")


def test_what_is_there_and_equal_is_not_read_again(folder: Path, tmp_path: Path) -> None:
    assert run("get", "-o", tmp_path / "out", archive=folder) == 0
    for body in folder.glob("html/*/*"):
        body.unlink()
    assert run("get", "-o", tmp_path / "out", archive=folder) == 0
    assert run("get", "-o", tmp_path / "elsewhere", archive=folder) == 1


def test_a_damaged_body_is_named_the_others_come_and_the_manifest_lists_them(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = sorted(folder.glob("html/*/*"))[0]
    bad.write_bytes(bad.read_bytes()[:-9])
    assert run("get", "-o", tmp_path / "out", archive=folder) == 1
    said = capsys.readouterr().err
    assert f"archiver: html/{bad.parent.name}/{bad.name}: expected sha256" in said
    manifest = (tmp_path / "out" / "manifest-sha256.txt").read_text()
    assert len(manifest.splitlines()) == PAGES - 1


def test_a_store_that_fails_ends_the_download_with_its_code(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = FolderStore.get

    def deny(store: FolderStore, key: str) -> bytes:
        if key.startswith("html/"):
            raise StoreDenied(store.uri, "the credentials have expired")
        return read(store, key)

    monkeypatch.setattr(FolderStore, "get", deny)
    assert run("get", "-o", tmp_path / "out", archive=folder) == 6
    assert capsys.readouterr().err.count("credentials have expired") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ["list", "--newst"],
            "No such option '--newst'. Did you mean '--newest'?; see `archiver list --help`",
        ),
        (["lst"], "no such command 'lst'; did you mean 'list'?; see `archiver --help`"),
        (["show"], "Missing argument 'ID | URL[@TIME]'; see `archiver show --help`"),
    ],
)
def test_wrong_usage_is_one_line_that_names_the_help(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli._run(words) == 2
    assert capsys.readouterr().err == f"archiver: {says}\n"


def test_what_is_typed_cannot_drive_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--collection", "\x1b[31mred\n\n", archive=folder) == 3
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert said.count("\n") == 1


def test_a_reader_that_has_seen_enough_ends_the_listing_quietly(folder: Path) -> None:
    with archiver.open(str(folder), fsync=False) as archive:
        for n in range(300):
            put(archive, f"https://news.example/long/{'x' * 500}{n}", minute=100 + n)  # more than a pipe holds
    command = [sys.executable, "-m", "archiver", "list", "--jsonl", "--archive", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith(b"{")
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), said) == (0, b"")


def test_a_full_disk_has_its_own_code(folder: Path) -> None:
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "archiver", "list", "--archive", str(folder)]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 5
    assert done.stderr.startswith(b"archiver: output: No space left on device\n")


def test_debug_is_taken_at_any_place_and_shows_where_an_error_came_from(folder: Path) -> None:
    with pytest.raises(archiver.NotArchived):
        run("show", "https://news.example/none", "--debug", archive=folder)


def test_record_bytes_are_those_in_the_store_and_checked(folder: Path) -> None:
    with Archive.open(str(folder)) as archive:
        key = next(archive.find("https://news.example/1")).record_key
        assert archive.record_bytes(key) == (folder / key).read_bytes()
        (folder / key).write_bytes((folder / key).read_bytes()[:-30])
        with pytest.raises(archiver.BadRecord):
            archive.record_bytes(key)


def test_a_killed_download_goes_on_and_ends_equal(s3_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    with archiver.open(f"{s3_uri}/a") as archive:
        for n in range(60):
            put(archive, f"https://news.example/{n}", minute=n)
    command = [sys.executable, "-m", "archiver", "get", "--as", "both", "--archive", f"{s3_uri}/a", "-o"]
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    for least in (1, 20, 40):
        process = subprocess.Popen([*command, str(killed)], stderr=subprocess.DEVNULL)
        while process.poll() is None and len([*killed.glob("*.html")]) < least:
            time.sleep(0.001)
        process.kill()
        process.wait()
    for to in (killed, whole):
        assert subprocess.run([*command, str(to)], stderr=subprocess.DEVNULL, check=False).returncode == 0
    assert contents(killed) == contents(whole)
    assert len(contents(whole)) == 121
