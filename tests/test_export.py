"""Data sets: seven forms of the same snapshots, frozen, resumable, checked, and read by the programs they are for."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from archiver.archive import Archive
from archiver.errors import BadInput, NotArchived, StoreError
from archiver.export import FORMS, About, Exported, check_dataset, export
from archiver.export.articles import COLUMNS
from archiver.export.captures import COLUMNS as CC_COLUMNS
from archiver.export.work import FOLDER
from archiver.fixity.audit import Pace
from tests.exports import EXTRA, PAGES, archive_at
from tests.made import capture, put, reading

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
ALL = PAGES + EXTRA


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with archive_at(tmp_path_factory.mktemp("archive")) as opened:
        yield opened


@pytest.fixture(scope="module")
def made(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One data set of each form."""
    folder = tmp_path_factory.mktemp("made")
    about = About(title="Daily news", creator="Ada Example", contact="ada@news.example")
    for form in FORMS:
        export(archive, folder / form, form=form, about=about, now=NOW, with_captures=form == "warc")
    return {form: folder / form for form in FORMS}


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def base(form: str, folder: Path) -> Path:
    return folder / "data" if form == "bagit" else folder


# ---------------------------------------------------------------------- what every form has in common


def test_every_form_has_the_same_identifier_and_passes_its_check(made: dict[str, Path]):
    identifiers = set()
    for form, folder in made.items():
        assert list(check_dataset(folder)) == [], form
        query = json.loads((base(form, folder) / "query.json").read_text())
        listed = (base(form, folder) / "snapshots.tsv").read_bytes()
        assert query["snapshots"] == ALL == listed.count(b"\n")
        assert query["identifier"] == f"sha256:{hashlib.sha256(listed).hexdigest()}"
        identifiers.add(query["identifier"])
    assert len(identifiers) == 1


@pytest.mark.parametrize("form", FORMS)
def test_sha256sum_accepts_the_manifest(made: dict[str, Path], form: str):
    command = ["sha256sum", "--quiet", "--strict", "-c", "manifest-sha256.txt"]
    done = subprocess.run(command, cwd=base(form, made[form]), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves gzip files open
@pytest.mark.parametrize("form", FORMS)
def test_frictionless_accepts_the_data_package(made: dict[str, Path], form: str):
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.Package(str(base(form, made[form]) / "datapackage.json")).validate()
    assert report.valid, report.flatten(["type", "message"])
    assert report.stats["tasks"] >= 2


def test_the_citation_is_one(made: dict[str, Path]):
    yaml = pytest.importorskip("yaml")
    cff = yaml.safe_load((made["jsonl"] / "CITATION.cff").read_text())
    assert (cff["cff-version"], cff["type"], cff["title"]) == ("1.2.0", "dataset", "Daily news")
    assert cff["authors"] == [{"name": "Ada Example"}]
    assert cff["identifiers"][0]["value"] == cff["version"]


def test_a_query_narrows_the_set_and_is_kept(archive: Archive, tmp_path: Path):
    where = {"crawl": "crawl-1", "limit": 3, "newest_first": True}
    done = export(archive, tmp_path / "set", "https://news.example/*", form="jsonl", where=where)
    query = json.loads((tmp_path / "set" / "query.json").read_text())
    assert query["query"] == {"what": ["https://news.example/*"], **where}
    with gzip.open(tmp_path / "set" / "articles.jsonl.gz", "rt") as file:
        assert [json.loads(line)["title"] for line in file] == ["Headline 9", "Headline 10", "Headline 11"]
    assert done.snapshots == 3


def test_nothing_found_is_said_and_leaves_nothing_that_looks_finished(archive: Archive, tmp_path: Path):
    with pytest.raises(NotArchived, match=r"other\.example"):
        export(archive, tmp_path / "set", "other.example", form="jsonl")
    assert not (tmp_path / "set" / "manifest-sha256.txt").exists()


def test_a_folder_that_holds_something_else_is_refused(archive: Archive, tmp_path: Path):
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(BadInput, match="not empty"):
        export(archive, tmp_path, form="jsonl")
    export(archive, tmp_path / "set", form="jsonl")
    with pytest.raises(BadInput, match="another export"):
        export(archive, tmp_path / "set", form="csv")


def test_a_damaged_body_is_left_out_and_named(tmp_path: Path):
    with archive_at(tmp_path / "archive") as archive:
        victim = archive.row("https://news.example/3")
        file = tmp_path / "archive" / str(victim.body_key)
        file.chmod(0o644)
        file.write_bytes(gzip.compress(b"something else"))
        done = export(archive, tmp_path / "set", form="warc")
    assert [one.record_key for one in done.damaged] == [victim.record_key]
    assert done.snapshots == ALL - 1
    assert victim.id not in (tmp_path / "set" / "snapshots.tsv").read_text()


# ---------------------------------------------------------------------- interrupted, and then finished


class Stopping:
    """A progress that stops the export at the n-th checkpoint."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self, done: int, total: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("form", FORMS)
def test_an_interrupted_export_goes_on_and_ends_equal(
    archive: Archive, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("archiver.export.exporting.CHECKPOINT", 4)
    export(archive, tmp_path / "whole", form=form, now=NOW, warc_bytes=3000)
    for after in (0, 1):
        with pytest.raises(KeyboardInterrupt):
            export(archive, tmp_path / "cut", form=form, now=NOW, progress=Stopping(after), warc_bytes=3000)
        for file in tmp_path.glob("cut/**/*.gz"):  # half a record was written when it died
            if not file.name.startswith("index"):
                file.write_bytes(file.read_bytes() + b"\x1f\x8b torn")
    later = NOW.replace(hour=23)  # the first start counts
    done = export(archive, tmp_path / "cut", form=form, now=later, warc_bytes=3000)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert not (base(form, tmp_path / "cut") / FOLDER).exists()
    assert export(archive, tmp_path / "cut", form=form, now=later, warc_bytes=3000).was_complete
    assert done.snapshots == ALL


def test_what_is_captured_after_the_start_is_not_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("archiver.export.exporting.CHECKPOINT", 4)
    with archive_at(tmp_path / "archive") as archive:
        with pytest.raises(KeyboardInterrupt):
            export(archive, tmp_path / "set", form="jsonl", progress=Stopping(1))
        put(archive, "https://news.example/later", minute=500)
        assert export(archive, tmp_path / "set", form="jsonl").snapshots == ALL


def test_another_command_does_not_go_on_with_an_unfinished_export(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("archiver.export.exporting.CHECKPOINT", 4)
    with pytest.raises(KeyboardInterrupt):
        export(archive, tmp_path / "set", form="jsonl", progress=Stopping(0))
    with pytest.raises(BadInput, match="unfinished export of something else"):
        export(archive, tmp_path / "set", form="jsonl", where={"limit": 2})
    assert [one.detail for one in check_dataset(tmp_path / "set")] == ["the export is not finished; repeat its command"]


KILLED = """
import os, signal, sys
from pathlib import Path
import archiver.export.exporting as exporting
from archiver.archive import Archive
from archiver.timestamps import parse
exporting.CHECKPOINT = 2
append, left = exporting.Work.append, [int(sys.argv[3])]
def counted(*given):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return append(*given)
exporting.Work.append = counted
with Archive.open(sys.argv[1], sync=False) as archive:
    exporting.export(archive, Path(sys.argv[2]), form="warc", now=parse("2026-11-24T10:00:00Z"), warc_bytes=3000)
"""


def test_a_killed_export_goes_on_and_ends_equal(archive: Archive, tmp_path: Path):
    export(archive, tmp_path / "whole", form="warc", now=NOW, warc_bytes=3000)
    for writes in (1, 13, 37):
        command = [sys.executable, "-c", KILLED, archive.uri, str(tmp_path / "cut"), str(writes)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent)
        assert done.returncode == -signal.SIGKILL, done.stderr
    export(archive, tmp_path / "cut", form="warc", now=NOW, warc_bytes=3000)
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")


def test_a_full_disk_is_said_and_the_export_goes_on_afterwards(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("archiver.export.work.os.fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            export(archive, tmp_path / "set", form="warc")
    assert export(archive, tmp_path / "set", form="warc").snapshots == ALL


# ---------------------------------------------------------------------- the check


def spoil(folder: Path, how: str) -> None:
    table = folder / "articles.csv"
    if how == "altered":
        table.write_bytes(table.read_bytes().replace(b"Headline", b"Deadline", 1))
    elif how == "missing":
        table.unlink()
    elif how == "extra":
        (folder / "more.csv").write_text("x")
    elif how == "link":
        table.unlink()
        table.symlink_to("/etc/hostname")
    elif how == "outside":
        manifest = folder / "manifest-sha256.txt"
        manifest.write_text(f"{'0' * 64}  ../outside\n{'0' * 64}  /etc/passwd\n" + manifest.read_text())


@pytest.mark.parametrize(
    ("how", "finding"),
    [
        ("altered", ("articles.csv", "altered")),
        ("missing", ("articles.csv", "missing")),
        ("extra", ("more.csv", "unreferenced")),
        ("link", ("articles.csv", "altered")),
        ("outside", ("manifest-sha256.txt", "altered")),
    ],
)
def test_the_check_names_what_is_wrong(made: dict[str, Path], tmp_path: Path, how: str, finding: tuple[str, str]):
    shutil.copytree(made["csv"], tmp_path / "set")
    spoil(tmp_path / "set", how)
    assert finding in [(one.key, one.problem) for one in check_dataset(tmp_path / "set")]


def test_a_list_that_was_changed_with_its_manifest_no_longer_fits_the_identifier(made: dict[str, Path], tmp_path: Path):
    shutil.copytree(made["csv"], tmp_path / "set")
    listed, manifest = tmp_path / "set" / "snapshots.tsv", tmp_path / "set" / "manifest-sha256.txt"
    old = hashlib.sha256(listed.read_bytes()).hexdigest()
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[1:]))
    manifest.write_text(manifest.read_text().replace(old, hashlib.sha256(listed.read_bytes()).hexdigest()))
    assert "query.json" in [one.key for one in check_dataset(tmp_path / "set")]


def test_a_folder_without_a_data_set_is_not_one(tmp_path: Path):
    with pytest.raises(NotArchived, match="no manifest"):
        list(check_dataset(tmp_path))


# ---------------------------------------------------------------------- the table of articles


def expected(archive: Archive) -> list[tuple[Any, ...]]:
    return [(row.id, row.title, row.url, row.words) for row in archive.find()]


def test_jsonl_holds_every_snapshot_in_time_order(archive: Archive, made: dict[str, Path]):
    with gzip.open(made["jsonl"] / "articles.jsonl.gz", "rt", newline="\n") as file:
        rows = [json.loads(line) for line in file]
    assert [(row["id"], row["title"], row["url"], row["words"]) for row in rows] == expected(archive)
    assert tuple(rows[0]) == tuple(COLUMNS)
    assert rows[0]["authors"] == ["Ada Example"]


def test_no_line_of_jsonl_can_be_split_at_a_line_separator(made: dict[str, Path]):
    text = gzip.decompress((made["jsonl"] / "articles.jsonl.gz").read_bytes()).decode()
    assert len(text.splitlines()) == ALL
    assert "Zwölf Boxkämpfer.\nЗаголовок\u2028漢字" in {json.loads(line)["text"] for line in text.splitlines()}


def test_csv_holds_the_same_rows(archive: Archive, made: dict[str, Path]):
    with (made["csv"] / "articles.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["id"], r["title"] or None, r["url"], int(r["words"])) for r in rows] == expected(archive)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝", " ="])
def test_csv_never_holds_a_formula(tmp_path: Path, start: str):
    with Archive.open(f"file://{tmp_path}/archive", sync=False) as archive:
        archive.put(capture(), reading=reading(f"{start}cmd|'/c calc'!A1"))
        export(archive, tmp_path / "set", form="csv")
    with (tmp_path / "set" / "articles.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["title"] == f"'{start}cmd|'/c calc'!A1"
    assert row["status"] == "200"


def test_sqlite_holds_the_same_rows(archive: Archive, made: dict[str, Path]):
    file = sqlite3.connect(made["sqlite"] / "articles.sqlite")
    assert file.execute("SELECT id, title, url, words FROM articles ORDER BY rowid").fetchall() == expected(archive)
    assert file.execute("SELECT count(*) FROM articles, json_each(authors) WHERE value = 'Ada Example'").fetchone() == (
        17,
    )
    assert file.execute("SELECT value FROM about WHERE name = 'title'").fetchone() == ("Daily news",)
    assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    file.close()


def test_pyarrow_pandas_polars_and_duckdb_read_the_same_table(archive: Archive, made: dict[str, Path]):
    dataset = pytest.importorskip("pyarrow.dataset")
    pandas, polars, duckdb = (pytest.importorskip(name) for name in ("pandas", "polars", "duckdb"))
    folder, names = made["parquet"] / "articles", ["id", "title", "url", "words"]
    arrow = dataset.dataset(folder).to_table()
    assert tuple(arrow.column_names) == tuple(COLUMNS)
    assert str(arrow.schema.field("captured_at").type) == "timestamp[us, tz=UTC]"
    assert str(arrow.schema.field("authors").type).startswith("list<")
    wanted = expected(archive)
    assert [tuple(row.values()) for row in arrow.select(names).to_pylist()] == wanted
    frame = pandas.read_parquet(folder)
    assert list(frame["id"]) == [row[0] for row in wanted]
    assert polars.read_parquet(folder / "*.parquet").select(names).rows() == wanted
    assert duckdb.sql(f"SELECT id, title, url, words FROM '{folder}/*.parquet'").fetchall() == wanted
    article = duckdb.sql(f"SELECT authors, captured_at FROM '{folder}/*.parquet' LIMIT 1").fetchall()[0]
    assert article[0] == ["Ada Example"]


# ---------------------------------------------------------------------- Common Crawl's index

# commoncrawl/cc-index-table, src/main/resources/schema/cc-index-schema-flat.json
CC = """
url_surtkey url url_host_name url_host_tld url_host_2nd_last_part url_host_3rd_last_part url_host_4th_last_part
url_host_5th_last_part url_host_registry_suffix url_host_registered_domain url_host_private_suffix
url_host_private_domain url_host_name_reversed url_protocol url_port url_path url_query fetch_time fetch_status
fetch_redirect content_digest content_mime_type content_mime_detected content_charset content_languages
content_truncated warc_filename warc_record_offset warc_record_length warc_segment
"""


def test_the_capture_index_has_common_crawls_thirty_columns():
    assert list(CC_COLUMNS) == CC.split()
    assert len(CC_COLUMNS) == 30


def test_common_crawls_own_queries_run_on_the_capture_index(made: dict[str, Path]):
    duckdb = pytest.importorskip("duckdb")
    table = f"read_parquet('{made['warc']}/captures/*/*/*.parquet', hive_partitioning=true)"
    counted = duckdb.sql(
        f"SELECT COUNT(*) AS count, url_host_2nd_last_part FROM {table} WHERE crawl = 'crawl-1' "
        "AND subset = 'warc' AND url_host_tld = 'example' GROUP BY url_host_2nd_last_part"
    ).fetchall()
    assert counted == [(PAGES, "news")]
    kinds = {name: str(kind) for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM {table}").fetchall()}
    assert list(kinds)[:30] == CC.split()
    assert (kinds["url_port"], kinds["fetch_status"], kinds["warc_record_offset"]) == (
        "INTEGER",
        "SMALLINT",
        "INTEGER",
    )
    row = duckdb.sql(
        f"SELECT content_digest, content_languages, fetch_time::VARCHAR FROM {table} WHERE url LIKE '%/0'"
    ).fetchall()[0]
    assert len(row[0]) == 32
    assert row[1] == "eng"


def test_offsets_of_the_capture_index_point_at_responses(made: dict[str, Path]):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(made["warc"] / "captures" / "crawl=crawl-1").to_pylist()
    assert [row["url_surtkey"] for row in rows] == sorted(row["url_surtkey"] for row in rows)
    for row in rows:
        with (made["warc"] / "archive" / row["warc_filename"]).open("rb") as file:
            file.seek(row["warc_record_offset"])
            record = gzip.decompress(file.read(row["warc_record_length"])).decode("latin-1")
        assert f"WARC-Target-URI: {row['url']}\r\n" in record
        assert f"WARC-Payload-Digest: sha1:{row['content_digest']}\r\n" in record


# ---------------------------------------------------------------------- bags


def test_bagit_accepts_the_bag_and_sees_a_change(made: dict[str, Path], tmp_path: Path):
    bagit = pytest.importorskip("bagit")
    bag = bagit.Bag(str(made["bagit"]))
    bag.validate()
    assert bag.info["Source-Organization"] == "Ada Example"
    assert bag.info["External-Identifier"].startswith("sha256:")
    shutil.copytree(made["bagit"], tmp_path / "bag")
    table = tmp_path / "bag" / "data" / "articles.jsonl.gz"
    table.write_bytes(table.read_bytes()[:-1])
    assert not bagit.Bag(str(tmp_path / "bag")).is_valid()
    assert "data/articles.jsonl.gz" in [one.key for one in check_dataset(tmp_path / "bag")]


def test_exported_is_what_query_json_says(archive: Archive, tmp_path: Path):
    done = export(archive, tmp_path / "set", form="jsonl", now=NOW)
    assert isinstance(done, Exported)
    assert (done.form, done.snapshots, done.left_out) == ("jsonl", ALL, ())
    assert os.listdir(tmp_path / "set")


def test_the_reference_lists_every_column_and_form():
    page = (Path(__file__).parent.parent / "docs" / "reference" / "formats.md").read_text("utf-8")
    for name, (kind, meaning) in COLUMNS.items():
        assert f"| `{name}` | {kind} | {meaning} |" in page
    how_to = (Path(__file__).parent.parent / "docs" / "how-to" / "export.md").read_text("utf-8")
    for form in FORMS:
        assert f"| `{form}` |" in how_to


def test_an_export_from_s3_equals_the_one_from_a_folder(
    archive: Archive, s3_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with Archive.open(f"{s3_uri}/press") as copy:
        for info in archive.store.list():
            if not info.key.startswith("catalog/"):
                copy.store.put_new(info.key, archive.store.get(info.key))
        monkeypatch.setattr("archiver.export.exporting.CHECKPOINT", 4)
        with pytest.raises(KeyboardInterrupt):
            export(copy, tmp_path / "s3", form="warc", now=NOW, progress=Stopping(2))
        export(copy, tmp_path / "s3", form="warc", now=NOW)
    export(archive, tmp_path / "folder", form="warc", now=NOW)
    ours, theirs = contents(tmp_path / "folder"), contents(tmp_path / "s3")
    differing = {name for name in ours | theirs if ours.get(name) != theirs.get(name)}
    assert differing == {"query.json", "manifest-sha256.txt"}  # they name the archive


def test_reading_is_held_back_to_the_rate(archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    slept: list[float] = []
    monkeypatch.setattr(
        "archiver.export.exporting.Pace", lambda rate: Pace(rate, clock=lambda: 0.0, sleep=slept.append)
    )
    export(archive, tmp_path / "set", form="jsonl", rate=1000.0)
    read = sum(len(archive.store.get(row.record_key)) for row in archive.find())
    assert slept[-1] == pytest.approx(read / 1000)
