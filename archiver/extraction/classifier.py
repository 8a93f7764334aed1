"""Classifier: how likely each block is article text. In: rows of features. Out: probabilities. Never: learning, pickle.

A few dozen small decision trees, added up; made by `benchmarks/train_blocks.py`, kept as JSON in `blocks.json`, which also
says how it was made. A tree is [feature, limit, if at most, if more] down to a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import exp
from typing import Any

from archiver.extraction.features import NAMES


@dataclass(frozen=True, slots=True)
class Model:
    """The trees, ready to use. `digest` names them in a record's settings."""

    base: float
    threshold: float
    trees: tuple[Any, ...]
    digest: str

    def probability(self, row: Sequence[float]) -> float:
        """Return how likely the block behind `row` is article text, 0 to 1."""
        total = self.base
        for node in self.trees:
            while node.__class__ is tuple:  # isinstance costs twice as much, and this is the innermost loop
                node = node[3] if row[node[0]] > node[1] else node[2]
            total += node
        return 1.0 / (1.0 + exp(-max(-30.0, min(30.0, total))))

    def probabilities(self, rows: Mapping[int, Sequence[float]]) -> dict[int, float]:
        """Return the probability of each row, by its key."""
        return {key: self.probability(row) for key, row in rows.items()}


@cache
def model() -> Model:
    """The model that comes with this version; loaded once per process (10 ms)."""
    text = files("archiver.extraction").joinpath("blocks.json").read_bytes()
    return load(text)


def load(text: bytes) -> Model:
    """Read a model. Raises ValueError where it was trained on other features than this version computes."""
    raw = json.loads(text)
    index = {name: at for at, name in enumerate(NAMES)}
    used = set(_used(raw["trees"]))
    if missing := used - set(index):
        raise ValueError(f"the model knows features this version does not compute: {', '.join(sorted(missing))}")
    trees = tuple(_tuples(tree, index) for tree in raw["trees"])
    return Model(float(raw["base"]), float(raw["threshold"]), trees, sha256(text).hexdigest()[:16])


def _used(trees: Iterable[Any]) -> Iterable[str]:
    for tree in trees:
        if isinstance(tree, list):
            yield tree[0]
            yield from _used(tree[2:])


def _tuples(tree: Any, index: Mapping[str, int]) -> Any:
    if not isinstance(tree, list):
        return float(tree)
    return index[tree[0]], float(tree[1]), _tuples(tree[2], index), _tuples(tree[3], index)
