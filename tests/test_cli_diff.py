"""archiver diff, run as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archiver
from archiver import cli
from tests.made import capture, reading

URL = "https://news.example/bridge"
TEXT = "The council met on {} to decide about the old bridge.\nIts pillars stand in the river since 1894.\n{} ago"
FIRST, SECOND = TEXT.format("Tuesday", "5 hours"), TEXT.format("Wednesday", "1 day")


@pytest.fixture
def ids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("NEWSVAULT_ARCHIVE", str(tmp_path / "a"))
    with archiver.open(str(tmp_path / "a")) as archive:
        found = []
        for minute, (title, text) in enumerate([("To close", FIRST), ("To stay", SECOND), ("To stay", SECOND)]):
            body = text.encode()
            read = reading(title, text=text)
            found.append(archive.put(capture(URL, minute=minute, body=body), reading=read).id)
    return found


def said(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli.cli, ["diff", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_a_url_is_compared_with_its_last_other_capture(ids: list[str]) -> None:
    text = said(URL)
    assert f"before  2026-11-02 08:30:00 UTC  {ids[0]}" in text
    assert f"after  2026-11-02 08:32:00 UTC  {ids[2]}" in text
    assert "To [-close-]{+stay+}" in text
    assert "met on [-Tuesday-]{+Wednesday+} to decide" in text
    assert "… 1 paragraph the same" in text
    assert "left out: 1 ago" in text
    assert "\x1b" not in text


def test_times_and_ids_choose_others(ids: list[str]) -> None:
    assert said(ids[0], ids[1]) == said(URL, "--a", "20261102083000", "--b", "20261102083100")
    assert "the same bytes" in said(URL, "--a", "20261102083100")
    assert said(f"{URL}@202611020830", f"{URL}@202611020831") == said(ids[0], ids[1])
    assert json.loads(said(ids[0], ids[1], "--json"))["headline"][1] == {"way": "removed", "text": "close"}


def test_history_has_a_line_for_each_capture(ids: list[str]) -> None:
    lines = said(URL, "--history").splitlines()
    assert [line.split()[2] for line in lines] == ids
    assert lines[0].endswith("first: To close")
    assert lines[1].endswith("headline, 1 paragraph edited, +1 −1 words")
    assert lines[2].endswith("the same bytes")
    told: list[Any] = json.loads(said(URL, "--history", "--json"))
    assert [one["id"] for one in told] == ids


def test_html_is_one_page_that_asks_for_nothing(ids: list[str]) -> None:
    page = said(URL, "--html")
    assert page.startswith("<!DOCTYPE html>")
    assert "<del>Tuesday</del><ins>Wednesday</ins>" in page
    assert "src=" not in page
    assert "href=" not in page


def test_what_cannot_be_compared_says_why(ids: list[str]) -> None:
    def why(*words: str) -> str:
        result = CliRunner().invoke(cli.cli, ["diff", *words])
        return str(result.exception)

    assert "nothing archived" in why(f"{URL}?x=1")
    assert "an earlier, different capture" in why(f"{URL}@20261102083000")
    assert "is for one URL" in why(URL, "--history", "--a", "2026")
    assert "are for one URL" in why(ids[0], ids[1], "--a", "2026")
