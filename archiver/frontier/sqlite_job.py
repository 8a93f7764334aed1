"""SqliteJob: the job's own row, its events and its hosts in SQLite. In: orders. Out: where it stands. Never: URLs.

A second connection, of another process, reads and writes these beside the crawl: that is how a crawl is watched,
paused and stopped.
"""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from archiver.frontier import Event, HostCounts, JobState, Standing


class SqliteJob:
    """What `SqliteFrontier` knows about the job as a whole."""

    db: sqlite3.Connection

    if TYPE_CHECKING:  # of the class that this one is part of

        def now(self) -> float: ...
        def together(self) -> AbstractContextManager[None]: ...

    def standing(self) -> Standing:
        row = self.db.execute(
            "SELECT name, archive, crawl, round, complete, state, state_at, began, clock FROM job"
        ).fetchone()
        name, archive, crawl, number, complete, state, state_at, began, clock = row
        return Standing(
            name=name, archive=archive, crawl=crawl, round=number, complete=bool(complete), state=JobState(state),
            state_at=state_at, began=began, now=clock,
        )  # fmt: skip

    def belongs(self, archive: str) -> None:
        with self.together():
            self.db.execute("UPDATE job SET archive = ?", (archive,))

    def order(self, state: JobState) -> None:
        with self.together():
            self.db.execute("UPDATE job SET state = ?, state_at = ?", (str(state), self.now()))

    def note(self, kind: str, detail: str = "") -> None:
        with self.together():
            self.db.execute("INSERT INTO event VALUES (?, ?, ?)", (self.now(), kind, detail))

    def events(self, *, since: float = 0.0) -> list[Event]:
        rows = self.db.execute("SELECT at, kind, detail FROM event WHERE at >= ? ORDER BY at, rowid", (since,))
        return [Event(*row) for row in rows]

    def ended(self, *, since: float) -> int:
        (n,) = self.db.execute("SELECT count(*) FROM url WHERE state = 2 AND ended_at >= ?", (since,)).fetchone()
        return int(n)

    def hosts(self, *, recent_since: float, most: int = 1000) -> list[HostCounts]:
        rows = self.db.execute(
            "SELECT u.host, sum(u.state = 0), sum(u.state = 1), sum(u.state = 2), "
            "sum(u.state = 2 AND u.outcome IN ('archived', 'repeated', 'unchanged')), "
            "sum(u.state = 2 AND u.outcome = 'failed'), "
            "coalesce(sum(CASE WHEN u.state = 2 THEN u.body_size END), 0), "
            "coalesce(sum(u.state = 2 AND u.ended_at >= ?), 0), "
            "max(0.0, coalesce(max(h.blocked_until), 0) - (SELECT clock FROM job)) "
            "FROM url u LEFT JOIN host h ON h.host = u.host GROUP BY u.host "
            "ORDER BY sum(u.state != 2) DESC, count(*) DESC, u.host LIMIT ?",
            (recent_since, most),
        )
        names = ("host", "pending", "leased", "done", "archived", "failed", "size", "recent", "wait")
        return [HostCounts(**dict(zip(names, row, strict=True))) for row in rows]
