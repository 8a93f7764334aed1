"""PostgresJob: the job as a whole on a server: orders, events, hosts, counts, lines. In: orders. Out: where it stands.

Whoever can open the database watches, pauses and stops all of a job's workers with these. Never: leases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archiver.frontier import Counts, Event, HostCounts, JobState, Line, Standing
from archiver.frontier.postgres_hosts import PostgresHosts
from archiver.frontier.postgres_link import whole

PENDING, LEASED, DONE = 0, 1, 2
_KEPT = ("record", "record_sha256", "record_size", "body", "body_sha256", "body_size", "ended_at")


class PostgresJob(PostgresHosts):
    """What a `PostgresFrontier` knows about the job as a whole."""

    @whole
    def standing(self) -> Standing:
        row = self.db.execute(
            "SELECT name, archive, crawl, round, complete, state, state_at, began, clock() FROM job"
        ).fetchone()
        assert row is not None
        name, archive, crawl, number, complete, state, state_at, began, clock = row
        return Standing(
            name=name, archive=archive, crawl=crawl, round=number, complete=complete, state=JobState(state),
            state_at=state_at, began=began, now=clock,
        )  # fmt: skip

    @whole
    def belongs(self, archive: str) -> None:
        self.db.execute("UPDATE job SET archive = %s WHERE archive != %s", (archive, archive))

    @whole
    def order(self, state: JobState) -> None:
        self.db.execute("UPDATE job SET state = %s, state_at = clock()", (str(state),))

    @whole
    def note(self, kind: str, detail: str = "") -> None:
        self.db.execute(
            "INSERT INTO event (at, kind, detail) VALUES (clock(), %s, %s)", (kind, detail.replace("\0", ""))
        )

    @whole
    def events(self, *, since: float = 0.0) -> list[Event]:
        rows = self.db.execute("SELECT at, kind, detail FROM event WHERE at >= %s ORDER BY at, id", (since,))
        return [Event(*row) for row in rows]

    @whole
    def ended(self, *, since: float) -> int:
        self.flush()
        ((n,),) = self.db.execute("SELECT count(*) FROM url WHERE state = 2 AND ended_at >= %s", (since,)).fetchall()
        return int(n)

    @whole
    def hosts(self, *, recent_since: float, most: int = 1000) -> list[HostCounts]:
        self.flush()
        rows = self.db.execute(
            "WITH part AS (SELECT host, state, outcome, 1::bigint AS n, CASE state WHEN 2 THEN body_size END AS size, "
            "(state = 2 AND ended_at >= %s)::int AS recent FROM url UNION ALL "
            "SELECT host, 2, outcome, n, size, 0 FROM settled JOIN kind ON kind.id = kind), "
            "whole AS (SELECT host, coalesce(sum(n) FILTER (WHERE state = 0), 0)::bigint AS pending, "
            "coalesce(sum(n) FILTER (WHERE state = 1), 0)::bigint AS leased, "
            "coalesce(sum(n) FILTER (WHERE state = 2), 0)::bigint AS done, "
            "coalesce(sum(n) FILTER "
            "(WHERE state = 2 AND outcome IN ('archived', 'repeated', 'unchanged')), 0)::bigint, "
            "coalesce(sum(n) FILTER (WHERE state = 2 AND outcome = 'failed'), 0)::bigint, "
            "coalesce(sum(size), 0)::bigint, sum(recent) FROM part GROUP BY host) "
            "SELECT whole.*, greatest(0, coalesce(h.blocked_until, 0) - %s) FROM whole LEFT JOIN host h USING (host) "
            "ORDER BY pending + leased DESC, pending + leased + done DESC, host LIMIT %s",
            (recent_since, self.now(), most),
        )
        names = ("host", "pending", "leased", "done", "archived", "failed", "size", "recent", "wait")
        return [HostCounts(**dict(zip(names, row, strict=True))) for row in rows]

    # ------------------------------------------------------------------ looking

    @whole
    def counts(self) -> Counts:
        self.flush()
        states: dict[int, int] = {}
        outcomes: dict[str, int] = {}
        reasons: dict[str, int] = {}
        failures: dict[str, int] = {}
        for state, outcome, reason, n in self.db.execute(
            "SELECT state, CASE state WHEN 2 THEN outcome END, CASE state WHEN 2 THEN reason ELSE '' END, count(*) "
            "FROM url GROUP BY 1, 2, 3 "
            "UNION ALL SELECT 2, outcome, reason, sum(n)::bigint FROM settled JOIN kind ON kind.id = kind GROUP BY 2, 3"
        ):
            states[state] = states.get(state, 0) + n
            if state == DONE:
                outcomes[outcome] = outcomes.get(outcome, 0) + n
                if reason:
                    reasons[reason] = reasons.get(reason, 0) + n
                if outcome == "failed":
                    failures[reason] = failures.get(reason, 0) + n
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

    @whole
    def next_due_in(self, *, besides: Iterable[str] = ()) -> float | None:
        """What a worker leases may lead to more, so while there are leases anywhere the answer is: at once.

        One statement sees one moment; of two, the first would miss what is leased before the second.
        """
        self.flush()
        leased, due = self.db.execute(
            "SELECT EXISTS (SELECT 1 FROM url WHERE state = 1), (SELECT min(greatest(next_due, blocked_until)) "
            "FROM host WHERE next_due < 9e17 AND host != ALL(%s))",
            (list(besides),),
        ).fetchall()[0]
        if leased:
            return 0.0
        return None if due is None else max(0.0, float(due) - self.now())

    @whole
    def line(self, fp: int) -> Line | None:
        return next(self._lines("u.fp = %s", fp), None) or self._seen(fp)

    def _seen(self, fp: int) -> Line | None:
        """What is left of a URL of an earlier round that no round asks for again: what became of it."""
        row = self.db.execute(
            "SELECT outcome, reason FROM seen JOIN kind ON kind.id = kind WHERE fp = %s", (fp,)
        ).fetchone()
        return row and Line(
            url="", final_url="", role="page", outcome=row[0], reason=row[1], status=None, tries=0, hops=0, via=None,
            record=None, record_sha256=None, record_size=None, body=None, body_sha256=None, body_size=None,
            ended_at=None,
        )  # fmt: skip

    @whole
    def lines(self) -> Iterator[Line]:
        return self._lines("u.state != 2 OR u.ended_at >= (SELECT began FROM job)")

    def _lines(self, where: str, *values: object) -> Iterator[Line]:
        self.flush()
        kept = ", ".join(f"CASE u.state WHEN 2 THEN u.{name} END" for name in _KEPT)  # an open URL kept nothing yet
        rows = self.db.execute(
            "SELECT u.url, coalesce(u.final_url, u.url), u.role, "
            "CASE u.state WHEN 2 THEN u.outcome ELSE 'deferred' END, "
            f"u.reason, u.status, u.tries, u.hops, v.url, {kept} "
            "FROM url u LEFT JOIN url v ON v.fp = u.via "
            f"WHERE {where} ORDER BY u.ended_at NULLS LAST, u.fp",
            values,
        ).fetchall()
        return iter([Line(*row) for row in rows])
