"""Replay of exported WARC files by pywb: every capture comes back byte for byte, revisits too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.archive import Archive
from archiver.export import export
from archiver.model import Snapshot
from archiver.publishing import publish
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.writing import timestamp
from tests import pywb
from tests.exports import archive_at

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("archive")) as opened:
        yield opened


@pytest.fixture(scope="module")
def engine(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[pywb.Pywb]:
    """pywb over one export with our plain index, one with our ZipNum, and one that pywb has indexed itself."""
    if why := pywb.install():
        pytest.skip(f"pywb cannot be installed: {why}")
    folder = tmp_path_factory.mktemp("pywb")
    plain = folder / "collections" / "plain"
    export(archive, plain, form="warc", warc_bytes=4000)  # several files, so that revisits point into others
    _zipped(plain, folder / "collections" / "zipped")
    _reindexed(plain, folder)
    _published(archive, folder / "collections" / "published")
    with pywb.Pywb(folder) as running:
        yield running


def _zipped(plain: Path, to: Path) -> None:
    from archiver.export.cdxj import write_zipnum

    shutil.copytree(plain / "archive", to / "archive")
    lines = (plain / "indexes" / "index.cdxj").read_text().splitlines()
    write_zipnum(lines, to / "indexes", per_block=5)


def _reindexed(plain: Path, folder: Path) -> None:
    import subprocess

    manager = str(pywb.FOLDER / "bin" / "wb-manager")
    subprocess.run([manager, "init", "again"], cwd=folder, check=True, capture_output=True)
    warcs = [str(path) for path in sorted((plain / "archive").glob("*.warc.gz"))]
    subprocess.run([manager, "add", "again", *warcs], cwd=folder, check=True, capture_output=True)


def _published(archive: Archive, to: Path) -> None:
    """The index of one crawl, as it lies beside the data; the bytes of its captures are in no WARC file."""
    publish(archive)
    (to / "archive").mkdir(parents=True)
    (index,) = Path(archive.uri.removeprefix("file://")).glob("indexes/crawl=crawl-1/part-*")
    shutil.copytree(index, to / "indexes")


def answered(archive: Archive) -> Iterator[Snapshot]:
    for row in archive.find():
        snapshot = archive.snapshot(row.record_key)
        if snapshot.record.capture.status not in (None, 304):
            yield snapshot


@pytest.mark.parametrize("collection", ["plain", "zipped", "again"])
def test_every_capture_is_replayed_byte_for_byte(archive: Archive, engine: pywb.Pywb, collection: str):
    seen = 0
    for snapshot in answered(archive):
        record = snapshot.record
        stamp, url = timestamp(record.captured_at), ascii_uri(record.url)
        status, headers, body = engine.replay(collection, stamp, url)
        assert (status, body) == (record.capture.status, snapshot.body or b""), url
        assert stamp in headers["Link"], url
        seen += 1
    assert seen == 18


def test_the_published_index_says_what_was_captured(archive: Archive, engine: pywb.Pywb):
    lines = engine.captures("published", "news.example/*")
    known = {row.id: row for row in archive.find(crawl="crawl-1")}
    assert {line["id"] for line in lines} == set(known)
    for line in lines:
        row = known[line["id"]]
        assert (line["url"], line["timestamp"]) == (row.url, timestamp(row.captured_at))
        assert line["digest"].removeprefix("sha1:") == archive.record(row.record_key).html.sha1


@pytest.mark.parametrize("collection", ["plain", "zipped", "again"])
def test_a_304_replays_the_answer_it_confirms(engine: pywb.Pywb, collection: str):
    status, _, body = engine.replay(collection, "20261102094000", "https://news.example/1")
    assert (status, body) == (200, b"<html><p>Corrected.</p></html>")


def test_a_redirect_is_replayed_as_one(archive: Archive, engine: pywb.Pywb):
    (moved,) = [one for one in answered(archive) if one.record.capture.redirects]
    stamp = timestamp(moved.record.captured_at)
    status, headers, body = engine.replay("plain", stamp, "http://news.example/moved")
    if status == 200:  # pywb sees http and https as one URL, and passes over a redirect to itself
        assert body == moved.body
    else:
        assert (status, headers["Location"].partition("id_/")[2]) == (301, "https://news.example/moved")


def test_what_gave_no_answer_is_not_replayed(engine: pywb.Pywb):
    assert engine.replay("plain", "20261102095200", "https://down.example/")[0] == 404
    assert engine.replay("plain", "20261102094100", "https://news.example/never")[0] == 404
