"""A crawl by several workers: is each host left alone long enough, and how close to its pace do they come?

    python benchmarks/shared.py [--workers 3] [--hosts 6] [--pages 200] [--delay 1] [--answer 0] [--concurrency 16]

A site of `--hosts` hosts, each an address of loopback with so many small pages, in a process of its own that notes when
a request arrives. Workers crawl all of it with a ledger on a PostgreSQL server started for the run. Printed are the
gaps between two requests to a host that are shorter than 0.99 of the delay, and the time from the first request to the
last beside the ideal: a page each `--delay` seconds from every host at once. `--answer` makes the site slow.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.postgres import Postgres  # noqa: E402

WORDS = "The council met again on Tuesday to settle what the harbour is to become, and could not agree. "


def page(path: str) -> bytes:
    """A small article, with bytes of its own."""
    text = "".join(f"<p>{WORDS * 3} Note {path} {i}.</p>" for i in range(4))
    title = f"The harbour, part {path.strip('/')}"
    return f"<!doctype html><html><head><title>{title}</title></head><body><article><h1>{title}</h1>{text}".encode()


async def site(hosts: list[str], answer: float, control: Connection) -> None:
    """Serve until told to end; then say when each request came, by host."""
    came: dict[str, list[float]] = {host: [] for host in hosts}
    asked: Counter[str] = Counter()

    def serve(host: str):  # type: ignore[no-untyped-def]  # what asyncio calls for each connection
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                while head := await reader.readuntil(b"\r\n\r\n"):
                    came[host].append(time.monotonic())
                    path = head.split(b" ", 2)[1].decode()
                    asked[f"{host}{path}"] += 1
                    await asyncio.sleep(answer)
                    body, status = (b"", "404 Not Found") if path == "/robots.txt" else (page(host + path), "200 OK")
                    kind = "Content-Type: text/html; charset=utf-8"
                    writer.write(f"HTTP/1.1 {status}\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        return talk

    servers = [await asyncio.start_server(serve(host), host.split(":")[0], int(host.split(":")[1])) for host in hosts]
    control.send("ready")
    while not control.poll():
        await asyncio.sleep(0.2)
    for server in servers:
        server.close()
    control.send(json.dumps({"came": came, "again": sum(n - 1 for url, n in asked.items() if "robots" not in url)}))


def serve(hosts: list[str], answer: float, control: Connection) -> None:
    asyncio.run(site(hosts, answer, control))


def main() -> None:
    """Crawl and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--hosts", type=int, default=6)
    parser.add_argument("--pages", type=int, default=200, help="of each host")
    parser.add_argument("--delay", type=float, default=1.0)
    parser.add_argument("--answer", type=float, default=0.0, help="seconds that the site takes to answer")
    parser.add_argument("--concurrency", type=int, default=16, help="URLs in flight of one worker")
    arguments = parser.parse_args()
    hosts = [f"127.0.88.{n + 1}:8000" for n in range(arguments.hosts)]
    here, there = multiprocessing.get_context("spawn").Pipe()
    child = multiprocessing.get_context("spawn").Process(target=serve, args=(hosts, arguments.answer, there))
    child.start()
    assert here.recv() == "ready"
    server = Postgres()
    try:
        server.start()
        with tempfile.TemporaryDirectory() as folder:
            codes = crawl(Path(folder), server.dsn, hosts, arguments)
    finally:
        here.send("end")
        said = json.loads(here.recv())
        child.join()
        server.remove()
    tell(codes, said["came"], said["again"], arguments)


def crawl(folder: Path, dsn: str, hosts: list[str], arguments: argparse.Namespace) -> list[int]:
    """Run the workers to their end; their exit codes."""
    seeds = folder / "seeds.txt"
    seeds.write_text("".join(f"http://{host}/{n}\n" for n in range(arguments.pages) for host in hosts))
    words = ["crawl", "--file", str(seeds), "--archive", str(folder / "a"), "--job", "shared", "--frontier", dsn]
    words += ["--delay", str(arguments.delay), "--allow-private", "--workers", "1", "--quiet"]
    words += ["--concurrency", str(arguments.concurrency)]
    workers = [
        subprocess.Popen([sys.executable, "-m", "archiver", *words, "--state", str(folder / f"s{n}")], cwd=ROOT)
        for n in range(arguments.workers)
    ]
    return [worker.wait() for worker in workers]


def tell(codes: list[int], came: dict[str, list[float]], again: int, arguments: argparse.Namespace) -> None:
    gaps = sorted(after - before for times in came.values() for before, after in pairwise(sorted(times)))
    every = [at for times in came.values() for at in times]
    took, ideal = max(every) - min(every), max(len(times) - 1 for times in came.values()) * arguments.delay
    short = sum(gap < 0.99 * arguments.delay for gap in gaps)
    pages = arguments.pages * arguments.hosts
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = 1000 * (used.ru_utime + used.ru_stime) / pages
    print(f"{arguments.workers} workers, {arguments.hosts} hosts, {len(every)} requests, exit codes {codes}")
    print(f"asked for again       {again}")
    print(
        f"gaps                  {len(gaps)}, {short} below {0.99 * arguments.delay:g} s, the shortest {gaps[0]:.3f} s"
    )
    print(f"first to last request {took:.1f} s, {took / ideal:.3f} of the ideal {ideal:g} s")
    print(f"pages                 {pages / took:.2f} a second")
    print(f"CPU of all children   {cpu:.1f} ms per page, at a load of {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
