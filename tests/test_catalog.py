"""The catalog: equal to the records, whatever happened to its file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from archiver.archive import Archive
from archiver.catalog import Card, Catalog, Query, Row, card_of, catalog_path, row_of, sync, target
from archiver.catalog.database import set_aside
from archiver.errors import BadInput, StoreError
from archiver.keys import RECORDS
from archiver.lengths import count_words
from archiver.model import Capture, Failure
from archiver.record import make_record
from archiver.storage.memory import MemoryStore
from tests.made import START, capture, failed, put, reading

URLS = (
    "https://www.news.example/2026/a",
    "https://news.example/2026/ab",
    "https://news.example/2025/a",
    "https://sport.news.example/2026/a",
    "https://othernews.example/",
    "https://press.co.uk/x?b=2&a=1",
)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive"), fsync=False) as opened:
        for minute, url in enumerate(URLS):
            put(opened, url, minute=minute)
        yield opened


def found(archive: Archive, *what: str, **how: object) -> list[str]:
    return [row.url for row in archive.find(*what, **how)]  # type: ignore[arg-type]  # by name


def a_card(minute: int = 0) -> Card:
    return card_of(make_record(capture(minute=minute), reading=reading(), crawl="c", collection="daily"))


def a_row(minute: int = 0) -> Row:
    return a_card(minute).row


def rows(catalog: Catalog) -> list[Row]:
    return list(catalog.find(Query()))


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("https://news.example/2026/a", {0}),
        ("http://www.news.example/2026/a/", {0}),
        ("news.example/2026/a?utm_source=x", {0}),
        ("https://press.co.uk/x?a=1&b=2", {5}),
        ("https://news.example/2026/*", {0, 1}),
        ("news.example/2026/*", {0, 1}),
        ("https://news.example/2026/a*", {0, 1}),
        ("https://news.example/*", {0, 1, 2}),
        ("news.example", {0, 1, 2, 3}),
        ("*.news.example", {0, 1, 2, 3}),
        ("sport.news.example", {3}),
        ("ws.example", set()),
        ("co.uk", {5}),
        ("https://news.example/%", set()),
    ],
)
def test_what_is_typed_finds_what_is_meant(archive: Archive, typed: str, expected: set[int]) -> None:
    assert found(archive, typed) == [URLS[n] for n in sorted(expected)]


def test_an_id_finds_its_snapshot_and_several_targets_add_up(archive: Archive) -> None:
    id = put(archive, URLS[4], minute=4).id
    assert found(archive, id) == [URLS[4]]
    assert found(archive, id, "press.co.uk") == [URLS[4], URLS[5]]


def test_filters_narrow_what_targets_name(archive: Archive) -> None:
    archive.put(failed("https://news.example/2026/gone", minute=50), collection="weekly", crawl="crawl-2")
    assert found(archive, "news.example", domain="sport.news.example") == [URLS[3]]
    assert found(archive, collection="weekly") == found(archive, crawl="crawl-2") == found(archive, verdict="error")
    assert found(archive, since="202611020834") == [URLS[4], URLS[5], "https://news.example/2026/gone"]
    assert found(archive, until="20261102083000") == [URLS[0]]
    assert found(archive, until="2025") == []
    assert found(archive, limit=2) == [URLS[0], URLS[1]]
    assert found(archive, limit=1, newest_first=True) == ["https://news.example/2026/gone"]
    assert archive.catalog.count(Query(domain="news.example", limit=1)) == 5


def test_a_redirected_url_is_found_under_both_its_names(archive: Archive) -> None:
    page = Capture(
        url="https://news.example/new", requested_url="https://short.example/1", captured_at=START, body=b"x"
    )
    archive.put(page)
    assert found(archive, "https://short.example/1") == ["https://news.example/new"]


@pytest.mark.parametrize("typed", ["", "ftp://x/", "https://", "http://[::1", "a b", "javascript:alert(1)"])
def test_what_can_mean_nothing_is_bad_input(typed: str) -> None:
    with pytest.raises(BadInput, match="give a URL, a domain, a prefix"):
        target(typed)


def test_what_is_typed_is_never_sql(archive: Archive) -> None:
    assert found(archive, "https://x.example/'; DROP TABLE snapshots; --") == []
    assert found(archive, crawl="' OR 1=1 --") == []
    assert len(found(archive)) == len(URLS)


def test_a_row_says_what_its_record_says() -> None:
    row = a_row()
    assert (row.host, row.domain, row.surt) == ("news.example", "news.example", "example,news)/a")
    assert (row.title, row.authors, row.language, row.words) == ("A headline", ("Ada Example",), "en", 2)
    assert (row.status, row.verdict, row.flags, row.failure) == (200, "article", (), None)


def test_a_url_that_is_none_has_a_row_too() -> None:
    bad = Capture(url="http://[broken", captured_at=START, status=None, failure=Failure(reason="bad_url"))
    row = row_of(make_record(bad, crawl="c", collection="daily"))
    assert (row.host, row.domain, row.failure, row.body_key, row.size) == ("", "", "bad_url", None, 0)


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("Two words.", 2), ("it's 3", 3), ("日本語の新聞", 6), ("안녕 하세요", 2)]
)
def test_words_are_counted_also_where_no_spaces_are_written(text: str, words: int) -> None:
    assert count_words(text) == words


def test_a_row_survives_the_file(tmp_path: Path) -> None:
    with Catalog(tmp_path / "c" / "catalog.sqlite") as catalog:
        catalog.add([a_card(), a_card(1)])
        catalog.add([a_card()])
        assert rows(catalog) == [a_row(), a_row(1)]


@pytest.fixture
def rebuilt(archive: Archive) -> Callable[[], list[Row]]:
    """Close the archive, and return what it finds when it is opened anew."""

    def again() -> list[Row]:
        with Archive.open(archive.uri) as other:
            return list(other.find())

    return again


def _delete(path: Path) -> None:
    path.unlink()


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def _zero_inside(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:20480] = bytes(16384)
    path.write_bytes(data)


def _not_ours(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE snapshots (x)")


def _text(path: Path) -> None:
    path.write_text("this is no database\n" * 500, "utf-8")


def _other_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")


HARMS = (_delete, _cut, _empty, _zero, _zero_inside, _not_ours, _text, _other_version)


@pytest.mark.parametrize("harm", HARMS)
def test_a_harmed_catalog_is_made_anew_with_the_same_rows(
    archive: Archive, rebuilt: Callable[[], list[Row]], harm: Callable[[Path], None]
) -> None:
    before, path = list(archive.find()), archive.catalog.path
    archive.close()
    harm(path)
    assert rebuilt() == before
    kept_aside = list(path.parent.glob("*.damaged-*"))
    assert len(kept_aside) == (0 if harm in (_delete, _empty) else 1)
    assert rebuilt() == before


def test_a_harmed_catalog_that_is_open_already_is_said_and_made_anew(archive: Archive) -> None:
    path = archive.catalog.path
    archive.catalog.connect().execute("PRAGMA wal_checkpoint(TRUNCATE)").connection.close()
    _zero(path)
    with pytest.raises(StoreError, match="moved aside; run this again"):
        list(archive.catalog.find(Query()))
    sync(archive.catalog, archive.store)
    assert len(rows(archive.catalog)) == len(URLS)


def test_a_sync_adds_what_other_machines_added_and_drops_what_is_gone(archive: Archive) -> None:
    assert archive.sync().added == 0
    with Catalog(None) as elsewhere:
        done = sync(elsewhere, archive.store)
        assert (done.added, done.removed, done.unreadable) == (len(URLS), 0, ())
        assert rows(elsewhere) == rows(archive.catalog)
        archive.store.delete(rows(archive.catalog)[0].record_key)
        assert sync(elsewhere, archive.store).removed == 1
        assert [row.url for row in rows(elsewhere)] == list(URLS[1:])


def test_a_sync_tells_how_far_it_is(archive: Archive) -> None:
    told: list[tuple[int, int]] = []
    with Catalog(None) as elsewhere:
        sync(elsewhere, archive.store, progress=lambda done, total: told.append((done, total)))
    assert told == [(len(URLS), len(URLS))]


class Falling(MemoryStore):
    """A store that fails after so many reads."""

    def __init__(self, reads: int) -> None:
        super().__init__("falling")
        self.reads = reads

    def get(self, key: str) -> bytes:
        self.reads -= 1
        if self.reads < 0:
            raise StoreError(self.uri, "503")
        return super().get(key)


def test_a_store_that_fails_during_a_sync_is_an_error_and_loses_no_row() -> None:
    store = Falling(reads=10**6)
    with Archive(store) as archive:
        put(archive)
        put(archive, minute=1)
        store.reads = 1
        with Catalog(None) as elsewhere:
            with pytest.raises(StoreError, match="503"):
                sync(elsewhere, store)
            store.reads = 10**6
            sync(elsewhere, store)
            assert len(rows(elsewhere)) == 2


def test_a_row_added_while_a_sync_lists_stays(archive: Archive) -> None:
    class Busy(MemoryStore):
        def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[object]:  # type: ignore[override]
            yield from super().list(prefix, after=after)
            if prefix == RECORDS:
                put(busy, minute=1)  # its record comes too late for this listing

    store = Busy("busy")
    with Archive(store) as busy:
        put(busy)
        sync(busy.catalog, store)
        assert len(rows(busy.catalog)) == 2


def test_several_may_read_while_one_writes(tmp_path: Path) -> None:
    path, counts = tmp_path / "catalog.sqlite", []
    with Catalog(path) as writer, Catalog(path) as reader:
        writer.add([a_card(minute) for minute in range(50)])
        slow = reader.find(Query())
        first = next(slow)
        thread = threading.Thread(target=lambda: [writer.add([a_card(100 + n)]) for n in range(20)])
        thread.start()
        while thread.is_alive():
            counts.append(reader.count(Query()))
        thread.join()
        assert counts == sorted(counts)
        assert reader.count(Query()) == 70
        assert [first, *slow] == [a_row(minute) for minute in range(50)]  # as it was when it was asked


def test_two_processes_may_open_a_new_catalog_at_once(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    code = f"from pathlib import Path; from archiver.catalog import Catalog; Catalog(Path({str(path)!r})).close()"
    started = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(4)]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_a_catalog_that_others_are_making_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    for n in range(40):
        path, together = tmp_path / str(n) / "catalog.sqlite", threading.Barrier(6)

        def opened(path: Path = path, together: threading.Barrier = together) -> int:
            together.wait()
            with Catalog(path) as catalog:
                return catalog.count(Query())

        with ThreadPoolExecutor(6) as pool:
            assert [one.result() for one in [pool.submit(opened) for _ in range(6)]] == [0] * 6
        assert list(path.parent.glob("*.damaged-*")) == []


def test_a_kill_loses_no_row_that_was_added(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    code = (
        "import sys; from pathlib import Path; from tests.test_catalog import Catalog, a_card\n"
        "with Catalog(Path(sys.argv[1])) as catalog:\n"
        "    for minute in range(10_000):\n"
        "        catalog.add([a_card(minute)]); print(minute, flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = [int(process.stdout.readline()) for _ in range(30)]
    os.kill(process.pid, signal.SIGKILL)
    seen += [int(line) for line in process.stdout.read().split()]
    process.stdout.close()
    process.wait()
    with Catalog(path) as catalog:
        assert catalog.count(Query()) >= len(seen)
    assert list(tmp_path.glob("*.damaged-*")) == []


def test_the_catalog_lies_beside_a_folder_we_may_write_to(archive: Archive, tmp_path: Path) -> None:
    assert archive.catalog.path == tmp_path / "archive" / "catalog" / "catalog.sqlite"


def test_elsewhere_it_lies_in_the_users_cache_one_for_each_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    first, second = catalog_path("s3://press/daily"), catalog_path("s3://press/weekly")
    assert first is not None
    assert first != second
    assert first.parent.parent == tmp_path / "cache"
    Catalog(first).close()
    assert first.parent.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as in a folder that is read-only
    kept = catalog_path(f"file://{tmp_path}/archive")
    assert kept is not None
    assert kept.is_relative_to(tmp_path / "cache")


def test_the_cache_follows_the_xdg_specification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEWSVAULT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = catalog_path("s3://press")
    assert path is not None
    assert path.is_relative_to(tmp_path / "newsvault")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = catalog_path("s3://press")
    assert path is not None
    assert path.is_relative_to(tmp_path / ".cache" / "newsvault")


def test_an_archive_in_memory_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    catalog = Catalog(None)
    assert catalog.path.is_relative_to(tmp_path)
    catalog.close()
    del catalog
    deadline = time.monotonic() + 5
    while list(tmp_path.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(tmp_path.iterdir()) == []


def test_what_is_set_aside_never_overwrites_what_was(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    for text in ("one", "two"):
        path.write_text(text)
        set_aside(path)
    assert sorted(one.read_text() for one in tmp_path.iterdir()) == ["one", "two"]


def test_a_place_where_no_catalog_can_be_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the catalog cannot be used"):
        Catalog(tmp_path / "file" / "catalog.sqlite")


def test_the_first_row_of_a_short_question(archive: Archive) -> None:
    assert archive.catalog.first("SELECT count(*) FROM snapshots WHERE verdict != ?", ("none",)) == (len(URLS),)
    assert archive.catalog.first("SELECT id FROM snapshots WHERE id = ?", ("none",)) is None
