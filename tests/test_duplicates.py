"""Duplicates: what says the same is in one cluster, what does not is in none."""

from __future__ import annotations

import csv
import io
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archiver import cli
from archiver.archive import Archive
from archiver.duplicates import Kind, find_duplicates
from archiver.errors import BadInput, BadRecord
from archiver.extraction.similarity import similarity_of
from tests.made import capture, reading

WORDS = [f"word{n}" for n in range(900)]


def text(seed: int, words: int = 300) -> str:
    return " ".join(random.Random(seed).choices(WORDS, k=words))


def edited(original: str, *, every: int) -> str:
    return " ".join("changed" if n % every == 5 else word for n, word in enumerate(original.split()))


def keep(archive: Archive, url: str, body: str, *, minute: int, wire: str | None = None, old: bool = False) -> str:
    read = reading(f"About {url}", text=body)
    assert read.article is not None
    extra: dict[str, Any] = {} if old else similarity_of(body)
    extra |= {"wire": wire} if wire else {}
    read = replace(read, article=replace(read.article, extra=extra))
    page = capture(url, minute=minute, body=f"{url} {minute} {body}".encode())
    return archive.put(page, reading=read, collection="daily").id


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "a"), fsync=False) as opened:
        yield opened


def urls(archive: Archive, **more: Any) -> list[tuple[str, str | None, list[str]]]:
    return [
        (str(one.kind), one.agency, [member.url.removeprefix("https://") for member in one.members])
        for one in find_duplicates(archive, **more)
    ]


def test_exact_near_and_wire_are_told_apart(archive: Archive) -> None:
    keep(archive, "https://a.example/1", text(1), minute=1)
    keep(archive, "https://a.example/2", text(1).upper().replace(" ", "\n"), minute=2)
    keep(archive, "https://b.example/1", text(2), minute=3)
    keep(archive, "https://b.example/2", edited(text(2), every=60), minute=4)
    keep(archive, "https://a.example/3", text(3), minute=5)
    keep(archive, "https://b.example/3", edited(text(3), every=60), minute=6, wire="dpa")
    keep(archive, "https://c.example/3", text(3) + " " + text(4, 20), minute=7, wire="dpa")
    keep(archive, "https://c.example/9", text(9), minute=8, wire="AFP")
    assert urls(archive) == [
        ("wire", "dpa", ["a.example/3", "b.example/3", "c.example/3"]),
        ("exact", None, ["a.example/1", "a.example/2"]),
        ("near", None, ["b.example/1", "b.example/2"]),
    ]


def test_the_threshold_decides_what_is_near(archive: Archive) -> None:
    keep(archive, "https://a.example/1", text(1), minute=1)
    keep(archive, "https://b.example/1", edited(text(1), every=30), minute=2)
    (cluster,) = find_duplicates(archive, threshold=0.8)
    assert 0.8 < cluster.least_alike < 0.95
    assert list(find_duplicates(archive, threshold=0.95)) == []
    with pytest.raises(BadInput, match="above 0 and up to 1"):
        list(find_duplicates(archive, threshold=80))


def test_versions_of_one_page_are_no_duplicates_unless_asked_for(archive: Archive) -> None:
    for minute in range(3):
        keep(archive, "https://a.example/1", edited(text(1), every=60 + minute), minute=minute)
    keep(archive, "https://b.example/1", text(1), minute=9)
    assert urls(archive) == [("near", None, ["a.example/1", "b.example/1"])]
    (one,) = find_duplicates(archive, every_capture=True)
    assert len(one.members) == 4
    assert list(find_duplicates(archive, least=3)) == []


def test_records_without_digests_are_sketched_now(archive: Archive) -> None:
    keep(archive, "https://a.example/1", text(1), minute=1, old=True)
    keep(archive, "https://b.example/1", text(1), minute=2)
    assert [kind for kind, _, _ in urls(archive)] == ["exact"]


def test_a_chain_of_copies_does_not_swallow_what_is_unlike(archive: Archive) -> None:
    story = text(1).split()
    for n in range(12):  # each copy loses a tenth of the first's words
        keep(
            archive, f"https://s{n}.example/1", " ".join(story[: 300 - 25 * n] + text(50 + n, 25 * n).split()), minute=n
        )
    for one in find_duplicates(archive):
        assert one.least_alike >= 0.8


def test_short_texts_and_pages_without_text(archive: Archive) -> None:
    for n, words in enumerate(["", "One.", "one", "Two words here", "two words HERE!"]):
        keep(archive, f"https://s{n}.example/", words, minute=n)
    assert [(kind, len(found)) for kind, _, found in urls(archive)] == [("exact", 2), ("exact", 2)]


def test_what_is_found_is_what_comparing_all_pairs_finds(archive: Archive) -> None:
    """60 articles, of which 40 come in pairs that share 70 to 100 % of their runs."""
    pairs = set()
    for n in range(20):
        keep(archive, f"https://a.example/{n}", text(n), minute=2 * n)
        keep(archive, f"https://b.example/{n}", edited(text(n), every=40 + 5 * n), minute=2 * n + 1)
        keep(archive, f"https://c.example/{n}", text(1000 + n), minute=100 + n)
        pairs.add((f"a.example/{n}", f"b.example/{n}"))
    assert {tuple(found) for _, _, found in urls(archive, threshold=0.75)} == pairs


def test_damage_is_told_and_the_rest_compared(archive: Archive) -> None:
    keep(archive, "https://a.example/1", text(1), minute=1)
    keep(archive, "https://b.example/1", text(1), minute=2)
    id = keep(archive, "https://c.example/1", text(1), minute=3)
    (row,) = archive.find(id)
    archive.store.replace(row.record_key, b"{}")
    told: list[str] = []
    (one,) = find_duplicates(archive, damaged=lambda key, error: told.append(key))
    assert len(one.members) == 2
    assert told == [row.record_key]
    with pytest.raises(BadRecord):
        list(find_duplicates(archive))


def test_the_command_writes_a_table_json_and_csv(archive: Archive) -> None:
    keep(archive, "https://a.example/1", text(1), minute=1)
    keep(archive, "https://b.example/1", text(1), minute=2, wire="AP")
    where = ["--archive", archive.uri.removeprefix("file://")]

    def said(*words: str) -> Any:
        done = CliRunner().invoke(cli.cli, ["duplicates", *words, *where])
        assert done.exit_code == 0, done.output
        return done

    assert said().stdout.splitlines()[0] == "wire, AP, 2 articles, 2 sites, 100% alike: About https://a.example/1"
    assert said().stderr.endswith("clusters: 1 wire\n")
    (cluster,) = json.loads(said("--json").stdout)
    assert (cluster["kind"], cluster["articles"], cluster["members"][1]["wire"]) == ("wire", 2, "AP")
    rows = list(csv.DictReader(io.StringIO(said("--csv").stdout)))
    assert [(row["cluster"], row["kind"], row["domain"]) for row in rows] == [
        ("1", "wire", "a.example"), ("1", "wire", "b.example"),
    ]  # fmt: skip
    assert said("--kind", "exact").stdout == ""
    assert str(Kind.EXACT) == "exact"
