"""Times as people type them. In: `2026`, `20261102`, `2026-11-02T08:30Z`. Out: aware UTC. Never: the clock."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from archiver.errors import BadInput

Span = tuple[datetime, datetime]  # the first moment, and the first moment after

_LAST = datetime.max.replace(tzinfo=UTC)
_PARTS = (4, 6, 8, 10, 12, 14)  # digits up to the year, month, day, hour, minute, second
_PARTIAL = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d))?)?)?)?Z?")
_LENGTHS = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))


def iso(at: datetime) -> str:
    """Return `at` in UTC as `2026-11-02T08:30:00.000000Z`: always the same width, so text sorts as time does."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse(text: str) -> datetime:
    """Return the aware UTC time that `iso` wrote. Raises ValueError if `text` is none, or has no zone."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone")
    return at.astimezone(UTC)


def span(text: str) -> Span:
    """Return the span that a partial timestamp names: 1 to 14 digits as web archives take them, or an ISO date.

    `2026` is that year, `202611` that November, `20261` October to December. Without a zone it is UTC. Raises BadInput.
    """
    try:
        if re.fullmatch(r"[0-9]{1,14}", text):
            return _of_digits(text)
        if partial := _PARTIAL.fullmatch(text):
            return _of_digits("".join(part for part in partial.groups() if part))
        at = datetime.fromisoformat(text)
        start = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
        return start, start + timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        cure = "give 1 to 14 digits (2026, 20261102) or an ISO date (2026-11-02, 2026-11-02T08:30Z)"
        raise BadInput(f"time {text!r}", cure) from error


def _of_digits(digits: str) -> Span:
    """Read whole parts at once; digits that stop inside a part name all the parts that start with them."""
    if len(digits) in _PARTS:
        return _of_parts([int(digits[:4]), *(int(digits[end - 2 : end]) for end in _PARTS[1:] if end <= len(digits))])
    found = [found for last in "0123456789" if (found := _try(digits + last)) is not None]
    if not found:
        raise ValueError(digits)
    return found[0][0], found[-1][1]


def _try(digits: str) -> Span | None:
    try:
        return _of_digits(digits)
    except ValueError:
        return None


def _of_parts(parts: list[int]) -> Span:
    year, month, day, hour, minute, second = parts + [0, 1, 1, 0, 0, 0][len(parts) :]
    start = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return start, _after(start, len(parts))


def _after(start: datetime, parts: int) -> datetime:
    try:
        if parts == 1:
            return start.replace(year=start.year + 1)
        if parts == 2:
            return (start + timedelta(days=31)).replace(day=1)
        return start + _LENGTHS[parts - 3]
    except (ValueError, OverflowError):  # the year 9999 has no next
        return _LAST
