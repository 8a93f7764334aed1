"""Packs: the same archive in fewer objects. Whatever reads an archive finds in packs what it finds in objects."""

from __future__ import annotations

import gzip
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

import archiver
from archiver import cli
from archiver.archive import Archive
from archiver.bodies import pack
from archiver.errors import NotArchived, StoreError, StoreFull
from archiver.export import export
from archiver.fixity import Entry
from archiver.keys import LAYOUTS
from archiver.packs import PackedStore, compact, splicable
from archiver.packs.contents import read_contents
from archiver.publishing import publish
from archiver.storage import Store, open_store
from archiver.storage.parts import SMALLEST_PART, parts_of
from archiver.takedown import plan, take_down
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.writing import timestamp
from tests import pywb
from tests.exports import archive_at
from tests.made import START, capture, failed, put, reading
from tests.site import Site
from tests.weed import Weed

SMALL = 6000  # bytes of a pack in these tests


def open_packs(folder: Path, **more: object) -> Archive:
    return Archive.open(str(folder), layout="packs", pack_bytes=SMALL, **more)  # type: ignore[arg-type]


@pytest.fixture
def packed(tmp_path: Path) -> Iterator[Archive]:
    """Forty captures, one failure, one page twice, one page with the bytes of another."""
    with open_packs(tmp_path / "archive") as archive:
        fill(archive)
        yield archive


def fill(archive: Archive) -> list[Entry]:
    entries: list[Entry] = []
    for n in range(40):
        entries += put(archive, f"https://news.example/{n}", minute=n).entries
    entries += archive.put(failed(minute=41), collection="daily").entries
    first = archive.row("https://news.example/3")
    again = capture("https://news.example/3", minute=50, body=archive.get(first.id).body)
    entries += archive.put(again, reading=reading(), crawl="crawl-1", collection="daily", repeats=first.id).entries
    archive.flush()
    return entries


def objects(archive: Archive) -> dict[str, bytes]:
    """Every record and body, by key, as the store shows it."""
    return {
        info.key: archive.store.get(info.key) for prefix in ("html/", "records/") for info in archive.store.list(prefix)
    }


def packs_in(folder: Path) -> list[Path]:
    return sorted((folder / "packs").rglob("*.warc.gz"))


# ---------------------------------------------------------------------- the same bytes


def test_a_packed_archive_shows_the_objects_of_the_other_layout_byte_for_byte(packed: Archive, tmp_path: Path):
    with Archive.open(str(tmp_path / "plain")) as plain:
        fill(plain)
        assert objects(packed) == objects(plain)
        sizes = {info.key: info.size for info in packed.store.list() if not info.key.startswith("packs/")}
        assert sizes.items() >= {key: len(data) for key, data in objects(plain).items()}.items()
        rows = [[(row.id, row.sha256, row.repeats) for row in one.find()] for one in (packed, plain)]
        assert rows[0] == rows[1]
    assert not [*(tmp_path / "archive").rglob("*.json"), *(tmp_path / "archive").rglob("*.html.gz")]
    assert len(packs_in(tmp_path / "archive")) > 2


def test_another_machine_finds_everything_in_the_packs_alone(packed: Archive, tmp_path: Path):
    before = objects(packed)
    shutil.copytree(tmp_path / "archive" / "packs", tmp_path / "copy" / "packs")
    with Archive.open(str(tmp_path / "copy")) as copy:
        assert objects(copy) == before
        assert len(list(copy.find())) == 42
        assert copy.get("https://news.example/7").record.article.title == "A headline"
        assert list(copy.verify()) == []


def test_a_body_is_spliced_and_given_back_as_it_was_packed():
    for body in (b"x", b"", os.urandom(100_000), b"<p>again and again</p>" * 50_000):
        assert splicable(pack(body), len(body)) == pack(body)
        packer = zlib.compressobj(level=9, wbits=31)
        other = packer.compress(body) + packer.flush()
        assert splicable(other, len(body)) == pack(body)


def test_exports_of_both_layouts_are_equal(packed: Archive, tmp_path: Path):
    with Archive.open(str(tmp_path / "plain")) as plain:
        fill(plain)
        made = [export(one, tmp_path / name, form="warc", now=START) for one, name in ((packed, "a"), (plain, "b"))]
    assert made[0].identifier == made[1].identifier
    warcs = [next((tmp_path / name / "archive").glob("*.warc.gz")).read_bytes() for name in "ab"]
    assert warcs[0] == warcs[1]


# ---------------------------------------------------------------------- WARC


def test_each_pack_is_a_warc_file_of_its_own(packed: Archive, tmp_path: Path):
    fastwarc = pytest.importorskip("fastwarc.warc")
    kinds: list[str] = []
    for path in packs_in(tmp_path / "archive"):
        check = subprocess.run(
            [sys.executable, "-m", "warcio.cli", "check", str(path)], capture_output=True, check=False
        )
        assert check.returncode == 0, check.stdout
        records = list(fastwarc.ArchiveIterator(BytesIO(path.read_bytes()), verify_digests=True))
        assert records[0].headers["WARC-Type"] == "warcinfo"
        kinds += [record.headers["WARC-Type"] for record in records]
    assert (kinds.count("response"), kinds.count("revisit"), kinds.count("metadata")) == (40, 1, 42)


def test_an_index_names_pack_offset_and_length(packed: Archive, tmp_path: Path):
    from warcio.archiveiterator import ArchiveIterator

    for row in packed.find():
        place = packed.store.place(row.record_key)
        if row.status is None:
            assert place is None
            continue
        assert place is not None
        data = (tmp_path / "archive" / place[0]).read_bytes()[place[1].offset :][: place[1].length]
        for record in ArchiveIterator(BytesIO(data), check_digests="raise"):
            assert record.rec_headers["WARC-Target-URI"] == row.url
            if record.rec_type == "response":
                assert record.content_stream().read() == packed.get(row.id).body


@pytest.mark.slow
def test_pywb_replays_every_capture_straight_from_the_packs(tmp_path: Path):
    if why := pywb.install():
        pytest.skip(f"pywb cannot be installed: {why}")
    folder = tmp_path / "archive"
    with archive_at(folder, layout="packs", pack_bytes=SMALL) as archive:
        archive.flush()
        publish(archive)
        collection = tmp_path / "pywb" / "collections" / "press"
        (collection / "indexes").mkdir(parents=True)
        lines = sorted(
            line
            for blocks in folder.glob("indexes/*/*/index.cdx.gz")
            for line in gzip.decompress(blocks.read_bytes()).decode().splitlines()
            if '"filename"' in line
        )
        (collection / "indexes" / "index.cdxj").write_text("".join(f"{line}\n" for line in lines))
        (collection / "archive").symlink_to(folder)
        with pywb.Pywb(tmp_path / "pywb") as engine:
            seen = 0
            for row in archive.find():
                snapshot = archive.snapshot(row.record_key)
                if row.status in (None, 304):
                    continue
                stamp, url = timestamp(row.captured_at), ascii_uri(row.url)
                status, _, body = engine.replay("press", stamp, url)
                if body != (snapshot.body or b""):  # two captures of one URL in one second: an index has one place
                    assert [other.captured_at for other in archive.find(row.url)].count(row.captured_at) == 1
                    same = [other for other in archive.find(row.url) if timestamp(other.captured_at) == stamp]
                    assert len(same) > 1
                    continue
                assert status == row.status, url
                seen += 1
    assert seen >= 17


@pytest.mark.slow
def test_published_columns_and_index_name_the_packs(packed: Archive, tmp_path: Path):
    duckdb = pytest.importorskip("duckdb")
    publish(packed)
    rows = duckdb.sql(
        f"SELECT url, warc_filename, warc_record_offset, warc_record_length FROM "
        f"'{tmp_path}/archive/captures/*/*/*.parquet' WHERE warc_filename IS NOT NULL"
    ).fetchall()
    assert len(rows) == 41
    for url, name, offset, length in rows:
        data = (tmp_path / "archive" / name).read_bytes()[offset:][:length]
        assert f"WARC-Target-URI: {url}\r\n".encode() in gzip.decompress(data)
    again = publish(packed)
    assert again.made == 0
    compact(packed.store, target=10 * SMALL)
    assert publish(packed).made > 0  # the packs have other names now


def test_packs_behind_a_web_server_are_found_by_what_is_published_and_read_by_ranges(
    weed: Weed, s3_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Archive.open(s3_uri, layout="packs", pack_bytes=SMALL) as bucket:
        fill(bucket)
        publish(bucket)
        there = s3_uri.removeprefix("s3://").partition("?")[0]
        weed.make_public(there.partition("/")[0])
        monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "another machine"))
        with archiver.open(f"{weed.endpoint}/{there}") as web:
            rows = [*bucket.find()]
            assert [*web.find()] == rows
            for row in rows:
                mine, theirs = bucket.snapshot(row.record_key), web.snapshot(row.record_key)
                assert (mine.record, mine.body) == (theirs.record, theirs.body)
            assert len(web.search_published("headline").hits) == 10
            for one, name in ((bucket, "a"), (web, "b")):
                export(one, tmp_path / name, form="warc", now=START)
            warcs = [next((tmp_path / name / "archive").glob("*.warc.gz")).read_bytes() for name in "ab"]
            assert warcs[0] == warcs[1]
            with pytest.raises(NotArchived):
                web.store.get(f"html/ab/ab{'0' * 62}.html.gz")
            compact(bucket.store, target=10 * SMALL)
            publish(bucket)
            assert all(web.snapshot(row.record_key).record.url == row.url for row in rows), "the new packs are found"
            page = bucket.row("https://news.example/7")
            take_down(bucket, plan(bucket, page.id), reason="a court order", at=START)
            publish(bucket)
            with pytest.raises(NotArchived):
                web.snapshot(page.record_key)
        with archiver.open(f"{weed.endpoint}/{there}") as web, pytest.raises(StoreError, match="cannot be listed"):
            list(web.verify())


# ---------------------------------------------------------------------- fixity


def test_a_sound_archive_has_no_damage_in_either_layout(packed: Archive):
    assert list(packed.verify()) == []


@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "flip contents", "cut contents", "delete contents", "extra"])
def test_damage_to_a_pack_is_named(tmp_path: Path, harm: str):
    from archiver.fixity import write_manifest

    with open_packs(tmp_path / "archive") as archive:
        write_manifest(archive.store, "crawl-1", fill(archive))
        victim = packs_in(tmp_path / "archive")[1]
        contents = victim.with_name(victim.name.replace(".warc.gz", ".jsonl.gz"))
        one = contents if "contents" in harm else victim
        one.chmod(0o644)
        data = bytearray(one.read_bytes())
        if harm.startswith("flip"):
            data[len(data) // 2] ^= 1
            one.write_bytes(data)
        elif harm.startswith("cut"):
            one.write_bytes(data[: len(data) // 2])
        elif harm == "extra":
            victim.with_name("000000-0123456789abcdef.warc.gz").write_bytes(data)
        else:
            one.unlink()
    with Archive.open(str(tmp_path / "archive")) as archive:
        (tmp_path / "archive" / "catalog" / "packs.sqlite").unlink(missing_ok=True)
        found = {damage.key: damage.problem for damage in archive.verify()}
    base = tmp_path / "archive"
    named = victim.with_name("000000-0123456789abcdef.warc.gz") if harm == "extra" else one
    if harm == "delete contents":
        assert found[str(victim.relative_to(base))] == "unreferenced"
        assert "missing" in found.values()  # the records that the manifest promises
    else:
        assert str(named.relative_to(base)) in found, found
    if harm == "delete":
        assert [problem for key, problem in found.items() if key.startswith("html/")]
    untouched = {str(path.relative_to(base)) for path in packs_in(base)} - {str(victim.relative_to(base))}
    assert not untouched - {str(named.relative_to(base))} & set(found)


def test_a_header_that_no_capture_holds_is_checked_too(packed: Archive, tmp_path: Path):
    victim = packs_in(tmp_path / "archive")[0]
    victim.chmod(0o644)
    data = bytearray(victim.read_bytes())
    data[4] ^= 1  # the time in the first gzip header: no record, no body
    victim.write_bytes(data)
    assert [damage.key for damage in packed.verify()] == [str(victim.relative_to(tmp_path / "archive"))]


# ---------------------------------------------------------------------- the spool


def test_a_page_is_readable_and_durable_before_its_pack_is_full(tmp_path: Path):
    with Archive.open(str(tmp_path / "archive"), layout="packs") as archive:
        receipt = put(archive)
        assert not packs_in(tmp_path / "archive")
        assert archive.get("https://news.example/a").record.id == receipt.id
        with Archive.open(str(tmp_path / "archive")) as reader:  # another process of this machine
            assert reader.record(receipt.record_key).id == receipt.id


def test_what_a_dead_process_left_is_put_by_the_next_one_and_what_is_torn_is_cut(tmp_path: Path):
    archive = Archive.open(str(tmp_path / "archive"), layout="packs")
    receipts = [put(archive, f"https://news.example/{n}", minute=n) for n in range(5)]
    archive.close()
    (spooled,) = (tmp_path / "archive").rglob("spool/*/*.warc.gz")
    (listed,) = (tmp_path / "archive").rglob("spool/*/*.jsonl.gz")
    spooled.write_bytes(spooled.read_bytes()[:-20])  # the last capture is torn
    with listed.open("ab") as file:
        file.write(b"\x1f\x8b\x08half a line")
    with Archive.open(str(tmp_path / "archive"), layout="packs") as archive:
        assert archive.store.recover() == 1
        assert [archive.store.holds(one.record_key) for one in receipts] == [True] * 4 + [False]
        assert len(packs_in(tmp_path / "archive")) == 1
        put(archive, "https://news.example/4", minute=4)
        archive.flush()
        assert list(archive.verify()) == []
    assert not list((tmp_path / "archive").rglob("spool/*/*"))


def test_a_living_process_keeps_its_spool(tmp_path: Path):
    with Archive.open(str(tmp_path / "archive"), layout="packs") as one:
        put(one)
        with Archive.open(str(tmp_path / "archive"), layout="packs") as other:
            assert other.store.recover() == 0
        one.flush()
        assert list(one.verify()) == []


def test_at_once_a_page_is_in_the_store_and_pages_that_come_together_share_a_pack(tmp_path: Path):
    with Archive.open(str(tmp_path / "archive"), layout="packs", at_once=True) as archive:
        with ThreadPoolExecutor(8) as pool:
            receipts = list(pool.map(lambda n: put(archive, f"https://news.example/{n}", minute=n), range(40)))
        assert all(archive.store.place(one.record_key) for one in receipts), "places are in packs that are put"
        assert 1 < len(packs_in(tmp_path / "archive")) <= 40
        assert not list((tmp_path / "archive").rglob("spool/*/*.warc.gz"))
        assert list(archive.verify()) == []


class Broken:
    """A store whose puts fail while it is told to."""

    def __init__(self, store: Store) -> None:
        self._store, self.is_down = store, False

    def __getattr__(self, name: str) -> object:
        if name == "put_new" and self.is_down:
            raise StoreError("store", "down")
        return getattr(self._store, name)


def test_a_store_that_is_down_loses_nothing_and_repeats_nothing(tmp_path: Path):
    broken = Broken(open_store(str(tmp_path / "archive")))
    with Archive(broken, layout="packs", pack_bytes=SMALL) as archive:  # type: ignore[arg-type]
        broken.is_down = True
        kept = 0
        with suppress(StoreError):
            for kept in range(40):
                put(archive, f"https://news.example/{kept}", minute=kept)
        assert 3 < kept < 39
        with pytest.raises(StoreError):
            archive.flush()
        broken.is_down = False
        put(archive, f"https://news.example/{kept}", minute=kept)  # what was refused, again
        archive.flush()
        assert len(list(archive.find())) == kept + 1
        contents = (read_contents(path.read_bytes()) for path in (tmp_path / "archive").rglob("packs/**/*.jsonl.gz"))
        keys = [line.key for one in contents for line in one.lines]
        assert len(keys) == len(set(keys)) == kept + 1
        assert list(archive.verify()) == []


def test_a_full_disk_is_said_and_leaves_no_half_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    import archiver.packs.spool as spool

    with Archive.open(str(tmp_path / "archive"), layout="packs") as archive:
        put(archive, "https://news.example/1", minute=1)
        write = spool._write

        def full(file, data):  # type: ignore[no-untyped-def]
            write(file, data[: len(data) // 2])
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(spool, "_write", full)
        with pytest.raises(StoreFull):
            put(archive, "https://news.example/2", minute=2)
        monkeypatch.setattr(spool, "_write", write)
        put(archive, "https://news.example/2", minute=2)
        archive.flush()
        assert len(list(archive.find())) == 2
        assert list(archive.verify()) == []


# ---------------------------------------------------------------------- joined, taken down


def test_compacting_joins_packs_and_changes_nothing_that_is_read(packed: Archive, tmp_path: Path):
    before, packs = objects(packed), len(packs_in(tmp_path / "archive"))
    with Archive.open(str(tmp_path / "archive")) as reader:
        list(reader.find())  # it knows the old packs
        done = compact(packed.store, target=10 * SMALL)
        assert (done.packs, done.into) == (packs, 1)
        assert reader.get("https://news.example/9").body is not None
    packed.store.refresh()
    assert objects(packed) == before
    assert list(packed.verify()) == []
    assert len(packs_in(tmp_path / "archive")) == 1
    assert compact(packed.store, target=10 * SMALL).packs == 0


class Dying:
    """A store whose process dies at its n-th call of one method, counted from 0."""

    def __init__(self, store: Store, method: str, n: int = 0) -> None:
        self._store, self._method, self._left = store, method, n

    def __getattr__(self, name: str) -> object:
        if name == self._method:
            if not self._left:
                raise KeyboardInterrupt
            self._left -= 1
        return getattr(self._store, name)


def lines_in(folder: Path) -> list[str]:
    """The keys in every list of a pack that is there."""
    lists = (folder / "packs").rglob("*.jsonl.gz")
    return sorted(line.key for path in lists for line in read_contents(path.read_bytes()).lines)


@pytest.mark.parametrize(("stop", "n"), [("join", 0), ("put_new", 0), ("delete", 0), ("delete", 1), ("delete", 3)])
def test_compacting_that_was_killed_shows_everything_once_and_goes_on(
    packed: Archive, tmp_path: Path, stop: str, n: int
):
    folder, before = tmp_path / "archive", objects(packed)
    dying = PackedStore(Dying(packed.store.below, stop, n), None)  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        compact(dying, target=10 * SMALL)
    with Archive.open(str(folder)) as reader:
        assert objects(reader) == before
    compact(packed.store, target=30 * SMALL)  # another plan than the first
    assert objects(packed) == before
    assert lines_in(folder) == sorted(key for key in before if key.startswith("records/"))
    assert list(packed.verify()) == []


def test_the_server_joins_packs_in_s3(s3_uri: str, tmp_path: Path):
    store = open_store(s3_uri)
    large, small = os.urandom(SMALLEST_PART + 7), os.urandom(1000)
    pieces = {"a": small, "b": large, "c": small[::-1], "d": large[::-1], "e": b"end"}
    for key, data in pieces.items():
        store.put_new(key, data)
    store.join("all", list(pieces), media_type="application/warc")
    assert store.get("all") == b"".join(pieces.values())
    with pytest.raises(NotArchived):
        store.join("other", ["a", "nothing"])
    assert store.head("other") is None


@pytest.mark.parametrize(
    "sizes", [[1, 2, 3], [SMALLEST_PART], [1, SMALLEST_PART * 3, 1, 1], [SMALLEST_PART, 1, SMALLEST_PART]]
)
def test_parts_cover_everything_in_order_and_only_the_last_is_small(sizes: list[int]):
    named = {str(n): size for n, size in enumerate(sizes)}
    parts = parts_of(named)
    lengths = [sum(piece.length for piece in part) for part in parts]
    assert all(length >= SMALLEST_PART for length in lengths[:-1])
    covered = [(piece.key, piece.start, piece.length) for part in parts for piece in part]
    at: dict[str, int] = {}
    for key, start, length in covered:
        assert start == at.get(key, 0)
        at[key] = start + length
    assert at == named


def test_a_takedown_writes_the_pack_anew_without_the_page(packed: Archive, tmp_path: Path):
    body = packed.get("https://news.example/5").body
    assert body is not None
    others = {key: data for key, data in objects(packed).items() if packed.row("https://news.example/5").id not in key}
    row = packed.row("https://news.example/5")
    take_down(packed, plan(packed, "https://news.example/5"), reason="a court order", at=START)
    for path in packs_in(tmp_path / "archive"):
        assert body not in gzip.decompress(path.read_bytes())
        contents = path.with_name(path.name.replace(".warc.gz", ".jsonl.gz"))
        assert row.id not in {line.key.rpartition("-")[2][:20] for line in read_contents(contents.read_bytes()).lines}
    after = objects(packed)
    assert {key: data for key, data in others.items() if key != row.body_key}.items() <= after.items()
    assert row.body_key not in after
    assert list(packed.verify()) == []


@pytest.mark.parametrize("n", range(6))
@pytest.mark.parametrize("then", ["the takedown again", "compacting"])
def test_a_takedown_that_was_killed_is_finished(tmp_path: Path, n: int, then: str):
    folder, url = tmp_path / "archive", "https://news.example/5"
    with open_packs(folder) as archive:
        fill(archive)
        body = archive.get(url).body
        assert body is not None
        archive.store.below = Dying(archive.store.below, "delete", n)  # type: ignore[assignment]
        with suppress(KeyboardInterrupt):
            take_down(archive, plan(archive, url), reason="a court order", at=START)
    with Archive.open(str(folder)) as archive:
        if then == "compacting":
            archive.compact(target=100 * SMALL)
        take_down(archive, plan(archive, url), reason="a court order", at=START)
        assert not [path for path in packs_in(folder) if body in gzip.decompress(path.read_bytes())]
        assert list(archive.verify()) == []


# ---------------------------------------------------------------------- the command line and a crawl


def crawl_command(site: Site, folder: Path, *more: str) -> list[str]:
    words = ["crawl", site.at("/"), "--archive", str(folder), "--layout", "packs", "--delay", "0", "--allow-private"]
    return [sys.executable, "-m", "archiver", *words, *more]


def test_a_crawl_into_packs_is_complete_and_the_commands_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    folder = tmp_path / "archive"
    with Site(articles=12) as site:
        done = subprocess.run(crawl_command(site, folder), capture_output=True, text=True, check=False)
        assert "12 archived" in done.stderr
    archive = ["--archive", str(folder)]
    assert cli._run(["verify", *archive]) == 0
    assert cli._run(["reindex", *archive]) == 0
    assert cli._run(["get", *archive, "--verdict", "article", "-o", str(tmp_path / "got")]) == 0
    assert len(list((tmp_path / "got").glob("*.html"))) == 12
    assert cli._run(["compact", *archive]) == 0
    capsys.readouterr()
    assert cli._run(["list", *archive, "--verdict", "article", "--jsonl"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 12


KILLS = int(os.environ.get("NEWSVAULT_PACK_KILLS", "3"))  # 20 in the nightly form


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(KILLS))
def test_kill_9_at_a_random_moment_loses_nothing_and_shows_no_torn_pack(tmp_path: Path, seed: int):
    folder, chance = tmp_path / "archive", random.Random(seed)
    with Site(articles=60) as site:
        command = crawl_command(site, folder, "--set", "ARCHIVE_PACK_BYTES=65536")
        for _ in range(2):
            running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(chance.uniform(1.0, 3.5))
            running.send_signal(signal.SIGKILL)
            running.wait()
            for path in packs_in(folder):
                if path.with_name(path.name.replace(".warc.gz", ".jsonl.gz")).exists():
                    assert gzip.decompress(path.read_bytes())
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert "URLs are left" not in done.stderr
    with Archive.open(str(folder)) as archive:
        articles = [row.url for row in archive.find(verdict="article")]
        assert len(articles) == len(set(articles)) == 60
        assert list(archive.verify()) == []


def test_layouts_are_documented():
    page = (Path(__file__).parent.parent / "docs" / "how-to" / "packs.md").read_text()
    assert all(f'"{layout}"' in page for layout in LAYOUTS)
