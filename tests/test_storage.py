"""One contract for every store: memory, folder and a real S3 server."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.errors import BadInput, KeyTaken, NotArchived
from archiver.storage import ObjectInfo, Store, check_key, open_store
from archiver.storage.s3 import _safe_start

SEGMENTS = st.text("abzABZ019._-", min_size=1, max_size=12).filter(lambda part: part not in (".", ".."))
KEYS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join)
SLOW_STORES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def keys(store: Store, prefix: str = "", *, after: str | None = None) -> list[str]:
    return sorted(info.key for info in store.list(prefix, after=after))


def test_what_is_put_is_what_is_got(store: Store) -> None:
    assert store.put_new("html/00/a.html", b"<p>\xe9\0\r\n") is True
    assert store.get("html/00/a.html") == b"<p>\xe9\0\r\n"


def test_an_empty_object_is_an_object(store: Store) -> None:
    assert store.put_new("empty", b"") is True
    assert store.put_new("empty", b"") is False
    assert store.get("empty") == b""
    assert store.get_range("empty", 0, 10) == b""
    assert [info.size for info in store.list()] == [0]


def test_a_gzipped_page_comes_back_gzipped(store: Store) -> None:
    body = gzip.compress(b"<p>news</p>" * 1000)
    store.put_new("html/00/a.html.gz", body, media_type="text/html; charset=utf-8", encoding="gzip")
    assert store.get("html/00/a.html.gz") == body
    assert store.put_new("html/00/a.html.gz", body, media_type="text/html", encoding="gzip") is False


def test_the_same_bytes_again_are_no_error_and_not_new(store: Store) -> None:
    assert [store.put_new("a", b"one"), store.put_new("a", b"one")] == [True, False]


@pytest.mark.parametrize("other", [b"two", b"longer than one", b""])
def test_other_bytes_never_overwrite(store: Store, other: bytes) -> None:
    store.put_new("a", b"one")
    with pytest.raises(KeyTaken, match="a: other bytes"):
        store.put_new("a", other)
    assert store.get("a") == b"one"


def test_replace_overwrites_and_creates(store: Store) -> None:
    store.replace("report/a.json", b"1")
    store.replace("report/a.json", b"22")
    assert store.get("report/a.json") == b"22"
    assert keys(store) == ["report/a.json"]


def test_a_key_never_put_is_not_archived(store: Store) -> None:
    with pytest.raises(NotArchived, match="nothing archived for html/00"):
        store.get("html/00")
    with pytest.raises(NotArchived):
        store.get_range("html/00", 0, 1)
    with pytest.raises(NotArchived):
        store.get_range("html/00", 0, 0)
    assert store.head("html/00") is None


def test_the_folder_of_a_key_is_no_object(store: Store) -> None:
    store.put_new("html/00/a", b"1")
    assert store.head("html/00") is None
    with pytest.raises(NotArchived):
        store.get("html")
    assert keys(store, "html") == ["html/00/a"]


@given(start=st.integers(0, 12), length=st.integers(0, 12))
@SLOW_STORES
def test_a_range_is_a_slice(store: Store, start: int, length: int) -> None:
    store.put_new("ten", b"0123456789")
    assert store.get_range("ten", start, length) == b"0123456789"[start : start + length]


def test_a_negative_range_is_bad_input(store: Store) -> None:
    store.put_new("a", b"1")
    for start, length in ((-1, 1), (0, -1)):
        with pytest.raises(BadInput):
            store.get_range("a", start, length)


def test_head_says_size_time_and_perhaps_the_digest(store: Store) -> None:
    store.put_new("a", b"four")
    info = store.head("a")
    assert info is not None
    assert (info.key, info.size) == ("a", 4)
    assert info.modified.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - info.modified) < timedelta(minutes=5)
    assert info.sha256 in (None, hashlib.sha256(b"four").hexdigest())


def test_list_takes_a_string_prefix_and_shows_each_key_once(store: Store) -> None:
    every = {"html/ab/1", "html/ac/2", "html/b/3", "htm", "records/x/4"}
    for key in every:
        store.put_new(key, key.encode())
    assert keys(store) == sorted(every)
    assert keys(store, "html/a") == ["html/ab/1", "html/ac/2"]
    assert keys(store, "html/ab/") == ["html/ab/1"]
    assert keys(store, "htm") == ["htm", "html/ab/1", "html/ac/2", "html/b/3"]
    assert keys(store, "nothing/") == []
    assert keys(store, "../") == []
    sizes = {info.key: info.size for info in store.list()}
    assert sizes == {key: len(key) for key in every}
    assert all(isinstance(info, ObjectInfo) and info.modified.utcoffset() == timedelta(0) for info in store.list())


def test_list_after_compares_whole_keys_whatever_the_order_of_the_store(store: Store) -> None:
    every = ["a-b/1", "a.b", "a/b/1", "a/b-c/1", "a/b.c", "a/b/2", "a0", "b"]
    every += [f"records/my-press/{day:02}/{time}-aa.json" for day in (1, 2) for time in (110000, 120000, 1200)]
    every += ["records/my-press/02/120000.d/x", "records/my-press/02/12/x", "records/my-press/02.old/x"]
    for key in every:
        store.put_new(key, b"1")
    for after in [*every, "", "a", "a/", "a-", "a/b/", "records/my", "records/my-press/02", "zz", "a b", "é"]:
        for prefix in ("", "a/b", "records/my-press/", "records/my-press/02"):
            wanted = sorted(key for key in every if key > after and key.startswith(prefix))
            assert keys(store, prefix, after=after) == wanted, (prefix, after)


def test_delete_removes_and_does_not_mind_an_absent_key(store: Store) -> None:
    store.put_new("a/b", b"1")
    store.delete("a/b")
    store.delete("a/b")
    store.delete("never/there")
    assert store.head("a/b") is None
    assert keys(store) == []
    assert store.put_new("a/b", b"2") is True


def test_check_leaves_nothing_behind(store: Store) -> None:
    store.check(write=True)
    assert keys(store) == []
    store.put_new("a", b"1")
    store.check(write=True)
    store.check(write=False)
    assert keys(store) == ["a"]


def test_of_many_writers_of_one_key_exactly_one_is_told_that_it_was_new(store: Store) -> None:
    wanted = [f"html/{number:02}/x" for number in range(6)]
    start = Event()

    def write(writer: int) -> list[bool]:
        start.wait()
        turned = wanted[writer % 6 :] + wanted[: writer % 6]
        return [store.put_new(key, key.encode()) for key in turned]

    with ThreadPoolExecutor(16) as pool:
        futures = [pool.submit(write, writer) for writer in range(16)]
        start.set()
        outcomes = [outcome for future in futures for outcome in future.result()]
    assert outcomes.count(True) == len(wanted)
    assert keys(store) == wanted


def test_of_many_writers_with_different_bytes_one_wins_and_the_others_know(store: Store) -> None:
    start = Event()

    def write(writer: int) -> bool:
        start.wait()
        try:
            return store.put_new("contested", str(writer).encode())
        except KeyTaken:
            return False

    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(write, writer) for writer in range(8)]
        start.set()
        won = [writer for writer, future in enumerate(futures) if future.result()]
    assert len(won) == 1
    assert store.get("contested") == str(won[0]).encode()


def test_a_reader_of_an_object_that_is_replaced_sees_old_or_new(store: Store) -> None:
    versions = [bytes([65 + number]) * 20_000 for number in range(12)]
    store.replace("report", versions[0])
    done = Event()

    def read() -> set[bytes]:
        seen = {store.get("report")}
        while not done.is_set():
            seen.add(store.get("report"))
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for version in versions:
                store.replace("report", version)
        finally:
            done.set()
        seen = set().union(*(reader.result() for reader in readers))
    assert seen <= set(versions)


@given(key=KEYS, data=st.binary(max_size=64))
@SLOW_STORES
def test_every_valid_key_is_kept_unchanged(store: Store, key: str, data: bytes) -> None:
    key = f"{uuid4().hex}/{key}"  # a folder keeps no object below another object's key
    store.put_new(key, data)
    assert store.get(key) == data
    assert keys(store, key[:36]) == [key]


def test_the_longest_and_the_oddest_valid_keys_are_kept(store: Store) -> None:
    odd = ["x" * 200, "/".join(["y" * 200] * 4 + ["z" * 96]), "A/B.c_d-e", "a/...", "-", "_/_", "..a/.b", "a/b.."]
    for key in odd:
        assert store.put_new(key, key.encode()) is True
    assert keys(store) == sorted(odd)
    assert all(store.get(key) == key.encode() for key in odd)


BAD_KEYS = [
    *("", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a b", "a\\b", "a\0b", "a\n", "é", "a~b", "a?b"),
    *("a%2fb", "x" * 201, "/".join(["x" * 100] * 10), "~tmp"),
]


def test_a_bad_key_is_refused_by_every_call(store: Store) -> None:
    for key in BAD_KEYS:
        with pytest.raises(BadInput, match="not a key"):
            store.put_new(key, b"1")
        with pytest.raises(BadInput, match="not a key"):
            store.replace(key, b"1")
        with pytest.raises(BadInput, match="not a key"):
            store.get_range(key, 0, 1)
        for call in (store.get, store.head, store.delete):
            with pytest.raises(BadInput, match="not a key"):
                call(key)


@given(st.text(max_size=30) | KEYS)
def test_what_check_key_lets_through_is_a_plain_relative_path(key: str) -> None:
    try:
        check_key(key)
    except BadInput:
        return
    assert Path("/root", key).resolve().is_relative_to("/root")
    assert key.isascii()
    assert str(Path(key)) == key


@given(st.lists(KEYS, max_size=8), KEYS, KEYS | st.just(""))
def test_a_safe_start_skips_nothing_in_either_order(every: list[str], after: str, prefix: str) -> None:
    start = _safe_start(prefix, after)
    for key in (key for key in every if key.startswith(prefix) and key > after):
        assert key > start
        assert key.replace("/", "\0") > start.replace("/", "\0")  # the order of SeaweedFS
        assert not start or not key.startswith(start + "/")  # which skips the folder named by a start


def test_a_store_opens_again_by_its_uri(store: Store) -> None:
    store.put_new("a", b"1")
    with open_store(store.uri) as again:
        assert again.get("a") == b"1"
        assert again.uri == store.uri


@pytest.mark.parametrize(
    ("uri", "cure"),
    [
        ("gs://bucket", "s3://bucket/prefix"),
        ("http://example.org/?x=1", "write https://host/path"),
        ("https:///path", "write https://host/path"),
        ("https://user:word@example.org/", "without credentials"),
        ("file://host/path", "three slashes"),
        ("file:relative\0", "no path"),
        ("", "no path"),
        ("memory://", "needs a name"),
        ("s3://", "write s3://bucket/prefix"),
        ("s3://ab", "write s3://bucket/prefix"),
        ("s3://bucket/../x", "not a key"),
        ("s3://bucket/a b", "not a key"),
        ("s3://bucket#x", "write s3://bucket/prefix"),
    ],
)
def test_a_uri_that_cannot_be_opened_says_what_can(uri: str, cure: str) -> None:
    with pytest.raises(BadInput, match=cure):
        open_store(uri)


@pytest.mark.parametrize("uri", ["memory://x", "/tmp/never-made", "s3://bucket"])
def test_an_unknown_option_is_refused_by_name(uri: str) -> None:
    with pytest.raises(BadInput, match="colour"):
        open_store(uri, colour="red")


def test_a_plain_path_and_a_file_uri_are_the_same_folder(tmp_path: Path) -> None:
    place = tmp_path / "my archive"
    open_store(str(place)).put_new("a", b"1")
    assert open_store(place.as_uri()).get("a") == b"1"
    assert open_store(str(place)).uri == place.as_uri()


def test_memory_is_shared_by_name_and_only_by_name() -> None:
    open_store("memory://one").replace("a", b"1")
    assert open_store("memory://one").get("a") == b"1"
    assert open_store("memory://two").head("a") is None


def test_opening_a_folder_does_not_load_boto3(tmp_path: Path) -> None:
    code = f"import sys, archiver.storage as s; s.open_store({str(tmp_path)!r}); sys.exit('botocore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
