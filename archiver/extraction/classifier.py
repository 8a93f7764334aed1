"""Classifier: how likely each block is article text. In: rows of features. Out: probabilities. Never: learning, pickle.

Some 260 small decision trees, added up; made by `benchmarks/train_blocks.py`, kept as JSON in `blocks.json`, which also
says how it was made. A tree is [feature, limit, if at most, if more] down to a number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from math import inf
from typing import Any

from archiver.extraction.features import NAMES, Rows

AT_ONCE = 1_000  # rows; each takes 15 KB while it walks the trees
_LEFT: list[Any] = [NAMES[0], inf]  # a leaf above the bottom becomes nodes that always go left


@dataclass(frozen=True, slots=True)
class Model:
    """The trees as full heaps, side by side: the children of a level's node n are 2n and 2n + 1 of the next one. `digest`
    names the model in a record's settings."""

    base: float
    threshold: float  # a share of the square of the best F1 that a page promises: what is likelier is chosen
    levels: tuple[tuple[Any, Any], ...]  # from the root: which number each node asks, and above which it goes right
    leaves: Any  # what the trees say, one tree after the other
    digest: str

    def probabilities(self, rows: Rows) -> dict[int, float]:
        """Return the probability that each row's block is article text, by the block's index.

        All rows walk all trees at once, one level after the other: 0.6 ms a page, where one walk after the other in
        Python costs 20.
        """
        import numpy as np

        if not rows.at:
            return {}
        chances = [self._chances(rows.table[at : at + AT_ONCE]) for at in range(0, len(rows.at), AT_ONCE)]
        return dict(zip(rows.at, np.concatenate(chances).tolist(), strict=True))

    def _chances(self, table: Any) -> Any:
        import numpy as np

        (features, limits), *below = self.levels
        flat, row, count = table.T.ravel(), np.arange(len(table))[:, None], len(table)
        at = np.arange(0, 2 * len(features), 2) + (table[:, features] > limits)
        for features, limits in below:
            right = flat.take((features * count).take(at) + row) > limits.take(at)
            at <<= 1
            at += right
        total = self.base + self.leaves.take(at).sum(axis=1)
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
    levels, level = [], list(raw["trees"])
    for _ in range(depth):
        asked = [node if isinstance(node, list) else _LEFT for node in level]
        features = np.array([index[name] for name, *_ in asked], dtype=np.intp)
        levels.append((features, np.array([limit for _, limit, *_ in asked], dtype=np.float32)))
        level = [child for node in level for child in (node[2:] if isinstance(node, list) else (node, node))]
    digest = sha256(text).hexdigest()[:16]
    return Model(float(raw["base"]), float(raw["threshold"]), tuple(levels), np.array(level, dtype=float), digest)


def _used(trees: Iterable[Any]) -> Iterable[str]:
    for tree in trees:
        if isinstance(tree, list):
            yield tree[0]
            yield from _used(tree[2:])


def _depth(tree: Any) -> int:
    return 1 + max(_depth(tree[2]), _depth(tree[3])) if isinstance(tree, list) else 0
