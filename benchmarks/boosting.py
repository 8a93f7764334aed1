"""Boosting: gradient boosted trees in numpy, small enough to read. In: rows, labels. Out: nested lists.

Histogram splits (at most 48 bins a feature), second-order gains, logistic loss: XGBoost's formulas without its engine.
"""

from __future__ import annotations

from typing import Any

import numpy as np

BINS = 48


class Booster:
    """Trees fitted one after another to what the trees before left.

    Each sees a random part of the columns at each split, and of the groups of rows: `groups` is that part, 1 for all.
    """

    def __init__(
        self, *, trees: int, depth: int, rate: float, ridge: float, columns: float, groups: float = 1.0, seed: int = 0
    ) -> None:
        self.trees, self.depth, self.rate, self.ridge, self.columns = trees, depth, rate, ridge, columns
        self.groups = groups
        self.random = np.random.default_rng(seed)
        self.base = 0.0
        self.fitted: list[Any] = []

    def fit(self, rows: np.ndarray, labels: np.ndarray, weights: np.ndarray, group: np.ndarray) -> Booster:
        """`group` numbers the group of each row."""
        self.cuts = [self._cuts(rows[:, at]) for at in range(rows.shape[1])]
        binned = self._binned(rows)
        share = float(np.clip((weights * labels).sum() / weights.sum(), 1e-3, 1 - 1e-3))
        self.base = float(np.log(share / (1 - share)))
        total = np.full(len(rows), self.base)
        for _ in range(self.trees):
            chance = 1 / (1 + np.exp(-total))
            slopes = weights * (chance - labels)
            bends = weights * np.maximum(chance * (1 - chance), 1e-6)
            seen = np.flatnonzero((self.random.random(int(group.max()) + 1) < self.groups)[group])
            tree = self._grow(binned, slopes, bends, seen, self.depth)
            self.fitted.append(tree)
            self._add(tree, binned, total, np.arange(len(rows)))
        return self

    def chances(self, rows: np.ndarray) -> np.ndarray:
        binned = self._binned(rows)
        total = np.full(len(rows), self.base)
        for tree in self.fitted:
            self._add(tree, binned, total, np.arange(len(rows)))
        result: np.ndarray = 1 / (1 + np.exp(-total))
        return result

    def as_lists(self, names: tuple[str, ...]) -> list[Any]:
        """The trees as [feature name, limit, if at most, if more] down to numbers."""
        return [self._list(tree, names) for tree in self.fitted]

    def _list(self, tree: Any, names: tuple[str, ...]) -> Any:
        if not isinstance(tree, tuple):
            return round(tree, 4)
        feature, cut, low, high = tree
        limit = float(self.cuts[feature][cut])
        return [names[feature], float(f"{limit:.6g}"), self._list(low, names), self._list(high, names)]

    @staticmethod
    def _cuts(column: np.ndarray) -> np.ndarray:
        values = np.unique(column)
        if len(values) > BINS:
            cuts = np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1]))
        else:
            cuts = (values[1:] + values[:-1]) / 2
        # As they are written, and read: the file decides like the fit.
        return np.array([float(f"{cut:.6g}") for cut in cuts], dtype=np.float32)

    def _binned(self, rows: np.ndarray) -> np.ndarray:
        columns = [np.searchsorted(cuts, rows[:, at], side="left") for at, cuts in enumerate(self.cuts)]
        return np.stack(columns, 1).astype(np.uint8)

    def _grow(self, binned: np.ndarray, slopes: np.ndarray, bends: np.ndarray, at: np.ndarray, depth: int) -> Any:
        slope, bend = slopes[at].sum(), bends[at].sum()
        leaf = float(-self.rate * slope / (bend + self.ridge))
        if depth == 0 or len(at) < 20 or bend < 2:
            return leaf
        columns = np.flatnonzero(self.random.random(binned.shape[1]) <= self.columns)
        count = len(columns)
        flat = (binned[np.ix_(at, columns)] + np.arange(count, dtype=np.int32) * BINS).ravel()
        size = count * BINS
        low_slopes = np.cumsum(np.bincount(flat, np.repeat(slopes[at], count), size).reshape(count, BINS), 1)
        low_bends = np.cumsum(np.bincount(flat, np.repeat(bends[at], count), size).reshape(count, BINS), 1)
        gains = (
            low_slopes**2 / (low_bends + self.ridge)
            + (slope - low_slopes) ** 2 / (bend - low_bends + self.ridge)
            - slope**2 / (bend + self.ridge)
        )
        gains[(low_bends < 1) | (bend - low_bends < 1)] = -1
        best, cut = divmod(int(gains.argmax()), BINS)
        feature = int(columns[best])
        if gains[best, cut] <= 1e-3 or cut >= len(self.cuts[feature]):
            return leaf
        low = binned[at, feature] <= cut
        return (
            feature, cut,
            self._grow(binned, slopes, bends, at[low], depth - 1),
            self._grow(binned, slopes, bends, at[~low], depth - 1),
        )  # fmt: skip

    def _add(self, tree: Any, binned: np.ndarray, total: np.ndarray, at: np.ndarray) -> None:
        if not isinstance(tree, tuple):
            total[at] += tree
            return
        feature, cut, low, high = tree
        below = binned[at, feature] <= cut
        self._add(low, binned, total, at[below])
        self._add(high, binned, total, at[~below])
