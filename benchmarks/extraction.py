"""How well and at what cost we read pages: `python benchmarks/extraction.py GOLD_DIR [--sets fundus,wcxb] [--gate]`.

Prints per set: shingle F1 with its bootstrapped standard error, share of pages whose lead is there, exact titles,
pages with at least one right author (people or, where the page names none, organisations), right days, and CPU ms a
page beside `trafilatura.bare_extraction(with_metadata=True)` on the same pages, one after the other in the same run.

`--gate` ends with 1 where a set falls below its floor. The text floors stand on pages that the classifier was trained
on; `train_blocks.py --check` measures pages it has not seen.

`--aeb DIR -o output.json` reads a checkout of the public article-extraction-benchmark (DIR/html/ID.html.gz, addresses
and right answers in DIR/ground-truth.json) and writes predictions in its format: {ID: {"articleBody": text}}. Put the
file into DIR/output/ and its own `evaluate.py` scores it; the line printed here is the same F1. With `--gate`, below
0.972 ends with 1.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import gold

from archiver.extraction import extract
from archiver.model import Reading

FLOORS = {
    "fundus": {"f1": 0.970, "lead": 0.92, "title": 0.875, "author": 0.97, "date": 0.98, "cost": 1.05},
    "wcxb": {"f1": 0.947, "title": 0.90, "author": 0.89, "date": 0.87, "cost": 1.05},
    "daniel": {"f1": 0.900, "cost": 1.05},
    "postlight": {"title": 0.955, "author": 0.90, "date": 0.89},
    "htmldate": {"date": 0.935},  # htmldate 1.11 itself reaches 0.92 there
}
AEB_FLOOR = 0.972
COSTED = 120  # pages of a set on which the engine is timed too
SHOWN = ("f1", "error", "lead", "title", "author", "date", "ms", "engine_ms", "cost")


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What `work` returns and the CPU milliseconds it took."""
    start = time.process_time()
    return work(), 1e3 * (time.process_time() - start)


def engine_alone(body: bytes, url: str) -> None:
    """The engine as a user calls it, with its metadata: what our cost is compared with."""
    from trafilatura import bare_extraction

    bare_extraction(body, url=url or None, with_metadata=True)


def measure(folder: Path) -> dict[str, float]:
    """Read every page of a set; return its figures by the names in `SHOWN`."""
    plain = gold.is_plain(folder.name)
    overlaps: list[tuple[float, float, float]] = []
    marks: dict[str, list[bool]] = {"lead": [], "title": [], "author": [], "date": []}
    ours: list[float] = []
    pairs: list[tuple[float, float]] = []
    for count, (item, body) in enumerate(gold.pages(folder)):
        url = item.get("url") or ""
        reading, spent = timed(lambda body=body, url=url: extract(body, url))
        ours.append(spent)
        if count < COSTED:
            pairs.append((spent, timed(lambda body=body, url=url: engine_alone(body, url))[1]))
        if item.get("text"):
            true, found = (gold.tokens(text, plain=plain) for text in (item["text"], _text(reading)))
            overlaps.append(gold.overlap(true, found))
            marks["lead"].append(gold.has_lead(true, found))
        _mark(marks, item, reading)
    return _figures(overlaps, marks, ours, pairs)


def _text(reading: Reading) -> str:
    return reading.article.text if reading.article else ""


def _mark(marks: dict[str, list[bool]], item: dict[str, Any], reading: Reading) -> None:
    article = reading.article
    if item.get("title"):
        marks["title"].append(bool(article) and gold.fold(item["title"]) == gold.fold(article.title))
    if true := gold.names(item.get("author")):
        found = gold.names(list(article.authors or article.organisations)) if article else set()
        marks["author"].append(bool(true & found))
    if true_day := gold.day(item.get("date")):
        marks["date"].append(bool(article) and gold.day(article.published) == true_day)


def _figures(
    overlaps: list[tuple[float, float, float]],
    marks: dict[str, list[bool]],
    ours: list[float],
    pairs: list[tuple[float, float]],
) -> dict[str, float]:
    figures = {name: statistics.mean(values) for name, values in marks.items() if values}
    if overlaps:
        figures["f1"] = gold.f1(overlaps)[0]
        figures["error"] = standard_error(overlaps)
    figures["ms"] = statistics.mean(ours)
    pairs = pairs[1:]  # the first page loads both engines
    figures["engine_ms"] = statistics.mean(theirs for _, theirs in pairs)
    figures["cost"] = sum(own for own, _ in pairs) / sum(theirs for _, theirs in pairs)
    return figures


def standard_error(overlaps: list[tuple[float, float, float]], *, draws: int = 300) -> float:
    """The bootstrapped standard error of F1 over pages."""
    rng = random.Random(0)
    return statistics.stdev(gold.f1(rng.choices(overlaps, k=len(overlaps)))[0] for _ in range(draws))


def below(name: str, figures: dict[str, float]) -> Iterable[str]:
    """Sentences about floors that a set's figures do not reach."""
    for what, floor in FLOORS.get(name, {}).items():
        value = figures.get(what, 0.0)
        if value > floor if what == "cost" else value < floor:
            yield f"{name}: {what} {value:.4f}, floor {floor}"


def predict(checkout: Path, output: Path) -> float | None:
    """Write predictions for a checkout of the article-extraction-benchmark; return their F1 where answers lie there."""
    answers = checkout / "ground-truth.json"
    right: dict[str, dict[str, str]] = json.loads(answers.read_text(encoding="utf-8")) if answers.is_file() else {}
    found = {}
    for page in sorted((checkout / "html").glob("*.html.gz")):
        name = page.name.removesuffix(".html.gz")
        reading = extract(gzip.decompress(page.read_bytes()), right.get(name, {}).get("url") or "")
        found[name] = {"articleBody": _text(reading)}
    output.write_text(json.dumps(found, ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"{len(found)} predictions in {output}")
    pairs = [(right[name]["articleBody"], one["articleBody"]) for name, one in found.items() if name in right]
    if not pairs:
        return None
    rows = [gold.overlap(gold.tokens(true, plain=True), gold.tokens(text, plain=True)) for true, text in pairs]
    f1, precision, recall = gold.f1(rows)
    print(f"F1 {f1:.4f} precision {precision:.4f} recall {recall:.4f} error {standard_error(rows):.4f}")
    return f1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path, nargs="?")
    parser.add_argument("--sets", default=",".join(FLOORS), help="names of folders in GOLD_DIR, by commas")
    parser.add_argument("--gate", action="store_true", help="end with 1 below a floor")
    parser.add_argument("--aeb", type=Path, help="a checkout of the article-extraction-benchmark")
    parser.add_argument("-o", "--output", type=Path, default=Path("output.json"))
    options = parser.parse_args()
    if options.aeb:
        f1 = predict(options.aeb, options.output)
        return int(options.gate and f1 is not None and f1 < AEB_FLOOR)
    if options.gold is None:
        parser.error("name GOLD_DIR or --aeb DIR")
    missed: list[str] = []
    print("set       ", *(f"{name:>9}" for name in SHOWN))
    for name in options.sets.split(","):
        figures = measure(options.gold / name)
        cells = (f"{figures[what]:9.4f}" if what in figures else f"{'–':>9}" for what in SHOWN)
        print(f"{name:10s}", *cells, flush=True)
        missed += below(name, figures)
    for sentence in missed:
        print("below the floor:", sentence)
    return 1 if options.gate and missed else 0


if __name__ == "__main__":
    sys.exit(main())
