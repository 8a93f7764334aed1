"""A ledger on PostgreSQL with ten million URLs: claim and ack, bytes per URL, before and after a simulated month.

    python benchmarks/month.py [--frontier postgresql://…] [--urls 10000000] [--live 1000000] [--days 30] [--pages 2000]

Without `--frontier` a server is started from Debian's package, with its own settings. `--live` URLs are pending, the
others are what earlier rounds left: seen. A day is a round: each host's index page is asked for again and names known
URLs and a new one, so many pages are claimed and closed, and when the next round begins what nobody asks for again
shrinks. At the measures each call is a transaction of its own; in a day fifty share one, as the clerk does it.
Autovacuum works as the tables' settings tell it; no vacuum is run by hand before the last line says so.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.frontier import Found, Known, Lease, Links  # noqa: E402
from archiver.frontier.postgres import PostgresFrontier  # noqa: E402
from tests.postgres import Postgres  # noqa: E402

HOSTS, FLIGHT = 2_000, 50
FP = "('x' || substr(md5('u' || n), 1, 16))::bit(64)::bigint"  # as evenly spread as the first digits of a sha256
URL = "'https://h' || (n % 2000) || '.example/2026/11/24/a-story-of-some-length-' || n"
KNOWN = Known(verdict="article", record="ab" * 10, etag='"5f3a-61f"', text="0123456789abcdef")
FACTS: dict[str, Any] = {"status": 200, "record_sha256": "0" * 64, "record_size": 9000, "body_sha256": "0" * 64}
FACTS |= {"body": f"html/ab/{'0' * 64}.html.gz", "body_size": 30000}


class Times:
    """How long calls took, in ms."""

    def __init__(self) -> None:
        self.of: dict[str, list[float]] = {}

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        value = call()
        self.of.setdefault(name, []).append(1000 * (time.perf_counter() - began))
        return value

    def __str__(self) -> str:
        parts = []
        for name, took in self.of.items():
            took.sort()
            middle, late = took[len(took) // 2], took[int(len(took) * 0.99)]
            parts.append(f"{name} p50 {middle:.1f} p99 {late:.1f} ms ({len(took):,})")
        return ", ".join(parts)


def fill(ledger: PostgresFrontier, seen: int, live: int) -> None:
    """Make the rows that so many URLs have."""
    db = ledger.db
    db.execute("INSERT INTO kind (outcome, reason) VALUES ('archived', '') ON CONFLICT DO NOTHING")
    step = 500_000
    for first in range(0, seen, step):
        last = min(seen, first + step) - 1
        db.execute(f"INSERT INTO seen SELECT {FP}, 1 FROM generate_series({first}, {last}) AS n")
        say(f"  {last + 1:,} seen")
    db.execute(
        f"INSERT INTO settled SELECT 'h' || (n % {HOSTS}) || '.example', 1, count(*), 0 "
        f"FROM generate_series(0, {max(0, seen - 1)}) AS n GROUP BY 1"
    )
    for first in range(seen, seen + live, step):
        last = min(seen + live, first + step) - 1
        db.execute(
            f"INSERT INTO url (fp, host, url, role, prio, due, round) SELECT {FP}, 'h' || (n % {HOSTS}) || '.example', "
            f"{URL}, 'page', 0, 0, 1 FROM generate_series({first}, {last}) AS n"
        )
        say(f"  {last + 1:,} in all")
    db.execute(
        f"INSERT INTO host (host, next_due) SELECT 'h' || n || '.example', 0 FROM generate_series(0, {HOSTS - 1}) AS n"
    )
    ledger.add(
        Found(fp=-n - 1, url=f"https://h{n}.example/", host=f"h{n}.example", role="site", prio=100, seed=True)
        for n in range(HOSTS)
    )
    db.execute("VACUUM ANALYZE")


class Crawl:
    """One worker that claims, intends and acks as a crawl does; a page names ten URLs, a seed's one of them is new."""

    def __init__(self, ledger: PostgresFrontier, known: int) -> None:
        self.ledger, self.known, self.next = ledger, known, known

    def pages(self, most: int, times: Times, *, flight: int) -> int:
        """Close up to `most` due URLs; so many share a commit, as the calls of a crawl do that come meanwhile."""
        done = 0
        while done < most:
            leases = times("claim", lambda: self.ledger.claim(hosts=4, per_host=8))
            if not leases:
                break
            for first in range(0, len(leases), flight):
                some = leases[first : first + flight]
                times("intend", lambda some=some: self.ledger.transact(lambda: [self._intend(one) for one in some]))
                times("ack", lambda some=some: self.ledger.transact(lambda: [self._ack(one) for one in some]))
            done += len(leases)
        return done

    def _intend(self, lease: Lease) -> None:
        links = tuple(self._named(lease.fp + i) for i in range(9)) + ((self._new(),) if lease.seed else ())
        self.ledger.intend(lease, Links(found=links), record=_key(lease), outcome="archived")

    def _ack(self, lease: Lease) -> None:
        again, outcome = (0.0, "kept") if lease.seed else (None, "archived")
        facts = FACTS | {"record": _key(lease), "final_url": lease.url, "known": KNOWN}
        self.ledger.ack(lease, outcome, again=again, **facts)

    def _named(self, n: int) -> Found:
        return self._found(n % self.known)

    def _new(self) -> Found:
        self.next += 1
        return self._found(self.next)

    def _found(self, n: int) -> Found:
        digest = hashlib.md5(f"u{n}".encode(), usedforsecurity=False).hexdigest()  # as the SQL above
        host = f"h{n % HOSTS}.example"
        url = f"https://{host}/2026/11/24/a-story-of-some-length-{n}"
        return Found(fp=int.from_bytes(bytes.fromhex(digest[:16]), "big", signed=True), url=url, host=host)


def _key(lease: Lease) -> str:
    return f"records/default/2026/11/24/120000-{lease.fp % 2**64:020x}.json"


def sizes(ledger: PostgresFrontier) -> str:
    """Bytes of a seen URL and of a whole one, with their indexes, and what vacuum has to do."""
    parts = []
    for table in ("seen", "url"):
        row = ledger.db.execute(
            f"SELECT pg_total_relation_size('{table}'), (SELECT count(*) FROM {table}), "
            "(SELECT n_dead_tup FROM pg_stat_user_tables WHERE relid = %s::regclass), "
            "(SELECT autovacuum_count FROM pg_stat_user_tables WHERE relid = %s::regclass)",
            (table, table),
        ).fetchone()
        assert row is not None
        size, n, dead, vacuums = row
        parts.append(
            f"{table} {size / max(1, n):.0f} B per URL ({n:,} URLs, {dead:,} dead rows, {vacuums} autovacuums)"
        )
    return ", ".join(parts)


def say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {text}", flush=True)


def main() -> None:
    """Fill, measure, live through a month, measure again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frontier", help="postgresql://… of a server on this machine")
    parser.add_argument("--urls", type=int, default=10_000_000)
    parser.add_argument("--live", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--pages", type=int, default=2_000, help="pages a day, and at each measure")
    arguments = parser.parse_args()
    server = None if arguments.frontier else Postgres()
    if server is not None:
        server.start()
    try:
        month(arguments.frontier or server.dsn, arguments)  # type: ignore[union-attr]  # one of the two
    finally:
        if server is not None:
            server.remove()


def month(dsn: str, arguments: argparse.Namespace) -> None:
    ledger = PostgresFrontier(dsn, name=f"month-{int(time.time())}")
    ledger.begin("crawl-1")
    fill(ledger, arguments.urls - arguments.live, arguments.live)
    say(f"filled: {sizes(ledger)}")
    crawl, times = Crawl(ledger, arguments.urls), Times()
    crawl.pages(arguments.pages, times, flight=1)
    say(f"before: {times}")
    for day in range(1, arguments.days + 1):
        began, times = time.time(), Times()
        done = crawl.pages(HOSTS + arguments.pages, times, flight=FLIGHT)
        ledger.complete()
        ledger.begin(f"crawl-{day + 1}")
        say(f"day {day}: {done:,} pages in {time.time() - began:.0f} s; {times}; {sizes(ledger)}")
    times = Times()
    crawl.pages(arguments.pages, times, flight=1)
    say(f"after: {times}; {sizes(ledger)}")
    ledger.db.execute("VACUUM ANALYZE")
    times = Times()
    crawl.pages(arguments.pages, times, flight=1)
    say(f"after a vacuum by hand: {times}; {sizes(ledger)}")
    ledger.close()


if __name__ == "__main__":
    main()
