"""archiver search, run as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import archiver
from tests.test_cli_read import HOSTILE, keep, on_a_terminal, run


@pytest.fixture(autouse=True)
def _environment_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEWSVAULT_ARCHIVE", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with archiver.open(str(tmp_path / "a")) as archive:
        keep(archive, "https://news.example/harbour", b"<p>1</p>", title="Harbour reopens")
        keep(archive, "https://news.example/harbour", b"<p>2</p>", day=5, title="Harbour reopens, again")
        keep(archive, "https://other.example/x", b"<p>3</p>", title=f"{HOSTILE} harbour", collection="second")
    return tmp_path / "a"


def urls(*words: str, folder: Path) -> list[str]:
    done = run("search", *words, "--jsonl", archive=folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line)["url"].rpartition("/")[2] for line in done.stdout.splitlines()]


def test_search_finds_words_and_narrows_them(folder: Path) -> None:
    assert sorted(urls("harbour", folder=folder)) == ["harbour", "harbour", "x"]
    assert urls("harbour", "again", folder=folder) == ["harbour"]
    assert urls("harbour -reopens", folder=folder) == ["x"]
    assert urls("harbour", "--url", "other.example", folder=folder) == ["x"]
    assert urls("harbour", "--collapse", "--domain", "news.example", folder=folder) == ["harbour"]
    assert urls("harbour", "--from", "20261105", folder=folder) == ["harbour"]
    assert urls("--author", "ada byron", "--limit", "1", "--offset", "2", folder=folder) in (["x"], ["harbour"])
    assert urls("harbour", "--newest", "--limit", "1", folder=folder) == ["harbour"]
    assert run("search", "harbour", "--count", archive=folder).stdout == b"3\n"


def test_facets_are_rows(folder: Path) -> None:
    done = run("search", "harbour", "--facet", "collection,author", "--csv", archive=folder)
    assert done.stdout.decode().splitlines() == [
        "facet,value,count", "collection,default,2", "collection,second,1", "author,Ada Byron,3",
    ]  # fmt: skip
    bad = run("search", "harbour", "--facet", "colour", archive=folder)
    assert bad.returncode == 2
    assert b"known are domain" in bad.stderr


def test_json_says_how_many_and_where_the_matches_are(folder: Path) -> None:
    found = json.loads(run("search", "reopens again", "--json", archive=folder).stdout)
    assert (found["total"], found["ranked"]) == (1, 1)
    (hit,) = found["hits"]
    start, end = hit["title_marks"][-1]
    assert hit["title"][start:end] == "again"
    start, end = hit["snippet_marks"][0]
    assert hit["snippet"][start:end] == "reopens"
    assert hit["score"] > 0


def test_fields_are_chosen_and_an_unknown_one_is_said(folder: Path) -> None:
    done = run("search", "reopens", "--fields", "snippet", "--limit", "1", archive=folder)
    assert b"Words about Harbour reopens" in done.stdout
    assert b"known are score, id" in run("search", "x", "--fields", "colour", archive=folder).stderr


def test_nothing_found_is_no_error_but_said(folder: Path) -> None:
    done = run("search", "zeppelin", archive=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"nothing found\n")


@pytest.mark.parametrize(
    "words", [("a*",), ("x " * 60,), ("harbour", "--limit", "1001"), ("harbour", "--from", "soon")]
)
def test_what_cannot_be_searched_for_is_one_line_and_exit_code_2(folder: Path, words: tuple[str, ...]) -> None:
    done = run("search", *words, archive=folder)
    assert done.returncode == 2
    assert done.stderr.count(b"\n") == 1


def test_no_page_drives_a_terminal_or_a_spreadsheet(folder: Path) -> None:
    seen = on_a_terminal("search", "evil", archive=folder)
    assert "harbour" in seen
    assert [one for one in ("\x1b[31m", "\u202e") if one in seen] == []
    table = run("search", "evil", "--csv", "--fields", "title,snippet", archive=folder).stdout.decode()
    assert next(csv.reader(io.StringIO(table.split("\n", 1)[1])))[0].startswith("'=1+1")


def test_the_same_words_select_for_the_other_commands(folder: Path, tmp_path: Path) -> None:
    assert run("list", "--query", "reopens -again", "--count", archive=folder).stdout == b"1\n"
    assert run("get", "--query", "again", "-o", "-", archive=folder).stdout == b"<p>2</p>"
    out = tmp_path / "set"
    assert run("export", "--query", "again", "--as", "jsonl", "-o", str(out), archive=folder).returncode == 0
    query = json.loads((out / "query.json").read_text())
    assert (query["query"]["words"], query["snapshots"]) == ("again", 1)
