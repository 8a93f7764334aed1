"""The window of dates: what is left out before it is fetched, and what cannot be judged and is fetched."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archiver.crawl.window import Window
from archiver.timestamps import span
from archiver.urls import dated
from tests.crawling import crawl
from tests.site import Answer, Site, article

NOVEMBER = Window(*span("202611"))


@pytest.mark.parametrize(
    ("path", "days"),
    [
        ("/2026/11/02/storm", ("2026-11-02", "2026-11-03")),
        ("/news/2026/11/storm.html", ("2026-11-01", "2026-12-01")),
        ("/world/2026/nov/02/storm", ("2026-11-02", "2026-11-03")),
        ("/2026-11-02/storm", ("2026-11-02", "2026-11-03")),
        ("/20261102/storm", ("2026-11-02", "2026-11-03")),
        ("/2026/12/31/", ("2026-12-31", "2027-01-01")),
        ("/2026/2/9", ("2026-02-09", "2026-02-10")),
        ("/2026/preview", None),  # a year alone names a section or a title
        ("/2026/tag/storm", None),
        ("/2026/13/02/storm", None),
        ("/2026/02/30/storm", None),
        ("/storm-2026-11-02", None),
        ("/120261102/x", None),
        ("/2026/110/2/x", None),
        ("/story?date=2026/11/02/", None),
    ],
)
def test_a_date_in_a_path_is_a_whole_segment(path, days):
    expected = tuple(datetime.fromisoformat(day).replace(tzinfo=UTC) for day in days) if days else None
    assert dated(f"https://news.example{path}") == expected


@pytest.mark.parametrize(
    ("url", "at", "is_published", "out"),
    [
        ("/a", "2026-10-31T23:59", True, True),
        ("/a", "2026-11-01T00:00", True, False),
        ("/a", "2026-12-01T00:00", True, True),
        ("/a", "2026-10-31T23:59", False, True),  # changed last before the window, so published before it
        ("/a", "2026-12-24T00:00", False, False),  # changed after it: that says nothing of when it was published
        ("/2026/10/01/a", "2026-12-24T00:00", False, True),  # but its address does
        ("/2026/10/01/a", "2026-11-05T00:00", True, False),  # a date of publication decides alone
        ("/2026/10/31/a", None, False, True),
        ("/2026/11/a", None, False, False),
        ("/2026/12/01/a", None, False, True),
        ("/a", None, False, False),  # nothing is known: it is fetched
    ],
)
def test_only_what_says_when_it_was_published_is_left_out(url, at, is_published, out):
    when = datetime.fromisoformat(at) if at else None
    assert NOVEMBER.excludes(f"https://news.example{url}", when, is_published=is_published) is out
    assert not Window().excludes(f"https://news.example{url}", when, is_published=is_published)


def test_a_crawl_leaves_out_what_is_dated_outside_and_counts_it(tmp_path):
    with Site() as site:
        paths = ("/2026/10/30/old", "/2026/11/02/new", "/2026/12/01/late", "/undated")
        for path in paths:
            site.page(path)(lambda visit, path=path: article(paths.index(path)))
        links = "".join(f'<a href="{path}">A story about {path}</a>' for path in paths)
        site.page("/front")(lambda visit: Answer(f"<html><body>{links}</body></html>".encode()))
        done = crawl(
            site.at("/front"), "--from", "2026-11", "--to", "2026-11", uri=str(tmp_path / "a"), state=tmp_path / "s"
        )
        asked = {hit.path for hit in site.log} & set(paths)
    assert asked == {"/2026/11/02/new", "/undated"}
    assert "2 outside_dates" in done.said
