"""archiver export, as a user runs it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from archiver import cli
from tests.exports import EXTRA, PAGES, archive_at


@pytest.fixture(autouse=True)
def _environment_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEWSVAULT_ARCHIVE", raising=False)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[str]:
    with archive_at(tmp_path / "archive"):
        yield str(tmp_path / "archive")


def run(*words: str) -> tuple[int, str, str]:
    with CliRunner().isolation() as (out, err, _):
        code = cli._run(list(words))
        return code, out.getvalue().decode(), err.getvalue().decode()


def test_export_prints_the_identifier_and_the_check_accepts_what_it_made(archive: str, tmp_path: Path):
    words = ("export", "--archive", archive, "--as", "jsonl", "-o", str(tmp_path / "set"), "--title", "Daily")
    code, out, err = run(*words)
    identifier = json.loads((tmp_path / "set" / "query.json").read_text())["identifier"]
    assert (code, out) == (0, f"{identifier}\n")
    assert f"{PAGES + EXTRA} snapshots as jsonl" in err
    assert run("verify", str(tmp_path / "set"))[0] == 0
    assert "was complete already" in run(*words)[2]


def test_the_check_of_a_changed_data_set_ends_with_1(archive: str, tmp_path: Path):
    run("export", "--archive", archive, "--as", "csv", "-o", str(tmp_path / "set"))
    (tmp_path / "set" / "articles.csv").write_text("no longer")
    code, out, _ = run("verify", str(tmp_path / "set"))
    assert code == 1
    assert out.startswith("altered: articles.csv")


def test_a_damaged_snapshot_ends_with_1_and_is_named(archive: str, tmp_path: Path):
    body = next(Path(archive).glob("html/*/*.gz"))
    body.chmod(0o644)
    body.write_bytes(b"broken")
    code, _, err = run("export", "--archive", archive, "--as", "warc", "-o", str(tmp_path / "set"))
    assert code == 1
    assert "FixityMismatch" in err


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--as", "jsonl"), 2, "both needed"),
        (("nowhere.example", "--as", "jsonl", "-o", "set"), 3, "nothing archived"),
        (("--as", "docx", "-o", "set"), 2, "docx"),
    ],
)
def test_a_mistake_is_one_line_and_its_code(
    archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], code: int, says: str
):
    monkeypatch.chdir(tmp_path)
    ended, out, err = run("export", "--archive", archive, *words)
    assert (ended, out) == (code, "")
    assert says in err


def test_two_data_sets_are_compared_by_their_lists(archive: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for folder, *words in (("all", "--as", "jsonl"), ("bag", "--as", "bagit"), ("few", "--as", "csv", "--limit", "3")):
        assert run("export", "--archive", archive, *words, "-o", folder)[0] == 0
    assert run("diff", "all", "bag") == (0, "", "the same snapshots in both\n")
    code, out, err = run("diff", "all", "few", "--json")
    changes = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (1, f"{PAGES + EXTRA - 3} removed\n")
    assert {change["kind"] for change in changes} == {"removed"}
    assert run("diff", "few", "all")[2] == f"{PAGES + EXTRA - 3} added\n"
    few = tmp_path / "few" / "snapshots.tsv"
    first, *rest = few.read_text().splitlines()
    id, sha256, *more = first.split("\t")
    few.write_text("\n".join(["\t".join([id, sha256[::-1], *more]), *rest]) + "\n")
    code, out, _ = run("diff", "few", "all")
    assert f"other_record  {more[1]}  {id}  {more[2]}" in out.splitlines()
    assert code == 1
    few.write_text("no list of ours\n")
    assert run("diff", "few", "all")[0] == 2
    assert run("diff", "few", "all", "--a", "2026")[0] == 2


def test_verify_without_a_data_set_says_how_an_archive_is_named(archive: str, tmp_path: Path):
    code, _, err = run("verify", archive)
    assert (code, "--archive" in err) == (3, True)
    assert run("verify", archive, "--sample", "5%")[0] == 2
