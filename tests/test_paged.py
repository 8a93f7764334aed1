"""Articles of several pages: asked for as one, found as one, and it is said which captures they are."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

import archiver
from archiver import cli
from archiver.archive import Archive
from archiver.extraction import extract, read
from archiver.extraction.paged import continues, joined, place_of
from archiver.extraction.similarity import similarity_of
from archiver.generations import reextract
from archiver.generations.parts import join_parts
from archiver.keys import generation_key
from archiver.model import Article, Capture, Link, Record
from archiver.record import key_of, to_json
from archiver.storage.memory import MemoryStore
from archiver.takedown import plan, take_down
from archiver.urls import page_number
from tests.crawling import crawl
from tests.site import Answer, Site, Visit, html_page

WORDS = ("Lighthouse keepers", "Harbour pilots", "Ferry captains")
OLD = {"engine": "trafilatura", "version": "1.0", "settings": {"rules": "0" * 16}}


def prose(who: str) -> str:
    line = f"<p>{who} met on Tuesday evening and agreed to mend the old stone pier before the winter storms.</p>"
    return line + "".join(
        f"<p>{who} said in point {at} that the pier at the {at}th berth needs new stones.</p>" for at in range(4)
    )


def page(number: int, *, of: int = 3) -> bytes:
    """`/story`, `/story?page=2`, …: a headline and a note that all pages repeat, words of its own, a pager."""
    steps = "".join(
        f'<a href="/story{f"?page={at}" if at > 1 else ""}">{at}</a> ' for at in range(1, of + 1) if at != number
    )
    last = "<p>Mara Field is the harbour correspondent of the Test Courier and lives on the quay.</p>"
    return html_page(
        f"The old pier{f', page {number}' if number > 1 else ''}",
        f"<main><article><h1>The old pier</h1>{prose(WORDS[number - 1])}{last}<div class='pager'>{steps}</div>"
        "</article></main>",
        head='<meta property="og:type" content="article"><meta property="article:published_time" content="2026-11-01">',
    )


@dataclass
class Crawl:
    site: Site
    folder: Path

    def open(self) -> archiver.Archive:
        return archiver.open(str(self.folder / "a"))

    def records(self) -> dict[str, Record]:
        with self.open() as archive:
            return {record.url.removeprefix(self.site.url.rstrip("/")): record for record in archive.records()}


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crawl]:
    folder = tmp_path_factory.mktemp("paged")

    def story(visit: Visit) -> bytes:
        return page(int(visit.query.get("page", "1")))

    with Site() as site:
        site.page("/story")(story)
        item = f"<item><link>{site.at('/story')}</link></item>"
        feed = Answer(f"<rss><channel>{item}</channel></rss>".encode(), media_type="application/rss+xml")
        site.page("/one.xml")(lambda visit: feed)
        done = crawl(site.at("/one.xml"), "--spider", "feed", uri=str(folder / "a"), state=folder / "s")
        assert done.code == 0, done.said
        assert "1 articles of several pages are joined" in done.said
        yield Crawl(site, folder)


def test_a_feed_names_the_first_page_and_all_are_asked_for_once(crawled):
    asked = sorted(hit.path for hit in crawled.site.log if hit.path.startswith("/story"))
    assert asked == ["/story", "/story?page=2", "/story?page=3"]


def test_the_first_page_holds_the_words_of_all_and_says_which_captures_they_are(crawled):
    records = crawled.records()
    first, second, third = records["/story"], records["/story?page=2"], records["/story?page=3"]
    assert (first.verdict, first.generation, first.flags) == ("article", 2, ("paged",))
    assert first.article is not None
    assert [first.article.text.count(f"{who} met on Tuesday") for who in WORDS] == [1, 1, 1]
    assert first.article.text.count("Mara Field is the harbour correspondent") == 1
    assert [first.article.markdown.index(f"{who} met") for who in WORDS] == sorted(
        first.article.markdown.index(f"{who} met") for who in WORDS
    )
    assert first.article.extra["words"] == len(first.article.text.split())
    assert first.article.extra["text_digest"] == similarity_of(first.article.text)["text_digest"]
    assert [part.id for part in first.parts] == [first.id, second.id, third.id]
    assert [part.url for part in first.parts] == [one.url for one in (first, second, third)]
    for one in (second, third):
        assert (one.verdict, one.article, one.part_of) == ("part", None, first.id)


def test_each_page_stays_a_capture_with_its_own_bytes_and_its_own_reading(crawled):
    with crawled.open() as archive:
        for number, url in ((1, "/story"), (2, "/story?page=2"), (3, "/story?page=3")):
            row = archive.row(crawled.site.at(url))
            assert archive.body(archive.record(row.record_key)) == page(number)
            read = archive.record(generation_key(row.record_key, 1))
            assert read.article is not None
            assert read.article.extra["page"] == number
            assert f"{WORDS[number - 1]} met" in read.article.text
        assert list(archive.verify()) == []


def test_the_manifest_promises_what_was_joined(crawled, tmp_path):
    shutil.copytree(crawled.folder / "a", tmp_path / "a")
    with archiver.open(str(tmp_path / "a")) as archive:
        archive.store.delete(archive.row(crawled.site.at("/story")).record_key)
        assert [damage.problem for damage in archive.verify()] == ["missing"]


def test_a_search_finds_one_article_by_words_of_two_pages(crawled):
    with crawled.open() as archive:
        archive.sync()
        (hit,) = archive.search('"Lighthouse keepers" "Ferry captains"').hits
        assert hit.row.url == crawled.site.at("/story")
        assert [row.id for row in archive.find(verdict="article")] == [hit.row.id]


def test_an_export_and_show_name_the_parts(crawled, tmp_path):
    where = ("--archive", str(crawled.folder / "a"))
    done = run(
        "export", *where, "--as", "jsonl", "-o", str(tmp_path / "set"), "--title", "Pier", "--creator", "A Library"
    )
    assert done.exit_code == 0, done.output
    with gzip.open(tmp_path / "set" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = {row["url"].removeprefix(crawled.site.url.rstrip("/")): row for row in map(json.loads, lines)}
    first, second = rows["/story"], rows["/story?page=2"]
    assert first["parts"] == [first["id"], second["id"], rows["/story?page=3"]["id"]]
    assert (second["part_of"], second["verdict"], second["text"]) == (first["id"], "part", None)
    assert f"parts      {first['id']} {second['id']}" in run("show", *where, crawled.site.at("/story")).output
    assert f"part of    {first['id']}" in run("show", *where, crawled.site.at("/story?page=2")).output
    assert "Ferry captains met" in run("show", *where, crawled.site.at("/story"), "--text").output


def run(*words: str):
    return CliRunner().invoke(cli.cli, list(words))


def test_read_again_the_whole_is_one_generation_and_equals_a_fresh_crawl(crawled, tmp_path):
    shutil.copytree(crawled.folder / "a", tmp_path / "a", ignore=shutil.ignore_patterns("catalog", "crawls"))
    fresh = said(tmp_path / "a")
    with archiver.open(str(tmp_path / "a")) as archive:
        assert {outcome: n for outcome, n in reextract(archive, workers=1).outcomes.items() if n} == {"current": 3}
        for record in list(archive.records()):
            read_by = {**OLD, "flags": record.extraction["flags"]}
            archive.store.replace(key_of(record), to_json(replace(record, extraction=read_by)))
        archive.sync()
        changes = reextract(archive, workers=1)
    assert changes.outcomes["changed"] + changes.outcomes["same"] == 3
    assert not changes.texts
    assert said(tmp_path / "a") == fresh
    with archiver.open(str(tmp_path / "a")) as archive:
        assert {row.generation for row in archive.find()} == {3}


def said(folder: Path) -> dict[str, dict[str, object]]:
    with archiver.open(str(folder)) as archive:
        found = {record.id: json.loads(to_json(record)) for record in archive.records()}
    return {id: {k: v for k, v in one.items() if k not in ("generation", "digest")} for id, one in found.items()}


def test_a_takedown_of_one_page_takes_all_of_them(crawled, tmp_path):
    shutil.copytree(crawled.folder / "a", tmp_path / "a")
    with archiver.open(str(tmp_path / "a")) as archive:
        planned = plan(archive, crawled.site.at("/story?page=2"))
        assert len(planned.doomed) == 3
        take_down(archive, planned, reason="court order", at=datetime(2026, 11, 24, tzinfo=UTC))
        assert {str(record.verdict) for record in archive.records()} == {"taken_down"}
    kept = b"".join(file.read_bytes() for file in (tmp_path / "a").rglob("*") if file.is_file())
    assert b"Ferry captains" not in kept


def made(archive: Archive, *, of: int, pages: tuple[int, ...], body: Callable[[int], bytes] | None = None) -> list[str]:
    """Keep some pages of an article, as a crawl would; return what is found of them then."""
    for number in pages:
        url = "https://news.example/story" + (f"?page={number}" if number > 1 else "")
        capture = Capture(
            url=url, captured_at=NOW + timedelta(minutes=number), body=(body or partial(page, of=of))(number)
        )
        archive.put(capture, reading=read(capture), crawl="c", collection="daily")
    join_parts(archive, crawl="c", collection="daily")
    return sorted(str(record.verdict) for record in archive.records())


NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)


def test_an_article_of_which_a_page_is_missing_is_not_joined_until_it_comes():
    with Archive(MemoryStore("memory")) as archive:
        assert made(archive, of=3, pages=(1, 2)) == ["article", "article"]
        assert made(archive, of=3, pages=(3,)) == ["article", "part", "part"]
        (whole,) = [record for record in archive.records() if record.parts]
        before = {record.id: to_json(record) for record in archive.records()}
        join_parts(archive, crawl="c", collection="daily")
        assert {record.id: to_json(record) for record in archive.records()} == before
        assert len(whole.parts) == 3


def test_pages_that_repeat_the_article_or_have_another_title_are_not_joined():
    def same(number: int) -> bytes:  # the article again, other comments below
        return (
            page(1, of=2).replace(b"/story?page=2", b"/story").replace(b">2<", b">1<") if number == 2 else page(1, of=2)
        )

    def other(number: int) -> bytes:
        return page(number, of=2).replace(b"The old pier", b"The new bridge") if number == 2 else page(number, of=2)

    for body in (same, other):
        with Archive(MemoryStore("memory")) as archive:
            assert made(archive, of=2, pages=(1, 2), body=body) == ["article", "article"]


@pytest.mark.parametrize(
    ("url", "links", "place"),
    [
        ("/s", [("/s?page=2", "2", "")], (1, None, "/s?page=2")),
        ("/s?page=2", [("/s", "1", ""), ("/s?page=3", "Next page", "")], (2, "/s", "/s?page=3")),
        ("/s/3/", [("/s/2/", "", "prev")], (3, "/s/2/", None)),
        ("/s-2.html", [("/s-1.html", "zurück", ""), ("/s-3.html", "weiter", "")], (2, "/s-1.html", "/s-3.html")),
        ("/s", [("/s?comment-page=2", "2", "")], None),
        ("/2026/11/01/a", [("/2026/11/02/a", "Next", "next")], None),
        ("/2026/11/01/a", [("/2026/11/01/a/2", "Next", "next")], (1, None, "/2026/11/01/a/2")),
        ("/story-41", [("/story-42", "A story about a bridge", "")], None),
        ("/story-41", [("/other", "Next", "next")], None),
    ],
)  # fmt: skip
def test_a_pages_own_links_say_its_place(url, links, place):
    site = "https://news.example"
    found = place_of(site + url, [Link(url=site + to, text=text, rel=rel) for to, text, rel in links])
    wanted = place and (place[0], *(one and site + one for one in place[1:]))
    assert (found and (found.number, found.previous, found.next)) == wanted


def test_a_list_and_a_website_have_no_pages_of_an_article():
    body = page(1).replace(b'content="article"', b'content="website"')
    assert "paged" in extract(page(1), "https://news.example/story").flags
    assert "paged" not in extract(body, "https://news.example/story").flags


def test_the_number_of_a_page():
    assert page_number("https://n.example/s", "https://n.example/s?page=2") == 2
    assert page_number("https://n.example/2026/s/6", "https://n.example/2026/s/7") == 7


def test_what_pages_repeat_at_top_and_bottom_is_said_once():
    pages = [
        Article(title="A", text=f"Note.\nWords of page {n} alone.\nSame in the middle.\nEnd of page {n}.\nBye.")
        for n in (1, 2)
    ]
    assert joined(pages).text.splitlines() == [
        "Note.", "Words of page 1 alone.", "Same in the middle.", "End of page 1.", "Bye.",
        "Words of page 2 alone.", "Same in the middle.", "End of page 2.",
    ]  # fmt: skip
    assert continues(pages[:1], pages[1])
    assert not continues(pages[:1], replace(pages[0], title="A - Page 2"))
    assert continues(pages[:1], replace(pages[1], title="A (Seite 2 von 3)"))
    assert not continues([replace(pages[0], published="2026-11-01")], replace(pages[1], published="2026-11-02T08:00"))
