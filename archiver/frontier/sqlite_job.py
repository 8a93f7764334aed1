"""SqliteJob: the job as a whole in SQLite: orders, events, hosts, counts, lines. In: orders. Out: where it stands.

A second connection, of another process, reads and writes these beside the crawl: that is how a crawl is watched,
paused and stopped. Never: leases.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from archiver.frontier import Counts, Event, HostCounts, JobState, Line, Standing

PENDING, LEASED, DONE = 0, 1, 2


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

    # ------------------------------------------------------------------ looking

    def counts(self) -> Counts:
        states = dict(self.db.execute("SELECT state, count(*) FROM url GROUP BY state").fetchall())
        ended = self.db.execute("SELECT outcome, reason, count(*) FROM url WHERE state = 2 GROUP BY 1, 2").fetchall()
        outcomes: dict[str, int] = {}
        reasons: dict[str, int] = {}
        failures = {reason: n for outcome, reason, n in ended if outcome == "failed"}
        for outcome, reason, n in ended:
            outcomes[outcome] = outcomes.get(outcome, 0) + n
            if reason:
                reasons[reason] = reasons.get(reason, 0) + n
        dropped = dict(self.db.execute("SELECT reason, n FROM dropped").fetchall())
        return Counts(
            pending=states.get(PENDING, 0),
            leased=states.get(LEASED, 0),
            done=states.get(DONE, 0),
            outcomes=outcomes,
            reasons=reasons,
            dropped=dropped,
            failures=failures,
        )

    def next_due_in(self, *, besides: Iterable[str] = ()) -> float | None:
        skip = tuple(besides)
        row = self.db.execute(
            "SELECT min(max(next_due, blocked_until)) FROM host "
            f"WHERE next_due < 9e17 AND host NOT IN ({', '.join('?' * len(skip))})",
            skip,
        ).fetchone()
        return None if row[0] is None else max(0.0, float(row[0]) - self.now())

    def line(self, fp: int) -> Line | None:
        return next(self._lines("u.fp = ?", fp), None)

    def lines(self) -> Iterator[Line]:
        return self._lines("u.state != 2 OR u.ended_at >= (SELECT began FROM job)")

    def _lines(self, where: str, *values: object) -> Iterator[Line]:
        names = ("record", "record_sha256", "record_size", "body", "body_sha256", "body_size", "ended_at")
        kept = ", ".join(f"CASE u.state WHEN 2 THEN u.{name} END" for name in names)  # an open URL kept nothing yet
        cursor = self.db.cursor().execute(
            "SELECT u.url, coalesce(u.final_url, u.url), u.role, "
            "CASE u.state WHEN 2 THEN u.outcome ELSE 'deferred' END, "
            f"u.reason, u.status, u.tries, u.hops, v.url, {kept} "
            "FROM url u LEFT JOIN url v ON v.fp = u.via "
            f"WHERE {where} ORDER BY u.ended_at IS NULL, u.ended_at",
            values,
        )
        for row in cursor:
            yield Line(*row)
