"""Window: which dates of publication a job wants. In: a URL, what is said of its date. Out: in or out. Never: I/O.

Judged before anything is fetched, and only by what says when a page was published:

    a feed's or news sitemap's date of publication     decides alone
    a date of change (Atom `updated`, `lastmod`)       before the window, so was the publication; later proves nothing
    a day or month in the path, /2026/11/02/storm      decides where there is no date of publication

What has no date is fetched and kept: its record says what the page itself says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from archiver.urls import dated


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` on and before `until`, aware UTC; None is open."""

    since: datetime | None = None
    until: datetime | None = None

    def excludes(self, url: str, at: datetime | None = None, *, is_published: bool = False) -> bool:
        """Whether `url` was published outside. `at` is the date that a feed or sitemap gives it."""
        if self.since is None and self.until is None:
            return False
        if at is not None:
            moment = at if at.tzinfo else at.replace(tzinfo=UTC)
            if is_published:
                return self._is_before(moment) or self._is_after(moment)
            if self._is_before(moment):
                return True
        if (span := dated(url)) is None:
            return False
        return (self.since is not None and span[1] <= self.since) or self._is_after(span[0])

    def _is_before(self, moment: datetime) -> bool:
        return self.since is not None and moment < self.since

    def _is_after(self, moment: datetime) -> bool:
        return self.until is not None and moment >= self.until
