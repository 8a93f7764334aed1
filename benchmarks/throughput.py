"""CPU per stored article: the full job against its two unavoidable parts, in one run.

    python benchmarks/throughput.py [--articles 200] [--manifest FILE --start URL] [--workers N] [--rounds N]

Crawls a site, then does the least that such a crawl can do, and counts the CPU seconds (user + system) of each process
tree, start-up included:

    full       archiver crawl: found, fetched, read, stored with records, catalog and ledger
    scrapy     bare Scrapy over the same URLs, those answered with an error too: fetched, nothing done with them
    extract    trafilatura.bare_extraction with metadata over the same pages, from disk

and prints them per stored article, with the ratio full / (scrapy + extract) and the crawler's peak memory; with
--rounds, of all rounds together. The extraction runs in two processes, half of the pages each: a processor's two
threads are slower side by side than alone, and the crawl is side by side as well. By default the site is a generated
one, served on loopback; --manifest takes a list of another site's URLs (JSON lines with `url` and `kind`), --start the
page its crawl begins at.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
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


def cpu_of(*commands: list[str], **more: object) -> tuple[float, float]:
    """CPU seconds of the commands, run side by side, with their children; their peak memory in MB, all together."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = [subprocess.Popen(command, stdin=subprocess.DEVNULL, **more) for command in commands]  # type: ignore[call-overload]
    peak = 0.0
    while any(child.poll() is None for child in children):
        peak = max(peak, sum(tree_memory(child.pid) for child in children))
        time.sleep(0.2)
    if any(child.returncode for child in children):
        raise SystemExit(f"ended with {[child.returncode for child in children]}: {commands[0]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak


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


def measure(start: str, urls: list[str], folder: Path, workers: int) -> Counter[str]:
    """One round: CPU seconds of the three, how many articles are stored, what was asked for and read."""
    import archiver

    env = {**os.environ, "NEWSVAULT_CACHE": str(folder / "cache")}
    full, memory = cpu_of(
        [
            *(sys.executable, "-m", "archiver", "crawl", start, "--archive", str(folder / "archive"), "--delay", "0"),
            *("--per-host", "16", "--allow-private", "--workers", str(workers), "--log-level", "WARNING"),
        ],
        env=env, cwd=folder,
    )  # fmt: skip
    with archiver.open(str(folder / "archive")) as archive:
        records = list(archive.records())
    wanted = set(urls)
    stored = {record.url for record in records if record.url in wanted and record.verdict == "article"}
    read = [record for record in records if record.html and record.capture.status == 200]
    (log,) = (folder / "archive" / "crawls").glob("*/log-*.jsonl")
    asked = [line["url"] for line in map(json.loads, log.read_text().splitlines()) if line["status"]]
    (folder / "urls.txt").write_text("\n".join(asked))
    halves = [folder / "half-0.txt", folder / "half-1.txt"]
    for n, half in enumerate(halves):
        half.write_text("".join(f"{one.url} {folder / 'archive' / one.html.key}\n" for one in read[n::2] if one.html))
    scrapy, _ = cpu_of([sys.executable, "-c", BARE_SCRAPY, str(folder / "urls.txt")])
    extract, _ = cpu_of(*([sys.executable, "-c", BARE_EXTRACT, str(half)] for half in halves))
    return Counter(
        articles=len(urls), stored=len(stored), asked=len(asked), read=len(read),
        full=full, scrapy=scrapy, extract=extract, peak_mb=memory,
    )  # fmt: skip


def report(rounds: list[Counter[str]]) -> None:
    """Print all rounds together: one line to read, one of JSON."""
    total = Counter[str]()
    for one in rounds:
        total.update(one)
    result: dict[str, float] = {name: total[name] // len(rounds) for name in ("articles", "stored", "asked", "read")}
    result |= {f"{name}_ms": 1000 * total[name] / total["stored"] for name in ("full", "scrapy", "extract")}
    result["ratio"] = total["full"] / (total["scrapy"] + total["extract"])
    result["peak_mb"] = max(one["peak_mb"] for one in rounds)
    line = (
        "CPU ms per stored article: full {full_ms:.1f}, bare Scrapy {scrapy_ms:.1f}, trafilatura {extract_ms:.1f}; "
        "ratio {ratio:.2f}; stored {stored:.0f} of {articles:.0f}, asked for {asked:.0f}, read {read:.0f}; "
        "peak memory {peak_mb:.0f} MB"
    )
    print(line.format(**result))
    print(json.dumps({name: round(value, 3) for name, value in result.items()}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=200)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--start")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    compileall.compile_dir(ROOT / "archiver", quiet=1)  # as pip does where it installs; the others' code is compiled
    rounds = []
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as place:
            if options.manifest:
                lines = [json.loads(line) for line in options.manifest.read_text().splitlines()]
                urls = [line["url"] for line in lines if line["kind"] == "article"]
                rounds.append(measure(options.start or urls[0], urls, Path(place), options.workers))
            else:
                from tests.site import Site

                with Site(articles=options.articles) as site:
                    rounds.append(measure(site.url, site.article_urls(), Path(place), options.workers))
    report(rounds)


if __name__ == "__main__":
    main()
