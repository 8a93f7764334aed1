"""Search: the words of an article find it, in every script; what is typed is never SQL and never a syntax error."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.archive import Archive
from archiver.catalog import FACETS, Catalog, Found, Query, card_of, search, searching
from archiver.catalog.rows import sortable
from archiver.catalog.words import expressions, spaced, terms, unspaced
from archiver.errors import BadInput, NotArchived
from archiver.model import Article, Reading, Verdict
from archiver.record import make_record
from tests.made import capture, failed, put, reading

ARTICLES = {
    "lithium": (
        "Lithium accord signed",
        "The two ministers signed the lithium accord in Santiago.",
        "en",
        "2026-11-01",
    ),
    "mining": (
        "Mining vote",
        "An accord on lithium was not reached; mining goes on.",
        "en",
        "2026-10-31T23:30:00-02:00",
    ),
    "cafe": ("Le café rouvre", "Le café de l’École a rouvert à Besançon.", "fr", "2026-11"),
    "japan": ("新聞の日本語版", "政府は日本語の新聞を支援すると発表した。", "ja", "2026-11-02T08:00:00+09:00"),
    "hindi": ("हिन्दी समाचार", "सरकार ने हिन्दी में नई नीति की घोषणा की।", "hi", None),
    "thai": ("ข่าววันนี้", "รัฐบาลประกาศนโยบายใหม่วันนี้", "th", "2026"),
    "arabic": ("أخبار اليوم", "أعلنت الحكومة سياسة جديدة اليوم.", "ar", None),
    "korea": ("오늘의 뉴스", "정부는 새로운 정책을 발표했다.", "ko", None),
}


def page(name: str) -> Reading:
    title, text, language, published = ARTICLES[name]
    authors = ("Zoë Author", "李雷") if name in ("lithium", "japan") else ("Ada Example",)
    article = Article(title=title, text=text, language=language, published=published, authors=authors)
    return Reading(verdict=Verdict.ARTICLE, article=article)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive.open(str(tmp_path_factory.mktemp("archive")), fsync=False) as opened:
        for minute, name in enumerate(ARTICLES):
            url = f"https://www.{'press.co.uk' if minute % 2 else 'news.org.uk'}/{name}"
            opened.put(capture(url, minute=minute), reading=page(name), crawl=f"crawl-{minute % 3}", collection="daily")
        opened.put(failed("https://down.example/x", minute=30), collection="weekly", crawl="crawl-9")
        yield opened


def names(found: Found) -> list[str]:
    return [hit.row.url.rpartition("/")[2] for hit in found.hits]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("lithium accord", {"lithium", "mining"}),
        ("LITHIUM", {"lithium", "mining"}),
        ('"lithium accord"', {"lithium"}),
        ("“lithium accord”", {"lithium"}),
        ("lithium -mining", {"lithium"}),
        ('accord -"lithium accord"', {"mining"}),
        ("-lithium", {*ARTICLES, "x"} - {"lithium", "mining"}),
        ("lith*", {"lithium", "mining"}),
        ("minist* sign*", {"lithium"}),
        ('"lithium acc"*', {"lithium"}),
        ("lith", set()),
        ("cafe besancon", {"cafe"}),
        ("CAFÉ", {"cafe"}),
        ("cafe\u0301", {"cafe"}),
        ("l'ecole", {"cafe"}),
        ("日本語", {"japan"}),
        ("新聞", {"japan"}),
        ("語の新", {"japan"}),
        ("聞新", set()),
        ("हिन्दी", {"hindi"}),
        ("हिन्द", set()),
        ("नीति", {"hindi"}),
        ("นโยบาย", {"thai"}),
        ("วันนี้", {"thai"}),
        ("الحكومة", {"arabic"}),
        ("정책을", {"korea"}),
        ("정책*", {"korea"}),
        ("santiago NOT lithium", set()),
        ("Zoe", {"lithium", "japan"}),
    ],
)
def test_words_find_what_holds_them(archive: Archive, typed: str, expected: set[str]) -> None:
    found = archive.search(typed)
    assert set(names(found)) == expected
    assert found.total == len(expected)
    assert {row.url.rpartition("/")[2] for row in archive.find(words=typed)} == expected


def test_the_title_counts_for_more_than_the_text(archive: Archive) -> None:
    found = archive.search("mining OR accord".replace(" OR ", " "))
    assert names(found) == ["mining"]
    best = archive.search("accord")
    assert names(best) == ["lithium", "mining"]
    assert best.hits[0].score is not None
    assert best.hits[1].score is not None
    assert best.hits[0].score > best.hits[1].score


def test_snippets_are_pieces_and_the_pieces_that_match(archive: Archive) -> None:
    (hit,) = archive.search('"lithium accord" santiago').hits
    assert [piece for piece, is_match in hit.title if is_match] == ["Lithium accord"]
    assert [piece for piece, is_match in hit.snippet if is_match] == ["lithium accord", "Santiago"]
    assert "".join(piece for piece, _ in hit.snippet) == ARTICLES["lithium"][1]
    (hit,) = archive.search("日本語").hits
    assert "".join(piece for piece, is_match in hit.title if is_match) == "日本語"
    assert "".join(piece for piece, _ in hit.snippet) == ARTICLES["japan"][1]


def test_without_words_the_newest_come_first_with_the_beginning_of_their_text(archive: Archive) -> None:
    found = archive.search(verdict="article", limit=3)
    assert (names(found), found.total, found.ranked) == (["korea", "arabic", "thai"], 8, 8)
    assert found.hits[0].snippet == ((ARTICLES["korea"][1], False),)
    assert found.hits[0].score is None
    assert names(archive.search(limit=1)) == ["x"]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"domain": "news.org.uk"}, {"lithium"}),
        ({"domain": "uk"}, {"lithium", "mining"}),
        ({"language": "en"}, {"lithium", "mining"}),
        ({"language": "fr"}, set()),
        ({"author": "zoe author"}, {"lithium"}),
        ({"author": "Ada"}, {"mining"}),
        ({"author": "李雷"}, {"lithium"}),
        ({"crawl": "crawl-1"}, {"mining"}),
        ({"verdict": "index"}, set()),
        ({"since": "202611020831"}, {"mining"}),
        ({"until": "202611020830"}, {"lithium"}),
        ({"published_since": "2026-11-01"}, {"lithium", "mining"}),
        ({"published_since": "2026-11-01T01"}, {"mining"}),
        ({"published_until": "2026-10"}, set()),
        ({"published_until": "2026-11"}, {"lithium", "mining"}),
    ],
)
def test_filters_narrow_a_search(archive: Archive, where: dict[str, str], expected: set[str]) -> None:
    assert set(names(archive.search("lithium", **where))) == expected  # type: ignore[arg-type]  # by name


def test_targets_narrow_a_search(archive: Archive) -> None:
    assert names(archive.search("lithium", "https://news.org.uk/lithium", "https://news.org.uk/x/*")) == ["lithium"]


def test_dates_as_precise_as_a_year_or_a_month_are_found_by_them(archive: Archive) -> None:
    november = names(archive.search(published_since="2026-11", published_until="2026-11"))
    assert set(november) == {"lithium", "mining", "cafe", "japan"}
    assert "thai" in names(archive.search(published_since="2026", published_until="2026"))
    assert "cafe" not in names(archive.search(published_since="2026-11-02"))


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (None, None),
        ("2026", "2026"),
        ("2026-11-01", "2026-11-01"),
        ("2026-10-31T23:30:00-02:00", "2026-11-01T01:30:00"),
        ("2026-11-01T08:00Z", "2026-11-01T08:00:00"),
        ("2026-11-01T08:00", "2026-11-01T08:00:00"),
        ("2026-11-01T99", "2026-11-01T99"),
    ],
)
def test_dates_of_publication_are_sorted_in_utc(published: str | None, expected: str | None) -> None:
    assert sortable(published) == expected


def test_by_date_the_newest_capture_comes_first(archive: Archive) -> None:
    assert names(archive.search("lithium", sort="date")) == ["mining", "lithium"]
    assert names(archive.search("lithium", sort="date", ranked=1)) == ["mining", "lithium"], "as if there were many"


def test_a_search_goes_on_where_the_page_before_ended(archive: Archive) -> None:
    whole = names(archive.search("lithium"))
    pages = [archive.search("lithium", limit=1, offset=n) for n in range(3)]
    assert [names(one) for one in pages] == [whole[:1], whole[1:], []]
    assert {one.total for one in pages} == {2}
    assert archive.search("lithium", limit=0).hits == ()


def test_facets_count_the_matches(archive: Archive) -> None:
    facets = archive.search("lithium", facets=FACETS).facets
    assert facets["domain"] == (("news.org.uk", 1), ("press.co.uk", 1))
    assert facets["language"] == (("en", 2),)
    assert facets["month"] == (("2026-11", 2),)
    assert facets["author"] == (("Ada Example", 1), ("Zoë Author", 1), ("李雷", 1))
    assert facets["crawl"] == (("crawl-0", 1), ("crawl-1", 1))
    assert facets["verdict"] == (("article", 2),)
    assert dict(archive.search(facets=["collection"]).facets["collection"]) == {"daily": 8, "weekly": 1}
    with pytest.raises(BadInput, match="known are domain, language"):
        archive.search("lithium", facets=["colour"])  # type: ignore[list-item]


def test_collapsed_a_url_is_one_hit_however_often_it_was_captured(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path), fsync=False) as archive:
        for minute in range(3):
            put(archive, "https://news.example/a", minute=minute)
        put(archive, "https://news.example/b", minute=9, title="A headline, a headline")
        for how in ({"words": "headline"}, {"words": "headline", "sort": "date"}, {}):
            found = archive.search(collapse=True, **how)  # type: ignore[arg-type]
            assert sorted((hit.row.url[-1], hit.others) for hit in found.hits) == [("a", 2), ("b", 0)]
            assert found.total == 4
        assert names(archive.search("headline", collapse=True, limit=1, offset=1, sort="date")) == ["a"]


def test_a_word_that_very_many_hold_is_ranked_among_the_newest(archive: Archive) -> None:
    found = archive.search("accord", facets=["language"], ranked=1)
    assert (names(found), found.total, found.ranked) == (["mining"], 2, 1)
    assert found.facets == {"language": (("en", 1),)}


def test_a_total_that_need_not_be_exact_is_a_least_one_where_counting_costs(archive: Archive) -> None:
    quick = {"ranked": 1, "is_exact": False}
    assert (archive.search("accord", **quick).total, archive.search("accord", **quick).is_exact) == (2, True)
    found = archive.search("accord", language="en", **quick)
    assert (found.total, found.ranked, found.is_exact) == (1, 1, False)
    found = archive.search("accord", language="en", ranked=3, is_exact=False)
    assert (found.total, found.is_exact) == (2, True)


@pytest.mark.parametrize("how", [{"words": "headline"}, {"words": "headline", "sort": "date"}, {}])
def test_a_page_of_urls_is_full_however_often_one_of_them_was_captured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: dict[str, str]
) -> None:
    monkeypatch.setattr(searching, "_AHEAD", 1)
    with Archive.open(str(tmp_path), fsync=False) as archive:
        put(archive, "https://news.example/b", minute=0)
        for minute in range(1, 9):
            put(archive, "https://news.example/a", minute=minute)
        found = archive.search(collapse=True, limit=2, facets=["domain"], **how)  # type: ignore[arg-type]
    assert sorted((hit.row.url[-1], hit.others) for hit in found.hits) == [("a", 7), ("b", 0)]
    assert found.facets == {"domain": (("news.example", 9),)}


def test_a_search_that_takes_too_long_is_ended(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "SECONDS", -1.0)
    with Catalog(None) as catalog:
        record = make_record(capture(), reading=reading(text="word " * 200), crawl="c", collection="daily")
        card = card_of(record)
        cards = [replace(card, row=replace(card.row, id=f"{n:020x}")) for n in range(4_000)]
        catalog.add(cards)
        with pytest.raises(BadInput, match="less common words"):
            search(catalog, Query(words="word"), facets=FACETS)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("x" * 1_001, "1,001 characters"),
        ("a " * 51, "50 at most"),
        ("a*", "two letters"),
    ],
)
def test_too_much_is_bad_input(archive: Archive, typed: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        archive.search(typed)


@pytest.mark.parametrize("how", [{"limit": 1_001}, {"offset": -1}, {"limit": -1}, {"author": "…"}])
def test_bounds_are_checked(archive: Archive, how: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        archive.search("lithium", **how)  # type: ignore[arg-type]


def test_an_unknown_collection_is_said(archive: Archive) -> None:
    with pytest.raises(NotArchived, match="this archive has: daily, weekly"):
        archive.search("lithium", collection="dialy")


HOSTILE = [
    '"', '""', "'", "*", "-", '-"', '"*', "AND", "OR NOT", "NEAR(a b, 3)", "^a", "{title}: x", "title:x", "a + b", "(",
    "a)", "\x00", "\ud800", "'; DROP TABLE snapshots; --", "%", "_", "a:b:c", "\u200b", "\x02a\x03", "a\nb", "-*",
    '"a" "', "💥", "!!! ???", "--a", "a-", "a AND", "\\", "?1", ":name", "$x",
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_typed_is_a_syntax_error(archive: Archive, typed: str) -> None:
    archive.search(typed, facets=FACETS)
    list(archive.find(words=typed))
    assert archive.search("").total == len(ARTICLES) + 1


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(typed=st.text(st.sampled_from("ab\"*-()^:{}+ '\x00\u200b新é\n") | st.characters(), max_size=30))
def test_whatever_is_typed_is_an_answer_or_bad_input(archive: Archive, typed: str) -> None:
    with suppress(BadInput):  # one letter before a *
        archive.search(typed)


@given(text=st.text(max_size=60))
def test_spacing_loses_no_letter(text: str) -> None:
    kept = unspaced(spaced(text))
    assert kept == unspaced(spaced(kept))
    assert [c for c in kept if c.isalnum()] == [c for c in text if c.isalnum()]
    assert "\x02" not in kept


def test_an_expression_is_made_of_strings_alone() -> None:
    wanted, unwanted = expressions(terms('a "b c" d* -e AND'.replace("d*", "dd*")), author='x" OR y')
    assert wanted == '"a" AND "b c" AND "dd" * AND "AND" AND authors : "x"" OR y"'
    assert unwanted == '"e"'


def test_a_record_read_anew_leaves_no_old_word_behind(tmp_path: Path) -> None:
    with Catalog(tmp_path / "c" / "catalog.sqlite") as catalog:
        for text in ("first words", "second words"):
            record = make_record(capture(), reading=reading(text=text), crawl="c", collection="daily")
            catalog.add([card_of(record)])
        assert [search(catalog, Query(words=words)).total for words in ("first", "second", "words")] == [0, 1, 1]
        _check_index(catalog.path)
        catalog.remove([card_of(record).row.record_key])
        assert search(catalog, Query(words="words")).total == 0
        _check_index(catalog.path)


def test_the_index_is_an_external_content_table_whose_content_is_readable(archive: Archive) -> None:
    with closing(sqlite3.connect(archive.catalog.path)) as file:
        (sql,) = file.execute("SELECT sql FROM sqlite_master WHERE name = 'articles_fts'").fetchone()
        assert 'content="articles"' in sql
        matching = "SELECT rowid FROM articles_fts WHERE articles_fts MATCH 'besancon'"
        (title,) = file.execute(f"SELECT title FROM articles WHERE number IN ({matching})").fetchone()
        assert title == ARTICLES["cafe"][0]


def test_a_catalog_made_anew_finds_the_same(archive: Archive) -> None:
    with Archive.open(archive.uri) as other:
        before = [archive.search(words) for words in ("lithium", "新聞", "café")]
        archive.catalog.path.unlink()
        assert [other.search(words) for words in ("lithium", "新聞", "café")] == before


def test_six_kills_while_indexing_lose_no_row_that_was_added(tmp_path: Path) -> None:
    path, sure = tmp_path / "catalog.sqlite", 0
    code = (
        "import sys; from pathlib import Path; from tests.test_search import filling\n"
        "filling(Path(sys.argv[1]), int(sys.argv[2]))"
    )
    for kill in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(path), str(sure)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        seen = [int(process.stdout.readline()) for _ in range(5 + 3 * kill)]
        os.kill(process.pid, signal.SIGKILL)
        seen += [int(line) for line in process.stdout.read().split()]
        process.stdout.close()
        process.wait()
        sure = seen[-1] + 1
    with Catalog(path) as catalog:
        assert catalog.count(Query()) >= sure
        assert search(catalog, Query(words="words")).total == catalog.count(Query())
    _check_index(path)
    assert list(tmp_path.glob("*.damaged-*")) == []


def filling(path: Path, start: int) -> None:
    """Add a row at a time and say each that was added."""
    with Catalog(path) as catalog:
        for minute in range(start, 10_000):
            record = make_record(capture(minute=minute), reading=reading(), crawl="c", collection="daily")
            catalog.add([card_of(record)])
            print(minute, flush=True)


def _check_index(path: Path) -> None:
    """Raise sqlite3.DatabaseError if index and articles differ (SQLite, FTS5, 6.4)."""
    with closing(sqlite3.connect(path)) as file:
        file.execute("INSERT INTO articles_fts (articles_fts, rank) VALUES ('integrity-check', 1)")


def test_a_put_is_found_at_once(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path), fsync=False) as archive:
        assert archive.search("headline").total == 0
        put(archive)
        (hit,) = archive.search("headline").hits
        assert hit.row.captured_at == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)
