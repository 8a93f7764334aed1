"""Fixity: every damage is named, once, by its key, and nothing else is."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.archive import Archive, Receipt
from archiver.bodies import pack, sha256_hex
from archiver.errors import BadInput, BadRecord, StoreDenied, StoreError
from archiver.fixity import Entry, read_manifest, verify, write_manifest
from archiver.fixity.audit import Pace
from archiver.keys import body_key
from archiver.model import Damage
from archiver.seal import layout, seal
from archiver.storage import Store
from archiver.storage.memory import MemoryStore
from tests.made import capture, failed, put

PAGES = 6


class Kept:
    """An archive of six pages, with the manifest of the crawl that kept them unless told otherwise."""

    def __init__(self, archive: Archive, *, manifest: bool = True) -> None:
        self.archive, self.store = archive, archive.store
        self.receipts = [put(archive, f"https://news.example/{n}", minute=n) for n in range(PAGES)]
        self.failure = archive.put(failed(), crawl="crawl-1", collection="daily")
        log = b'{"url": "https://news.example/0"}\n'
        self.store.put_new("crawls/crawl-1/crawl-log.jsonl", log)
        entries = [entry for receipt in (*self.receipts, self.failure) for entry in receipt.entries]
        entries.append(Entry(key="crawls/crawl-1/crawl-log.jsonl", kind="file", sha256=sha256_hex(log), size=len(log)))
        self.manifest = write_manifest(self.store, "crawl-1", entries) if manifest else ""

    @property
    def copy(self) -> str:
        return self.manifest.replace(".jsonl", ".copy.jsonl")

    def body(self, n: int) -> str:
        key = self.receipts[n].body_key
        assert key is not None
        return key

    def record(self, n: int) -> str:
        return self.receipts[n].record_key

    def flip(self, key: str, *, at: int | None = None) -> None:
        data = bytearray(self.store.get(key))
        data[len(data) // 2 if at is None else at] ^= 1
        self.store.replace(key, bytes(data))

    def cut(self, key: str, *, by: int = 9) -> None:
        self.store.replace(key, self.store.get(key)[:-by])

    def damages(self, **how: object) -> dict[str, str]:
        found = list(verify(self.archive, **how))  # type: ignore[arg-type]  # by name
        assert len({damage.key for damage in found}) == len(found), "a key was named twice"
        return {damage.key: damage.problem for damage in found}


@pytest.fixture
def kept() -> Iterator[Kept]:
    with Archive(MemoryStore("kept")) as archive:
        yield Kept(archive)


@pytest.fixture
def bare() -> Iterator[Kept]:
    """The same without a manifest."""
    with Archive(MemoryStore("bare")) as archive:
        yield Kept(archive, manifest=False)


def test_a_sound_archive_has_no_damage(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    with Archive(store) as archive:
        kept = Kept(archive)
        assert kept.damages() == {}
        kept.flip(kept.body(0))
        kept.store.delete(kept.record(1))
        kept.store.replace(kept.record(2), b"")
        assert kept.damages() == {kept.body(0): "altered", kept.record(1): "missing", kept.record(2): "truncated"}


def test_three_damages_are_three_keys(kept: Kept) -> None:
    kept.flip(kept.body(0))
    kept.cut(kept.record(1))
    kept.store.delete(kept.body(2))
    assert kept.damages() == {kept.body(0): "altered", kept.record(1): "truncated", kept.body(2): "missing"}


def test_without_a_manifest_the_same_three_keys(bare: Kept) -> None:
    bare.flip(bare.body(0))
    bare.cut(bare.record(1))
    bare.store.delete(bare.body(2))
    assert bare.damages() == {bare.body(0): "altered", bare.record(1): "truncated", bare.body(2): "missing"}


def test_a_deleted_record_is_missed_and_says_which_body_is_orphaned(kept: Kept) -> None:
    kept.store.delete(kept.record(3))
    (damage,) = verify(kept.archive)
    assert damage == Damage(
        key=kept.record(3),
        problem="missing",
        detail=f"the record of https://news.example/3; its body {kept.body(3)} is kept, but orphaned",
    )


def test_without_a_manifest_the_orphaned_body_is_named(bare: Kept) -> None:
    bare.store.delete(bare.record(3))
    assert bare.damages() == {bare.body(3): "unreferenced"}


def test_a_deleted_record_whose_body_others_need_leaves_no_orphan() -> None:
    with Archive(MemoryStore("shared")) as archive:
        first = archive.put(capture(body=b"same"), crawl="c")
        second = archive.put(capture(minute=1, body=b"same"), crawl="c")
        write_manifest(archive.store, "c", first.entries + second.entries)
        archive.store.delete(first.record_key)
        (damage,) = verify(archive)
    assert damage.key == first.record_key
    assert damage.detail.endswith("is kept, and another record refers to it")


def test_a_record_and_its_body_both_gone_are_two_keys(kept: Kept) -> None:
    kept.store.delete(kept.record(3))
    kept.store.delete(kept.body(3))
    assert kept.damages() == {kept.record(3): "missing", kept.body(3): "missing"}


def test_every_flipped_byte_of_a_record_is_found_even_between_its_members(bare: Kept) -> None:
    data = bare.store.get(bare.record(0))
    for mask in (0x01, 0x20, 0x2A, 0x80):  # 0x2A turns a space into a line feed: the same JSON, other bytes
        for position in range(0, len(data), 23):
            changed = bytearray(data)
            changed[position] ^= mask
            bare.store.replace(bare.record(0), bytes(changed))
            found = [damage for damage in verify(bare.archive) if damage.key == bare.record(0)]
            assert len(found) == 1, (position, mask)
            assert found[0].problem in ("altered", "not_a_record", "truncated")


def test_every_flipped_byte_of_a_body_is_found(kept: Kept) -> None:
    data = kept.store.get(kept.body(0))
    for position in range(len(data)):  # also those that no checksum of gzip covers
        kept.flip(kept.body(0), at=position)
        assert kept.damages() == {kept.body(0): "altered"}, position
        kept.store.replace(kept.body(0), data)


@pytest.mark.parametrize("left", [0, 1, 40, 300])
def test_a_cut_record_or_body_is_truncated(kept: Kept, bare: Kept, left: int) -> None:
    for archive in (kept, bare):
        archive.store.replace(archive.record(0), archive.store.get(archive.record(0))[:left])
        archive.store.replace(archive.body(1), archive.store.get(archive.body(1))[: min(left, 50)])
        found = archive.damages()
        assert (found.pop(archive.record(0)), found.pop(archive.body(1))) == ("truncated", "truncated")
        orphaned = {archive.body(0): "unreferenced"} if archive is bare else {}  # what is left names no body
        assert found == orphaned


def test_a_zeroed_object_is_altered(kept: Kept) -> None:
    for key in (kept.record(0), kept.body(1)):
        kept.store.replace(key, bytes(len(kept.store.get(key))))
    assert kept.damages() == {kept.record(0): "altered", kept.body(1): "altered"}


def test_another_body_in_place_of_the_right_one_is_altered(bare: Kept) -> None:
    bare.store.replace(bare.body(0), bare.store.get(bare.body(1)))
    assert bare.damages() == {bare.body(0): "altered"}


def test_other_json_in_place_of_a_record_is_no_record(bare: Kept) -> None:
    bare.store.replace(bare.record(0), b"{}\n")
    found = bare.damages()
    assert found.pop(bare.record(0)) == "not_a_record"
    assert found == {bare.body(0): "unreferenced"}


def test_a_record_in_the_place_of_another_is_altered(kept: Kept, bare: Kept) -> None:
    for archive in (kept, bare):
        archive.store.replace(archive.record(0), archive.store.get(archive.record(1)))
        found = archive.damages()
        assert found.pop(archive.record(0)) == "altered"
        assert set(found) <= {archive.body(0)}


def test_a_forged_record_with_a_right_digest_is_caught_by_the_manifest(kept: Kept) -> None:
    members = json.loads(kept.store.get(kept.record(0)))
    members["article"]["title"] = "Forged"
    kept.store.replace(kept.record(0), seal({name: value for name, value in members.items() if name != "digest"}))
    assert kept.damages() == {kept.record(0): "altered"}


def test_a_later_manifest_may_promise_other_bytes(kept: Kept) -> None:
    members = json.loads(kept.store.get(kept.record(0)))
    members["flags"] = ["corrected"]
    data = seal({name: value for name, value in members.items() if name != "digest"})
    kept.store.replace(kept.record(0), data)
    entry = Entry(key=kept.record(0), kind="record", sha256=sha256_hex(data), size=len(data))
    write_manifest(kept.store, "correction-1", [entry])
    assert kept.damages() == {}


def test_a_record_laid_out_anew_is_altered(bare: Kept) -> None:
    members = json.loads(bare.store.get(bare.record(0)))
    bare.store.replace(bare.record(0), json.dumps(members).encode())
    assert bare.damages() == {bare.record(0): "altered"}
    bare.store.replace(bare.record(0), layout(members))
    assert bare.damages() == {}


def test_a_newer_record_is_unreadable_and_its_body_is_left_alone(bare: Kept) -> None:
    members = {name: value for name, value in json.loads(bare.store.get(bare.record(0))).items() if name != "digest"}
    bare.store.replace(bare.record(0), seal({**members, "schema": 2}))
    (damage,) = verify(bare.archive)
    assert (damage.key, damage.problem) == (bare.record(0), "unreadable")
    assert "pip install -U newsvault" in damage.detail


@pytest.mark.parametrize(
    "key", ["notes.txt", "html/ab/stray.html.gz", "records/daily/2026/11/02/x.json", "html/00/tmp", "crawls/stray"]
)
def test_an_object_with_no_archive_key_is_unreferenced(kept: Kept, key: str) -> None:
    kept.store.put_new(key, b"x")
    assert kept.damages() == {key: "unreferenced"}


def test_a_body_that_no_record_speaks_of_is_unreferenced(kept: Kept) -> None:
    key = body_key(sha256_hex(b"stray"))
    kept.store.put_new(key, pack(b"stray"))
    assert kept.damages() == {key: "unreferenced"}


def test_a_body_both_damaged_and_unreferenced_is_named_once(kept: Kept) -> None:
    key = body_key(sha256_hex(b"stray"))
    kept.store.put_new(key, b"not gzip")
    assert kept.damages() == {key: "altered"}


def test_a_body_of_another_size_than_its_record_says_is_altered(bare: Kept) -> None:
    members = {name: value for name, value in json.loads(bare.store.get(bare.record(0))).items() if name != "digest"}
    members["html"]["size"] += 1
    bare.store.replace(bare.record(0), seal(members))
    assert bare.damages() == {bare.body(0): "altered"}


def test_the_crawls_own_files_are_covered(kept: Kept) -> None:
    kept.flip("crawls/crawl-1/crawl-log.jsonl")
    assert kept.damages() == {"crawls/crawl-1/crawl-log.jsonl": "altered"}
    kept.store.delete("crawls/crawl-1/crawl-log.jsonl")
    assert kept.damages() == {"crawls/crawl-1/crawl-log.jsonl": "missing"}


def test_a_manifest_proves_itself_by_its_name(kept: Kept) -> None:
    kept.flip(kept.manifest)
    assert kept.damages() == {kept.manifest: "altered"}
    with pytest.raises(BadRecord, match="name does not fit"):
        read_manifest(kept.store.get(kept.manifest), kept.manifest)


@pytest.mark.parametrize("damaged", ["manifest", "copy"])
def test_a_deleted_record_is_missed_even_when_a_manifest_is_damaged_too(kept: Kept, damaged: str) -> None:
    key = kept.manifest if damaged == "manifest" else kept.copy
    kept.flip(key)
    kept.cut(kept.body(3))
    kept.store.delete(kept.record(1))
    assert kept.damages() == {key: "altered", kept.body(3): "truncated", kept.record(1): "missing"}


def test_a_manifest_that_lost_its_copy_says_so_and_a_copy_without_manifest_is_a_crash(kept: Kept) -> None:
    kept.store.delete(kept.copy)
    assert kept.damages() == {kept.copy: "missing"}
    kept.store.put_new(kept.copy, kept.store.get(kept.manifest))
    kept.store.delete(kept.manifest)
    assert kept.damages() == {}
    kept.store.delete(kept.record(1))
    assert kept.damages() == {kept.record(1): "missing"}


def test_a_manifest_does_not_depend_on_the_order_of_its_entries(kept: Kept) -> None:
    entries = read_manifest(kept.store.get(kept.manifest), kept.manifest)
    assert len(entries) == 2 * PAGES + 2
    assert write_manifest(kept.store, "crawl-1", [*reversed(entries), *entries]) == kept.manifest


class Failing(MemoryStore):
    """A store whose reads of some keys fail, as S3's do with 503."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.fails: tuple[str, ...] = ()
        self.error: type[StoreError] = StoreError

    def get(self, key: str) -> bytes:
        if key.startswith(self.fails):
            raise self.error(self.uri, "503 Slow Down")
        return super().get(key)


def test_what_cannot_be_read_is_unreadable_and_not_missing() -> None:
    store = Failing("failing")
    with Archive(store) as archive:
        kept = Kept(archive)
        store.fails = (kept.record(0), kept.body(1))
        assert kept.damages() == {kept.record(0): "unreadable", kept.body(1): "unreadable"}


def test_a_store_that_fails_throughout_is_not_a_list_of_damages() -> None:
    store = Failing("down")
    with Archive(store) as archive:
        for minute in range(25):
            put(archive, minute=minute)
        store.fails, store.error = ("records/",), StoreDenied
        with pytest.raises(StoreDenied):
            list(verify(archive))


class Busy(MemoryStore):
    """A store in which a crawl puts one more snapshot just after the audit has listed it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.late: list[Receipt] = []
        self.archive: Archive | None = None

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[object]:  # type: ignore[override]  # test
        infos = list(super().list(prefix, after=after))
        if self.archive is not None:
            archive, self.archive = self.archive, None
            receipt = put(archive, "https://news.example/late", minute=99)
            infos += [info for info in super().list("html/") if info.key == receipt.body_key]  # body seen, record not
        yield from infos


def test_a_crawl_under_way_is_no_damage() -> None:
    store = Busy("busy")
    with Archive(store) as archive:
        put(archive)
        store.archive = archive
        assert list(verify(archive)) == []


def test_only_what_was_captured_since_is_read(kept: Kept) -> None:
    for n in (0, 5):
        kept.flip(kept.body(n))
        kept.flip(kept.record(n - 1 if n else 1))
    since = kept.archive.record(kept.record(3)).captured_at
    assert kept.damages(since=since) == {kept.body(5): "altered", kept.record(4): "altered"}


def test_a_sample_of_everything_finds_everything_and_a_small_one_reads_less(kept: Kept) -> None:
    kept.flip(kept.body(0))
    assert kept.damages(sample=1.0) == {kept.body(0): "altered"}
    read: list[int] = []
    list(verify(kept.archive, sample=0.3, seed=1, progress=lambda done, total: read.append(done)))
    assert 1 < read[-1] < 2 * PAGES


def test_a_sample_does_not_take_the_unread_for_unreferenced(kept: Kept) -> None:
    for seed in range(10):
        assert kept.damages(sample=0.3, seed=seed) == {}


@pytest.mark.parametrize("how", [{"sample": 0.0}, {"sample": 1.5}, {"rate": 0.0}])
def test_a_share_or_rate_that_makes_no_sense_is_refused_at_once(kept: Kept, how: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="give"):
        verify(kept.archive, **how)  # type: ignore[arg-type]  # by name


def test_reading_is_held_back_to_the_rate() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(100.0, clock=lambda: now[0], sleep=sleep)
    for _ in range(5):
        pace.took(50)
    assert sum(slept) == pytest.approx(2.5)


def test_progress_counts_up_to_all_objects(kept: Kept) -> None:
    told: list[tuple[int, int]] = []
    list(verify(kept.archive, progress=lambda done, total: told.append((done, total))))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert (
        told[-1][0] == told[-1][1] == 2 * PAGES + 1 + 3
    )  # records, bodies, the failure, the manifest and its copy, the log


def test_the_catalog_beside_the_archive_is_no_stray(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with Archive.open(str(tmp_path / "archive"), fsync=False) as archive:
        put(archive)
        assert list(archive.find())
        assert (tmp_path / "archive" / "catalog" / "catalog.sqlite").exists()
        assert list(archive.verify()) == []


def test_a_page_without_article_is_audited_too() -> None:
    with Archive(MemoryStore("plain")) as archive:
        receipt = archive.put(capture(body=b"%PDF-1.7"))
        assert list(verify(archive)) == []
        archive.store.delete(str(receipt.body_key))
        assert [damage.problem for damage in verify(archive)] == ["missing"]
        assert archive.put(capture(body=b"%PDF-1.7"), reading=None).is_new_body
        assert list(verify(archive)) == []
