"""Two captures compared: moved and edited told apart, word by word, and what nobody wrote left out."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.compare import Difference, Kind, Way, compare, history, to_html
from archiver.compare.noise import is_stamp, tokens_of
from archiver.compare.paragraphs import compare_texts
from archiver.model import Article, Record
from archiver.record import make_record
from tests.made import capture, reading

A = "The council of Ashford met on Tuesday evening to decide about the old bridge."
B = "Its pillars have stood in the river since the summer of 1894, engineers say."
C = "Mayor Ada Example called the vote a good day for everyone who walks to school."
D = "Opponents had collected nine hundred signatures against closing the road."


def record(text: str, *, title: str = "A headline", minute: int = 0, **article: object) -> Record:
    read = reading(title, text=text)
    assert isinstance(read.article, Article)
    read = replace(read, article=replace(read.article, **article))
    return make_record(capture(minute=minute), reading=read, crawl="c", collection="daily")


def differ(before: str, after: str) -> Difference:
    return compare(record(before), record(after, minute=1))


def kinds(before: list[str], after: list[str]) -> list[str]:
    return [str(one.kind) for one in differ("\n".join(before), "\n".join(after)).paragraphs]


def marked(difference: Difference) -> str:
    """The text with its changes as wdiff writes them."""
    signs = {Way.SAME: "{}", Way.ADDED: "{{+{}+}}", Way.REMOVED: "[-{}-]"}
    return "\n".join(
        "".join(signs[piece.way].format(piece.text) for piece in one.pieces) for one in difference.paragraphs
    )


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ([A, B, C, D], ["same"] * 4),
        ([A, C, D], ["same", "removed", "same", "same"]),
        ([A, B, "A new paragraph about something else.", C, D], ["same", "same", "added", "same", "same"]),
        ([B, C, D, A], ["same", "same", "same", "moved"]),
        ([D, A, B, C], ["moved", "same", "same", "same"]),
        ([A, B.replace("1894", "1896"), C, D], ["same", "edited", "same", "same"]),
        ([B.replace("1894", "1896"), C, D, A], ["edited", "same", "same", "moved"]),
        ([B, C, D, A.replace("Tuesday", "Wednesday")], ["same", "same", "same", "moved_and_edited"]),
        ([], ["removed"] * 4),
    ],
)
def test_moved_edited_added_and_removed_are_told_apart(after: list[str], expected: list[str]) -> None:
    assert kinds([A, B, C, D], after) == expected


def test_places_say_where_a_paragraph_was_and_is() -> None:
    paragraphs = differ("\n".join([A, B, C, D]), "\n".join([B, C, A])).paragraphs
    assert [(one.before, one.after) for one in paragraphs] == [(1, 0), (2, 1), (3, None), (0, 2)]


def test_a_repeated_paragraph_is_paired_once() -> None:
    assert kinds([A, "***", B, "***", C], [A, "***", B, C]) == ["same", "same", "same", "removed", "same"]


def test_words_are_compared_not_lines() -> None:
    difference = differ(A, A.replace("Tuesday evening", "Wednesday morning"))
    assert "met on [-Tuesday evening-]{+Wednesday morning+} to decide" in marked(difference)
    assert (difference.words_added, difference.words_removed) == (2, 2)


def test_scripts_without_spaces_are_compared_by_character() -> None:
    assert marked(differ("市議会は火曜日に古い橋について決めた。", "市議会は水曜日に古い橋について決めた。")) == (
        "市議会は[-火-]{+水+}曜日に古い橋について決めた。"
    )


def test_headline_byline_and_facts() -> None:
    before = record(A, title="Bridge to close", authors=("Ada Example", "Bo Other"), modified="2026-11-01")
    after = record(A, title="Bridge to stay open", authors=("Ada Example", "Cy New"), modified="2026-11-02", minute=9)
    found = compare(before, after)
    assert [(piece.way, piece.text) for piece in found.headline] == [
        (Way.SAME, "Bridge to "), (Way.REMOVED, "close"), (Way.ADDED, "stay open"),
    ]  # fmt: skip
    assert (found.byline.removed, found.byline.added) == (("Bo Other",), ("Cy New",))
    assert [(fact.name, fact.before, fact.after) for fact in found.facts] == [("modified", "2026-11-01", "2026-11-02")]
    assert found.summary() == "headline, byline"
    assert not found.is_same


@pytest.mark.parametrize(
    ("before", "after", "noise"),
    [
        ("Published 5 hours ago", "Published 6 hours ago", {"stamp": 1}),
        ("The storm was seen 5 hours ago near Kiel.", "The storm was seen an hour ago near Kiel.", {"ago": 1}),
        ("vor 3 Stunden", "vor einem Tag", {"ago": 1}),
        ("2時間前", "3時間前", {"ago": 1}),
        ("منذ 3 ساعات", "منذ 4 ساعات", {"ago": 1}),
        ("12 comments", "1,345 comments", {"counter": 1}),
        ("Kommentare (7)", "Kommentare (19)", {"counter": 1}),
        ("4 min read", "5 min read", {"counter": 1}),
        ("12 shares · 3.4k views", "15 shares · 3.5k views", {"counter": 2}),
        ("Updated 14:02 GMT", "Updated 16:40 GMT", {"stamp": 1}),
        ("Stand: 3. November 2026, 08:15 Uhr", "Stand: 4. November 2026, 09:00 Uhr", {"stamp": 1}),
        ("Tue 3 Nov 2026 14.02 GMT", "Wed 4 Nov 2026 09.00 GMT", {"stamp": 1}),
        ("2026年11月3日 14時02分", "2026年11月4日 09時00分", {"stamp": 1}),
        ("12 comments", "", {"counter": 1}),
    ],
)
def test_what_nobody_wrote_is_left_out_and_counted(before: str, after: str, noise: dict[str, int]) -> None:
    difference = differ(f"{A}\n{before}\n{B}", f"{A}\n{after}\n{B}")
    assert difference.is_same
    assert difference.noise == noise


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The meeting begins at 14:30 in the old town hall.", "The meeting begins at 15:30 in the old town hall."),
        ("Police counted 12 people on the bridge.", "Police counted 15 people on the bridge."),
        ("In 1894 the bridge was opened.", "In 1896 the bridge was opened."),
        ("Damage: 2 million euros", "Damage: 3 million euros"),
    ],
)
def test_what_somebody_wrote_is_no_noise(before: str, after: str) -> None:
    difference = differ(f"{A}\n{before}\n{B}", f"{A}\n{after}\n{B}")
    assert not difference.is_same
    assert difference.noise == {}


def test_noise_within_an_edited_paragraph_is_shown_as_it_is_now() -> None:
    difference = differ("A fire broke out 5 hours ago in Kiel.", "A large fire broke out 6 hours ago in Kiel.")
    assert marked(difference) == "A {+large +}fire broke out 6 hours ago in Kiel."
    assert difference.noise == {"ago": 1}


def test_a_line_of_news_is_no_stamp() -> None:
    assert not is_stamp(
        "Updated rules for 12 harbours were published by the ministry, which had worked on them for years."
    )
    assert not is_stamp("May 2026 be better")
    assert is_stamp("Nov 3, 2026 at 2:02 pm")


def test_a_capture_without_an_article_says_nothing() -> None:
    gone = make_record(capture(minute=5), crawl="c", collection="daily")
    difference = compare(record(f"{A}\n{B}"), gone)
    assert difference.counts[Kind.REMOVED] == 2
    assert difference.headline_changed


def test_history_goes_from_capture_to_capture() -> None:
    versions = list(history([record(A), record(A, minute=1), record(f"{A}\n{B}", minute=2)]))
    assert versions[0].difference is None
    assert [one.difference.summary() for one in versions[1:] if one.difference] == [
        "the same text", "1 paragraph added, +14 −0 words",
    ]  # fmt: skip


def test_a_difference_is_json_and_html_that_runs_nothing() -> None:
    evil = "<script>alert(1)</script> & more words to make it a paragraph"
    difference = compare(record(A, title="<b>x</b>"), record(f"{A}\n{evil}", title="<img src=x onerror=y>", minute=1))
    told = json.loads(json.dumps(difference.as_json()))
    assert told["counts"]["added"] == 1
    assert told["paragraphs"][1]["pieces"] == [{"way": "added", "text": evil}]
    assert told["before"]["captured_at"] == "2026-11-02T08:30:00.000000Z"
    page = to_html(difference)
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "<ins>" in page
    assert "default-src 'none'" in page


lines = st.lists(st.sampled_from([A, B, C, D, "5 hours ago", "x", "Two words.", ""]) | st.text(max_size=30), max_size=8)


@given(lines, lines)
def test_both_texts_can_be_read_out_of_a_difference(before: list[str], after: list[str]) -> None:
    """Nothing is lost: kept and removed pieces are the earlier text, kept and added ones the later, but for noise."""
    old, new = "\n".join(before), "\n".join(after)
    paragraphs = compare_texts(old, new, Counter())

    def keys(text: str) -> Counter[tuple[str, ...]]:
        from archiver.compare.noise import is_noise

        found = (tokens_of(line) for line in text.splitlines())
        return Counter(tuple(t.key for t in tokens) for tokens in found if tokens and not is_noise(tokens))

    def side(way: Way) -> str:
        kept = ("".join(p.text for p in one.pieces if p.way in (Way.SAME, way)) for one in paragraphs)
        wanted = (one.before if way is Way.REMOVED else one.after for one in paragraphs)
        return "\n".join(text for text, at in zip(kept, wanted, strict=True) if at is not None)

    assert keys(side(Way.REMOVED)) == keys(old)
    assert keys(side(Way.ADDED)) == keys(new)


def test_a_long_live_blog_is_compared_in_seconds() -> None:
    entries = [
        f"Entry {n}: {A if n % 2 else B} Number {n * 7919 % 10007} of the evening, {n} of all." for n in range(1500)
    ]
    later = [f"{one} Corrected." if n % 3 == 0 else one for n, one in enumerate(reversed(entries))]
    start = time.process_time()
    paragraphs = compare_texts("\n".join(entries), "\n".join(later), Counter())
    assert len(paragraphs) == 1500
    assert time.process_time() - start < 10
