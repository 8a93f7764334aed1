"""What others need for the same articles: CPU per stored article, completeness, copies kept twice.

    python benchmarks/peers.py --manifest FILE --start URL [--rounds 2] [--only NAME …] [--venvs FOLDER]

Each peer gets the same site, one after the other, `--rounds` times over, so that a slow minute of the machine meets all
of them. Each is installed into a virtual environment of its own below `--venvs`, once; one that cannot be is left out,
and said. Counted are the CPU seconds (user + system) of its whole process tree, and which article URLs of the manifest
(JSON lines with `url`, `kind`, `duplicate_of`) it kept, with whatever it keeps by itself: bytes, text, or both. Delays
are switched off for all: the site is on loopback. Who cannot follow links is given the list of articles.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.throughput import cpu_of  # noqa: E402

SPIDER = """
import sys, json, pathlib, scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor
start, out, inline = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3] == "inline"
if inline:
    import trafilatura
class Peer(scrapy.Spider):
    name = "peer"
    start_urls = [start]
    links = LinkExtractor(allow_domains=[start.split("/")[2]])
    def parse(self, response):
        if not isinstance(response, scrapy.http.TextResponse):
            return
        text = ""
        if inline:
            text = trafilatura.extract(response.body, url=response.url, output_format="json", with_metadata=True)
        kept.write(json.dumps({"url": response.url, "html": response.text, "text": text}) + "\\n")
        for link in self.links.extract_links(response) if "html" in type(response).__name__.lower() else ():
            yield scrapy.Request(link.url, self.parse)
with open(out / "kept.jsonl", "w") as kept:
    process = CrawlerProcess({"LOG_LEVEL": "ERROR", "TELNETCONSOLE_ENABLED": False, "DOWNLOAD_DELAY": 0,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 16, "ROBOTSTXT_OBEY": True, "DEPTH_LIMIT": 20})
    process.crawl(Peer)
    process.start()
"""
NEWS_PLEASE = """
import sys, json
from newsplease import NewsPlease
urls = open(sys.argv[1]).read().split()
with open(sys.argv[2] + "/kept.jsonl", "w") as kept:
    for at in range(0, len(urls), 16):
        for url, article in NewsPlease.from_urls(urls[at:at + 16], {"timeout": 30}, fetch_images=False).items():
            if getattr(article, "maintext", None):  # {} where it failed
                kept.write(json.dumps({"url": url, "text": article.maintext, "title": article.title}) + "\\n")
"""
CRAWLEE = """
import asyncio, sys, json
from datetime import timedelta
from crawlee import ConcurrencySettings
from crawlee.crawlers import BeautifulSoupCrawler
async def main():
    kept = open(sys.argv[2] + "/kept.jsonl", "w")
    crawler = BeautifulSoupCrawler(concurrency_settings=ConcurrencySettings(desired_concurrency=16, max_concurrency=16))
    @crawler.router.default_handler
    async def handle(context):
        body = (await context.http_response.read()).decode("utf-8", "replace")
        kept.write(json.dumps({"url": context.request.loaded_url or context.request.url, "html": body}) + "\\n")
        await context.enqueue_links(strategy="same-hostname")
    await crawler.run([sys.argv[1]])
    kept.close()
asyncio.run(main())
"""


@dataclass(frozen=True)
class Peer:
    """One of them: what it needs, how it is started, how what it kept is read."""

    name: str
    needs: tuple[str, ...]  # packages; none for a program of the system
    command: Callable[[str, Path, Path, Path], list[str]]  # python, start, list of articles, folder
    kept: Callable[[Path, list[str]], list[str]]  # the URLs it kept
    finds: bool = True  # finds the articles by itself
    keeps: str = "bytes"


def lines_kept(folder: Path, urls: list[str]) -> list[str]:
    """The URLs of kept.jsonl."""
    return [json.loads(line)["url"] for line in (folder / "kept.jsonl").read_text().splitlines()]


def files_kept(folder: Path, urls: list[str]) -> list[str]:
    """The URLs that the files of trafilatura's command line name."""
    found = []
    for path in folder.rglob("*.json"):
        try:
            found.append(json.loads(path.read_text()).get("source"))
        except ValueError:
            continue
    return [url for url in found if url]


def warc_kept(folder: Path, urls: list[str]) -> list[str]:
    """The URLs of the responses in wget's WARC file."""
    from warcio.archiveiterator import ArchiveIterator

    found = []
    with open(folder / "site.warc.gz", "rb") as file:
        for record in ArchiveIterator(file):
            if record.rec_type == "response" and record.http_headers.get_statuscode() == "200":
                found.append(record.rec_headers["WARC-Target-URI"].strip("<>"))
    return found


def archive_kept(folder: Path, urls: list[str]) -> list[str]:
    """The URLs of our archive, without the copies that its records say they are."""
    import archiver

    with archiver.open(str(folder / "archive")) as archive:
        return [row.url for row in archive.find() if row.body_key and not row.repeats]


def _spider(python: str, start: str, out: Path, kind: str) -> list[str]:
    script = out / "spider.py"  # a file: Scrapy looks at the source of its callbacks
    script.write_text(SPIDER)
    return [python, "-W", "ignore", str(script), start, str(out), kind]


def _trafilatura(python: str, start: str, articles: Path, out: Path) -> list[str]:
    config = out / "settings.cfg"
    config.write_text(
        "[DEFAULT]\nDOWNLOAD_TIMEOUT = 30\nMAX_FILE_SIZE = 20000000\nMIN_FILE_SIZE = 10\nSLEEP_TIME = 0\n"
        "SSRF_PROTECTION = off\nUSER_AGENTS =\nCOOKIE =\n"
        "MAX_REDIRECTS = 2\nMIN_EXTRACTED_SIZE = 250\nMIN_EXTRACTED_COMM_SIZE = 1\n"
        "MIN_OUTPUT_SIZE = 1\nMIN_OUTPUT_COMM_SIZE = 1\nEXTRACTION_TIMEOUT = 30\nMIN_DUPLCHECK_SIZE = 100\n"
        "MAX_REPETITIONS = 2\nEXTENSIVE_DATE_SEARCH = on\nEXTERNAL_URLS = off\n"
    )
    program = str(Path(python).with_name("trafilatura"))
    return [
        program,
        "-i",
        str(articles),
        "-o",
        str(out / "files"),
        "--json",
        "--with-metadata",
        "--config-file",
        str(config),
    ]


def _ours(python: str, start: str, articles: Path, out: Path) -> list[str]:
    words = ["crawl", start, "--archive", str(out / "archive"), "--delay", "0", "--per-host", "16", "--allow-private"]
    return [sys.executable, "-m", "archiver", *words, "--workers", "1", "--log-level", "WARNING"]


def _wget(python: str, start: str, articles: Path, out: Path) -> list[str]:
    words = ["wget", "-q", "--no-config", "-r", "-l", "20", "--delete-after", "--tries=1", "-P", str(out / "files")]
    return [*words, f"--warc-file={out / 'site'}", start]


PEERS = (
    Peer("newsvault", (), _ours, archive_kept, keeps="bytes, text, records, catalog"),
    Peer("Scrapy, LinkExtractor", ("scrapy",), lambda p, s, a, o: _spider(p, s, o, "bare"), lines_kept),
    Peer(
        "… and trafilatura inline",
        ("scrapy", "trafilatura", "lxml_html_clean"),
        lambda p, s, a, o: _spider(p, s, o, "inline"),
        lines_kept,
        keeps="bytes, text",
    ),
    Peer(
        "trafilatura, command line",
        ("trafilatura", "lxml_html_clean"),
        _trafilatura,
        files_kept,
        finds=False,
        keeps="text",
    ),
    Peer(
        "news-please",
        ("news-please",),
        lambda p, s, a, o: [p, "-W", "ignore", "-c", NEWS_PLEASE, str(a), str(o)],
        lines_kept,
        finds=False,
        keeps="text",
    ),
    Peer("wget with WARC", (), _wget, warc_kept, keeps="WARC"),
    Peer(
        "Crawlee (BeautifulSoup)",
        ("crawlee[beautifulsoup]",),
        lambda p, s, a, o: [p, "-W", "ignore", "-c", CRAWLEE, s, str(o)],
        lines_kept,
    ),
)


def installed(peer: Peer, venvs: Path) -> str | None:
    """The Python of the peer's environment, made if need be; None where it cannot be made."""
    if not peer.needs:
        return sys.executable
    folder = venvs / "".join(letter for letter in "-".join(peer.needs) if letter.isalnum())
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    if not stamp.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        done = subprocess.run([str(python), "-m", "pip", "install", "-q", *peer.needs], capture_output=True, text=True)
        if done.returncode:
            print(f"{peer.name}: not installed: {done.stderr.strip().splitlines()[-1]}", flush=True)
            return None
        stamp.touch()
    return str(python)


def measure(peer: Peer, python: str, start: str, urls: list[str], copies: dict[str, str]) -> dict[str, float]:
    """One run of one peer."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "files").mkdir()
        articles = folder / "articles.txt"
        articles.write_text("\n".join([*urls, *copies]))
        command = peer.command(python, start, articles, folder)
        cpu, memory, code = cpu_of(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            kept = peer.kept(folder, urls)
        except FileNotFoundError:
            kept = []
    stored = set(kept) & set(urls)
    twice = sum(url in copies for url in set(kept)) + len(kept) - len(set(kept))
    each = 1000 * cpu / len(stored) if stored else float("nan")
    return {"ms": each, "stored": len(stored), "twice": twice, "memory": memory, "code": code}


def main() -> None:
    """Measure all, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--start", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[peer.name for peer in PEERS])
    parser.add_argument("--venvs", type=Path, default=Path(tempfile.gettempdir()) / "newsvault-peers")
    options = parser.parse_args()
    lines = [json.loads(line) for line in options.manifest.read_text().splitlines()]
    urls = [line["url"] for line in lines if line["kind"] == "article"]
    copies = {line["url"]: line["duplicate_of"] for line in lines if line["kind"] == "duplicate"}
    chosen = [(peer, installed(peer, options.venvs)) for peer in PEERS if peer.name in options.only]
    runs: dict[str, list[dict[str, float]]] = {}
    for _ in range(options.rounds):
        for peer, python in chosen:
            if python is not None:
                runs.setdefault(peer.name, []).append(measure(peer, python, options.start, urls, copies))
                print(peer.name, runs[peer.name][-1], file=sys.stderr, flush=True)
    print(f"| | finds them | keeps | CPU ms per stored article | stored of {len(urls)} | kept twice | MB |")
    print("|---|---|---|---|---|---|---|")
    for peer, _ in chosen:
        found = runs.get(peer.name, [])
        if found:
            ms = " to ".join(f"{one}" for one in sorted({round(run["ms"]) for run in found if run["stored"]})) or "–"
            last = found[-1]
            print(
                f"| {peer.name} | {'yes' if peer.finds else 'is told'} | {peer.keeps} | {ms} | {last['stored']:.0f} "
                f"| {last['twice']:.0f} | {max(run['memory'] for run in found):.0f} |"
            )


if __name__ == "__main__":
    main()
