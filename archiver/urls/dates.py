"""The date in a URL: when a page says by its own address that it was published. In: a URL. Out: a span. Never: I/O."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from archiver.errors import BadUrl
from archiver.urls.parsing import split

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# Year and month, with or without a day, as whole segments; or all three in one. A year alone names sections and titles.
_DATE = re.compile(
    r"/(?:(?P<y1>(?:19|20)\d\d)/(?P<m1>0?[1-9]|1[0-2]|[a-z]{3})(?:/(?P<d1>0?[1-9]|[12]\d|3[01]))?"
    r"|(?P<y2>(?:19|20)\d\d)(?P<mark>[-_]?)(?P<m2>0[1-9]|1[0-2])(?P=mark)(?P<d2>0[1-9]|[12]\d|3[01]))(?=/|\Z)"
)


def dated(url: str) -> tuple[datetime, datetime] | None:
    """The day or month that the path of `url` names: its first moment, and the first after it, aware UTC.

    `/2026/11/02/storm`, `/2026/nov/storm`, `/2026-11-02/storm`, `/20261102/storm`. None where it names none.
    """
    try:
        found = _DATE.search(split(url).path.lower())
    except BadUrl:
        return None
    if found is None:
        return None
    month, day = found["m1"] or found["m2"], found["d1"] or found["d2"]
    try:
        number = _MONTHS.index(month) + 1 if month.isalpha() else int(month)
        start = datetime(int(found["y1"] or found["y2"]), number, int(day or 1), tzinfo=UTC)
    except ValueError:  # no such month, no such day
        return None
    return start, start + timedelta(days=1) if day else (start + timedelta(days=31)).replace(day=1)
