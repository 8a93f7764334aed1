"""The archive: what is put comes back, proved, and nothing is ever half there."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archiver.archive import Archive, prepare
from archiver.bodies import pack, sha1_base32, sha256_hex
from archiver.errors import (
    ArchiveError,
    BadInput,
    BadRecord,
    FixityMismatch,
    KeyTaken,
    NewerSchema,
    NotArchived,
    StoreError,
)
from archiver.keys import body_key, kind_of
from archiver.model import Capture, Verdict
from archiver.seal import seal
from archiver.storage import ObjectInfo, Store, open_store
from archiver.storage.memory import MemoryStore
from tests.made import START, capture, failed, put, reading


@pytest.fixture
def archive(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    """An empty archive on each kind of store."""
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    with Archive(store) as opened:
        store.put_new("crawls/crawl-1/job.toml", b"# a folder that is empty does not exist yet")
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), fsync=False) as opened:
        yield opened


def keys(archive: Archive) -> set[str]:
    return {info.key for info in archive.store.list() if kind_of(info.key) in ("body", "record")}


def test_a_snapshot_comes_back_as_it_was_put(archive: Archive) -> None:
    receipt = put(archive)
    snapshot = archive.get("https://news.example/a")
    assert snapshot.body == capture().body
    assert snapshot.record.article == reading().article
    assert snapshot.record.capture.headers == capture().headers
    assert archive.get(receipt.id) == snapshot
    assert keys(archive) == {receipt.record_key, receipt.body_key}


def test_putting_again_changes_nothing_and_says_so(archive: Archive) -> None:
    first, again = put(archive), put(archive)
    assert (first.is_new_body, first.is_new_record) == (True, True)
    assert (again.is_new_body, again.is_new_record) == (False, False)
    assert first.record_sha256 == again.record_sha256 == sha256_hex(archive.store.get(first.record_key))
    assert len(list(archive.find())) == 1


def test_identical_bytes_share_one_body(folder: Archive) -> None:
    first = folder.put(capture(body=b"same"), reading=reading())
    second = folder.put(capture("https://other.example/b", minute=1, body=b"same"), repeats=first.id)
    assert first.body_key == second.body_key == body_key(sha256_hex(b"same"))
    assert (first.is_new_body, second.is_new_body) == (True, False)
    assert folder.get(second.id).record.repeats == first.id
    assert len(keys(folder)) == 3


def test_a_receipt_says_what_the_store_holds(folder: Archive) -> None:
    receipt = put(folder)
    for entry in receipt.entries:
        data = folder.store.get(entry.key)
        assert (entry.sha256, entry.size) == (sha256_hex(data), len(data))
    assert [entry.kind for entry in receipt.entries] == ["record", "body"]
    assert receipt.entries[0].body == receipt.body_key


def test_a_failure_is_kept_without_a_body(folder: Archive) -> None:
    receipt = folder.put(failed())
    snapshot = folder.get(receipt.id)
    assert (snapshot.body, snapshot.record.verdict, receipt.body_key) == (None, Verdict.ERROR, None)
    assert len(receipt.entries) == 1


def test_the_body_is_plain_gzip_that_any_tool_opens(folder: Archive, tmp_path: Path) -> None:
    receipt = put(folder)
    assert receipt.body_key is not None
    assert gzip.decompress((tmp_path / "archive" / receipt.body_key).read_bytes()) == capture().body


def test_without_a_time_the_latest_capture_of_a_url_is_got(folder: Archive) -> None:
    for minute in (0, 10, 20):
        put(folder, minute=minute)
    folder.put(failed("https://news.example/a", minute=30))
    assert folder.get("https://news.example/a").record.captured_at == START + timedelta(minutes=20)


def test_a_later_wall_hides_no_earlier_article(folder: Archive) -> None:
    good = put(folder, minute=0)
    asks = reading("Are you human?", verdict=Verdict.BOT_WALL)
    wall = folder.put(capture(minute=10), reading=asks, crawl="crawl-1", collection="daily")
    assert folder.row("https://news.example/a").id == good.id
    assert folder.row("https://news.example/a", at=START + timedelta(minutes=10)).id == wall.id


@pytest.mark.parametrize(("at", "minute"), [(0, 0), (4, 0), (6, 10), (14, 10), (16, 20), (999, 20)])
def test_with_a_time_the_closest_capture_is_got(folder: Archive, at: int, minute: int) -> None:
    for taken in (0, 10, 20):
        put(folder, minute=taken)
    moment = START + timedelta(minutes=at)
    assert folder.get("https://news.example/a", at=moment).record.captured_at == START + timedelta(minutes=minute)
    as_text = f"{moment:%Y%m%d%H%M%S}"
    assert folder.row("https://news.example/a", at=as_text).captured_at == START + timedelta(minutes=minute)


def test_what_was_never_put_is_not_archived(folder: Archive) -> None:
    put(folder)
    for what in ("https://news.example/other", "0" * 20, "elsewhere.example"):
        with pytest.raises(NotArchived, match=what):
            folder.get(what)


def test_an_unknown_collection_names_the_known_ones(folder: Archive) -> None:
    put(folder)
    folder.put(capture(minute=3), collection="weekly")
    with pytest.raises(NotArchived, match="collection 'dayly'; this archive has: daily, weekly"):
        folder.find(collection="dayly")


def test_a_prefix_is_no_single_snapshot(folder: Archive) -> None:
    put(folder)
    with pytest.raises(BadInput, match="names many"):
        folder.get("https://news.example/*")


def test_a_missing_folder_is_said_and_not_made(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "nope")) as archive, pytest.raises(BadInput, match="no such folder"):
        archive.find()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "plain", "other"])
def test_a_damaged_body_is_never_handed_out(folder: Archive, harm: str) -> None:
    receipt = put(folder)
    assert receipt.body_key is not None
    data = folder.store.get(receipt.body_key)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 1
    harmed = {"flip": bytes(flipped), "cut": data[:-9], "empty": b"", "plain": b"<html>", "other": pack(b"x")}[harm]
    folder.store.replace(receipt.body_key, harmed)
    with pytest.raises(FixityMismatch, match="expected sha256"):
        folder.get(receipt.id)


def test_a_damaged_body_in_the_way_of_a_put_is_found(folder: Archive) -> None:
    receipt = put(folder)
    assert receipt.body_key is not None
    folder.store.replace(receipt.body_key, folder.store.get(receipt.body_key)[:-9])
    with pytest.raises(FixityMismatch):
        folder.put(capture(), reading=reading())


def test_the_same_body_packed_otherwise_is_no_conflict(folder: Archive) -> None:
    body, at = b"<html>" + b"text " * 1000, body_key(sha256_hex(b"<html>" + b"text " * 1000))
    packed = gzip.compress(body, 9, mtime=0)
    folder.store.put_new(at, packed)
    receipt = folder.put(capture(body=body))
    assert (receipt.is_new_body, receipt.body_sha256, receipt.body_size) == (False, sha256_hex(packed), len(packed))
    assert folder.get(receipt.id).body == body


def test_another_record_under_the_same_key_is_not_overwritten(folder: Archive) -> None:
    first = put(folder, title="First")
    with pytest.raises(KeyTaken):
        put(folder, title="Second")
    record = folder.record(first.record_key)
    assert record.article is not None
    assert record.article.title == "First"


class Watched(MemoryStore):
    """A store that fails at a chosen put, and notes the order of the others."""

    def __init__(self, fails: str = "never") -> None:
        super().__init__("watched")
        self.fails = fails
        self.order: list[str] = []

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        if key.startswith(self.fails):
            raise StoreError(self.uri, "503")
        self.order.append(f"{kind_of(key)} {media_type} {encoding}")
        return super().put_new(key, data, media_type=media_type, encoding=encoding)


def test_the_body_comes_before_the_record_and_both_say_what_they_are() -> None:
    store = Watched()
    with Archive(store) as archive:
        put(archive)
    assert store.order == ["body text/html; charset=utf-8 gzip", "record application/json None"]


def test_a_store_that_fails_between_leaves_a_body_and_no_promise() -> None:
    store = Watched(fails="records/")
    with Archive(store) as archive:
        with pytest.raises(StoreError):
            put(archive)
        assert list(archive.find()) == []
        store.fails = "never"
        assert put(archive).is_new_record
        assert len(list(archive.find())) == 1


@pytest.mark.parametrize("value", ["text/html\r\nX-Evil: 1", "text/\xe9", "", "x" * 300, " "])
def test_a_content_type_that_no_store_can_keep_is_replaced(value: str) -> None:
    page = Capture(url="https://x.example/", captured_at=START, body=b"x", headers=(("Content-Type", value),))
    assert prepare(page, crawl="c", collection="d", reading=reading()).media_type == "text/html"


@dataclass(frozen=True)
class Work:
    """What a worker process hands back about a body."""

    sha256: str
    sha1: str
    size: int
    gz: bytes


def test_a_body_packed_elsewhere_is_taken_as_it_is(folder: Archive) -> None:
    body = capture().body
    work = Work(sha256_hex(body), sha1_base32(body), len(body), gzip.compress(body, 1, mtime=0))
    prepared = prepare(capture(), crawl="c", collection="d", reading=reading(), html=work)
    assert prepared.body_gz == work.gz
    assert prepared.record == prepare(capture(), crawl="c", collection="d", reading=reading()).record
    assert folder.get(folder.store_prepared(prepared).id).body == body


def test_many_threads_may_put_at_once(archive: Archive) -> None:
    errors: list[ArchiveError] = []

    def work(first: int) -> None:
        try:
            for minute in range(first, first + 10):
                put(archive, minute=minute)
                archive.put(capture("https://same.example/", minute=minute, body=b"same"))
        except ArchiveError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 5, 10, 15)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(archive.find())) == 50
    assert list(archive.verify()) == []


def test_records_are_read_without_a_catalog(folder: Archive) -> None:
    for minute in (0, 10, 20):
        put(folder, minute=minute)
    folder.put(capture("https://b.example/"), collection="weekly")
    assert len(list(folder.records())) == 4
    assert {record.collection for record in folder.records(collection="weekly")} == {"weekly"}
    since = START + timedelta(minutes=10)
    assert [record.captured_at for record in folder.records(since=since, until=since + timedelta(minutes=5))] == [since]
    assert len(list(folder.records(collection="daily", until="20261102"))) == 3


def test_a_damaged_record_is_raised_or_told_and_the_others_follow(folder: Archive) -> None:
    bad, good = put(folder), put(folder, minute=1)
    folder.store.replace(bad.record_key, folder.store.get(bad.record_key)[:100])
    told: list[tuple[str, ArchiveError]] = []
    found = list(folder.records(damaged=lambda key, error: told.append((key, error))))
    assert [record.id for record in found] == [good.id]
    assert [key for key, _ in told] == [bad.record_key]
    with pytest.raises(BadRecord, match="cut off, or not JSON"):
        list(folder.records())


def test_asking_for_a_damaged_record_says_what_is_wrong_with_it(folder: Archive) -> None:
    bad, newer = put(folder), put(folder, minute=1)
    folder.store.replace(bad.record_key, b"{")
    members = json.loads(folder.store.get(newer.record_key))
    folder.store.replace(newer.record_key, seal({**{k: v for k, v in members.items() if k != "digest"}, "schema": 2}))
    folder.catalog.remove([bad.record_key, newer.record_key])
    with pytest.raises(BadRecord, match="archiver verify"):
        folder.get(bad.id)
    with pytest.raises(NewerSchema, match="pip install -U newsvault"):
        folder.get(newer.id)


def test_records_that_cannot_be_read_are_counted_in_a_warning(
    folder: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    bad = put(folder)
    put(folder, minute=1)
    folder.store.replace(bad.record_key, b"{")
    folder.catalog.remove([bad.record_key])
    assert len(list(folder.find())) == 1
    assert "1 of the archive's records cannot be read; the first: records/daily" in caplog.text


def test_a_record_copied_to_another_place_is_bad(folder: Archive) -> None:
    receipt = put(folder)
    elsewhere = receipt.record_key.replace("records/daily/", "records/weekly/")
    folder.store.put_new(elsewhere, folder.store.get(receipt.record_key))
    with pytest.raises(BadRecord, match="it belongs at records/daily"):
        folder.record(elsewhere)


def test_times_without_a_zone_are_utc(folder: Archive) -> None:
    put(folder)
    assert len(list(folder.find(since=datetime(2026, 11, 2, 8, 30), until=datetime(2026, 11, 2, 8, 31)))) == 1
    assert len(list(folder.find(until=datetime(2026, 11, 2, 8, 30, tzinfo=UTC)))) == 0


def test_an_archive_on_s3_is_read_by_another_process(s3_uri: str, tmp_path: Path) -> None:
    with Archive.open(f"{s3_uri}/press") as archive:
        receipt = put(archive)
    code = "import archiver, sys; print(archiver.open(sys.argv[1]).get('https://news.example/a').record.id)"
    done = subprocess.run([sys.executable, "-c", code, f"{s3_uri}/press"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == receipt.id


def test_objects_are_only_ever_added(folder: Archive) -> None:
    put(folder)

    def listing() -> dict[str, ObjectInfo]:
        return {info.key: info for info in folder.store.list("html/")}

    before = listing()
    put(folder, minute=1)
    assert before.items() <= listing().items()
    with open_store(folder.uri) as again:
        assert {info.key for info in again.list("html/")} == set(listing())
