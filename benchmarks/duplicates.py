"""How duplicates scale: CPU and memory of clustering generated articles. In: a number. Out: figures.

    python benchmarks/duplicates.py 100000

One article in five is a copy of an earlier one: exact, or with words changed. What is measured is the sorting into
clusters; reading the records comes on top, about 2 ms each.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from datetime import UTC, datetime, timedelta

from archiver.duplicates import Sketches, sketch_of
from archiver.duplicates.sketches import Sketch
from archiver.model import Article, Capture, Reading, Verdict
from archiver.record import make_record

START = datetime(2026, 1, 1, tzinfo=UTC)
VOCABULARY = [f"word{n}" for n in range(20_000)]


def text_of(n: int) -> str:
    """The n-th article: 300 words; one in five copies an earlier one, half of those with some words changed."""
    if n % 5 or n < 10:
        return " ".join(random.Random(n).choices(VOCABULARY, k=300))
    words = text_of(n // 10 * 5 + 1 if (n // 10 * 5 + 1) % 5 else n - 1).split()
    return " ".join("other" if n % 2 and at % 40 == 7 else word for at, word in enumerate(words))


def sketch(n: int) -> Sketch:
    """The n-th article's sketch, as it is made of a record without digests."""
    url = f"https://s{n % 40}.example/{n}"
    capture = Capture(url=url, captured_at=START + timedelta(seconds=n), body=b"x")
    reading = Reading(verdict=Verdict.ARTICLE, article=Article(title=url, text=text_of(n)))
    made = sketch_of(make_record(capture, reading=reading, crawl="c", collection="c"), domain=f"s{n % 40}.example")
    assert made is not None
    return made


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("articles", type=int, nargs="?", default=10_000)
    count = parser.parse_args().articles
    sketches, spent = Sketches(threshold=0.8), 0.0
    sketch(0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for n in range(count):
        one = sketch(n)
        start = time.process_time()
        sketches.add(one)
        spent += time.process_time() - start
    start = time.process_time()
    clusters = sum(1 for _ in sketches.clusters(least=2))
    spent += time.process_time() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    each = f"{spent:.1f} CPU s, {spent / count * 1e3:.2f} ms each"
    print(f"{count:,} articles, {clusters:,} clusters: {each}, +{grown:.0f} MB")


if __name__ == "__main__":
    main()
