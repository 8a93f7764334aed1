"""Takedown: the content goes for good, the proof that it was there stays, and nothing brings it back unseen."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archiver
from archiver import cli
from archiver.archive import Archive
from archiver.archive.notices import Notices, read_notices
from archiver.errors import BadInput, BadRecord, NotArchived, StoreError, TakenDown
from archiver.export import export
from archiver.extraction.similarity import similarity_of
from archiver.generations import reextract
from archiver.keys import generation_key, kind_of, notice_key
from archiver.model import Right, Verdict
from archiver.record import key_of, read_again, to_json
from archiver.storage.memory import MemoryStore
from archiver.takedown import plan, take_down
from tests.crawling import crawl
from tests.made import capture, reading
from tests.site import Site

URL = "https://news.example/secret"
WORDS = "Zanzibar Quicksilver told the court everything about " + " ".join(f"matter{n} and" for n in range(80))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "a"), fsync=False) as opened:
        yield opened


def keep(archive: Archive, url: str = URL, *, minute: int = 0, body: bytes | None = None, text: str = WORDS) -> str:
    holder = Right(name="copyright_holder", value=text.split()[0], where="json_ld")
    read = replace(reading(" ".join(text.split()[:3]), text=text), rights=(holder,))
    page = capture(url, minute=minute, body=body or f"<p>{text} {minute}</p>".encode())
    return archive.put(page, reading=read, crawl="c1", collection="daily").id


def taken(archive: Archive, what: str, reason: str = "court order 12/26") -> list[Any]:
    return take_down(archive, plan(archive, what), reason=reason, at=NOW)


def everything(archive: Archive) -> bytes:
    """Every byte of the archive's folder, bodies unpacked where they are whole."""
    folder = Path(archive.uri.removeprefix("file://"))
    archive.close()
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_no_word_of_it_is_left_and_the_proof_is(archive: Archive) -> None:
    id = keep(archive)
    (row,) = archive.find(id)
    old = archive.record(row.record_key)
    newer = read_again(old, reading("Quicksilver freed", text=WORDS))
    archive.store.put_new(key_of(newer), to_json(newer))
    keep(archive, "https://news.example/other", text="Nothing of interest happened. " * 9)
    assert b"Quicksilver" in everything(archive)
    (notice,) = taken(archive, id)
    left = everything(archive)
    assert b"Quicksilver" not in left
    assert b"Zanzibar" not in left
    with Archive.open(archive.uri) as opened:
        assert opened.store.head(old.html.key) is None
        (row,) = opened.find(id)
        assert (row.verdict, row.title, row.body_key, row.generation) == ("taken_down", None, None, 3)
        tombstone = opened.record(row.record_key)
        assert tombstone.takedown is not None
        assert (tombstone.takedown.reason, tombstone.takedown.at) == ("court order 12/26", NOW)
        assert list(tombstone.takedown.records) == ["1", "2"]
        assert tombstone.html == old.html
        assert tombstone.capture.headers == old.capture.headers
        assert [one.id for one in read_notices(opened.store)] == [notice.id] == [id]


def test_verify_passes_and_says_so_also_of_what_a_manifest_promised(tmp_path: Path) -> None:
    with Site(articles=3) as site:
        done = crawl(site.url, uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 0, done.said
        url = site.article_urls()[0]
        with archiver.open(done.uri) as archive:
            taken(archive, url)
        said = CliRunner().invoke(cli.cli, ["verify", "--archive", done.uri])
        assert said.exit_code == 0, said.output
        assert "no damaged, 1 snapshots taken down" in said.stderr
        sampled = CliRunner().invoke(cli.cli, ["verify", "--archive", done.uri, "--sample", "1%"])
        assert sampled.exit_code == 0, sampled.output
        (tmp_path / "s" / "log.jsonl").unlink()
        again = crawl(url, "--spider", "urls", uri=done.uri, state=tmp_path / "s2")
        assert again.code == 0, again.said
        assert again.outcomes == {url: "skipped:taken_down"}
        assert "taken down on" in again.said
        with archiver.open(done.uri) as archive:
            assert [row.verdict for row in archive.find(url)] == ["taken_down"]
            assert list(archive.verify()) == []


@pytest.mark.parametrize("what", ["tombstone", "notice", "restored"])
def test_verify_misses_a_tombstone_and_names_what_came_back(archive: Archive, what: str) -> None:
    id = keep(archive)
    (row,) = archive.find(id)
    data = archive.store.get(row.record_key)
    (notice,) = taken(archive, id)
    if what == "restored":
        archive.store.put_new(row.record_key, data)
        expected = {(row.record_key, "unreferenced"), (row.body_key, "missing")}
    else:
        key = notice.tombstone if what == "tombstone" else notice_key(id)
        archive.store.delete(key)
        expected = {(key, "missing")}
    assert {(damage.key, damage.problem) for damage in archive.verify()} == expected
    if what == "restored":
        taken(archive, id)
        assert list(archive.verify()) == []
        assert archive.store.head(row.record_key) is None


def test_readers_are_told_451_and_why(archive: Archive, tmp_path: Path) -> None:
    id = keep(archive)
    other = keep(archive, "https://news.example/other", minute=1, text="Other words entirely. " * 5)
    taken(archive, id)
    with Archive.open(archive.uri) as opened:
        for ask in (lambda: opened.get(id), lambda: opened.get(URL), lambda: opened.snapshot(_key(opened, id))):
            with pytest.raises(TakenDown, match=r"taken down on 2026-11-24 \(451\): court order 12/26"):
                ask()
        assert opened.record(_key(opened, id)).article is None
        assert opened.generation(next(opened.find(id)), 1).verdict == Verdict.TAKEN_DOWN
        done = export(opened, tmp_path / "set", form="jsonl")
        assert [(one.reason, one.detail) for one in done.left_out] == [
            ("TakenDown", f"{URL}: taken down on 2026-11-24 (451): court order 12/26")
        ]
        assert done.damaged == ()
    where = ["--archive", archive.uri.removeprefix("file://")]

    def run(words: list[str]) -> Any:
        return CliRunner().invoke(cli.cli, [*words, *where])

    shown = run(["show", id])
    assert isinstance(shown.exception, TakenDown)
    assert shown.exception.exit_code == 3
    assert json.loads(run(["show", id, "--json"]).stdout)["takedown"]["reason"] == "court order 12/26"
    assert isinstance(run(["diff", id, other]).exception, TakenDown)
    assert isinstance(run(["cite", id]).exception, TakenDown)
    got = run(["get", "news.example", "-o", str(tmp_path / "got")])
    assert got.exit_code == 0, got.output
    assert "1 snapshots were taken down" in got.stderr
    assert "taken_down" in run(["list", "--verdict", "taken_down"]).stdout


def _key(archive: Archive, id: str) -> str:
    return next(archive.find(id)).record_key


def test_a_body_that_others_have_stays_with_them(archive: Archive) -> None:
    body = f"<p>{WORDS}</p>".encode()
    id, other = keep(archive, body=body), keep(archive, "https://copy.example/", minute=1, body=body)
    planned = plan(archive, id)
    assert planned.doomed[0].shared_with == (other,)
    assert planned.bodies == {}
    take_down(archive, planned, reason="x", at=NOW)
    assert list(archive.verify()) == []
    with Archive.open(archive.uri) as opened:
        assert opened.get(other).body == body
        taken(opened, other)
        assert opened.store.head(planned.doomed[0].body or "") is None
        assert list(opened.verify()) == []


def test_a_url_means_all_its_captures_now_and_later(archive: Archive) -> None:
    ids = [keep(archive, minute=n) for n in range(3)]
    notices = taken(archive, URL)
    assert {one.id for one in notices} == set(ids)
    with Archive.open(archive.uri) as opened, pytest.raises(TakenDown):
        keep(opened, minute=9, text="Something else entirely, about another matter. " * 5)


@pytest.mark.parametrize(
    ("url", "body", "text", "is_refused"),
    [
        (URL, None, WORDS, True),
        (URL.replace("https", "http") + "?utm_source=x", None, WORDS + "Indeed.", True),
        (URL, None, "A corrected text that has other words, in another order, and no names at all. " * 4, False),
        ("https://other.example/", None, WORDS, False),
        ("https://other.example/", f"<p>{WORDS} 0</p>".encode(), "whatever", True),
    ],
)
def test_a_single_snapshot_does_not_come_back_but_a_corrected_one_may(
    archive: Archive, url: str, body: bytes | None, text: str, is_refused: bool
) -> None:
    taken(archive, keep(archive))
    read = reading("T", text=text)
    assert read.article is not None
    read = replace(read, article=replace(read.article, extra=similarity_of(text)))
    with Archive.open(archive.uri) as opened:
        page = capture(url.partition("?")[0], minute=5, body=body or f"<p>{text} 5</p>".encode())
        if is_refused:
            with pytest.raises(TakenDown):
                opened.put(page, reading=read)
        else:
            assert opened.put(page, reading=read).is_new_record
        assert list(opened.verify()) == []


def test_a_url_means_what_it_redirected_to_and_a_domain_means_nothing(archive: Archive) -> None:
    keep(archive)
    moved = replace(capture("https://news.example/new", minute=1, body=b"moved"), requested_url=URL)
    archive.put(moved, reading=reading("Moved", text=WORDS))
    keep(archive, "https://news.example/", minute=2)
    assert {one.url for one in plan(archive, URL).doomed} == {URL, "https://news.example/new"}
    for many in ("news.example", "https://news.example/*"):
        with pytest.raises(BadInput, match="one URL or one id at a time"):
            plan(archive, many)


class Failing(MemoryStore):
    """Fails at the n-th change."""

    left = 10**6

    def _spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreError(self.uri, "down")

    def put_new(self, key: str, data: bytes, **more: Any) -> bool:
        self._spend()
        return super().put_new(key, data, **more)

    def replace(self, key: str, data: bytes, **more: Any) -> None:
        self._spend()
        super().replace(key, data, **more)

    def delete(self, key: str) -> None:
        self._spend()
        super().delete(key)


def test_stopped_anywhere_and_done_again_it_ends_the_same() -> None:
    for changes in range(7):
        store = Failing(f"memory://failing-{changes}")
        archive = Archive(store)
        id = keep(archive)
        record = archive.record(_key(archive, id))
        newer = read_again(record, reading("Again", text=WORDS))
        store.put_new(key_of(newer), to_json(newer))
        store.left = changes
        try:
            taken(archive, id, reason="the first")
            assert changes >= 6
        except StoreError:
            store.left = 10**6
            taken(Archive(store), id, reason="the second")
        store.left = 10**6
        (notice,) = read_notices(store)
        assert notice.reason == ("the second" if changes == 0 else "the first")
        assert notice.text_digest, changes
        left = {info.key for info in store.list() if not info.key.startswith("crawls/")}
        assert left == {generation_key(key_of(record), 3)}, changes
        assert list(Archive(store).verify()) == []


def test_reading_again_finds_nothing_to_read(archive: Archive) -> None:
    taken(archive, keep(archive))
    with Archive.open(archive.uri) as opened:
        assert reextract(opened, workers=1, everything=True).outcomes == {"taken_down": 1}


def test_the_command_asks_says_what_goes_and_can_be_tried(archive: Archive) -> None:
    id = keep(archive)
    where = ["--archive", archive.uri.removeprefix("file://")]

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.cli, ["takedown", *words, *where])

    assert "say --yes" in str(run(id, "--reason", "x").exception)
    assert run(id).exit_code == 2
    dry = run(id, "--reason", "x", "--dry-run")
    assert "1 snapshots, 1 records, 1 bodies" in dry.stdout
    assert "nothing was deleted" in dry.stderr
    assert archive.get(id).body is not None
    assert "say why" in str(run(id, "--reason", " ", "--yes").exception)
    done = run(id, "--reason", "x", "--yes")
    assert done.exit_code == 0, done.output
    assert "cannot be undone" in done.stderr
    assert isinstance(run("https://nowhere.example/", "--reason", "x", "--yes").exception, NotArchived)


def test_a_damaged_notice_is_not_passed_over(archive: Archive) -> None:
    id = keep(archive)
    taken(archive, id)
    archive.store.replace(notice_key(id), b"{}")
    with pytest.raises(BadRecord):
        Notices(archive.store).check(archive.record(_key(archive, id)))
    assert [damage.key for damage in archive.verify()] == [notice_key(id)]


def test_notices_are_looked_for_again_after_a_while() -> None:
    store, now = MemoryStore("memory://notices"), [0.0]
    notices = Notices(store, clock=lambda: now[0])
    archive = Archive(store)
    id = keep(archive)
    record = archive.record(_key(archive, id))
    notices.check(record)
    taken(archive, id)
    notices.check(record)  # not yet
    now[0] = 301
    with pytest.raises(TakenDown):
        notices.check(record)


def test_the_catalogs_file_forgets(archive: Archive) -> None:
    id = keep(archive)
    list(archive.find())
    path = archive.catalog.path
    taken(archive, id)
    with closing(sqlite3.connect(path)) as catalog:
        assert catalog.execute("SELECT count(*) FROM snapshots WHERE title LIKE '%Quicksilver%'").fetchone() == (0,)
    assert b"Quicksilver" not in path.read_bytes()


def test_in_s3_the_same(s3_uri: str) -> None:
    with Archive.open(f"{s3_uri}/press") as archive:
        id = keep(archive)
        record = archive.record(_key(archive, id))
        newer = read_again(record, reading("Again", text=WORDS))
        archive.store.put_new(key_of(newer), to_json(newer))
        taken(archive, URL)
    with Archive.open(f"{s3_uri}/press") as archive:
        assert [row.verdict for row in archive.find()] == ["taken_down"]
        assert list(archive.verify()) == []
        assert {kind_of(info.key) for info in archive.store.list()} == {"manifest", "notice", "record"}
        with pytest.raises(TakenDown):
            keep(archive, minute=4)
