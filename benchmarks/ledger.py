"""CPU of the ledger per page: claim, intent with links, ack, through the clerk as a crawl does it.

    python benchmarks/ledger.py [--pages 20000] [--hosts 20] [--links 10] [--flight 16] [--frontier postgresql://…|own]

Each page names `--links` URLs, of which one is new; that is what the follower lets through of a page's 155 links once a
site is known. Counted are the CPU seconds of the whole process, less those of the same loop with a ledger that does
nothing, and the bytes of the file per URL. A commit waits for the disk; waiting costs no CPU and is not counted.

With `--frontier` the ledger is on a PostgreSQL server of this machine (`own`: one that is started for the measure, from
Debian's package, with its own settings), and the CPU of the server's processes is counted too.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from archiver.crawl.following import fp_of  # noqa: E402
from archiver.frontier import Found, Known, Lease, Links  # noqa: E402
from archiver.frontier.clerk import Clerk  # noqa: E402
from archiver.frontier.sqlite import SqliteFrontier  # noqa: E402

PER_HOST = 8  # as the feeder claims


class Nothing:
    """The same calls, and nothing behind them: what loop, clerk and thread cost by themselves."""

    def __init__(self) -> None:
        self._waiting: list[Found] = []

    def transact(self, call: Any) -> Any:
        return call()

    def close(self) -> None:
        pass

    def add(self, found: list[Found]) -> int:
        self._waiting += found
        return len(found)

    def claim(self, *, hosts: int, per_host: int) -> list[Lease]:
        taken, self._waiting = self._waiting[: hosts * per_host], self._waiting[hosts * per_host :]
        return [
            Lease(fp=one.fp, url=one.url, host=one.host, role=one.role, epoch=1, tries=0, hops=0, via=None, seed=False)
            for one in taken
        ]

    def intend(self, lease: Lease, links: Links, **_: object) -> None:
        self.add([links.found[-1]])

    def ack(self, lease: Lease, *_: object, **__: object) -> None:
        pass


def page(n: int, hosts: int) -> Found:
    """Page `n` of the made-up world."""
    host = f"h{n % hosts:02d}.example"
    url = f"https://{host}/2026/11/24/a-story-of-some-length-{n}"
    return Found(fp=fp_of(url), url=url, host=host, role="site", prio=100, hops=1)


async def crawl(ledger: Any, found: list[Found], arguments: argparse.Namespace) -> None:
    """Lease and close every page; page n leads to page n + hosts, and to pages that are known."""
    clerk, hosts = Clerk(ledger), arguments.hosts
    place = {one.fp: n for n, one in enumerate(found)}
    await clerk(lambda one: one.add(found[:hosts]))
    room, under_way = asyncio.Semaphore(arguments.flight), set()

    async def visit(lease: Lease) -> None:
        n = place[lease.fp]
        known = tuple(found[max(0, n - i)] for i in range(1, arguments.links))
        new = found[n + hosts] if n + hosts < len(found) else found[n]
        links, key = Links(found=(*known, new)), f"records/default/2026/11/24/120000-{lease.fp:020x}.json"
        await clerk(lambda one: one.intend(lease, links, record=key, outcome="archived"))
        facts: dict[str, Any] = {
            "final_url": lease.url, "status": 200, "record": key, "record_sha256": "0" * 64, "record_size": 9000,
            "body": f"html/ab/{lease.fp:064x}.html.gz", "body_sha256": "0" * 64, "body_size": 30000,
            "known": Known(verdict="article", record="ab" * 10, etag='"5f3a-61f"', text="0123456789abcdef"),
        }  # fmt: skip
        await clerk(lambda one: one.ack(lease, "archived", **facts))
        room.release()

    done = 0
    while done < len(found):
        leases = await clerk(lambda one: one.claim(hosts=64, per_host=PER_HOST))
        for lease in leases:
            await room.acquire()
            task = asyncio.create_task(visit(lease))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        done += len(leases)
        if not leases:
            await asyncio.sleep(0.001)
    await asyncio.gather(*under_way)
    await clerk.close()


def seconds(ledger: Any, found: list[Found], arguments: argparse.Namespace) -> float:
    """CPU seconds of this process for all pages."""
    before = time.process_time()
    asyncio.run(crawl(ledger, found, arguments))
    return time.process_time() - before


def cpu_of_server(backend: int) -> float:
    """CPU seconds of a PostgreSQL server's processes, those that ended included, by one of its backends."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            values = path.read_text().rpartition(")")[2].split()
            stats[int(path.parent.name)] = (int(values[1]), [int(value) for value in values[11:15]])
    master = stats[backend][0]
    own = sum(sum(times[:2]) for parent, times in stats.values() if parent == master)
    return (own + sum(stats[master][1])) / os.sysconf("SC_CLK_TCK")


def on_server(dsn: str, found: list[Found], arguments: argparse.Namespace) -> tuple[float, float, int]:
    """CPU seconds of this process and of the server, and the bytes of its tables and indexes."""
    from archiver.frontier.postgres import PostgresFrontier

    name = f"benchmark-{time.time_ns()}"
    ledger = PostgresFrontier(dsn, name=name)
    ledger.begin("crawl-1")
    watch = PostgresFrontier.beside(dsn, name=name)
    pid = watch.db.info.backend_pid
    before = cpu_of_server(pid)
    whole = seconds(ledger, found, arguments)
    server = cpu_of_server(pid) - before
    row = watch.db.execute("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname IN ('url', 'host')")
    size = int(row.fetchone()[0])  # type: ignore[index]  # a sum is one row
    watch.close()
    return whole, server, size


def shared(arguments: argparse.Namespace, found: list[Found]) -> None:
    """Measure the ledger on a server, print what it costs."""
    from tests.postgres import Postgres

    own = Postgres() if arguments.frontier == "own" else None
    if own is not None:
        own.start()
    try:
        whole, server, size = on_server(own.dsn if own is not None else arguments.frontier, found, arguments)
    finally:
        if own is not None:
            own.remove()
    loop, each = seconds(Nothing(), found, arguments), 1000 / arguments.pages
    print(f"loop, clerk and thread   {loop * each:6.2f} CPU ms per page")
    print(f"the client               {(whole - loop) * each:6.2f} CPU ms per page")
    print(f"the server               {server * each:6.2f} CPU ms per page")
    print(f"both                     {(whole - loop + server) * each:6.2f} CPU ms per page (promised: 12)")
    print(f"tables and indexes       {size / arguments.pages:6.0f} bytes per URL")


def main() -> None:
    """Measure both, print the difference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=20_000)
    parser.add_argument("--hosts", type=int, default=20)
    parser.add_argument("--links", type=int, default=10)
    parser.add_argument("--flight", type=int, default=16, help="pages between lease and ack")
    parser.add_argument("--frontier", help="postgresql://… on this machine, or `own`")
    arguments = parser.parse_args()
    found = [page(n, arguments.hosts) for n in range(arguments.pages)]
    if arguments.frontier:
        shared(arguments, found)
        return
    with tempfile.TemporaryDirectory() as folder:
        ledger = SqliteFrontier(Path(folder) / "ledger.sqlite")
        ledger.begin("crawl-1")
        whole = seconds(ledger, found, arguments)
        size = (Path(folder) / "ledger.sqlite").stat().st_size
    loop = seconds(Nothing(), found, arguments)
    each = 1000 / arguments.pages
    print(f"loop, clerk and thread   {loop * each:6.2f} CPU ms per page")
    print(f"with the ledger          {whole * each:6.2f} CPU ms per page")
    print(f"the ledger itself        {(whole - loop) * each:6.2f} CPU ms per page (promised: 1.5)")
    print(f"file                     {size / arguments.pages:6.0f} bytes per URL")


if __name__ == "__main__":
    main()
