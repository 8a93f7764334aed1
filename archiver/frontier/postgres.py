"""PostgresFrontier: the ledger on a server, for any number of crawlers. In: found URLs. Out: leases. Never: Scrapy.

What a method returned from is committed. Links are entered at the end of their transaction, in the order of their
fingerprints: two workers that find the same links then wait for each other and never in a circle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import psycopg

from archiver.errors import NotArchived, StoreError
from archiver.frontier import NO_LINKS, Found, Known, Lease, Links
from archiver.frontier.addresses import shown
from archiver.frontier.postgres_hosts import NEVER
from archiver.frontier.postgres_job import PostgresJob
from archiver.frontier.postgres_link import PREFIX, schema_of, translated, whole
from archiver.frontier.postgres_schema import STEPS, VERSION
from archiver.frontier.rows import FACTS, to_text

LEASE_SECONDS = 60.0
_SETS = ", ".join(
    f"{name} = %({name})s" for name in FACTS
)  # one not given is absent: an intended record was not written
_TYPES = ("bigint", "text", "text", "text", "integer", "float8", "bigint", "integer", "jsonb")
# what is known is left out by reading, not by its conflict: an insert would wait for whoever closes that URL just now
_NEW = (
    "INSERT INTO url (fp, host, url, role, prio, due, via, hops, announced, round, seed) "
    "SELECT n.*, job.round, %s FROM unnest("
    + ", ".join(f"%s::{one}[]" for one in _TYPES)
    + ") AS n (fp, host, url, role, prio, due, via, hops, announced), job "
    "WHERE NOT EXISTS (SELECT 1 FROM url WHERE url.fp = n.fp {but}) "
    "AND NOT EXISTS (SELECT 1 FROM seen WHERE seen.fp = n.fp) ORDER BY n.fp "
)
_KNOWN_STAYS = _NEW.format(but="") + "ON CONFLICT (fp) DO NOTHING RETURNING host, due"
_SEED_AGAIN = _NEW.format(but="AND url.round >= job.round") + (
    "ON CONFLICT (fp) DO UPDATE SET seed = true, role = excluded.role, prio = greatest(url.prio, excluded.prio), "
    "state = CASE WHEN url.state = 2 AND url.due >= 9e18 THEN 0 ELSE url.state END, "
    "due = CASE WHEN url.state = 2 AND url.due >= 9e18 THEN excluded.due ELSE url.due END, "
    "tries = 0, round = excluded.round WHERE url.round < excluded.round RETURNING host, due"
)

_ANNOUNCED = (
    "WITH known AS (SELECT url.fp, n.said FROM unnest(%s::bigint[], %s::jsonb[]) AS n (fp, said) "
    "JOIN url ON url.fp = n.fp WHERE url.announced IS NULL ORDER BY url.fp FOR UPDATE OF url) "
    "UPDATE url SET announced = known.said FROM known WHERE url.fp = known.fp"
)


class PostgresFrontier(PostgresJob):
    """The ledger of the job `name` at `dsn`, made if there is none. A worker may be silent for `lease_seconds`."""

    was_damaged = False
    forgot = False

    def __init__(
        self, dsn: str, *, name: str = "job", lease_seconds: float = LEASE_SECONDS, patience: float = 0.0
    ) -> None:
        self._start(lease_seconds)
        super().__init__(dsn, schema_of(name), patience=patience)
        try:
            self._make(name)
            self.read_clock()
        except psycopg.Error as error:
            self.close()
            raise translated(error, self.address) from error
        except BaseException:
            self.close()
            raise

    def _start(self, lease_seconds: float) -> None:
        self.lease_seconds = lease_seconds
        self._held, self._claimed, self._closed = set(), set(), set()
        self._found: dict[int, tuple[Found, float]] = {}
        self._dropped: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._parked: dict[str, float] = {}

    def _make(self, name: str) -> None:
        with self.db.transaction():
            self.db.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (self.schema,))
            version = _version(self.db, self.schema)
            if version > VERSION:
                raise StoreError(self.address, "written by a newer version of archiver; use that one")
            if version == 0:
                self.db.execute(psycopg.sql.SQL("CREATE SCHEMA {}").format(psycopg.sql.Identifier(self.schema)))
            for step in STEPS[version:]:
                self.db.execute(step)
            if version == 0:
                self.db.execute("INSERT INTO job (id, version, name) VALUES (1, %s, %s)", (VERSION, name))
            elif version < VERSION:
                self.db.execute("UPDATE job SET version = %s", (VERSION,))

    @classmethod
    def beside(cls, dsn: str, *, name: str, write: bool = False) -> Self:
        """The ledger of a job that workers may be busy with; `write` to give orders.

        Raises NotArchived where there is none, StoreError where the server cannot be asked.
        """
        one = cls.__new__(cls)
        one._start(LEASE_SECONDS)
        super(PostgresFrontier, one).__init__(dsn, schema_of(name), patience=0.0, read_only=not write)
        try:
            version = _version(one.db, one.schema)
            if version not in (0, VERSION):
                raise StoreError(one.address, "written by another version of archiver; the job's next run brings it up")
            if version == 0:
                raise NotArchived(f"{one.address}: no crawl of this job has begun yet; begin one with `archiver crawl`")
            one.read_clock()
        except psycopg.Error as error:
            one.close()
            raise translated(error, one.address) from error
        except BaseException:
            one.close()
            raise
        return one

    @staticmethod
    def jobs_at(dsn: str) -> list[str]:
        """The names of the jobs that a server keeps. Raises StoreError."""
        try:
            with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as db:
                schemas = db.execute(
                    "SELECT nspname FROM pg_namespace n WHERE starts_with(nspname, %s) AND EXISTS "
                    "(SELECT 1 FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'job') ORDER BY 1",
                    (PREFIX,),
                ).fetchall()
                names = [
                    psycopg.sql.SQL("SELECT name FROM {}.job").format(psycopg.sql.Identifier(*one)) for one in schemas
                ]
                return [name for query in names for (name,) in db.execute(query)]
        except psycopg.Error as error:
            raise translated(error, shown(dsn)) from error

    # ------------------------------------------------------------------ the job and its rounds

    @whole
    def job(self) -> Mapping[str, object]:
        """The job's row: name, crawl, round, complete."""
        names = ("name", "crawl", "round", "complete")
        (row,) = self.db.execute(f"SELECT {', '.join(names)} FROM job").fetchall()
        return dict(zip(names, row, strict=True))

    @whole
    def begin(self, crawl: str, *, everything: bool = False, rules: str = "", age: float = 0.0) -> str:
        """Resume the unfinished round, or begin the next one under the name `crawl`. Return the crawl's name.

        A new round asks again for what is due by then; with `everything`, for all. `rules` stands for what decides
        which links are followed: where they changed, "not modified" would hide the links that they let in now.
        """
        ((complete, is_new, under_way),) = self.db.execute(
            "SELECT complete, completed_at > clock() - %s, crawl FROM job FOR UPDATE", (age,)
        ).fetchall()
        self._heed(rules)
        if not complete or is_new:
            return str(under_way)
        now = self.now()
        self.db.execute(
            "UPDATE job SET crawl = %s, round = round + 1, complete = false, began = %s, closer = NULL", (crawl, now)
        )
        self.db.execute("DELETE FROM dropped")
        self._forget_none() if everything else self._slim()
        which = "" if everything else "AND due < 9e18 AND due <= %(now)s"
        self.db.execute(
            "WITH again AS (UPDATE url SET state = 0, tries = 0, due = %(now)s "
            f"WHERE state = 2 {which} RETURNING host) "
            "UPDATE host SET next_due = %(now)s WHERE host IN (SELECT host FROM again)",
            {"now": now},
        )
        return crawl

    def _slim(self, which: str = "state = 2 AND due >= 9e18 AND NOT seed") -> None:
        """Of what no round asks for again only the fingerprint is kept, and its host's counts.

        The archive has the rest: the crawl's log and manifest were written before its round was complete.
        """
        self.db.execute(
            f"INSERT INTO kind (outcome, reason) SELECT DISTINCT outcome, reason FROM url WHERE {which} "
            "ON CONFLICT DO NOTHING"
        )
        self.db.execute(
            f"WITH gone AS (DELETE FROM url WHERE {which} RETURNING fp, host, outcome, reason, body_size), "
            "named AS (SELECT fp, host, kind.id, body_size FROM gone JOIN kind USING (outcome, reason)), "
            "kept AS (INSERT INTO seen SELECT fp, id FROM named ORDER BY fp) "
            "INSERT INTO settled SELECT host, id, count(*), coalesce(sum(body_size), 0) FROM named GROUP BY host, id "
            "ON CONFLICT (host, kind) DO UPDATE SET n = settled.n + excluded.n, size = settled.size + excluded.size"
        )

    def arrived(self) -> None:
        """Rows came from another engine: what has no URL is only seen, what is leased waits for whoever recovers it."""
        self._slim("url = ''")
        self.db.execute(
            "UPDATE host SET owner = -1, lease_until = 0 WHERE host IN (SELECT host FROM url WHERE state = 1)"
        )

    def _forget_none(self) -> None:
        """All is to be asked for again: what has no URL any more is found again, by links and in the archive."""
        self.forgot = self.db.execute("SELECT 1 FROM seen LIMIT 1").fetchone() is not None
        self.db.execute("TRUNCATE seen, settled")

    def _heed(self, rules: str) -> None:
        if self.db.execute("UPDATE job SET rules = %s WHERE rules != %s", (rules, rules)).rowcount:
            self.db.execute(
                "UPDATE url SET known = known - 'etag' - 'last_modified' WHERE known IS NOT NULL AND role != 'page'"
            )

    @whole
    def complete(self) -> None:
        """Close the round: nothing is pending, nothing is leased."""
        self.db.execute("UPDATE job SET complete = true, completed_at = clock()")

    # ------------------------------------------------------------------ the Frontier protocol

    @whole
    def add(self, found: Iterable[Found]) -> int:
        self.flush()
        now = self.now()
        placed = {one.fp: (one, now + one.due_in + n * 1e-6) for n, one in reversed([*enumerate(found)])}
        seeds = {fp: one for fp, one in placed.items() if one[0].seed}
        self._remember(seeds)
        count = self._insert({fp: one for fp, one in placed.items() if fp not in seeds}, _KNOWN_STAYS, seed=False)
        count += self._insert(seeds, _SEED_AGAIN, seed=True)
        self._wake()
        return count

    def _remember(self, seeds: Mapping[int, tuple[Found, float]]) -> None:
        """A seed is asked for in each round, also one that was only seen before."""
        if seeds:
            known = self.db.execute("DELETE FROM seen WHERE fp = ANY(%s) RETURNING fp, kind", ([*seeds],)).fetchall()
            for fp, kind in known:
                self.db.execute("UPDATE settled SET n = n - 1 WHERE host = %s AND kind = %s", (seeds[fp][0].host, kind))

    def _insert(self, placed: Mapping[int, tuple[Found, float]], query: str, *, seed: bool) -> int:
        if not placed:
            return 0
        rows = [
            (f.fp, f.host, f.url, f.role, f.prio, due, f.via, f.hops, f.announced and to_text(f.announced))
            for f, due in placed.values()
        ]
        new = self.db.execute(query, (seed, *map(list, zip(*rows, strict=True)))).fetchall()
        for host, due in new:
            self._due[host] = min(due, self._due.get(host, due))
        said = {row[0]: row[-1] for row in rows if row[-1]}
        if said and len(new) < len(placed):
            self.db.execute(_ANNOUNCED, ([*said], [*said.values()]))
        return len(new)

    def _wake(self) -> None:
        """Tell hosts that something is due. The row's lock is what makes a claim under way see it, or us wait."""
        if self._due:
            names = sorted(self._due)
            self.db.execute(
                "INSERT INTO host (host, next_due) SELECT * FROM unnest(%s::text[], %s::float8[]) AS n (host, due) "
                "ORDER BY 1 ON CONFLICT (host) DO UPDATE SET next_due = least(host.next_due, excluded.next_due)",
                (names, [self._due[name] for name in names]),
            )
            self._due.clear()
        for host in sorted(self._parked):
            self.db.execute("UPDATE host SET blocked_until = %s WHERE host = %s", (self._parked[host], host))
        self._parked.clear()

    def flush(self) -> None:
        """Enter the links that were found in this transaction, and wake their hosts."""
        found, self._found = self._found, {}
        self._insert(found, _KNOWN_STAYS, seed=False)
        for reason in sorted(self._dropped):
            self.db.execute(
                "INSERT INTO dropped VALUES (%s, %s) ON CONFLICT (reason) DO UPDATE SET n = dropped.n + excluded.n",
                (reason, self._dropped[reason]),
            )
        self._dropped.clear()
        self._wake()

    def forget(self) -> None:
        """Of a transaction that was rolled back nothing is left."""
        for waiting in (self._found, self._dropped, self._due, self._parked, self._claimed, self._closed):
            waiting.clear()

    def _enter(self, links: Links) -> None:
        now = self.now()
        for place, one in enumerate(links.found):
            self._found.setdefault(one.fp, (one, now + one.due_in + place * 1e-6))
        for reason, n in links.dropped.items():
            self._dropped[reason] = self._dropped.get(reason, 0) + n

    @whole
    def intend(self, lease: Lease, links: Links, *, record: str, outcome: str, reason: str = "") -> None:
        self._enter(links)
        self.db.execute(
            "UPDATE url SET record = %s, outcome = %s, reason = %s WHERE fp = %s AND epoch = %s AND state = 1",
            (record, outcome, reason, lease.fp, lease.epoch),
        )

    @whole
    def ack(
        self,
        lease: Lease,
        outcome: str,
        reason: str = "",
        *,
        links: Links = NO_LINKS,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        self._enter(links)
        self._close(
            "epoch = %(epoch)s AND state = 1",
            {"fp": lease.fp, "epoch": lease.epoch},
            (outcome, reason, known, again, facts),
            more="tries = tries + 1, ",
        )
        self._closed.add(lease.fp)

    def _close(
        self,
        which: str,
        values: Mapping[str, object],
        how: tuple[str, str, Known | None, float | None, Mapping[str, object]],
        *,
        more: str = "",
    ) -> None:
        outcome, reason, known, again, facts = how
        now = self.now()
        given: dict[str, Any] = {name: _clean(facts.get(name)) for name in FACTS}
        given |= {
            "outcome": outcome, "reason": reason, "ended": now, "due": NEVER if again is None else now + again,
            "known": known and to_text(known).replace("\\u0000", ""),
        }  # fmt: skip
        self.db.execute(
            "UPDATE url SET state = 2, outcome = %(outcome)s, reason = %(reason)s, ended_at = %(ended)s, "
            f"due = %(due)s, known = coalesce(%(known)s::jsonb, known), {more}{_SETS} WHERE fp = %(fp)s AND {which}",
            given | dict(values),
        )

    @whole
    def retry(self, lease: Lease, reason: str, *, after: float, park: bool = False) -> None:
        due = self.now() + after
        self.db.execute(
            "UPDATE url SET state = 0, tries = tries + 1, due = %s, reason = %s "
            "WHERE fp = %s AND epoch = %s AND state = 1",
            (due, reason, lease.fp, lease.epoch),
        )
        self._closed.add(lease.fp)
        self._due[lease.host] = min(due, self._due.get(lease.host, due))
        if park:
            self._parked[lease.host] = due

    @whole
    def release(self, leases: Iterable[Lease]) -> None:
        now = self.now()
        for lease in leases:
            self.db.execute(
                "UPDATE url SET state = 0 WHERE fp = %s AND epoch = %s AND state = 1", (lease.fp, lease.epoch)
            )
            self._closed.add(lease.fp)
            self._due[lease.host] = min(now, self._due.get(lease.host, now))

    @whole
    def settle(
        self,
        fp: int,
        outcome: str,
        reason: str = "",
        *,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        """Close a URL without a lease: its record was found in the archive, or it cannot be asked for."""
        self.flush()
        self._close("state != 2", {"fp": fp}, (outcome, reason, known, again, facts))

    @whole
    def adopt(self, kept: Iterable[tuple[Found, Mapping[str, object]]], *, this_round: bool) -> None:
        """Enter URLs that the archive keeps already as done. `this_round`: a seed among them is not due again."""
        names = ("outcome", "reason", *FACTS)
        ((number,),) = self.db.execute("SELECT round FROM job").fetchall()
        ended = self.now() if this_round else None
        with self.db.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO url (fp, host, url, role, state, prio, due, round, ended_at, "
                f"{', '.join(names)}) VALUES (%s, %s, %s, %s, 2, 0, 9e18, %s, %s, {', '.join(['%s'] * len(names))}) "
                "ON CONFLICT (fp) DO NOTHING",
                [
                    (
                        *(found.fp, found.host, found.url, found.role, number - (not this_round), ended),
                        *(_clean(facts.get(name)) for name in names),
                    )
                    for found, facts in sorted(kept, key=lambda one: one[0].fp)
                ],
            )


def _version(db: psycopg.Connection[Any], schema: str) -> int:
    """The version of the tables in `schema`; 0 where there are none."""
    table = psycopg.sql.Identifier(schema, "job")
    if db.execute("SELECT to_regclass(%s)", (table.as_string(db),)).fetchone() == (None,):
        return 0
    row = db.execute(psycopg.sql.SQL("SELECT version FROM {}").format(table)).fetchone()
    return int(row[0]) if row else 0


def _clean(value: object) -> object:
    """PostgreSQL's text has no zero bytes."""
    return value.replace("\0", "") if isinstance(value, str) else value
