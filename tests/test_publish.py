"""Publishing: files beside the data that need no server; half of a publication is never seen."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

import archiver
from archiver.api import OpenArchive
from archiver.archive import Archive
from archiver.catalog import FACETS, Catalog, Found, Query, search
from archiver.errors import BadInput, BadRecord, FixityMismatch, NewerSchema, NotArchived, StoreDenied, StoreError
from archiver.export import captures
from archiver.keys import LISTING
from archiver.publishing import publish
from archiver.shards import Traffic, pull, read_listing
from archiver.storage import Store, open_store
from archiver.storage.memory import MemoryStore
from archiver.takedown import plan, take_down
from tests.made import capture, failed, put
from tests.test_cli_read import run
from tests.test_search import ARTICLES, page
from tests.weed import Weed


def fill(archive: Archive) -> None:
    """Two crawls: eight articles and a failure, then one article more."""
    for minute, name in enumerate(ARTICLES):
        url = f"https://www.{'press.co.uk' if minute % 2 else 'news.org.uk'}/{name}"
        archive.put(capture(url, minute=minute), reading=page(name), crawl="first", collection="daily")
    archive.put(failed(minute=30), crawl="first", collection="daily")
    put(archive, "https://www.news.org.uk/later", minute=60 * 24 * 40, title="Lithium again")


@pytest.fixture
def published(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenArchive]:
    """A published archive in each kind of store."""
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "cache"))
    with archiver.open(store.uri) as archive:
        fill(archive)
        publish(archive)
        yield archive


@pytest.fixture
def local(tmp_path: Path) -> Iterator[OpenArchive]:
    with archiver.open(str(tmp_path / "archive"), fsync=False) as archive:
        fill(archive)
        yield archive


def keys(store: Store) -> set[str]:
    return {info.key for info in store.list() if not info.key.startswith(("html/", "records/", "catalog/"))}


def urls(found: Found) -> list[str]:
    return [hit.row.url for hit in found.hits]


def test_the_listing_names_every_file_with_what_proves_and_prunes_it(published: OpenArchive) -> None:
    listing = read_listing(published.store)
    assert listing is not None
    assert {one.key for one in listing.files} | {LISTING} == keys(published.store)
    for one in listing.files:
        data = published.store.get(one.key)
        assert (len(data), hashlib.sha256(data).hexdigest()) == (one.bytes, one.sha256), one.key
    first, second = sorted(listing.of("search"), key=lambda one: one.rows, reverse=True)
    assert (first.crawl, first.rows, second.crawl, second.rows) == ("first", 9, "crawl-1", 1)
    assert first.domains == ("down.example", "news.org.uk", "press.co.uk")
    assert first.languages == ("ar", "en", "fr", "hi", "ja", "ko", "th")
    assert first.first == "2026-11-02T08:30:00.000000Z"
    assert listing.snapshots == 10
    assert list(published.verify()) == []


@pytest.mark.parametrize(
    "where",
    [
        {"words": "lithium"},
        {"words": "lithium accord"},
        {"words": '"lithium accord"'},
        {"words": "lithium -mining"},
        {"words": "-lithium"},
        {"words": "lith*"},
        {"words": "新聞"},
        {"words": "नीति"},
        {"words": "besancon", "language": "fr"},
        {"words": "lithium", "domain": "press.co.uk"},
        {"words": "lithium", "since": "2026-12"},
        {"words": "lithium", "until": "20261102083100"},
        {"words": "lithium", "crawl": "crawl-1"},
        {"author": "zoe"},
        {"verdict": "error"},
        {"collection": "daily", "language": "th"},
        {"words": "zeppelin"},
        {},
    ],
)
def test_what_is_found_without_a_server_is_what_the_catalog_finds(local: OpenArchive, where: dict[str, str]) -> None:
    publish(local)
    here, there = local.search(limit=20, **where), local.search_published(limit=20, **where)  # type: ignore[arg-type]
    assert sorted(urls(there)) == sorted(urls(here))
    assert (there.total, there.is_exact) == (here.total, True)
    assert {hit.row: (hit.title, hit.snippet) for hit in there.hits} == {
        hit.row: (hit.title, hit.snippet) for hit in here.hits
    }
    by_date = local.search_published(sort="date", limit=20, **where)  # type: ignore[arg-type]
    assert urls(by_date) == urls(local.search(sort="date", limit=20, **where))  # type: ignore[arg-type]


def test_the_best_of_all_shards_come_first_and_pages_follow(local: OpenArchive) -> None:
    publish(local, rows=2)
    assert len(read_listing(local.store).of("search")) == 6  # type: ignore[union-attr]
    whole = urls(local.search_published("lithium", limit=10))
    assert whole[0].endswith(("lithium", "later"))
    assert [urls(local.search_published("lithium", limit=1, offset=n))[0] for n in range(3)] == whole
    facets = local.search_published("lithium", facets=FACETS).facets
    assert facets["domain"] == local.search("lithium", facets=FACETS).facets["domain"]
    assert local.search_published("lithium", collapse=True).total == 3


def test_more_than_are_ranked_are_not_counted(local: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.shards.searching.RANKED", 1)
    publish(local)
    found = local.search_published("lithium")
    assert (found.is_exact, found.total) == (False, 2)


def test_shards_that_cannot_hold_an_answer_are_not_read(local: OpenArchive) -> None:
    publish(local)
    for where in (
        {"domain": "other.co.uk"}, {"language": "xx"}, {"since": "2027"}, {"until": "2025"}, {"crawl": "other"},
        {"collection": "weekly"},
    ):  # fmt: skip
        traffic = Traffic()
        assert local.search_published("lithium", traffic=traffic, **where).total == 0  # type: ignore[arg-type]
        assert traffic.requests == 0, where


def test_a_bucket_and_a_web_server_are_searched_by_ranges(published: OpenArchive, weed: Weed) -> None:
    traffic = Traffic()
    found = published.search_published("lithium", traffic=traffic)
    assert len(found.hits) == 3
    shards = read_listing(published.store).of("search")  # type: ignore[union-attr]
    assert 0 < traffic.requests <= 30
    assert traffic.bytes <= sum(one.bytes for one in shards)
    if published.uri.startswith("s3:"):
        bucket = published.uri.removeprefix("s3://").partition("?")[0]
        weed.make_public(bucket.partition("/")[0])
        with archiver.open(f"{weed.endpoint}/{bucket}") as web:
            assert web.search_published("lithium").hits == found.hits
            assert web.get(found.hits[0].row.url).body is not None  # by the pulled catalog
            assert len(web) == 10
            with pytest.raises(StoreDenied, match="read only"):
                web.store.replace("a", b"1")
            with pytest.raises(StoreError, match="cannot be listed"):
                list(web.store.list())
            with pytest.raises(NotArchived):
                web.store.get("html/none")
            assert web.store.head("html/none") is None
            assert web.store.get_range(LISTING, 2, 6) == published.store.get(LISTING)[2:8]


def test_again_makes_only_what_changed_and_a_replaced_shard_stays_once(local: OpenArchive) -> None:
    first = publish(local)
    assert (first.made, first.kept, first.deleted) == (12, 0, 0)
    again = publish(local)
    assert (again.made, again.kept, again.deleted) == (0, 12, 0)
    assert again.listing.files == first.listing.files
    put(local, "https://www.news.org.uk/more", minute=60 * 24 * 41, title="More")
    more = publish(local)
    assert (more.made, more.kept) == (6, 6)
    (old,) = {one.key for one in first.listing.of("search")} - {one.key for one in more.listing.of("search")}
    assert local.store.head(old) is not None
    gone = {one.key for one in first.listing.files} - {one.key for one in more.listing.files} - {old}
    assert [key for key in gone if local.store.head(key)] == []
    assert publish(local).deleted == 1
    assert local.store.head(old) is None


def test_purged_nothing_of_a_replaced_shard_stays(local: OpenArchive) -> None:
    first = publish(local)
    local.store.delete(next(local.find("press.co.uk")).record_key)
    local.sync()
    done = publish(local, purge=True)
    assert {one.key for one in done.listing.files} | {LISTING} == keys(local.store)
    assert first.listing.snapshots - 1 == done.listing.snapshots


def test_a_takedown_withdraws_what_is_published_and_the_next_publication_is_without_it(local: OpenArchive) -> None:
    publish(local)
    local.duckdb().close()
    url = "https://www.news.org.uk/cafe"
    take_down(local, plan(local, url), reason="a court order", at=datetime(2026, 12, 1, tzinfo=UTC))
    assert [one.crawl for one in read_listing(local.store).of("search")] == ["crawl-1"]  # type: ignore[union-attr]
    assert list(local.catalog.path.parent.glob("tables-*")) == []
    done = publish(local)
    assert (done.damaged, done.listing.snapshots) == ([], 10)
    assert local.search_published("besancon").total == 0
    assert local.search_published("lithium").total == 3
    root = Path(local.uri.removeprefix("file://"))
    for path in root.rglob("*"):
        if path.is_file() and not path.match("*.gz"):
            assert b"rouvert" not in path.read_bytes(), path
    assert list(local.verify()) == []


class Failing(MemoryStore):
    """A store that takes no listing."""

    fails = False

    def replace(self, key: str, data: bytes, **more: str | None) -> None:
        if key == LISTING and self.fails:
            raise StoreError(self.uri, "503")
        super().replace(key, data, **more)


def test_a_publication_that_breaks_off_leaves_the_one_before_whole() -> None:
    store = Failing("failing")
    with OpenArchive(store) as archive:
        fill(archive)
        before = publish(archive).listing
        store.fails = True
        put(archive, "https://www.news.org.uk/more", minute=60 * 24 * 41, title="More lithium")
        with pytest.raises(StoreError, match="503"):
            publish(archive)
        assert read_listing(store) == before
        assert archive.search_published("lithium").total == 3
        store.fails = False
        assert publish(archive).listing.snapshots == 11
        assert archive.search_published("lithium").total == 4


def test_a_record_that_cannot_be_read_is_in_no_file_and_named(local: OpenArchive) -> None:
    list(local.find())
    row = next(local.find("https://www.news.org.uk/lithium"))
    local.store.replace(row.record_key, b"{}")
    done = publish(local)
    assert [key for key, _ in done.damaged] == [row.record_key]
    assert local.search_published('"lithium accord"').total == 0
    archive = local.uri.removeprefix("file://")
    (Path(archive) / LISTING).unlink()
    command = run("publish", archive=archive)
    assert command.returncode == 1
    assert row.record_key.encode() in command.stderr


def test_a_pull_brings_the_rows_once_and_proves_them(published: OpenArchive, tmp_path: Path) -> None:
    with Catalog(tmp_path / "pulled" / "catalog.sqlite") as catalog:
        done = pull(catalog, published.store)
        assert (done.shards, done.known) == (2, 0)
        assert list(catalog.find(Query())) == list(published.find())
        for words in ("lithium", "新聞", '"lithium accord"'):
            assert urls(search(catalog, Query(words=words))) == urls(published.search(words))
        again = pull(catalog, published.store)
        assert (again.shards, again.bytes, again.known) == (0, 0, 2)
        with closing(sqlite3.connect(catalog.path)) as file:
            file.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
    shard = read_listing(published.store).of("search")[0]  # type: ignore[union-attr]
    data = bytearray(published.store.get(shard.key))
    data[-1] ^= 1
    published.store.replace(shard.key, bytes(data))
    with Catalog(None) as catalog:
        with pytest.raises(FixityMismatch):
            pull(catalog, published.store)
        assert catalog.count(Query()) == 0


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with archiver.open(str(tmp_path)) as archive:
        assert read_listing(archive.store) is None
        with pytest.raises(NotArchived, match="archiver publish"):
            archive.search_published("x")
        with pytest.raises(NotArchived, match="archiver publish"):
            archive.pull()


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"schema": 1, "files": [{}]}', b'{"schema": 1, "files": 3}'])
def test_a_listing_that_is_none_is_a_bad_record(tmp_path: Path, data: bytes) -> None:
    store = open_store(str(tmp_path))
    store.replace(LISTING, data)
    with pytest.raises(BadRecord):
        read_listing(store)
    store.replace(LISTING, json.dumps({"schema": 99}).encode())
    with pytest.raises(NewerSchema):
        read_listing(store)


def test_a_shard_that_is_gone_is_an_error_of_the_store(local: OpenArchive) -> None:
    publish(local)
    for one in read_listing(local.store).of("search"):  # type: ignore[union-attr]
        local.store.delete(one.key)
    with pytest.raises(NotArchived, match="search/crawl"):
        local.search_published("lithium")


def test_without_apsw_the_cures_are_named(local: OpenArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(local)
    monkeypatch.setitem(sys.modules, "apsw", None)
    with pytest.raises(BadInput, match=r"newsvault\[remote\].*--pull"):
        local.search_published("lithium")


def test_the_tables_are_read_by_duckdb_and_pyarrow(local: OpenArchive) -> None:
    import duckdb
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq

    publish(local)
    root = Path(local.uri.removeprefix("file://"))
    articles = ds.dataset(root / "articles").to_table()
    assert sorted(articles.column("id").to_pylist()) == sorted(row.id for row in local.find())
    (first,) = (root / "articles").glob("first-*.parquet")
    places = [(row["domain"], row["published"] or "") for row in pq.read_table(first).to_pylist()]
    assert places == sorted(places)
    index = ds.dataset(root / "captures", partitioning="hive")
    assert index.schema.names == [*captures.COLUMNS, "crawl", "subset"]
    sql = (
        "SELECT url, content_languages FROM read_parquet(?, hive_partitioning = true)"
        " WHERE crawl = 'first' AND subset = 'warc' AND url_host_registered_domain = 'news.org.uk' ORDER BY url"
    )
    with duckdb.connect() as database:
        found = database.execute(sql, [f"{root}/captures/**/*.parquet"]).fetchall()
        languages = {"lithium": "eng", "cafe": "fra", "hindi": "hin", "arabic": "ara"}
        assert found == sorted((f"https://www.news.org.uk/{name}", code) for name, code in languages.items())
        (count,) = database.execute("SELECT count(*) FROM read_parquet(?)", [f"{root}/articles/*.parquet"]).fetchone()  # type: ignore[misc]
        assert count == 10


def test_a_shard_is_a_plain_sqlite_file(local: OpenArchive, tmp_path: Path) -> None:
    publish(local)
    shard = max(read_listing(local.store).of("search"), key=lambda one: one.rows)  # type: ignore[union-attr]
    path = tmp_path / "shard.sqlite"
    path.write_bytes(local.store.get(shard.key))
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("PRAGMA quick_check").fetchone() == ("ok",)
        assert file.execute("PRAGMA page_size").fetchone() == (65536,)
        assert file.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        file.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")
        found = file.execute("SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'lithium'").fetchall()
        assert len(found) == 2


def test_datasette_opens_and_searches_the_catalog(local: OpenArchive) -> None:
    import subprocess

    local.sync()
    path = local.catalog.path
    command = [sys.executable, "-m", "datasette", str(path), "--get"]
    done = subprocess.run(
        [*command, "/catalog/articles.json?_search=besancon&_shape=array"], capture_output=True, check=True
    )
    (row,) = json.loads(done.stdout)
    assert row["title"] == ARTICLES["cafe"][0]
    page = subprocess.run([*command, "/catalog/articles?_search=lithium"], capture_output=True, check=True).stdout
    assert b'name="_search"' in page
    assert b"Lithium accord signed" in page


def test_the_commands_publish_and_search_what_is_published(local: OpenArchive) -> None:
    archive = local.uri.removeprefix("file://")
    done = run("publish", archive=archive)
    assert (done.returncode, done.stdout[:22]) == (0, b"10 snapshots published")
    assert b"12 as they were" in run("publish", "--purge", archive=archive).stdout
    found = run("search", "lithium", "--published", "--jsonl", archive=archive)
    assert len(found.stdout.splitlines()) == 3
    assert run("search", "lithium", "--pull", "--count", archive=archive).stdout == b"3\n"


def test_a_bucket_that_was_never_read_here_is_searched_as_published(
    s3_uri: str, weed: Weed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "writer"))
    with archiver.open(f"{s3_uri}/a") as archive:
        fill(archive)
        publish(archive)
        put(archive, "https://www.news.org.uk/new", minute=60 * 24 * 50, title="Lithium, unpublished")
    weed.make_public(s3_uri.removeprefix("s3://"))
    for name in weed.environment:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NEWSVAULT_CACHE", str(tmp_path / "reader"))
    public = ("--no-sign-request", "--endpoint-url", weed.endpoint, "--jsonl")
    found = run("search", "lithium", *public, archive=f"{s3_uri}/a")
    assert (found.returncode, len(found.stdout.splitlines())) == (0, 3), found.stderr
    assert not (tmp_path / "reader").exists()
    every = run("search", "lithium", "--no-published", *public, archive=f"{s3_uri}/a")
    assert len(every.stdout.splitlines()) == 4
    for command in (
        ("list", "--count"),
        ("get", "-o", str(tmp_path / "got")),
        ("export", "--as", "jsonl", "-o", str(tmp_path / "set")),
    ):
        done = run(*command, "--query", "lithium", *public[:3], archive=f"{s3_uri}/a")
        assert done.returncode == 0, done.stderr
    assert len([*(tmp_path / "got").glob("*.html")]) == 4
    assert json.loads((tmp_path / "set" / "query.json").read_text())["snapshots"] == 4
    web = f"{weed.endpoint}/{s3_uri.removeprefix('s3://')}/a"
    assert len(run("search", "lithium", "--jsonl", archive=web).stdout.splitlines()) == 3
    shown = run("show", "https://www.news.org.uk/lithium", "--text", archive=web)
    assert shown.stdout.decode().strip() == ARTICLES["lithium"][1]
