"""Dates in feeds and sitemaps. In: a date as written. Out: an aware datetime in UTC, or ISO 8601. Never: a guess."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from archiver.model import Announced

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


def as_written(text: str) -> str | None:
    """Return the date in ISO 8601, with the zone and as precise as it was written; None for what names no day."""
    text = text.strip()[:64]
    if parse_date(text) is None:
        return None
    if match := _W3C.match(text):
        year, month, day, clock, zone = match.groups()
        if not day:
            return None
        zone = (zone or "").upper()
        zone = f"{zone[:3]}:{zone[3:]}" if len(zone) == 5 else zone
        return f"{year}-{month}-{day}" + (f"T{clock}{zone}" if clock else "")
    return parsedate_to_datetime(text).isoformat()


def announced(source: str, published: str, modified: str) -> Announced | None:
    """Return what a feed or sitemap says of a page's dates; None where it says nothing that can be read."""
    dates = {"published": as_written(published), "modified": as_written(modified)}
    return Announced(source=source, **dates) if any(dates.values()) else None


def announced_at(said: Announced | None) -> tuple[datetime | None, bool]:
    """Return the date that counts, aware UTC, and whether it is that of publication."""
    if said is None:
        return None, False
    return parse_date(said.published or said.modified or ""), said.published is not None
