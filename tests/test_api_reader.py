"""The Python API: lazy, proved, typed, and safe to show in a notebook."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

import archiver
from archiver.api import ArchivedSnapshot, OpenArchive, aopen
from archiver.api.asynchronous import iterate
from archiver.errors import BadInput, FixityMismatch, NotArchived
from archiver.export import export
from archiver.model import Snapshot
from tests.made import capture, failed, put, reading
from tests.weed import Weed

PAGE = "https://news.example/a"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with archiver.open(str(tmp_path / "a"), fsync=False) as archive:
        same = b"<html>\xe9</html>"
        archive.put(capture(PAGE, minute=0, body=same), reading=reading("First"), crawl="one", collection="daily")
        archive.put(capture(PAGE, minute=1, body=same), reading=reading("First"), crawl="one", collection="daily")
        put(archive, PAGE, minute=2, title="Second")
        put(archive, PAGE, minute=60 * 24, title="Third")
        put(archive, "https://sport.news.example/b", minute=3, title="Sport <script>alert(1)</script>\u202e")
        archive.put(failed(minute=4), crawl="two")
    return tmp_path / "a"


@pytest.fixture
def archive(folder: Path) -> Iterator[OpenArchive]:
    with archiver.open(str(folder)) as opened:
        yield opened


def test_an_archive_says_how_much_there_is(archive: OpenArchive) -> None:
    info = archive.info()
    assert (info.snapshots, info.articles, info.urls, info.bodies, info.domains) == (6, 5, 3, 4, 3)
    assert (info.languages, info.collections) == (("en",), ("daily", "default"))
    assert info.first == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    assert len(archive) == 6
    crawls = [(one.id, one.snapshots, one.articles) for one in archive.crawls()]
    assert crawls == [("one", 2, 2), ("crawl-1", 3, 3), ("two", 1, 0)]


def test_an_empty_archive_is_true_and_empty() -> None:
    with archiver.open("memory://empty") as archive:
        assert archive
        assert (len(archive), archive.crawls(), archive.info().first) == (0, [], None)
        assert list(archive.search("x")) == []
        assert archive.query().to_arrow().num_rows == 0


def test_opening_reads_and_makes_nothing(tmp_path: Path) -> None:
    archiver.open(str(tmp_path / "later")).close()
    archiver.open("s3://no-such-bucket.example/x", anon=True, endpoint_url="http://127.0.0.1:9").close()
    assert list(tmp_path.iterdir()) == []


def test_a_search_is_iterated_page_by_page(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.api.opened._PAGE", 2)
    found = archive.search("words", lang="en", facets=["domain"])
    assert (found.total, len(found), len(found.hits)) == (5, 5, 2)
    assert len({snapshot.id for snapshot in found}) == 5
    assert [*found.facets] == ["domain"]
    assert len([*archive.search("words", limit=3)]) == len(archive.search("words", limit=3)) == 3
    with pytest.raises(NotArchived, match="this archive has"):
        archive.search("words", collection="nowhere")


def test_a_snapshot_of_a_search_reads_nothing_before_it_is_asked(archive: OpenArchive, folder: Path) -> None:
    (snapshot,) = archive.search("second")
    before = snapshot.title, snapshot.url, snapshot.authors, snapshot.published, snapshot.language
    assert before == ("Second", PAGE, ("Ada Example",), "2026-11-01", "en")
    for body in folder.glob("html/*/*"):
        body.chmod(0o600)
        body.write_bytes(b"not gzip")
    assert snapshot.text == "Two words."
    with pytest.raises(FixityMismatch):
        _ = snapshot.body
    with pytest.raises(FixityMismatch):
        archive.get(snapshot.id)


def test_a_snapshot_is_what_was_put(archive: OpenArchive) -> None:
    first = archive.get(PAGE, at="20261102")
    assert isinstance(first, Snapshot)
    assert first.timestamp == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    assert first.body == b"<html>\xe9</html>"
    assert first.html == "<html>\ufffd</html>"
    assert first.headers[1:] == (("X-Twice", "a"), ("x-twice", "b"))
    assert first == archive.get(first.id)
    assert len({first, archive.get(first.id)}) == 1
    with pytest.raises(NotArchived):
        archive.get("https://nowhere.example/")


def test_captures_of_a_url_lie_before_and_after_each_other(archive: OpenArchive) -> None:
    last = archive.get(PAGE)
    walk: list[ArchivedSnapshot | None] = [last]
    while (one := walk[-1]) is not None:
        walk.append(one.previous())
    minutes = [one.timestamp.minute for one in walk if one is not None]
    assert minutes == [30, 32, 31, 30]
    first = walk[-2]
    assert first is not None
    following = first.next()
    assert following is not None
    assert following.timestamp.minute == 31
    assert last.next() is None


def test_a_snapshot_says_how_it_is_cited(archive: OpenArchive) -> None:
    snapshot = archive.get(PAGE)
    assert snapshot.id in snapshot.cite()
    assert "Third" in snapshot.cite("apa")
    with pytest.raises(BadInput):
        snapshot.cite("cuneiform")


def test_two_captures_are_compared_the_earlier_first(archive: OpenArchive) -> None:
    last = archive.get(PAGE)
    second = last.previous()
    assert second is not None
    assert last.diff(second) == second.diff(last)
    difference = last.diff(second)
    assert (difference.before.title, difference.after.title) == ("Second", "Third")


@pytest.mark.parametrize(
    ("url", "how", "expected"),
    [
        (PAGE, {}, 4),
        ("news.example/a", {}, 4),
        (PAGE, {"collapse": "digest"}, 3),
        (PAGE, {"collapse": "day"}, 2),
        (PAGE, {"since": "20261103"}, 1),
        ("https://news.example/*", {"match": "prefix"}, 4),
        ("https://news.example/", {"match": "prefix", "limit": 2}, 2),
        ("https://news.example/x", {"match": "host"}, 4),
        ("news.example", {"match": "domain"}, 5),
        ("https://news.example/x", {"match": "domain"}, 5),
        ("sport.news.example", {"match": "host"}, 1),
    ],
)
def test_snapshots_of_a_url_a_prefix_a_host_a_domain(
    archive: OpenArchive, url: str, how: dict[str, str], expected: int
) -> None:
    assert len([*archive.snapshots(url, **how)]) == expected  # type: ignore[arg-type]  # by name


def test_a_way_to_match_that_is_none_is_said(archive: OpenArchive) -> None:
    with pytest.raises(BadInput, match="match 'sideways'"):
        archive.snapshots(PAGE, match="sideways")  # type: ignore[arg-type]


def test_a_snapshot_is_saved_as_its_ending_says(archive: OpenArchive, tmp_path: Path) -> None:
    from warcio.archiveiterator import ArchiveIterator

    snapshot = archive.get(PAGE)
    assert snapshot.save(tmp_path / "a.html").read_bytes() == snapshot.body
    assert snapshot.save(str(tmp_path / "a.txt")).read_text() == "Two words."
    assert snapshot.save(tmp_path / "a.md").read_text().startswith("# Third")
    assert b'"schema"' in snapshot.save(tmp_path / "a.json").read_bytes()
    with snapshot.save(tmp_path / "a.warc.gz").open("rb") as file:
        kinds = {one.rec_type: one.content_stream().read() for one in ArchiveIterator(file, check_digests="raise")}
    assert kinds["response"] == snapshot.body
    assert set(kinds) == {"warcinfo", "response", "request", "metadata"}
    with pytest.raises(BadInput, match=r"ends in none of \.html"):
        snapshot.save(tmp_path / "a.pdf")
    (failure,) = archive.find(verdict="error")
    with pytest.raises(NotArchived, match="this capture has none"):
        archive.get(failure.id).save(tmp_path / "b.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "a.html", "a.json", "a.md", "a.txt", "a.warc.gz"]


def test_a_selection_is_lazy_and_becomes_any_table(archive: OpenArchive, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    selected = archive.query(lang="en").where("words >= ?", 2).where("title LIKE ?", "%ir%")
    assert selected.count() == 3
    assert [one.title for one in selected] == ["First", "First", "Third"]
    table = selected.to_arrow()
    assert table.column("text").to_pylist() == ["Two words."] * 3
    assert table.column("captured_at").to_pylist()[0] == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
    assert selected.to_pandas().authors[0].tolist() == ["Ada Example"]
    assert selected.to_polars().shape == table.shape
    assert pq.read_table(selected.to_parquet(tmp_path / "x.parquet")).equals(table)
    narrow = selected.select("title", "captured_at")
    assert narrow.to_arrow().equals(table.select(["title", "captured_at"]))
    assert archive.query(limit=2, newest_first=True).count() == 2


def test_columns_of_the_catalog_are_those_of_the_records(archive: OpenArchive) -> None:
    from archiver.catalog.rows import COLUMNS as OF_A_ROW
    from archiver.export.articles import COLUMNS

    both = [name for name in COLUMNS if name in OF_A_ROW]
    assert archive.query().select(*both).to_arrow().equals(archive.query().to_arrow().select(both))


def test_a_condition_or_a_column_that_is_none_is_said(archive: OpenArchive) -> None:
    with pytest.raises(BadInput, match="no such column: colour"):
        archive.query().where("colour = 1").count()
    with pytest.raises(BadInput, match="cannot be selected by"):
        archive.query().where("1) ; DELETE FROM snapshots --").count()
    with pytest.raises(BadInput, match="known are id, url"):
        archive.query().select("colour")
    assert len(archive) == 6


def test_duckdb_has_articles_and_captures(archive: OpenArchive) -> None:
    from archiver.export.captures import COLUMNS

    with archive.duckdb() as database:
        (row,) = database.sql("SELECT count(*), count(text), max(title) FROM articles").fetchall()
        assert row == (6, 5, "Third")
        captures = database.sql("SELECT * FROM captures ORDER BY fetch_time")
        assert captures.columns[:30] == [*COLUMNS]
        assert len(captures.fetchall()) == 5
    tables = archive.catalog.path.parent
    (made,) = tables.glob("tables-*")
    archive.duckdb().close()
    assert [*tables.glob("tables-*")] == [made]
    put(archive, PAGE, minute=9, title="Fourth")
    with archive.duckdb() as database:
        assert database.sql("SELECT count(*) FROM articles").fetchall() == [(7,)]
    assert [*tables.glob("tables-*")] != [made]


def test_what_a_notebook_shows_is_escaped(archive: OpenArchive) -> None:
    shown = [
        archive.info(), archive, archive.crawls()[0], archive.search("sport"), archive.query(),
        next(iter(archive.search("sport"))),
    ]  # fmt: skip
    for value in shown:
        html = value._repr_html_()
        assert html.startswith(("<table>", "<p>"))
        assert "<script" not in html
        assert "\u202e" not in html
    assert "<mark>Sport</mark> &lt;script&gt;" in archive.search("sport")._repr_html_()


def test_a_missing_library_is_named_with_its_extra(archive: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("pandas", "polars", "duckdb", "pyarrow"):
        monkeypatch.setitem(sys.modules, name, None)
    for make in (archive.query().to_pandas, archive.query().to_polars, archive.query().to_arrow, archive.duckdb):
        with pytest.raises(BadInput, match=r"pip install newsvault\[data\]"):
            make()


def test_a_wacz_and_a_warc_are_opened_as_archives(archive: OpenArchive, tmp_path: Path) -> None:
    export(archive, tmp_path / "set", form="wacz")
    (package,) = (tmp_path / "set").glob("*.wacz")
    warc = archive.get(PAGE).save(tmp_path / "one.warc.gz")
    for path, snapshots in ((package, 5), (warc, 1)):
        with archiver.open(str(path)) as opened:
            assert len(opened) == snapshots
            assert opened.get(PAGE).body == archive.get(PAGE).body
    with pytest.raises(BadInput):
        archiver.open(str(tmp_path / "set" / "README.md"))


def test_an_event_loop_awaits_the_same(folder: Path) -> None:
    async def read() -> tuple[object, ...]:
        async with await aopen(str(folder)) as archive:
            found = await archive.search("words")
            pages = [one.id async for one in iterate(found)]
            versions = [one async for one in archive.snapshots(PAGE, collapse="digest")]
            one = await archive.get(PAGE)
            return (await archive.info()).snapshots, len(await archive.crawls()), len(pages), len(versions), one.title

    assert asyncio.run(read()) == (6, 3, 5, 3, "Third")


def test_a_public_bucket_is_read_without_credentials(
    s3_uri: str, weed: Weed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path))
    with archiver.open(f"{s3_uri}/a") as archive:
        put(archive)
    weed.make_public(s3_uri.removeprefix("s3://"))
    for name in weed.environment:
        monkeypatch.delenv(name)
    with archiver.open(f"{s3_uri}/a", endpoint_url=weed.endpoint, anon=True) as archive:
        assert [one.title for one in archive.search("headline")] == ["A headline"]
        assert archive.get(PAGE).body == capture().body


def test_importing_the_api_costs_little_and_loads_nothing_heavy() -> None:
    code = (
        "import time; start = time.process_time(); import archiver; took = time.process_time() - start\n"
        "assert took < 0.1, took\n"
        "archiver.open, archiver.ArchivedSnapshot, archiver.Selected\n"
        "import sys; heavy = {'scrapy', 'twisted', 'boto3', 'pandas', 'pyarrow', 'polars', 'duckdb', 'click', 'lxml'}\n"
        "print(*heavy & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
