"""Generations: a capture read again is a new record beside the old one, and readers choose the newest."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from archiver.archive import Archive
from archiver.catalog import Query, card_of
from archiver.cli import _run
from archiver.errors import BadInput, BadRecord
from archiver.keys import generation_key, generation_of, id_of, kind_of
from archiver.model import Record
from archiver.record import key_of, own_flags, read_again, to_json
from tests.made import capture, put, reading


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), fsync=False) as opened:
        yield opened


def read_once_more(archive: Archive, record: Record, title: str) -> Record:
    """Keep one more generation of `record`."""
    newer = read_again(record, reading(title))
    archive.store.put_new(key_of(newer), to_json(newer))
    return newer


def reopened(archive: Archive) -> Archive:
    return Archive.open(archive.uri)


def test_the_key_of_a_generation_names_its_number_and_the_same_snapshot() -> None:
    first = f"records/daily/2026/11/02/083000-{'a' * 20}.json"
    third = generation_key(first, 3)
    assert third == f"records/daily/2026/11/02/083000-{'a' * 20}.3.json"
    assert kind_of(third) == "record"
    assert (generation_of(first), generation_of(third), id_of(third)) == (1, 3, "a" * 20)
    assert generation_key(third, 1) == first
    assert [kind_of(first.replace(".json", f".{n}.json")) for n in ("0", "1", "02", "x", "1234567")] == [None] * 5
    with pytest.raises(BadInput, match="numbered from 1"):
        generation_key(first, 0)


def test_a_generation_has_the_captures_flags_and_todays_of_the_reading(archive: Archive) -> None:
    page = replace(capture(), flags=("truncated",))
    receipt = archive.put(page, reading=replace(reading(), flags=("paywalled", "truncated")))
    record = archive.record(receipt.record_key)
    assert record.flags == ("truncated", "paywalled")
    newer = read_again(record, replace(reading(), flags=("noarchive",)))
    assert newer.flags == newer.capture.flags == ("truncated", "noarchive")
    assert own_flags(newer) == ("truncated",)


def test_readers_get_the_newest_generation_and_may_name_an_older_one(archive: Archive) -> None:
    id = put(archive, title="First").id
    record = archive.get(id).record
    read_once_more(archive, read_once_more(archive, record, "Second"), "Third")
    with reopened(archive) as opened:
        (row,) = opened.find("news.example")
        assert (row.id, row.generation, row.title) == (id, 3, "Third")
        assert opened.get(id).record.article.title == "Third"
        assert [one.title for n in (1, 2, 3, 9) for one in opened.find(generation=n)] == [
            "First", "Second", "Third", "Third",
        ]  # fmt: skip
        assert [one.article.title for one in opened.generations(row)] == ["First", "Second", "Third"]
        assert [one.article.title for one in opened.records()] == ["Third"]
        assert opened.body(opened.record(opened.generation(row, 1).record_key)) == capture().body
        assert list(opened.verify()) == []


def test_a_row_follows_its_newest_generation_whatever_happens_to_it(archive: Archive) -> None:
    put(archive, title="First")
    record = next(archive.records())
    newer = read_once_more(archive, record, "Second")

    def titles() -> list[str]:
        with reopened(archive) as opened:
            return [row.title for row in opened.find()]

    assert titles() == ["Second"]
    archive.store.replace(key_of(newer), to_json(newer)[:-40])
    assert titles() == ["Second"]  # its row was made before
    archive.catalog.remove([key_of(newer)])
    assert titles() == ["First"]  # the newest that can be read
    with reopened(archive) as opened:
        assert [damage.key for damage in opened.verify()] == [key_of(newer)]
        with pytest.raises(BadRecord):
            opened.record(key_of(newer))
    archive.store.replace(key_of(newer), to_json(newer))
    assert titles() == ["Second"]
    archive.store.delete(key_of(newer))
    assert titles() == ["First"]


def test_an_older_row_that_comes_late_does_not_replace_a_newer_one(archive: Archive) -> None:
    put(archive, title="First")
    old = card_of(next(archive.records()))
    newer = read_once_more(archive, next(archive.records()), "Second")
    with reopened(archive) as opened:
        list(opened.find())
        opened.catalog.add([old])
        assert [row.record_key for row in opened.catalog.find(Query())] == [key_of(newer)]


def test_the_commands_name_generations(archive: Archive, capsys: pytest.CaptureFixture[str]) -> None:
    id = put(archive, title="First").id
    read_once_more(archive, next(archive.records()), "Second")
    where = ("--archive", archive.uri.removeprefix("file://"))

    def said(*words: str) -> str:
        with pytest.raises(SystemExit) as ended:
            sys.exit(_run([*words, *where]))
        assert ended.value.code == 0
        return capsys.readouterr().out

    assert "Second" in said("show", id)
    assert "First" in said("show", id, "--generation", "1")
    assert [line.split("\t")[0] for line in said("show", id, "--generations").splitlines()] == ["1", "2"]
    assert said("list", "--fields", "generation,title") == "2\tSecond\n"
    assert said("list", "--fields", "generation,title", "--generation", "1") == "1\tFirst\n"
