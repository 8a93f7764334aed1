"""What a search page costs the server: 50,000 generated articles, 8 readers at once, while a crawl writes.

    python -m benchmarks.web [articles] [folder]

Prints the server's own time (`Server-Timing`, from the request's arrival to the answer's first byte) and MISS where
95 of 100 pages take longer than 60 ms. Each reader asks again as soon as a second has passed, as one who skims does;
then all ask without a pause, which shows what the machine can do. The folder's catalog is used again if it is there.
"""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from itertools import islice
from pathlib import Path
from random import Random
from statistics import quantiles
from urllib.parse import quote

from archiver.archive import prepare
from archiver.catalog import Catalog, card_of, catalog_path
from benchmarks.access import made

READERS, PAGES = 8, 40
BOUND = 60.0  # ms
_SERVER = (
    "import sys; from archiver.archive import Archive; from archiver.web import Options, serve\n"
    "serve(Archive.open(sys.argv[1], sync=False), Options(), port=int(sys.argv[2]), refresh_seconds=0)"
)


def main(articles: int = 50_000, folder: str | None = None) -> None:
    """Measure."""
    with tempfile.TemporaryDirectory(prefix="newsvault-") as temporary:
        where = Path(folder or temporary) / "archive"
        where.mkdir(parents=True, exist_ok=True)
        words = _fill(where, articles)
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        server = subprocess.Popen([sys.executable, "-c", _SERVER, str(where), str(port)])
        over = threading.Event()
        writer = threading.Thread(target=_write, args=(where, articles, over), daemon=True)
        try:
            _wait(port)
            writer.start()
            for pause, name in ((1.0, "a page a second each"), (0.0, "without a pause")):
                times = _read(port, words, pause)
                p50, p95 = quantiles(times, n=100)[49], quantiles(times, n=100)[94]
                miss = " MISS" if pause and p95 > BOUND else ""
                print(
                    f"{READERS} readers, {name}: {len(times)} pages, p50 {p50:.1f} ms, p95 {p95:.1f} ms{miss}",
                    flush=True,
                )
        finally:
            over.set()
            server.terminate()
            server.wait()


def _fill(where: Path, articles: int) -> list[str]:
    """Make the catalog, unless it is there, and return words to search for: common, less common and rare ones."""
    path = catalog_path(f"file://{where}")
    assert path is not None
    with Catalog(path) as catalog:
        if next(catalog.select("SELECT count(*) FROM snapshots"))[0] < articles:
            found = made(articles)
            while batch := list(islice(found, 1_000)):
                prepared = (prepare(one, reading=read, crawl="generated", collection="news") for one, read in batch)
                catalog.add([card_of(one.record) for one in prepared])
    (_, reading), *_ = made(1)
    assert reading.article is not None
    return sorted(set(reading.article.text.split()))


def _write(where: Path, articles: int, over: threading.Event) -> None:
    """Add ten articles a second, as a crawl does."""
    path = catalog_path(f"file://{where}")
    with Catalog(path) as catalog:
        for capture, reading in islice(made(articles + 100_000), articles, None):
            if over.wait(0.1):
                return
            catalog.add([card_of(prepare(capture, reading=reading, crawl="running", collection="news").record)])


def _read(port: int, words: list[str], pause: float) -> list[float]:
    times: list[float] = []

    def read(number: int) -> None:
        random = Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(PAGES):
            asked = " ".join(random.sample(words, random.choice((1, 1, 2))))
            more = random.choice(("", "", "&domain=outlet7.com", "&lang=de", "&from=2024-06&to=2024-09"))
            begun = time.monotonic()
            connection.request("GET", f"/search?q={quote(asked)}{more}")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
            timing = re.search(r"dur=([\d.]+)", answer.headers["Server-Timing"])
            assert timing is not None
            times.append(float(timing[1]))
            time.sleep(max(0.0, pause * random.uniform(0.5, 1.5) - (time.monotonic() - begun)))
        connection.close()

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    return times


def _wait(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)


if __name__ == "__main__":
    main(*(int(word) if n == 0 else word for n, word in enumerate(sys.argv[1:])))  # type: ignore[arg-type]
