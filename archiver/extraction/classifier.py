"""Classifier: how likely each block is article text. In: rows of features. Out: probabilities. Never: learning, pickle.

Some 130 small decision trees, added up; made by `benchmarks/train_blocks.py`, kept as JSON in `blocks.json`, which also
says how it was made. A tree is [feature, limit, if at most, if more] down to a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import inf
from typing import Any

from archiver.extraction.features import NAMES

AT_ONCE = 1_000  # rows; each takes 30 KB while it walks the trees


@dataclass(frozen=True, slots=True)
class Model:
    """The trees as tables, one row a tree, its nodes as a heap. `digest` names the model in a record's settings."""

    base: float
    threshold: float
    features: Any  # [trees, nodes] which number of a row a node asks
    limits: Any  # [trees, nodes] above it, the right child
    leaves: Any  # [trees, leaves] what a tree says
    digest: str

    def probabilities(self, rows: Mapping[int, Sequence[float]]) -> dict[int, float]:
        """Return the probability that each row's block is article text, by the row's key.

        All rows walk all trees at once, one level after the other: 0.6 ms a page, where one walk after the other in
        Python costs 12, and comparing every node beforehand 1.4.
        """
        import numpy as np

        if not rows:
            return {}
        table = np.array(list(rows.values()), dtype=np.float64)
        chances = [self._chances(table[at : at + AT_ONCE]) for at in range(0, len(table), AT_ONCE)]
        return dict(zip(rows, np.concatenate(chances).tolist(), strict=True))

    def _chances(self, table: Any) -> Any:
        import numpy as np

        trees, nodes = self.features.shape
        row, first = np.arange(len(table))[:, None] * table.shape[1], np.arange(trees)[None, :] * nodes
        at = np.zeros((len(table), trees), dtype=np.intp)
        for _ in range((nodes + 1).bit_length() - 1):
            node = first + at
            at = 2 * at + 1 + (table.take(row + self.features.take(node)) > self.limits.take(node))
        total = self.base + self.leaves[np.arange(trees)[None, :], at - nodes].sum(axis=1)
        return 1 / (1 + np.exp(-total))


@cache
def model() -> Model:
    """The model that comes with this version; loaded once per process."""
    return load(files("archiver.extraction").joinpath("blocks.json").read_bytes())


def load(text: bytes) -> Model:
    """Read a model. Raises ValueError where it was trained on other features than this version computes."""
    import numpy as np

    raw = json.loads(text)
    index = {name: at for at, name in enumerate(NAMES)}
    if missing := set(_used(raw["trees"])) - set(index):
        raise ValueError(f"the model knows features this version does not compute: {', '.join(sorted(missing))}")
    depth = max(map(_depth, raw["trees"]))
    heaps = [_heap(tree, depth, index) for tree in raw["trees"]]
    features, limits, leaves = (np.array([heap[part] for heap in heaps]) for part in range(3))
    return Model(float(raw["base"]), float(raw["threshold"]), features, limits, leaves, sha256(text).hexdigest()[:16])


def _used(trees: Iterable[Any]) -> Iterable[str]:
    for tree in trees:
        if isinstance(tree, list):
            yield tree[0]
            yield from _used(tree[2:])


def _depth(tree: Any) -> int:
    return 1 + max(_depth(tree[2]), _depth(tree[3])) if isinstance(tree, list) else 0


def _heap(tree: Any, depth: int, index: Mapping[str, int]) -> tuple[list[int], list[float], list[float]]:
    """A tree as a full heap: a leaf above the bottom becomes nodes that always go left."""
    features, limits = [0] * (2**depth - 1), [inf] * (2**depth - 1)
    level = [tree]
    for row in range(depth):
        below = []
        for at, node in enumerate(level, start=2**row - 1):
            if isinstance(node, list):
                features[at], limits[at] = index[node[0]], float(node[1])
            below += node[2:] if isinstance(node, list) else [node, node]
        level = below
    return features, limits, [float(leaf) for leaf in level]
