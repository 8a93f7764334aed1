"""Surroundings: where each block of a page stands, and among what. In: blocks, the engine's votes. Out: columns of numbers.

Every column is computed for the whole page at once; row by row in Python half as many numbers cost twice as much. Never: a
look at the words of a block, beyond its last sign; judging.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from archiver.extraction.blocks import HEADINGS, TAGS, Block
from archiver.extraction.classwords import WORD
from archiver.extraction.signs import ends

Column = NDArray[Any]
T = TypeVar("T", bound=Hashable)
_FACTS = attrgetter("linked", "links", "depth", "hidden", "ancestors", "own", "near", "far")
_LEVELS = {tag: int(tag[1]) for tag in HEADINGS}
_TAG_BITS, _WORD_BITS = np.array(list(TAGS.values()))[:, None], np.array(list(WORD.values()))[:, None]
_NAV = TAGS["nav"] | TAGS["footer"]
LONG = 120  # characters of a paragraph; what is longer and hardly link is plain text
NEAR = 60  # characters; what is shorter makes no place


class Surroundings:
    """A page's blocks as columns, with the sums that others refer to. `titles` are the blocks that say the title again."""

    def __init__(self, blocks: Sequence[Block], votes: Sequence[float], titles: Sequence[int]) -> None:
        count = self.count = len(blocks)
        self.votes = np.array(votes)
        squeezed = [block.squeezed for block in blocks]
        self.size = _numbers(map(len, squeezed), count)
        self.copy, _ = _numbered(squeezed)
        facts = np.fromiter(chain.from_iterable(map(_FACTS, blocks)), np.int64, 8 * count).reshape(count, 8).T
        linked, self.links, self.depth, self.hidden, self.ancestors, self.own, self.near, self.far = facts
        self.level = _numbers([_LEVELS.get(block.tag, 0) for block in blocks], count)
        self.headings = self.level > 0
        self.titles = np.zeros(count, bool)
        self.titles[list(titles)] = True
        texts = [block.text for block in blocks]
        self.end = _numbers(map(ends, texts), count)
        self.logs = np.log2(1 + self.size)
        self.linked = np.minimum(1.0, linked / np.maximum(1, _numbers(map(len, texts), count)))
        self.long = self.size > LONG
        self.plain = self.size * (self.long & (self.linked < 0.3))
        self.voted = self.votes * self.size
        self.in_links = self.linked * self.size
        # Sums of all before each place.
        self.sizes, self.voted_sums, self.link_sums, self.plain_sums = (
            _sums(values) for values in (self.size, self.voted, self.in_links, self.plain)
        )
        self.total, self.all_voted, self.all_plain = (
            max(1.0, sums[-1]) for sums in (self.sizes, self.voted_sums, self.plain_sums)
        )
        self._group(blocks)
        self._find_main()
        self._find_span()

    def _group(self, blocks: Sequence[Block]) -> None:
        count = self.count
        parents = np.array([block.parents for block in blocks]).ravel()
        found, inverse = np.unique(parents, return_inverse=True)
        self.parents = inverse.reshape(count, 3).T
        self.path, paths = _numbered([block.path for block in blocks])
        self.outer = _numbered([path[1:] for path in paths])[0][self.path]
        summed = np.stack([self.voted, self.size, np.ones(count), self.plain, self.in_links, self.end, self.logs])
        once = self.parents.copy()  # the parents of what stands at the top are one and the same: it counts once
        once[1:][self.parents[1:] == self.parents[:-1]] = len(found)
        self.by_parent = _by(once.ravel(), np.tile(summed, 3), len(found) + 1)
        self.by_path, self.by_outer = (_by(keys, summed, count) for keys in (self.path, self.outer))

    def _find_main(self) -> None:
        """The element with most text that the engine took, and where it begins and ends."""
        big, second = self.size > NEAR, self.parents[1]
        self.main, self.main_depth, self.main_first, self.main_last = -1, 0, 0, max(0, self.count - 1)
        if big.any():
            self.main = int(np.bincount(second, (self.voted + 0.1 * self.size) * big).argmax())
            within = np.flatnonzero(second == self.main)
            self.main_first, self.main_last = int(within[0]), int(within[-1])
            self.main_depth = int(self.depth[within[big[within]][-1]])

    def _find_span(self) -> None:
        self.held = np.flatnonzero((self.votes > 0) & (self.size > 40))
        self.first, self.last = (int(self.held[0]), int(self.held[-1])) if len(self.held) else (0, self.count - 1)
        headlines = (self.titles & self.headings, self.level == 1)
        self.headline = next((int(one.argmax()) for one in headlines if one.any()), -1)

    def may_be_text(self) -> Column:
        """Which blocks may be: half of a page's are menus and links that stand alone, far from anything the engine took."""
        short = self.size < 128
        menu = (self.ancestors & _NAV > 0) & (short | (self.linked > 0.5))
        lone = (self.linked > 0.8) & short & (self.by_parent[0][self.parents[2]] == 0)
        return np.flatnonzero((self.votes > 0) | ~(menu | lone))

    def columns(self, at: Column) -> dict[str, Column]:
        """What is said of the blocks `at`, by name."""
        return (
            self._own(at) | self._place(at) | self._family(at) | self._kind(at) | self._neighbours(at) | self._windows(at)
            | self._section(at) | self._page()
        )  # fmt: skip

    def _own(self, at: Column) -> dict[str, Column]:
        copies = np.bincount(self.copy, minlength=self.count)
        return {
            "heading": self.level[at], "size": self.logs[at], "end": self.end[at], "linked": self.linked[at],
            "links": np.minimum(20, self.links[at]), "depth": np.minimum(40, self.depth[at]), "vote": self.votes[at],
            "title": self.titles[at], "copies": np.minimum(5, copies[self.copy[at]]),
            "size_rank": np.argsort(np.argsort(-self.size))[at] / max(1, self.count),
        }  # fmt: skip

    def _place(self, at: Column) -> dict[str, Column]:
        """Between the page's ends, the headline, what the engine took and what the main element holds."""
        sizes, before, after = self.sizes, self.sizes[at], self.sizes[at + 1]
        gap = at - self.headline if self.headline >= 0 else np.zeros(len(at))
        side = np.sign(gap) if self.headline >= 0 else gap
        return {
            "place": after / self.total, "h1": np.where(at == self.headline, 2, side), "h1_gap": _signed_log(gap),
            "after": _signed_log(at - self.first), "before": _signed_log(self.last - at),
            "after_size": _signed_log((before - sizes[self.first]) / 100), "before_size": _signed_log((sizes[self.last + 1] - after) / 100),
            "main_after": _signed_log(at - self.main_first), "main_before": _signed_log(self.main_last - at),
            "main_after_size": _signed_log((before - sizes[self.main_first]) / 100),
            "main_before_size": _signed_log((sizes[self.main_last + 1] - after) / 100),
            "text_before": self.voted_sums[at + 1] / self.all_voted, "text_here": self.voted[at] / self.all_voted,
            "plain_before": self.plain_sums[at] / self.all_plain,
        }  # fmt: skip

    def _family(self, at: Column) -> dict[str, Column]:
        """What stands in the same parents, and in the same kind of place: how much of it the engine took, how much of the
        page it is, how it looks."""
        first, second, third = self.parents[:, at]
        sums = {
            "parent2": self.by_parent[:, second], "parent3": self.by_parent[:, third],
            "path": self.by_path[:, self.path[at]], "outer": self.by_outer[:, self.outer[at]],
        }  # fmt: skip
        inside = np.where((first == self.main) | (third == self.main), 1, 0)
        found = {
            "parent1_vote": _share(self.by_parent[0][first], self.by_parent[1][first]),
            "same_main": np.where(second == self.main, 2, inside), "main_depth": self.depth[at] - self.main_depth,
            "parent2_size": np.log2(1 + sums["parent2"][1]), "parent3_size": np.log2(1 + sums["parent3"][1]),
        }  # fmt: skip
        for name, (voted, size, count, plain, linked, end, logs) in sums.items():
            found |= {
                f"{name}_vote": _share(voted, size), f"{name}_share": voted / self.all_voted, f"{name}_plain": plain / self.all_plain,
                f"{name}_linked": _share(linked, size), f"{name}_end": end / count, f"{name}_log": logs / count,
                f"{name}_count": np.minimum(100, count),
            }  # fmt: skip
        return found

    def _kind(self, at: Column) -> dict[str, Column]:
        """The others of a block's path: how alike they are, how far the next one is."""
        path = self.path[at]
        voted, size, count, plain, *_, logs = self.by_path
        order = np.argsort(self.path, kind="stable")
        steps = np.where(np.diff(self.path[order]) == 0, np.minimum(99, np.diff(order)), 99)
        before, after = np.full(self.count, 99), np.full(self.count, 99)
        before[order[1:]] = after[order[:-1]] = steps
        return {
            "path_other": _share(voted[path] - self.voted[at], size[path] - self.size[at]),
            "path_dev": self.logs[at] - logs[path] / count[path],
            "path_rank": np.minimum(20, np.argsort(np.argsort(-plain, kind="stable"))[path]),
            "mate_prev": before[at], "mate_next": after[at],
        }  # fmt: skip

    def _neighbours(self, at: Column) -> dict[str, Column]:
        before, after = np.maximum(at - 1, 0), np.minimum(at + 1, self.count - 1)
        low, high = np.maximum(0, at - 3), np.minimum(self.count, at + 4)
        largest = self.size.copy()
        for step in (1, 2, 3):
            largest[step:] = np.maximum(largest[step:], self.size[:-step])
            largest[:-step] = np.maximum(largest[:-step], self.size[step:])
        long, tiny = _sums(self.long), _sums(self.size < NEAR)
        wide = np.maximum(0, at - 4), np.minimum(self.count, at + 5)
        held = np.minimum.accumulate(_marked(self.held, self.count)[::-1])[::-1]
        return {
            "vote_next2": np.where(at + 2 < self.count, self.votes[np.minimum(at + 2, self.count - 1)], 0),
            "size_prev": self.logs[before], "size_next": self.logs[after], "linked_next": self.linked[after],
            "run_linked": _share(self.link_sums[high] - self.link_sums[low], self.sizes[high] - self.sizes[low]),
            "near_body": np.minimum(20, largest[at] / 100), "near_end": long[high] - long[low],
            "near_tiny": tiny[wide[1]] - tiny[wide[0]] - (self.size[at] < NEAR),
            "voted_next": np.minimum(99, held[at + 1] - at),
        }  # fmt: skip

    def _windows(self, at: Column) -> dict[str, Column]:
        """Of the text around, without the block's own, the shares that the engine took, that is link, that is plain."""
        found = {}
        for reach in (4, 12, 30):
            low, high = np.maximum(0, at - reach), np.minimum(self.count, at + reach + 1)
            around = self.sizes[high] - self.sizes[low] - self.size[at]
            found[f"voted{reach}"] = _share(self.voted_sums[high] - self.voted_sums[low] - self.voted[at], around)
            found[f"linked{reach}"] = _share(self.link_sums[high] - self.link_sums[low] - self.in_links[at], around)
            found[f"plain{reach}"] = _share(self.plain_sums[high] - self.plain_sums[low] - self.plain[at], around)
        high = np.minimum(self.count, at + 9)
        found["next_vote8"] = _share(
            self.voted_sums[high] - self.voted_sums[at + 1], self.sizes[high] - self.sizes[at + 1]
        )
        found["next_plain8"] = np.minimum(20, (self.plain_sums[high] - self.plain_sums[at + 1]) / 100)
        return found

    def _section(self, at: Column) -> dict[str, Column]:
        """The heading above, the next one, and all between them."""
        above = np.maximum.accumulate(np.where(self.headings, np.arange(self.count), -1))[at]
        following = np.minimum.accumulate(_marked(np.flatnonzero(self.headings), self.count)[::-1])[::-1][at + 1]
        none, last = above < 0, following >= self.count
        head, then = np.maximum(0, above), np.minimum(following, self.count - 1)
        level = self.level.astype(int)
        by_level = np.bincount(level, self.votes, 7) / np.maximum(1, np.bincount(level, minlength=7))
        heads = _sums(self.headings)
        size = self.sizes[following] - self.sizes[head]
        found = {
            "head_linked": self.linked[head], "head_size": self.logs[head], "head_level": self.level[head],
            "head_level_vote": by_level[level[head]], "head_depth": self.depth[at] - self.depth[head],
        }  # fmt: skip
        return {name: np.where(none, 0, column) for name, column in found.items()} | {
            "head_gap": np.where(none, -1, np.minimum(30, at - head)), "head_no": np.minimum(40, heads[at + 1] - heads[max(0, self.headline)]),
            "section_size": np.log2(1 + size), "section_count": np.minimum(50, following - head),
            "section_vote": _share(self.voted_sums[following] - self.voted_sums[head], size),
            "section_linked": _share(self.link_sums[following] - self.link_sums[head], size),
            "section_plain": _share(self.plain_sums[following] - self.plain_sums[head], size),
            "head_next": np.minimum(30, following - at), "head_next_vote": np.where(last, -1, self.votes[then]),
            "head_next_level": np.where(last, 0, self.level[then]),
        }  # fmt: skip

    def _page(self) -> dict[str, Column]:
        """The page as a whole: single numbers, the same for all its blocks."""
        voted, plain = self.voted_sums[-1], self.by_path[3]
        first, last = self.first, self.last + 1 if self.count else 0
        comments = ((self.own | self.near | self.far) & WORD["comment"]) > 0
        facts = {
            "page_vote": np.log2(1 + voted), "page_size": np.log2(1 + self.total), "page_blocks": np.log2(1 + self.count),
            "page_votes": np.log2(1 + voted) - np.log2(1 + self.total), "page_held": np.log2(1 + len(self.held)),
            "page_heads": np.log2(1 + self.headings.sum()), "page_kinds": np.log2(1 + (plain > 0).sum()),
            "page_plain": self.all_plain / self.total, "page_plain_vote": (self.plain * self.votes).sum() / self.all_plain,
            "page_linked": self.link_sums[-1] / self.total, "page_hidden": (self.size * self.hidden).sum() / self.total,
            "page_comments": (self.size * comments).sum() / self.total,
            "page_path": plain.max(initial=0) / self.all_plain,
            "page_parent": np.bincount(self.parents[1], self.plain, 1).max() / self.all_plain,
            "page_span": (self.voted_sums[last] - self.voted_sums[first]) / max(1, self.sizes[last] - self.sizes[first]),
            "page_long": np.log2(1 + np.median(self.size[self.long])) if self.long.any() else 0.0,
        }  # fmt: skip
        return {name: np.asarray(value) for name, value in facts.items()}

    def names_above(self, at: Column) -> Column:
        """For each of `TAGS`, whether it stands above; for each group of class words, how near: 3 is the block's own."""
        own, near, far = (bits[at] & _WORD_BITS > 0 for bits in (self.own, self.near, self.far))
        words = np.where(own, 3, np.where(near, 2, far))
        return np.concatenate([self.ancestors[at] & _TAG_BITS > 0, words])


def _numbers(values: Iterable[float], count: int) -> Column:
    return np.fromiter(values, float, count)


def _numbered(values: Sequence[T]) -> tuple[Column, list[T]]:
    """A number for each value, the same for the same; and the values, by number."""
    seen: dict[T, int] = {}
    numbers = [seen.setdefault(value, len(seen)) for value in values]
    return np.array(numbers), list(seen)


def _sums(values: Column) -> Column:
    """The sums of all before each place, and of all."""
    return np.concatenate(([0.0], np.cumsum(values, dtype=float)))


def _by(keys: Column, values: Column, groups: int) -> Column:
    """Each row of `values`, summed by key: all rows in one count."""
    rows = len(values)
    places = (np.arange(rows)[:, None] * groups + keys).ravel()
    return np.bincount(places, values.ravel(), rows * groups).reshape(rows, groups)


def _marked(at: Column, count: int) -> Column:
    """At each of the places `at` its own number, elsewhere, and once beyond the end, `count`."""
    marks = np.full(count + 1, count)
    marks[at] = at
    return marks


def _share(part: Column, whole: Column) -> Column:
    return np.asarray(part / np.maximum(1, whole))


def _signed_log(values: Column) -> Column:
    return np.asarray(np.copysign(np.log2(1 + np.abs(values)), values))
