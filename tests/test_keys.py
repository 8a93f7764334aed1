"""Keys: made of checked names and digits only, and readable again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver import keys
from archiver.errors import BadInput

SHA = "ab" * 32
ID = "0123456789abcdef0123"


def test_a_body_is_named_by_its_digest() -> None:
    assert keys.body_key(SHA) == f"html/ab/{SHA}.html.gz"
    assert keys.sha256_of(keys.body_key(SHA)) == SHA


def test_a_record_lies_under_the_utc_day_and_second_of_its_capture() -> None:
    late = datetime(2026, 11, 2, 0, 30, 5, tzinfo=timezone(timedelta(hours=2)))
    key = keys.record_key("daily", late, ID)
    assert key == f"records/daily/2026/11/01/223005-{ID}.json"
    assert keys.id_of(key) == ID
    assert keys.second_of(key) == late


def test_a_year_before_1000_keeps_its_zeros() -> None:
    assert "/0987/01/02/" in keys.record_key("daily", datetime(987, 1, 2, tzinfo=UTC), ID)


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "Daily", "a" * 65, "-x", "naïve", "a b", "a\n"])
def test_a_name_that_could_leave_its_place_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="start with a letter or digit"):
        keys.record_key(name, datetime(2026, 1, 1, tzinfo=UTC), ID)
    with pytest.raises(BadInput, match="crawl name"):
        keys.crawl_prefix(name)


@pytest.mark.parametrize("digest", ["", SHA.upper(), SHA[:-1], "../" + SHA[3:]])
def test_only_a_whole_digest_names_a_body(digest: str) -> None:
    with pytest.raises(BadInput):
        keys.body_key(digest)


def test_only_twenty_hex_digits_name_a_record() -> None:
    with pytest.raises(BadInput):
        keys.record_key("daily", datetime(2026, 1, 1, tzinfo=UTC), "../../../etc/passwd")


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (f"html/ab/{SHA}.html.gz", "body"),
        (f"records/daily/2026/11/01/223005-{ID}.json", "record"),
        ("crawls/daily-1/manifest-0123456789abcdef.jsonl", "manifest"),
        ("crawls/daily-1/report.json", "file"),
        ("crawls/daily-1/logs/1.jsonl", "file"),
        ("catalog/catalog.sqlite", "catalog"),
        ("state/press/ledger.sqlite", "state"),
        (f"html/cd/{SHA}.html.gz", None),
        (f"html/ab/{SHA}.html", None),
        ("records/daily/2026/11/01/stray.json", None),
        ("crawls/stray.txt", None),
        ("notes.txt", None),
    ],
)
def test_a_key_tells_what_lives_there(key: str, kind: str | None) -> None:
    assert keys.kind_of(key) == kind


def test_a_key_with_no_day_is_bad_input() -> None:
    with pytest.raises(BadInput, match="no time of day"):
        keys.second_of(f"records/daily/2026/13/01/223005-{ID}.json")


@given(st.datetimes(timezones=st.just(UTC)), st.from_regex(r"[a-z0-9][a-z0-9._-]{0,63}", fullmatch=True))
def test_every_key_that_is_made_is_recognised(at: datetime, name: str) -> None:
    assert keys.kind_of(keys.record_key(name, at, ID)) == "record"
    assert keys.kind_of(keys.manifest_key(name, SHA)) == "manifest"
    assert keys.second_of(keys.record_key(name, at, ID)) == at.replace(microsecond=0)
