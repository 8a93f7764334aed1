"""Dates as pages write them: as precise as they were, with their zone, or not at all."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from archiver.extraction import read
from archiver.extraction.moments import read_moment
from archiver.model import Announced, Article, Capture


@pytest.mark.parametrize(
    ("written", "iso", "precision"),
    [
        ("2024-03-05", "2024-03-05", "day"),
        ("2024-03-05T23:30:00-08:00", "2024-03-05T23:30:00-08:00", "second"),
        ("2024-03-05 09:30", "2024-03-05T09:30", "minute"),
        ("Tue, 05 Mar 2024 10:00:00 GMT", "2024-03-05T10:00:00Z", "second"),
        ("March 5, 2024 9:30 PM EST", "2024-03-05T21:30-05:00", "minute"),
        ("5. März 2024, 14:30 Uhr", "2024-03-05T14:30", "minute"),
        ("5 de marzo de 2024", "2024-03-05", "day"),
        ("12 stycznia 2012 | 18:01", "2012-01-12T18:01", "minute"),
        ("5 января 2012 15:05", "2012-01-05T15:05", "minute"),
        ("2024年3月5日 10:30", "2024-03-05T10:30", "minute"),
        ("10:30, 5 March 2024", "2024-03-05T10:30", "minute"),
        ("1709632200", "2024-03-05T09:50:00Z", "second"),
        ("Wed Jan 04 2017 05:00:00 GMT-0500 (EST)", "2017-01-04T05:00:00-05:00", "second"),
    ],
)
def test_a_date_is_read_as_precisely_as_it_is_written(written, iso, precision):
    moment = read_moment(written)
    assert moment is not None
    assert (moment.iso, moment.precision) == (iso, precision)


NO_DATES = ["yesterday-ish 99/99/9999", "0000-00-00 00:00:00", "2999-01-01T00:00:00Z", "", "soon"]


@pytest.mark.parametrize("written", NO_DATES)
def test_what_is_no_date_is_none(written):
    assert read_moment(written) is None


def test_figures_are_read_in_the_order_of_the_country():
    first, second = read_moment("03/04/2024", day_first=True), read_moment("03/04/2024", day_first=False)
    assert first is not None
    assert second is not None
    assert (first.iso, second.iso) == ("2024-04-03", "2024-03-04")


def article(head: str, *, url: str = "https://a.example/story") -> tuple[Article, tuple[str, ...]]:
    text = "<p>The council met on Tuesday evening and agreed to mend the old stone bridge before winter comes.</p>" * 4
    body = f"<html><head><title>Bridge</title>{head}</head><body><h1>Bridge</h1>{text}</body></html>"
    reading = read(Capture(url=url, captured_at=datetime(2026, 11, 24, tzinfo=UTC), body=body.encode()))
    assert reading.article is not None
    return reading.article, reading.flags


def meta(value: str) -> str:
    return f'<meta property="article:published_time" content="{value}">'


def test_the_evidence_names_source_precision_and_zone():
    found, flags = article(meta("2024-03-05T23:30:00-08:00"))
    assert found.published == "2024-03-05T23:30:00-08:00"
    assert found.dates["published"] == {"precision": "second", "zone": "-08:00", "source": "meta", "conflict": False}
    assert "date_suspect" not in flags


def test_two_days_that_disagree_are_a_conflict():
    ld = '<script type="application/ld+json">{"@type":"NewsArticle","datePublished":"2024-03-05"}</script>'
    found, _ = article(ld + meta("2024-03-15"))
    assert found.published == "2024-03-05"
    assert found.dates["published"]["conflict"] is True


def test_a_story_that_says_a_later_day_than_its_address_was_published_on_the_earlier():
    found, _ = article(meta("2024-06-01T10:00:00Z"), url="https://a.example/2024/03/05/bridge")
    assert found.published == "2024-03-05"
    assert found.dates["published"]["source"] == "url"


@pytest.mark.parametrize("value", ["2999-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1900-01-01", "0000-00-00"])
def test_what_cannot_be_is_no_date_and_suspect(value):
    found, flags = article(meta(value))
    assert found.published is None
    assert "date_suspect" in flags


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("Olvasói szavazás 2020. 06. 04. 11:27", "2020-06-04T11:27"),
        ("20200414T00:38:07Z", "2020-04-14T00:38:07Z"),
        ("2020-12-05T23:15:0Z", "2020-12-05T23:15:00Z"),
        ("LTE 1/3/7/8/20W", None),
    ],
)
def test_odd_forms_of_dates(written, iso):
    moment = read_moment(written)
    assert (moment.iso if moment else None) == iso


def shown(*lines: str, head: str = "") -> Article:
    text = "<p>The council met on Tuesday evening and agreed to mend the old stone bridge before winter comes.</p>" * 4
    top = f"<html lang='de'><head><title>Brücke</title>{head}</head><body><h1>Brücke</h1>"
    body = f"{top}{chr(10).join(lines)}{text}</body></html>"
    now = datetime(2026, 11, 24, tzinfo=UTC)
    found = read(Capture(url="https://a.example/story", captured_at=now, body=body.encode())).article
    assert found is not None
    return found


def test_an_instant_in_utc_is_given_on_the_pages_own_clock():
    found = shown("<p>Von Nora Whitlock 6. März 2024 00:30 Uhr</p>", head=meta("2024-03-05T23:30:12Z"))
    assert found.published == "2024-03-06T00:30:12+01:00"
    assert found.dates["published"]["zone"] == "+01:00"
    twice = meta("2024-03-05T23:30:00Z") + '<meta name="date" content="Wed, 6 Mar 2024 00:30:00 +0100">'
    assert shown(head=twice).published == "2024-03-06T00:30:00+01:00"
    assert shown("<p>6. März 2024 00:31 Uhr</p>", head=meta("2024-03-05T23:30:00Z")).published == "2024-03-05T23:30:00Z"


def test_an_instant_in_utc_yields_to_the_day_that_its_address_and_its_readers_saw():
    shown = '<p class="byline-date">5 March 2024</p>'
    found, _ = article(meta("2024-03-06T02:30:00Z") + shown, url="https://a.example/2024/03/05/story")
    assert (found.published, found.dates["published"]["source"]) == ("2024-03-05", "url")
    alone, _ = article(meta("2024-03-06T02:30:00Z") + shown)  # may be the day in the zone of whoever asked
    assert alone.published == "2024-03-06T02:30:00Z"
    told, _ = article(
        meta("2024-03-06T02:30:00Z") + "<time datetime='2024-03-06'></time>" + shown,
        url="https://a.example/2024/03/05/story",
    )
    assert told.published == "2024-03-06T02:30:00Z"


def test_a_time_that_was_never_changed_is_one_of_publication_whatever_else_its_class_says():
    comment = '<time datetime="2024-03-07T10:00:00Z">March 7</time>'
    own = '<time class="entry-date published updated" datetime="2024-03-05T10:00:00Z">March 5</time>'
    assert article(comment + own)[0].published == "2024-03-05T10:00:00Z"


def test_a_time_of_another_day_than_the_address_names_is_another_storys():
    teaser = '<time class="published" datetime="2019-04-11T10:00:00Z">April 11</time>'
    assert article(teaser, url="https://a.example/2024/03/05/story")[0].published == "2024-03-05"


def test_the_order_of_day_and_month_is_the_one_that_another_source_shows():
    head = '<meta name="pubdate" content="11/01/2023 12:43:42">'
    assert shown("<p>Erstellt am: 01.11.2023</p>", head=head).published == "2023-11-01T12:43:42"


def test_the_line_of_publication_is_told_from_the_line_of_change():
    assert shown("<p>Letzte Änderung: 31.10.2023<br>Erschienen am: 01.11.2023</p>").published == "2023-11-01"
    assert shown("<p>Aktualisiert: 5. März 2024</p>", "<p>Datum 1. März 2024</p>").published == "2024-03-01"


def test_a_date_in_a_caption_or_in_prose_yields_to_a_line_that_is_all_date():
    prose = "<p>Auf dem Satellitenbild vom 31.05.2021 ist der Schnee auf den Bergen rund um den See gut zu sehen.</p>"
    caption = "<figure><figcaption>Aufnahme vom 24.04.2023</figcaption></figure>"
    assert shown(prose, caption, "<p>14.01.2022 um 09:25</p>").published == "2022-01-14T09:25"


def test_a_line_that_speaks_of_publication_comes_before_other_dates_and_a_quoted_post_has_none():
    quoted = "<blockquote>— A reader, March 1, 2024</blockquote>"
    line = "<p>Essay - Published: 2024.03.05 | " + "masonry and other things " * 3 + "</p>"
    assert article(quoted + line)[0].published == "2024-03-05"
    assert article(quoted + "<p>5 March 2024</p>")[0].published == "2024-03-05"


def test_todays_date_in_the_pages_head_yields_to_the_date_beside_the_headline():
    head = '<div class="date">Saturday, November 21, 2026</div>' + "".join(f"<p>Menu {n}</p>" for n in range(12))
    assert article(head + "<h1>Bridge</h1><p>03/05/2024</p>")[0].published == "2024-03-05"


def test_a_meta_element_that_only_says_date_yields_to_a_marked_time():
    head = '<meta name="date" content="2022-01-21T15:38:44+01:00">'
    assert (
        shown("<time itemprop='datePublished' datetime='2022-01-27'>27.01.</time>", head=head).published == "2022-01-27"
    )


def test_a_change_before_the_publication_is_a_conflict():
    found = shown(head=meta("2024-03-05") + '<meta property="article:modified_time" content="2024-02-01">')
    assert (found.published, found.modified) == ("2024-03-05", None)
    assert found.dates["published"]["conflict"] is True


def test_last_modified_counts_where_the_page_says_nothing_and_is_not_made_anew():
    def modified(stamp: str) -> Article | None:
        top = f"<html><head><title>Bridge</title>{meta('2024-03-05')}</head><body><h1>Bridge</h1>"
        body = f"{top}<p>{'A word. ' * 90}</p></body></html>"
        capture = Capture(
            url="https://a.example/story", captured_at=datetime(2026, 11, 24, tzinfo=UTC), body=body.encode(),
            headers=(("Last-Modified", stamp),),
        )  # fmt: skip
        return read(capture).article

    found, fresh = modified("Wed, 06 Mar 2024 10:00:00 GMT"), modified("Mon, 23 Nov 2026 23:59:00 GMT")
    assert found is not None
    assert fresh is not None
    assert found.modified == "2024-03-06T10:00:00Z"
    assert found.dates["modified"]["source"] == "header"
    assert fresh.modified is None


def test_an_impossible_claim_is_flagged_also_where_another_date_is_good():
    found, flags = article(meta("2024-03-05") + '<meta property="article:modified_time" content="2999-01-01">')
    assert found.published == "2024-03-05"
    assert "date_suspect" in flags


def told(said: Announced, *, head: str = "", path: str = "/story", header: str = "") -> Article:
    body = f"<html><head><title>Bridge</title>{head}</head><body><h1>Bridge</h1><p>{'A word. ' * 90}</p></body></html>"
    headers = (("Last-Modified", header),) if header else ()
    page = Capture(
        url=f"https://a.example{path}", captured_at=datetime(2026, 11, 24, tzinfo=UTC), body=body.encode(),
        headers=headers, announced=said,
    )  # fmt: skip
    found = read(page).article
    assert found is not None
    return found


FEED = Announced(source="feed", published="2024-03-05T23:30:00+01:00", modified="2024-03-07")


def test_what_a_feed_says_is_taken_where_the_page_says_nothing():
    found = told(FEED, header="Wed, 06 Mar 2024 10:00:00 GMT")
    assert (found.published, found.modified) == ("2024-03-05T23:30:00+01:00", "2024-03-07")
    assert found.dates["published"] == {
        "precision": "second", "zone": "+01:00", "source": "feed", "conflict": False,
    }  # fmt: skip
    assert found.dates["modified"]["source"] == "feed"
    assert told(FEED, path="/2024/03/05/story").published == "2024-03-05T23:30:00+01:00"  # more than the address says


def test_where_the_page_says_a_date_a_feed_only_testifies():
    same = told(FEED, head=meta("2024-03-04"))
    assert (same.published, same.dates["published"]["conflict"]) == ("2024-03-04", False)
    other = told(FEED, head=meta("2024-03-03"))
    assert (other.published, other.dates["published"]["conflict"]) == ("2024-03-03", True)


def test_a_change_announced_later_than_the_pages_own_is_a_conflict_and_an_earlier_one_is_none():
    def changed(day: str) -> bool:
        found = told(FEED, head=meta("2024-03-05") + f'<meta property="article:modified_time" content="{day}">')
        assert found.modified == day
        return bool(found.dates["modified"]["conflict"])

    assert changed("2024-03-05")
    assert not changed("2024-03-20")


def test_an_announced_date_that_cannot_be_is_no_date_and_no_fault_of_the_page():
    body = b"<html><body><h1>Bridge</h1><p>" + b"A word. " * 90 + b"</p></body></html>"
    said = Announced(source="sitemap", published="2999-01-01", modified="nonsense")
    reading = read(
        Capture(url="https://a.example/s", captured_at=datetime(2026, 11, 24, tzinfo=UTC), body=body, announced=said)
    )
    assert reading.article is not None
    assert (reading.article.published, reading.article.modified, reading.flags) == (None, None, ())
