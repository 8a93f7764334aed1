"""What keeping a page costs in either layout: CPU and puts per page, on a real S3 server (SeaweedFS) and in a folder.

    python -m benchmarks.packs [pages] [threads]

Pages of 155 KB are prepared first, as the workers of a crawl do; what is measured is `Archive.store_prepared`: body,
record, catalog row, and for packs the spool with its fsync and the put of each full pack. CPU is this process's, user
and system. The bill is for 50 million pages at 5 dollars per million puts (S3 Standard, list price). Needs the extra
`test`.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from archiver.archive import Archive, Prepared
from archiver.bodies import pack, sha1_base32, sha256_hex
from archiver.keys import LAYOUTS
from archiver.storage import Store, open_store
from benchmarks.storage import s3_uri
from tests.made import capture, reading

PAGE = 155_000
PUTS_PER_DOLLAR = 200_000
MANY = 50_000_000


class Body:
    """A body that was hashed and packed already, as a worker hands it over."""

    def __init__(self, body: bytes) -> None:
        self.sha256, self.sha1, self.size, self.gz = sha256_hex(body), sha1_base32(body), len(body), pack(body)


class Counting:
    """A store that counts its puts."""

    def __init__(self, store: Store) -> None:
        self._store, self.puts = store, 0

    def __getattr__(self, name: str) -> object:
        self.puts += name == "put_new"
        return getattr(self._store, name)


def prepared(pages: int) -> list[Prepared]:
    """Pages of words that pack as news pages do, about six to one."""
    chance = random.Random(7)
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(3, 9))) for _ in range(3000)]
    made = []
    for n in range(pages):
        text = " ".join(chance.choices(words, k=8000))
        markup = '<div class="teaser card-list__item"><a href="/section/article"><span>More</span></a></div>' * 1200
        body = f"<html><p>{n} {text}</p>{markup}".encode()[:PAGE]
        one = capture(f"https://news.example/{n}", minute=n, body=body)
        made.append(
            Archive.prepare(
                one, crawl="crawl-1", collection="daily", reading=reading(text=text[:6000]), html=Body(body)
            )
        )
    return made


def measure(name: str, uri: str, pages: list[Prepared], *, threads: int) -> None:
    """Keep all pages in each layout, and print what it cost."""
    for layout in LAYOUTS:
        store = Counting(open_store(f"{uri}/{layout}"))
        with Archive(store, layout=layout, sync=False) as archive:  # type: ignore[arg-type]
            cpu, wall = time.process_time(), time.perf_counter()
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(archive.store_prepared, pages))
            archive.flush()
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        puts = store.puts / len(pages)
        each = f"{cpu / len(pages) * 1000:.2f} ms CPU, {wall / len(pages) * 1000:.2f} ms wall, {puts:.3f} puts per page"
        print(f"{name:8}{layout:9}{each}, {MANY * puts / PUTS_PER_DOLLAR:,.0f} dollars of puts for {MANY:,} pages")


def main(pages: int = 1000, threads: int = 8) -> None:
    """Measure both layouts in a folder and on S3."""
    made = prepared(pages)
    packed = sum(len(one.body_gz) for one in made) / len(made)
    print(f"{pages} pages of {PAGE:,} bytes, {packed:,.0f} packed, {threads} threads")
    with tempfile.TemporaryDirectory() as folder:
        measure("folder", folder, made, threads=threads)
        with s3_uri(Path(folder, "weed")) as uri:
            measure("s3", uri, made, threads=threads)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
