"""The catalog made anew: from the records alone, whatever became of the old one, and however often it is killed."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from archiver import cli
from archiver.archive import Archive
from archiver.catalog import Query, Row
from tests.made import put

COUNT = 40


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "a"), fsync=False) as opened:
        for minute in range(COUNT):
            put(opened, f"https://news.example/{minute}", minute=minute, title=f"Headline {minute}")
        yield opened


def rows(archive: Archive) -> list[Row]:
    return list(archive.catalog.find(Query()))


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def zero(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def falsify(path: Path) -> None:
    with closing(sqlite3.connect(path)) as catalog, catalog:
        catalog.execute("UPDATE snapshots SET title = 'wrong', verdict = 'index' WHERE rowid % 2")
        catalog.execute("DELETE FROM snapshots WHERE rowid = 3")


@pytest.mark.parametrize("harm", [Path.unlink, cut, zero, falsify])
def test_the_same_rows_come_back(archive: Archive, harm: Callable[[Path], None]) -> None:
    before, path = rows(archive), archive.catalog.path
    archive.close()
    harm(path)
    done = CliRunner().invoke(cli.cli, ["reindex", "--archive", archive.uri.removeprefix("file://")])
    assert done.exit_code == 0, done.output
    assert f"{COUNT} snapshots in" in done.stderr
    with Archive.open(archive.uri, sync=False) as opened:
        assert rows(opened) == before
    assert [one.name for one in path.parent.iterdir() if ".new" in one.name] == []


def test_what_cannot_be_read_is_said_and_the_rest_is_there(archive: Archive) -> None:
    (row,) = archive.find("https://news.example/7")
    archive.store.replace(row.record_key, b"{}")
    done = CliRunner().invoke(cli.cli, ["reindex", "--archive", archive.uri.removeprefix("file://")])
    assert done.exit_code == 1
    assert row.record_key in done.stderr
    with Archive.open(archive.uri, sync=False) as opened:
        assert len(rows(opened)) == COUNT - 1


def test_readers_see_all_of_it_all_the_time(archive: Archive) -> None:
    seen: set[int] = set()
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            seen.add(len(rows(archive)))

    reader = threading.Thread(target=read)
    reader.start()
    with Archive.open(archive.uri) as other:
        for _ in range(3):
            other.reindex()
    ended.set()
    reader.join()
    assert seen == {COUNT}


SLOW = """
import sys, time
from archiver.archive import Archive
from archiver.catalog import syncing
syncing._BATCH = 2
read = syncing.card_of
def slow(*a, **k):
    time.sleep(0.02)
    return read(*a, **k)
syncing.card_of = slow
Archive.open(sys.argv[1]).reindex()
"""


def test_six_kills_while_indexing_lose_no_row(archive: Archive) -> None:
    before, path = rows(archive), archive.catalog.path
    archive.close()
    most, kills, grows = 0, 0, path.with_name(f"{path.name}.new")
    while True:
        process = subprocess.Popen([sys.executable, "-c", SLOW, archive.uri])
        while process.poll() is None and (kills >= 6 or counted(grows) < min(most + 5, COUNT - 2)):
            time.sleep(0.01)
        if process.poll() is not None:
            assert process.returncode == 0
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        kills += 1
        assert counted(grows) >= most, "a committed row was lost"
        most = counted(grows)
        assert counted(path) == COUNT, "the old catalog serves until the new one is whole"
    assert kills == 6
    with Archive.open(archive.uri, sync=False) as opened:
        assert rows(opened) == before


def counted(path: Path) -> int:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as catalog:
            return int(catalog.execute("SELECT count(*) FROM snapshots").fetchone()[0])
    except sqlite3.Error:  # not there yet
        return 0
