"""PostgresHosts: which worker a host belongs to. In: a worker. Out: whole hosts, for as long as it renews them.

    claim     takes hosts that are nobody's (FOR UPDATE SKIP LOCKED: who comes second takes others), leases their URLs
    renew     keeps them, and says which are lost, which are idle, and how many are more than our share
    recover   takes hosts whose worker fell silent, and hands its leases back; each worker does it, there is no reaper

The server's clock decides. A worker asks for nothing later than FENCE of a lease after its last renewal, and a host
changes hands a whole distance after the lease ended, so that the distance is kept across workers too.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from archiver.frontier import Intent, Lease
from archiver.frontier.ledger import FENCE, Held
from archiver.frontier.postgres_link import Link, whole
from archiver.frontier.rows import lease_of

NEVER = 9e18
CRASHES_ALLOWED = 8  # a URL in flight at that many crashes is taken to be their cause
MOST_HOSTS = 10_000  # that are counted to find out our share
WANTED_SECONDS = 5.0  # so long a host waits for who asked for it last
FORGOTTEN = 86400.0  # seconds after which a worker that died is
RECOVERED = 100  # hosts at a time


class PostgresHosts(Link):
    """What a `PostgresFrontier` does as one worker among others."""

    lease_seconds: float
    worker: int | None = None
    is_shared = True
    _held: set[int]  # fp of what we lease, to be told from what a cut transaction leased in our name
    _claimed: set[int]  # by the transaction that is under way
    _closed: set[int]
    _share: int = MOST_HOSTS

    if TYPE_CHECKING:  # of the class that this one is part of

        def flush(self) -> None: ...

    # ------------------------------------------------------------------ workers

    @whole
    def join(self, name: str) -> Held:
        if self.worker is None:
            self.db.execute("DELETE FROM worker WHERE lease_until < clock() - %s", (FORGOTTEN,))
            ((self.worker,),) = self.db.execute(
                "INSERT INTO worker (name, lease_until) VALUES (%s, clock() + %s) RETURNING id",
                (name, self.lease_seconds),
            ).fetchall()
        return self._renewed({})

    @whole
    def renew(self, holding: Mapping[str, float]) -> Held:
        return self._renewed(holding)

    def _renewed(self, holding: Mapping[str, float]) -> Held:
        asked = time.monotonic()
        self.read_clock()
        self.db.execute("UPDATE worker SET lease_until = clock() + %s WHERE id = %s", (self.lease_seconds, self.worker))
        names = sorted(holding)
        ours = dict(
            self.db.execute(
                "UPDATE host SET lease_until = clock() + %s, delay = coalesce("
                "(SELECT n.delay FROM unnest(%s::text[], %s::float8[]) AS n (host, delay) WHERE n.host = host.host), "
                "host.delay) WHERE owner = %s RETURNING host, wanted_until > clock()",
                (self.lease_seconds, names, [holding[name] for name in names], self.worker),
            ).fetchall()
        )
        self._share = self._our_share()
        return Held(
            lost=tuple(name for name in names if name not in ours),
            idle=tuple(sorted(ours.keys() - holding.keys())),
            wanted=tuple(sorted(host for host, wanted in ours.items() if wanted)),
            surplus=max(0, len(ours) - self._share),
            safe_until=asked + FENCE * self.lease_seconds,
        )

    def _our_share(self) -> int:
        """How many hosts each worker may have, so that all have work."""
        ((alive, hosts),) = self.db.execute(
            "SELECT (SELECT count(*) FROM worker WHERE lease_until > clock()), "
            "(SELECT count(*) FROM "
            "(SELECT 1 FROM host WHERE next_due < 9e17 OR owner IS NOT NULL LIMIT %s) AS counted)",
            (MOST_HOSTS,),
        ).fetchall()
        return MOST_HOSTS if alive < 2 else max(1, -(-hosts // alive))

    @whole
    def borrow(self, host: str) -> bool:
        self.db.execute("INSERT INTO host (host, next_due) VALUES (%s, 9e18) ON CONFLICT (host) DO NOTHING", (host,))
        taken = self.db.execute(
            "UPDATE host SET owner = %s, lease_until = clock() + %s, wanted_until = 0 "
            "WHERE host = %s AND (owner = %s OR (owner IS NULL AND next_ok <= clock()))",
            (self.worker, self.lease_seconds, host, self.worker),
        )
        if not taken.rowcount:
            self.db.execute("UPDATE host SET wanted_until = clock() + %s WHERE host = %s", (WANTED_SECONDS, host))
        return taken.rowcount > 0

    @whole
    def leave(self, rests: Mapping[str, float]) -> None:
        names = sorted(rests)
        self.db.execute(
            "UPDATE host SET owner = NULL, next_ok = greatest(next_ok, clock() + n.rest) "
            "FROM unnest(%s::text[], %s::float8[]) AS n (host, rest) WHERE host.host = n.host AND owner = %s "
            "AND NOT EXISTS (SELECT 1 FROM url WHERE url.host = n.host AND state = 1)",
            (names, [rests[name] for name in names], self.worker),
        )

    @whole
    def part(self) -> None:
        if self.worker is not None:
            self.db.execute("UPDATE host SET lease_until = clock() WHERE owner = %s", (self.worker,))
            self.db.execute("DELETE FROM worker WHERE id = %s", (self.worker,))
            self.worker = None

    @whole
    def workers(self) -> list[str]:
        return [name for (name,) in self.db.execute("SELECT name FROM worker WHERE lease_until > clock() ORDER BY id")]

    @whole
    def is_last(self) -> bool:
        """Of several that stop at once, the last; of those that see the end, the first."""
        self.db.execute("SELECT 1 FROM job FOR UPDATE")
        self.db.execute("UPDATE worker SET ending = true WHERE id = %s", (self.worker,))
        taken = self.db.execute(
            "UPDATE job SET closer = %(me)s WHERE "
            "NOT EXISTS (SELECT 1 FROM worker WHERE id = job.closer AND id != %(me)s AND lease_until > clock()) AND ("
            "NOT EXISTS (SELECT 1 FROM worker WHERE id != %(me)s AND lease_until > clock() AND NOT ending) "
            "OR NOT (complete OR EXISTS (SELECT 1 FROM url WHERE state != 2)))",
            {"me": self.worker},
        )
        return taken.rowcount > 0

    # ------------------------------------------------------------------ hosts and their URLs

    @whole
    def claim(self, *, hosts: int, per_host: int, busy: Iterable[str] = ()) -> list[Lease]:
        self.flush()
        if self.worker is None:
            self.join("a worker")
        ready, skip = self._ready(hosts, list(busy)), self.now()
        if not ready:
            return []
        leases = self._leased(ready, skip, per_host)
        found: dict[str, int] = dict.fromkeys(ready, 0)
        for lease in leases:
            found[lease.host] += 1
        dry = sorted(host for host, n in found.items() if n < per_host)
        if dry:
            self.db.execute(
                "UPDATE host SET next_due = coalesce("
                "(SELECT min(due) FROM url WHERE url.host = host.host AND state = 0), 9e18) WHERE host = ANY(%s)",
                (dry,),
            )
        self._claimed.update(lease.fp for lease in leases)
        return leases

    def _ready(self, most: int, busy: list[str]) -> list[str]:
        """Up to `most` hosts with something due: ours first, then nobody's, which become ours."""
        now = self.now()
        ours = self.db.execute(
            "SELECT host FROM host WHERE owner = %s AND next_due <= %s AND blocked_until <= %s AND host != ALL(%s) "
            "ORDER BY next_due LIMIT %s FOR UPDATE SKIP LOCKED",
            (self.worker, now, now, busy, most),
        ).fetchall()
        ready = [host for (host,) in ours]
        ((owned,),) = self.db.execute("SELECT count(*) FROM host WHERE owner = %s", (self.worker,)).fetchall()
        room = min(most - len(ready), self._share - owned)
        if room > 0:
            free = self.db.execute(
                "WITH free AS (SELECT host FROM host WHERE owner IS NULL AND next_due <= %s AND blocked_until <= %s "
                "AND next_ok <= clock() AND wanted_until <= clock() AND host != ALL(%s) "
                "ORDER BY next_due LIMIT %s FOR UPDATE SKIP LOCKED) "
                "UPDATE host SET owner = %s, lease_until = clock() + %s FROM free WHERE host.host = free.host "
                "RETURNING host.host",
                (now, now, busy, room, self.worker, self.lease_seconds),
            ).fetchall()
            ready += [host for (host,) in free]
        return ready

    def _leased(self, hosts: list[str], now: float, limit: int) -> list[Lease]:
        rows = self.db.execute(
            "WITH due AS (SELECT one.fp, h.place FROM unnest(%s::text[]) WITH ORDINALITY AS h (host, place) "
            "CROSS JOIN LATERAL (SELECT fp FROM url WHERE url.host = h.host AND state = 0 AND due <= %s "
            "ORDER BY prio DESC, due LIMIT %s) AS one) "
            "UPDATE url SET state = 1, epoch = epoch + 1, outcome = NULL, record = NULL FROM due WHERE url.fp = due.fp "
            "RETURNING due.place, -url.prio, url.due, url.fp, url.url, url.host, url.role, url.epoch, url.tries, "
            "url.hops, (SELECT v.url FROM url v WHERE v.fp = url.via), url.seed, url.known, url.announced",
            (hosts, now, limit),
        ).fetchall()
        return [lease_of(row[3:]) for row in sorted(rows, key=lambda row: row[:4])]

    @whole
    def recover(self) -> list[Intent]:
        if self.worker is None:
            self.join("a worker")
        gone = [
            host
            for (host,) in self.db.execute(
                "SELECT host FROM host WHERE owner != %s AND lease_until + delay < clock() "
                "ORDER BY host LIMIT %s FOR UPDATE SKIP LOCKED",
                (self.worker, RECOVERED),
            )
        ]
        if not gone:
            return []
        rows = self.db.execute(
            "SELECT fp, url, seed, record, outcome, reason FROM url "
            "WHERE state = 1 AND host = ANY(%s) AND record IS NOT NULL AND outcome IS NOT NULL",
            (gone,),
        ).fetchall()
        self.db.execute(
            "UPDATE url SET state = 2, due = 9e18, outcome = 'failed', reason = 'crashes', ended_at = %s "
            "WHERE state = 1 AND host = ANY(%s) AND crashes >= %s",
            (self.now(), gone, CRASHES_ALLOWED),
        )
        self.db.execute(
            "UPDATE url SET state = 0, epoch = epoch + 1, crashes = crashes + 1 WHERE state = 1 AND host = ANY(%s)",
            (gone,),
        )
        self.db.execute(
            "UPDATE host SET owner = %s, lease_until = clock() + %s, next_due = least(next_due, %s) "
            "WHERE host = ANY(%s)",
            (self.worker, self.lease_seconds, self.now(), gone),
        )
        return [
            Intent(fp=fp, url=url, seed=seed, record_key=record, outcome=outcome, reason=reason)
            for fp, url, seed, record, outcome, reason in rows
        ]

    def committed(self) -> None:
        """What is leased, and what is not any more, is known when its transaction is durable."""
        self._held |= self._claimed
        self._held -= self._closed
        self._claimed.clear()
        self._closed.clear()

    def connected(self) -> None:
        """What a cut transaction may have leased in our name without telling us goes back."""
        self.read_clock()
        if self.worker is not None:
            self.db.execute(
                "WITH back AS (UPDATE url SET state = 0 FROM host WHERE host.owner = %s AND url.host = host.host "
                "AND url.state = 1 AND url.fp != ALL(%s) RETURNING url.host) "
                "UPDATE host SET next_due = least(next_due, clock()) FROM back WHERE host.host = back.host",
                (self.worker, list(self._held)),
            )
