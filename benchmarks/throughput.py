"""CPU per stored article: the full job against its two unavoidable parts, in one run.

    python benchmarks/throughput.py [--articles 200] [--manifest FILE --start URL] [--workers N]

Crawls a site three ways, one after the other, and counts the CPU seconds (user + system) of each process tree:

    full       archiver crawl: found, fetched, read, stored with records, catalog and ledger
    scrapy     bare Scrapy over the same article URLs: fetched, nothing done with them
    extract    trafilatura.bare_extraction with metadata over the same pages, from disk

and prints them per article, with the ratio full / (scrapy + extract) and the crawler's peak memory. By default the site
is a generated one, served on loopback; --manifest takes a list of another site's URLs (JSON lines with `url` and
`kind`), --start the page its crawl begins at.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BARE_SCRAPY = """
import sys, scrapy
from scrapy.crawler import CrawlerProcess
class Bare(scrapy.Spider):
    name = "bare"
    async def start(self):
        for url in open(sys.argv[1]).read().split():
            yield scrapy.Request(url, callback=self.parse)
    def parse(self, response):
        return None
process = CrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "CONCURRENT_REQUESTS_PER_DOMAIN": 16})
process.crawl(Bare)
process.start()
"""
BARE_EXTRACT = """
import sys, glob, gzip, logging, trafilatura
logging.disable(logging.CRITICAL)
for line in open(sys.argv[1]):
    url, file = line.split()
    trafilatura.bare_extraction(gzip.open(file).read(), url=url, with_metadata=True, output_format="python")
"""


def cpu_of(command: list[str], **more: object) -> tuple[float, float, int]:
    """CPU seconds of the command and its children, its peak memory in MB (all processes together), its exit code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)  # type: ignore[call-overload]
    peak = 0.0
    while child.poll() is None:
        peak = max(peak, tree_memory(child.pid))
        time.sleep(0.2)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak, child.returncode


def tree_memory(pid: int) -> float:
    """Resident megabytes of a process and its descendants."""
    total, todo = 0.0, [pid]
    while todo:
        one = todo.pop()
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                todo += [int(child) for child in Path(f"/proc/{one}/task/{task}/children").read_text().split()]
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
        except (OSError, ValueError):
            continue
    return total


def measure(start: str, urls: list[str], folder: Path, workers: int) -> dict[str, float]:
    import archiver

    env = {**os.environ, "NEWSVAULT_CACHE": str(folder / "cache")}
    full, memory, code = cpu_of(
        [
            *(sys.executable, "-m", "archiver", "crawl", start, "--archive", str(folder / "archive"), "--delay", "0"),
            *("--per-host", "16", "--allow-private", "--workers", str(workers), "--log-level", "WARNING"),
        ],
        env=env, cwd=folder,
    )  # fmt: skip
    if code:
        raise SystemExit(f"the full job ended with {code}")
    wanted = set(urls)
    with archiver.open(str(folder / "archive")) as archive:
        records = [record for record in archive.records() if record.url in wanted and record.html]
    stored = {record.url for record in records if record.verdict == "article"}
    listed = "".join(f"{record.url} {folder / 'archive' / record.html.key}\n" for record in records)
    (folder / "pages.txt").write_text(listed)
    (folder / "urls.txt").write_text("\n".join(record.url for record in records))
    scrapy, _, _ = cpu_of([sys.executable, "-c", BARE_SCRAPY, str(folder / "urls.txt")])
    extract, _, _ = cpu_of([sys.executable, "-c", BARE_EXTRACT, str(folder / "pages.txt")])
    return {
        "articles": len(urls), "stored": len(stored), "full_ms": 1000 * full / max(1, len(stored)),
        "scrapy_ms": 1000 * scrapy / len(records), "extract_ms": 1000 * extract / len(records),
        "ratio": (full / len(stored)) / ((scrapy + extract) / len(records)), "peak_mb": memory,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--start")
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        if options.manifest:
            lines = [json.loads(line) for line in options.manifest.read_text().splitlines()]
            urls = [line["url"] for line in lines if line["kind"] == "article"]
            result = measure(options.start or urls[0], urls, Path(place), options.workers)
        else:
            from tests.site import Site

            with Site(articles=options.articles) as site:
                result = measure(site.url, site.article_urls(), Path(place), options.workers)
    line = (
        "CPU ms per article: full {full_ms:.1f}, bare Scrapy {scrapy_ms:.1f}, bare trafilatura {extract_ms:.1f}; "
        "ratio {ratio:.2f}; stored {stored:.0f} of {articles:.0f}; peak memory {peak_mb:.0f} MB"
    )
    print(line.format(**result))
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))


if __name__ == "__main__":
    main()
