"""Timestamps: a partial one names a span, half open, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import BadInput
from archiver.timestamps import iso, parse, span


@pytest.mark.parametrize(
    ("typed", "start", "end"),
    [
        ("2", "2000-01-01", "3000-01-01"),
        ("202", "2020-01-01", "2030-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("20261", "2026-10-01", "2027-01-01"),
        ("202611", "2026-11-01", "2026-12-01"),
        ("202612", "2026-12-01", "2027-01-01"),
        ("20240229", "2024-02-29", "2024-03-01"),
        ("2026110208", "2026-11-02T08:00", "2026-11-02T09:00"),
        ("20261102083015", "2026-11-02T08:30:15", "2026-11-02T08:30:16"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-11-02", "2026-11-02", "2026-11-03"),
        ("2026-11-02T08:30Z", "2026-11-02T08:30", "2026-11-02T08:31"),
        ("2026-11-02 08:30:15", "2026-11-02T08:30:15", "2026-11-02T08:30:16"),
        ("2026-11-02T01:30:00+02:00", "2026-11-01T23:30", "2026-11-01T23:30:00.000001"),
        ("9999", "9999-01-01", "9999-12-31T23:59:59.999999"),
    ],
)
def test_a_partial_timestamp_names_its_span(typed: str, start: str, end: str) -> None:
    assert span(typed) == tuple(datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))


@pytest.mark.parametrize(
    "typed", ["", "x", "202613", "20260230", "2026-13-01", "123456789012345", "0000", "٢٠٢٦", "-1"]
)
def test_what_names_no_time_is_refused_with_an_example(typed: str) -> None:
    with pytest.raises(BadInput, match="1 to 14 digits"):
        span(typed)


@given(st.datetimes(timezones=st.timezones()))
def test_times_survive_as_text_of_one_width(at: datetime) -> None:
    try:
        utc = at.astimezone(UTC)
    except OverflowError:
        return
    assert parse(iso(at)) == utc
    assert len(iso(at)) == 27


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_as_text_times_sort_as_they_follow(first: datetime, second: datetime) -> None:
    assert (iso(first) < iso(second)) == (first < second)


def test_a_time_without_a_zone_is_none() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        parse("2026-11-02T08:30:00")
