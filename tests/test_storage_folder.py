"""The folder store where it differs from the others: kills, full disks, rights, links."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.errors import BadInput, NotArchived, StoreDenied
from archiver.storage import open_store
from archiver.storage.folder import FolderStore

WRITER = """
import hashlib, os, sys
from concurrent.futures import ThreadPoolExecutor
from archiver.storage import open_store
store = open_store(sys.argv[1])

def write(number):
    data = os.urandom(400_000)
    key = f"html/{number % 7}/{hashlib.sha256(data).hexdigest()}"
    assert store.put_new(key, data)
    os.write(1, f"{key}\\n".encode())

with ThreadPoolExecutor(4) as pool:
    list(pool.map(write, range(100_000)))
"""


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_writer_leaves_no_half_object_and_loses_none_it_acknowledged(tmp_path: Path, seed: int) -> None:
    wait = random.Random(seed).randrange(1, 40)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        acknowledged = [writer.stdout.readline() for _ in range(wait)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += writer.stdout.readlines()
    store = FolderStore(tmp_path)
    kept = {info.key: info.size for info in store.list()}
    assert {line.decode().strip() for line in acknowledged if line.endswith(b"\n")} <= kept.keys()
    for key in kept:
        assert hashlib.sha256(store.get(key)).hexdigest() == key.rpartition("/")[2]


def test_a_temporary_file_left_by_a_kill_is_never_listed(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_new("html/00/a", b"1")
    (tmp_path / "html/00/~0123456789abcdef").write_bytes(b"half")
    assert [info.key for info in store.list()] == ["html/00/a"]


def test_a_put_leaves_no_temporary_file(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_new("html/a", b"1")
    store.put_new("html/a", b"1")
    store.replace("html/a", b"2")
    assert os.listdir(tmp_path / "html") == ["a"]


def test_bytes_are_on_disk_before_the_name_and_the_name_before_the_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, link = os.fsync, os.link

    def seen_fsync(handle: int) -> None:
        steps.append("fsync " + os.path.basename(os.readlink(f"/proc/self/fd/{handle}"))[:4])
        fsync(handle)

    def seen_link(source: str, target: str, **more: bool) -> None:
        steps.append("link")
        link(source, target, **more)

    store = FolderStore(tmp_path)
    store.put_new("html/a", b"1")
    monkeypatch.setattr(os, "fsync", seen_fsync)
    monkeypatch.setattr(os, "link", seen_link)
    store.put_new("html/b", b"1")
    assert [step[:7] for step in steps] == ["fsync ~", "link", "fsync h"]
    steps.clear()
    store.put_new("html/b", b"1")
    assert steps == ["fsync html"]  # whoever wrote it may not have come this far
    steps.clear()
    FolderStore(tmp_path, fsync=False).put_new("html/c", b"1")
    assert steps == ["link"]


def test_the_names_of_new_folders_are_made_durable_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: set[str] = set()
    fsync = os.fsync

    def seen_fsync(handle: int) -> None:
        synced.add(os.readlink(f"/proc/self/fd/{handle}"))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", seen_fsync)
    FolderStore(tmp_path / "archive").put_new("records/a/b", b"1")
    assert {str(tmp_path), f"{tmp_path}/archive", f"{tmp_path}/archive/records"} <= synced


def test_files_and_folders_get_the_rights_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        FolderStore(tmp_path / "archive").put_new("html/a", b"1")
    finally:
        os.umask(before)
    assert (tmp_path / "archive/html").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "archive/html/a").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("target", ["outside", "archive/records"])
def test_no_link_below_the_root_is_followed(tmp_path: Path, target: str) -> None:
    store = FolderStore(tmp_path / "archive")
    store.put_new("records/real", b"1")
    (tmp_path / "outside").mkdir()
    (tmp_path / target / "secret").write_bytes(b"secret")
    (tmp_path / "archive/html").symlink_to(tmp_path / target)
    (tmp_path / "archive/file").symlink_to(tmp_path / target / "secret")
    for key in ("html/secret", "file"):
        for call in (store.get, store.head, store.delete):
            with pytest.raises(StoreDenied, match="symbolic link"):
                call(key)
    for put in (store.put_new, store.replace):
        with pytest.raises(StoreDenied, match="symbolic link"):
            put("html/new", b"1")
    assert "html/secret" not in {info.key for info in store.list()}
    assert list(store.list("html/")) == []
    assert (tmp_path / target / "secret").read_bytes() == b"secret"
    assert not (tmp_path / target / "new").exists()


def test_the_root_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "archive").symlink_to(tmp_path / "disk")
    store = FolderStore(tmp_path / "archive")
    store.put_new("a", b"1")
    assert [info.key for info in store.list()] == ["a"]


def test_a_root_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1")
    with pytest.raises(BadInput, match="this is a file"):
        open_store(str(tmp_path / "file"))


def test_a_key_below_an_object_is_refused(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put_new("a", b"1")
    store.put_new("b/c", b"1")
    for put in (store.put_new, store.replace):
        with pytest.raises(BadInput, match="below another object"):
            put("a/b", b"1")
    with pytest.raises(BadInput, match="below another object"):
        store.replace("b", b"1")
    with pytest.raises(NotArchived):
        store.get("a/b")
    assert store.head("a/b") is None
    assert store.get("a") == b"1"


def test_check_before_reading_wants_the_folder_and_before_writing_leaves_it_as_it_was(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "a/b")
    with pytest.raises(BadInput, match="no such folder"):
        store.check(write=False)
    store.check(write=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a").write_bytes(b"a file in the way")
    with pytest.raises(BadInput):
        store.check(write=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a folder that not even root can write: /sys")
def test_a_folder_that_takes_no_files_is_denied_with_a_cure() -> None:
    store = FolderStore("/sys/kernel")
    with pytest.raises(StoreDenied, match="right to use it"):
        store.check(write=True)
    with pytest.raises(StoreDenied, match="right to use it"):
        store.put_new("a", b"1")
    store.check(write=False)


FULL = """
import os, sys
from archiver.errors import StoreFull
from archiver.storage import open_store
store = open_store(sys.argv[1])
kept = []
try:
    for number in range(1000):
        store.put_new(f"html/{number}", os.urandom(60_000))
        kept.append(f"html/{number}")
    sys.exit("never full")
except StoreFull as error:
    assert "No space left on device" in str(error), error
assert kept and sorted(info.key for info in store.list()) == sorted(kept)
assert sorted(os.listdir(sys.argv[1] + "/html")) == sorted(key[5:] for key in kept), "a temporary file is left"
try:
    store.check(write=True)
    sys.exit("check saw room for 64 KB")
except StoreFull:
    pass
store.delete(kept[0])
store.delete(kept[1])
store.check(write=True)
assert store.put_new("html/again", b"1" * 60_000)
"""


def test_a_full_disk_is_said_so_and_leaves_nothing_half(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("a small disk of our own needs user namespaces (`unshare -rm`)")
    script = 'mount -t tmpfs -o size=512k none "$1" && exec "$2" -c "$3" "$1"'
    command = [unshare, "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable, FULL]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
