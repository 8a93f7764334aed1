"""What finding and taking out cost: 50,000 generated articles in a folder, indexed, searched, published, exported.

    python -m benchmarks.access [articles] [folder]

Prints one line per measure, and MISS where a bound is not held. CPU is this process's, user and system. Searches are
repeated, and the middle one is shown, as CPU time: they wait for nothing. Needs the extras `data` and `remote`. The
folder is used again if it is there.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from bisect import bisect
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from pathlib import Path
from random import Random
from statistics import median

import archiver
from archiver.api import OpenArchive
from archiver.archive import prepare
from archiver.catalog import FACETS, Catalog, Query, card_of, search
from archiver.model import Article, Capture, Reading, Verdict
from archiver.publishing import publish
from archiver.record import to_json
from archiver.shards import Traffic, read_listing, search_shards

WORDS = 550  # of an article: 3.7 KB of text, as in the measurements that the bounds come from
VOCABULARY = 80_000
START = datetime(2024, 1, 1, tzinfo=UTC)
REPEATS = 9


def main(articles: int = 50_000, folder: str | None = None) -> None:
    """Measure everything."""
    with tempfile.TemporaryDirectory(prefix="newsvault-") as temporary:
        where = Path(folder or temporary) / "archive"
        if not (where / "records").exists():
            _fill(where, articles)
        print(f"{articles:,} articles in {where}")
        with archiver.open(str(where)) as archive:
            _index(archive, Path(temporary), articles)
            _search(archive)
            _publish(archive)
            _search_shards(archive)
        for form in ("jsonl", "parquet", "sqlite", "warc"):
            _export(where, Path(temporary) / form, form)


def _fill(where: Path, articles: int) -> None:
    with archiver.open(str(where), fsync=False) as archive:
        for capture, reading in made(articles):
            prepared = prepare(capture, reading=reading, crawl="generated", collection="news")
            archive.store.put_new(prepared.body_key or "", prepared.body_gz)
            archive.store.put_new(prepared.record_key, prepared.record_bytes)


def made(articles: int) -> Iterator[tuple[Capture, Reading]]:
    """Yield made-up articles, the same ones each time: words as frequent as in a language (Zipf), forty outlets."""
    random = Random(1)
    vocabulary = [_word(random) for _ in range(VOCABULARY)]
    sums = [*accumulate(1 / (rank + 3) for rank in range(VOCABULARY))]
    for number in range(articles):
        text = [vocabulary[bisect(sums, random.random() * sums[-1])] for _ in range(WORDS)]
        paragraphs = "\n".join(" ".join(text[at : at + 60]) for at in range(0, WORDS, 60))
        at = START + timedelta(minutes=20 * number)
        url = f"https://www.outlet{number % 40}.com/{at:%Y/%m}/{'-'.join(text[:5])}-{number}"
        article = Article(
            title=" ".join(text[:9]),
            authors=(f"{vocabulary[number % 500].title()} {vocabulary[number % 97].title()}",),
            published=f"{at - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}",
            language=("en", "en", "de", "fr")[number % 4],
            description=" ".join(text[20:45]),
            text=paragraphs,
            markdown=paragraphs,
        )
        body = f"<html><title>{article.title}</title><p>{number}</p></html>".encode()
        headers = (("Content-Type", "text/html; charset=utf-8"),)
        yield (
            Capture(url=url, captured_at=at, headers=headers, body=body),
            Reading(verdict=Verdict.ARTICLE, article=article),
        )


def _word(random: Random) -> str:
    return "".join(random.choice("bdfgklmnprstvz") + random.choice("aeiou") for _ in range(random.randint(1, 5)))


def _index(archive: OpenArchive, temporary: Path, articles: int) -> None:
    some = min(2_000, articles)
    with Catalog(temporary / "crawl" / "catalog.sqlite") as catalog:
        records = [record for record, _ in zip(archive.records(), range(some), strict=False)]
        data = [to_json(record) for record in records]
        start = time.process_time()
        for record, its in zip(records, data, strict=True):
            catalog.add([card_of(record, record_bytes=its)])
        took = time.process_time() - start
    _tell("indexing as a crawl goes, CPU s per 1,000", took / some * 1_000, 1.0)
    if len(archive.catalog.collections()):
        print("(the catalog was there)")
        return
    start = time.process_time()
    archive.sync()
    _tell("indexing from the records, CPU s per 1,000", (time.process_time() - start) / articles * 1_000, 1.0)
    size = sum(path.stat().st_size for path in archive.catalog.path.parent.glob("catalog.sqlite*"))
    print(f"catalog: {size / articles / 1e3:.1f} KB per article")


def _search(archive: OpenArchive) -> None:
    catalog = archive.catalog
    words = _by_frequency(catalog)
    common, rare = words[0], words[-1]
    domain = Query(
        words=words[200], domain="outlet7.com", since=START + timedelta(days=60), until=START + timedelta(days=150)
    )
    for name, query, most, more in (
        (f"rare word ({rare})", Query(words=rare), 5, {}),
        (f"commonest word ({common}), top 20", Query(words=common), 30, {}),
        ("the same, newest first", Query(words=common), 30, {"sort": "date"}),
        ("word + domain + date", domain, 5, {}),
        ("phrase of two common words", Query(words=f'"{words[0]} {words[1]}"'), 60, {}),
        ("commonest word with all facets", Query(words=common), 60, {"facets": FACETS}),
        ("commonest word, one hit per URL", Query(words=common), 60, {"collapse": True}),
        ("no word, newest 20, all facets", Query(), 60, {"facets": FACETS}),
    ):
        found = search(catalog, query, **more)  # type: ignore[arg-type]
        took = _median(lambda query=query, more=more: search(catalog, query, **more))  # type: ignore[misc]
        _tell(f"{name}: {found.total:,} found, ms", took * 1_000, most)


def _by_frequency(catalog: Catalog) -> list[str]:
    """The words of the catalog, the commonest first, the last one held by ten articles."""
    with catalog.reading() as reader:
        reader.execute("CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, articles_fts, 'row')")
        found = reader.execute(
            "SELECT term FROM vocabulary WHERE doc >= 10 AND length(term) > 1 ORDER BY doc DESC, term"
        )
        return [term for (term,) in found]


def _publish(archive: OpenArchive) -> None:
    start = time.process_time()
    done = publish(archive)
    took = time.process_time() - start
    print(f"publish: {done.made} files made, {done.kept} kept, {done.bytes / 1e6:,.0f} MB, {took:.0f} CPU s")


def _search_shards(archive: OpenArchive) -> None:
    listing, words = read_listing(archive.store), _by_frequency(archive.catalog)
    assert listing is not None
    queries = {
        "rare word": Query(words=words[-1]),
        "commonest word": Query(words=words[0]),
        "two common words": Query(words=f"{words[0]} {words[5]}"),
        "phrase of two common words": Query(words=f'"{words[0]} {words[1]}"'),
        "word + domain + date": Query(
            words=words[200], domain="outlet7.com", since=START + timedelta(days=60), until=START + timedelta(days=150)
        ),
    }
    for name, query in queries.items():
        traffic = Traffic()
        start = time.perf_counter()
        found = search_shards(archive.store, listing, query, traffic=traffic)
        took = time.perf_counter() - start
        print(f"serverless, {name}: {len(found.hits)} hits of {found.total:,}, {took * 1000:.0f} ms")
        _tell("    requests", traffic.requests, 30)
        _tell("    MB", traffic.bytes / 1e6, 2.5)


def _export(where: Path, to: Path, form: str) -> None:
    command = [sys.executable, "-m", "archiver", "export", "--as", form, "-o", str(to), "--archive", str(where)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    _tell(f"export as {form} ({took:.0f} CPU s), MB of memory", int(done.stdout) / 1024, 300)


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return median(times)


def _tell(what: str, value: float, most: float) -> None:
    print(f"{what}: {value:,.2f} (bound {most:g}){'' if value <= most else '  MISS'}", flush=True)


if __name__ == "__main__":
    main(*(int(word) if word.isdigit() else word for word in sys.argv[1:]))  # type: ignore[arg-type]
