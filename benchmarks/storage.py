"""What a put costs: CPU and wall time per 60 KB object in memory, in a folder and on a real S3 server (SeaweedFS).

    python -m benchmarks.storage [puts] [threads]

Prints one line per store. CPU is this process's, user and system; the server's is not counted. Needs the extra `test`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from archiver.storage import Store, open_store
from tests.weed import Weed

SIZE = 60_000


@contextmanager
def s3_uri(folder: Path) -> Iterator[str]:
    """The URI of a bucket on a server of our own."""
    server = Weed(folder)
    server.start()
    try:
        os.environ.update(server.environment)
        server.client.create_bucket(Bucket="benchmark")
        yield "s3://benchmark"
    finally:
        server.kill()


def measure(name: str, store: Store, *, puts: int, threads: int) -> None:
    """Put, repeat the puts, get: CPU and wall milliseconds for each."""
    pages = {f"html/{number % 256:02x}/{number:08}.html.gz": os.urandom(SIZE) for number in range(puts)}
    steps = {
        "put": lambda key: store.put_new(key, pages[key]),
        "put again": lambda key: store.put_new(key, pages[key]),
        "get": store.get,
    }
    parts = []
    for step, work in steps.items():
        cpu, wall = time.process_time(), time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, pages))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        parts.append(f"{step} {cpu / puts * 1000:.2f} ms CPU, {wall / puts * 1000:.2f} ms wall")
    print(f"{name:16} {' · '.join(parts)}")


def main(puts: int = 1000, threads: int = 8) -> None:
    """Measure every store."""
    print(f"{puts} objects of {SIZE} bytes, {threads} threads; wall is per object, threads together")
    with tempfile.TemporaryDirectory() as folder:
        measure("memory", open_store("memory://benchmark"), puts=puts, threads=threads)
        measure("folder", open_store(f"{folder}/safe"), puts=puts, threads=threads)
        measure("folder, no fsync", open_store(f"{folder}/fast", fsync=False), puts=puts, threads=threads)
        with s3_uri(Path(folder, "weed")) as uri, open_store(uri) as store:
            measure("s3", store, puts=puts, threads=threads)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
