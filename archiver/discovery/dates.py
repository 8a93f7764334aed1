"""Dates in feeds and sitemaps. In: a date as written. Out: an aware datetime in UTC, or None. Never: a guess."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_W3C = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,]\d+)? ?(Z|[+-]\d\d:?\d\d)?)?)?)?\Z", re.IGNORECASE
)


def parse_date(text: str) -> datetime | None:
    """Return the moment `text` names: RFC 822 (RSS) or W3C-DTF (Atom, sitemaps); None where it is neither.

    What is left out counts as the beginning (`2024-03` is its first midnight), a missing zone as UTC.
    """
    text = text.strip()[:64]
    try:
        if match := _W3C.match(text):
            year, month, day, clock, zone = match.groups()
            zone = (zone or "Z").upper().replace("Z", "+00:00")
            moment = datetime.fromisoformat(f"{year}-{month or '01'}-{day or '01'}T{clock or '00:00'}{zone}")
        else:
            moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
