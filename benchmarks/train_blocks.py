"""Train the block classifier: `python benchmarks/train_blocks.py GOLD_DIR [--check]` writes `blocks.json`.

Each block of a page with a known text is labelled by the share of its 4-word shingles that the text holds. Weights make
each page count alike. `--check` also trains five times with a fifth of the *hosts* held out and prints what the
held-out pages score: the honest number, since the final model has seen every page of GOLD_DIR.
Needs numpy; 80 seconds, with --check four more minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gold
import numpy as np
from boosting import Booster

from archiver.extraction.blocks import Block
from archiver.extraction.features import NAMES, Hints
from archiver.extraction.reading import candidates
from archiver.extraction.text import choose

SETS = {
    "fundus": 2.0,
    "wcxb": 1.0,
    "daniel": 1.0,
}  # weight of a page; fundus is what we are for: press articles of today
# What is not a page's text counts together no more than twice the text: where there is ten times as much, half of it
# taken makes the page hardly worse. On unseen hosts worth .001 on blogs; it costs .003 on the short texts of 2012.
BESIDE = 2.0
SHAPE = {"trees": 260, "depth": 4, "rate": 0.07, "ridge": 8.0, "columns": 0.3, "groups": 0.6}  # groups are hosts
THRESHOLD = 0.52  # of the square of the best F1 that a page promises
TARGET = Path(__file__).parents[1] / "archiver" / "extraction" / "blocks.json"


@dataclass
class Sample:
    """A page cut into blocks, the blocks that may be text in numbers, and their labels."""

    name: str
    host: str
    blocks: list[Block]
    hints: Hints
    at: list[int]  # which blocks are candidates
    rows: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    true: list[str]


def sample_of(name: str, item: dict[str, Any], body: bytes) -> Sample | None:
    """Cut, measure and label one page; None where nothing can be cut."""
    found = candidates(body, item.get("url") or "")
    if not found or not found[1].at:
        return None
    blocks, rows, hints = found
    plain = gold.is_plain(name)
    words = [gold.tokens(block.text, plain=plain) for block in blocks]
    true = gold.tokens(item["text"], plain=plain)
    labels = labels_of(blocks, words, true, item["text"], plain=plain)[rows.at]
    sizes = np.array([len(words[at]) for at in rows.at], dtype=float)
    weights = weights_of(sizes / max(50, len(true)), labels) * SETS[name] + 0.002
    return Sample(name, _host(item), blocks, hints, rows.at, rows.table, labels, weights, true)


def weights_of(sizes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How much each block counts, from its size as a share of the text's."""
    weights = np.minimum(sizes, 0.5)
    beside = float((weights * (1 - labels)).sum())
    return np.where(labels < 0.5, weights * min(1.0, BESIDE / max(1e-9, beside)), weights)


def _host(item: dict[str, Any]) -> str:
    match = re.search(r"(?:https?://)?(?:\d+_)?(?:www\.)?([^/_]+)", item.get("url") or item.get("file") or item["id"])
    return match[1] if match else item["id"]


def labels_of(blocks: list[Block], words: list[list[str]], true: list[str], text: str, *, plain: bool) -> np.ndarray:
    """The share of each block that the right text holds; of a text shown twice, the copy among its own counts."""
    known = {tuple(true[at : at + 4]) for at in range(len(true) - 3)}
    lines = {tuple(gold.tokens(line, plain=plain)) for line in text.split("\n")}
    labels = np.zeros(len(blocks))
    for at, own in enumerate(words):
        if len(own) >= 4:
            labels[at] = sum(tuple(own[i : i + 4]) in known for i in range(len(own) - 3)) / (len(own) - 3)
    for at, own in enumerate(words):
        if 0 < len(own) < 4 and tuple(own) in lines:
            near = [labels[i] for i in range(max(0, at - 3), min(len(words), at + 4)) if len(words[i]) >= 4]
            labels[at] = float(max(near, default=0.0) >= 0.5)
    _one_copy(blocks, words, labels, "".join(text.split()))
    return labels


def _one_copy(blocks: list[Block], words: list[list[str]], labels: np.ndarray, whole: str) -> None:
    places = defaultdict(list)
    for at, block in enumerate(blocks):
        if labels[at] >= 0.5:
            places[block.squeezed].append(at)
    for squeezed, at in places.items():
        wanted = max(1, whole.count(squeezed))

        def company(one: int, squeezed: str = squeezed) -> float:
            around = range(max(0, one - 6), min(len(blocks), one + 7))
            return float(sum(labels[i] * len(words[i]) for i in around if blocks[i].squeezed != squeezed))

        for spare in sorted(at, key=company, reverse=True)[wanted:]:
            labels[spare] = 0.0


def fit(samples: list[Sample]) -> Booster:
    rows = np.concatenate([sample.rows for sample in samples])
    labels = np.concatenate([sample.labels for sample in samples])
    weights = np.concatenate([sample.weights for sample in samples])
    numbers = {host: at for at, host in enumerate(sorted({sample.host for sample in samples}))}
    hosts = np.concatenate([np.full(len(sample.rows), numbers[sample.host]) for sample in samples])
    return Booster(**SHAPE).fit(rows, labels, weights * 20 * len(samples) / weights.sum(), hosts)


def score(
    samples: list[Sample], chances: Callable[[Sample], np.ndarray], threshold: float
) -> dict[str, tuple[float, ...]]:
    """F1, precision, recall and lead of each set at a threshold, chosen as a page's text is."""
    result = {}
    for name in SETS:
        rows, leads = [], []
        for sample in (one for one in samples if one.name == name):
            chance = dict(zip(sample.at, chances(sample).tolist(), strict=True))
            chosen, _ = choose(sample.blocks, chance, sample.hints, threshold=threshold)
            text = "\n".join(sample.blocks[at].text for at in sorted(chosen))
            found = gold.tokens(text, plain=gold.is_plain(name))
            rows.append(gold.overlap(sample.true, found))
            leads.append(gold.has_lead(sample.true, found))
        result[name] = (*gold.f1(rows), sum(leads) / max(1, len(leads)))
    return result


def check(samples: list[Sample]) -> None:
    """Print what pages of hosts score that the model has not seen."""
    fold = [int(hashlib.md5(sample.host.encode()).hexdigest()[:6], 16) % 5 for sample in samples]
    held: dict[int, np.ndarray] = {}
    for part in range(5):
        booster = fit([sample for sample, its in zip(samples, fold, strict=True) if its != part])
        held |= {id(s): booster.chances(s.rows) for s, its in zip(samples, fold, strict=True) if its == part}
    for threshold in (THRESHOLD - 0.03, THRESHOLD, THRESHOLD + 0.03):
        _print(f"held out, {threshold}", score(samples, lambda sample: held[id(sample)], threshold))


def _print(what: str, scores: dict[str, tuple[float, ...]]) -> None:
    cells = (f"{n} F1 {s[0]:.4f} P {s[1]:.4f} R {s[2]:.4f} lead {s[3]:.3f}" for n, s in scores.items())
    print(what, " | ".join(cells), sep=": ", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gold", type=Path)
    parser.add_argument("--check", action="store_true", help="cross-validate by host first")
    options = parser.parse_args()
    samples = []
    for name in SETS:
        for item, body in gold.pages(options.gold / name):
            if item.get("text") and (sample := sample_of(name, item, body)):
                samples.append(sample)
    if options.check:
        check(samples)
    booster = fit(samples)
    _print("seen", score(samples, lambda sample: booster.chances(sample.rows), THRESHOLD))
    model = {
        "made_by": "benchmarks/train_blocks.py",
        "made_from": {name: sum(sample.name == name for sample in samples) for name in SETS},
        "shape": SHAPE,
        "base": round(booster.base, 4),
        "threshold": THRESHOLD,
        "trees": booster.as_lists(NAMES),
    }
    lines = json.dumps(model | {"trees": "TREES"}, indent=1)
    trees = ",\n  ".join(json.dumps(tree, separators=(",", ":")) for tree in model["trees"])
    TARGET.write_text(lines.replace('"TREES"', f"[\n  {trees}\n ]") + "\n", encoding="utf-8")
    print("wrote", TARGET)


if __name__ == "__main__":
    main()
