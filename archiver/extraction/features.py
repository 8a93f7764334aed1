"""Features: what can be said of each block, in numbers. In: blocks, the engine's text, the page's hints. Out: rows. Never: judging.

The order of the numbers is the order of `NAMES`; a model file names the features it was trained on, so a change here
without training anew is found when the model is loaded.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from math import log2

from archiver.extraction.blocks import HEADINGS, TAGS, Block
from archiver.extraction.classwords import GROUPS, WORD
from archiver.extraction.signs import ends, full_stops, is_credit, is_prompt

_TAG_CODES = {"p": 1, "div": 2, "li": 3, "tr": 4, "figcaption": 5, "caption": 5, "blockquote": 6, "pre": 7, "dt": 8, "dd": 8}  # fmt: skip
# fmt: off
_PLAIN = (
    # the text itself
    "tag", "heading", "size", "words", "end", "sentences", "digits", "upper", "linked", "links", "bold", "button", "colon",
    "lines", "credit", "prompt", "bar", "hidden", "depth", "level",
    # what others say of it: the engine, JSON-LD, the description, the title
    "vote", "body", "description", "shared", "title", "copies", "first",
    # where it stands
    "place", "after", "before", "h1", "h1_gap",
    # how much of what stands in the same parents, and in the same kind of place, the engine took
    "parent1", "parent2", "parent3", "parent2_size", "parent3_size", "parent1_count", "main_depth", "same_main",
    "path_vote", "path_share", "path_count",
    # its neighbours
    "vote_prev", "vote_next", "vote_prev2", "vote_next2", "window", "size_prev", "size_next", "linked_prev", "linked_next",
    "run_linked", "near_body", "near_end",
    # the heading above it
    "head_gap", "head_vote", "head_prompt", "head_linked", "head_size",
    # the text so far, and the page as a whole
    "text_before", "text_here", "page_vote", "page_size", "page_blocks", "page_body", "page_votes", "page_kind",
)
# fmt: on
NAMES = (*_PLAIN, *(f"in_{name}" for name in TAGS), *(f"word_{name}" for name in GROUPS))
_NAV = TAGS["nav"] | TAGS["footer"]
_WORDS = re.compile(r"\w{3,}")


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page's metadata says about its text: whole strings, used to locate visible text, never as text."""

    titles: tuple[str, ...] = ()
    description: str = ""
    body: str = ""  # JSON-LD articleBody
    kind: int = 0  # 2: JSON-LD calls the page a news article, 1: an article of some kind, 0: no such word


def squeeze(text: str) -> str:
    """The text without any white space: two renderings of one paragraph agree in this form."""
    return "".join(text.split())


def rows(blocks: Sequence[Block], engine_text: str, hints: Hints) -> dict[int, list[float]]:
    """A row of numbers for each block that may be article text, by its index. Menus and lone links are no candidates."""
    page = _Page(blocks, engine_text, hints)
    return {at: page.row(at) for at in range(len(blocks)) if page.may_be_text(at)}


def votes_of(blocks: Sequence[Block], engine_text: str) -> list[float]:
    """Per block: 1 if the engine's text holds it, 0.5 if it holds its beginning or end, else 0."""
    whole = squeeze(engine_text).replace("|", "")
    lines = {squeeze(line.strip("-•| ")) for line in engine_text.split("\n")}
    return [_vote(block.squeezed.replace("|", "") if block.row else block.squeezed, whole, lines) for block in blocks]


def _vote(text: str, whole: str, lines: set[str]) -> float:
    if len(text) < 25:
        return 1.0 if text in lines else 0.0
    if text in whole:
        return 1.0
    return 0.5 if len(text) > 60 and (text[:30] in whole or text[-30:] in whole) else 0.0


class _Page:
    """A page's blocks with the sums that rows refer to."""

    def __init__(self, blocks: Sequence[Block], engine_text: str, hints: Hints) -> None:
        self.blocks = blocks
        self.votes = votes_of(blocks, engine_text)
        self.sizes = [len(block.squeezed) for block in blocks]
        self.logs = [log2(1 + size) for size in self.sizes]
        self.linked = [min(1.0, block.linked / max(1, len(block.text))) for block in blocks]
        self.voted = [vote * size for vote, size in zip(self.votes, self.sizes, strict=True)]
        self.in_links = [share * size for share, size in zip(self.linked, self.sizes, strict=True)]
        # Sums of all before each place; votes are halves, so differences of these are exact.
        self.sums = [0, *accumulate(self.sizes)]
        self.voted_sums = [0.0, *accumulate(self.voted)]
        self.long_sums = [0, *accumulate(size > 120 for size in self.sizes)]
        self.total = sum(self.sizes) or 1
        self.all_voted = sum(self.voted)
        self.copies = Counter(block.squeezed for block in blocks)
        self.titles = {squeeze(title).casefold() for title in hints.titles if title}
        self.longest_title = max(map(len, self.titles), default=0)
        self.body = squeeze(hints.body) if len(hints.body) > 200 else ""
        self.description = squeeze(hints.description)
        self.described = set(_WORDS.findall(hints.description.casefold()))
        self._sum_parents()
        self._find_span()
        self._run_through()
        self.page = [
            log2(1 + self.all_voted), log2(1 + self.total), log2(1 + len(blocks)), float(bool(self.body)),
            log2(1 + self.all_voted) - log2(1 + self.total), float(hints.kind),
        ]  # fmt: skip

    def may_be_text(self, at: int) -> bool:
        """Half of a page's blocks are menus and links that stand alone, far from anything the engine took."""
        if self.votes[at]:
            return True
        block = self.blocks[at]
        short = self.sizes[at] < 128
        if block.ancestors & _NAV and (short or self.linked[at] > 0.5):
            return False
        return not (self.linked[at] > 0.8 and short) or self.by_parent[block.parents[2]][0] > 0

    def _sum_parents(self) -> None:
        # By parent, and by path: characters that the engine took, characters, blocks.
        self.by_parent: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
        self.by_path: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0, 0])
        weight: defaultdict[int, float] = defaultdict(float)
        depth: dict[int, int] = {}
        for block, size, voted in zip(self.blocks, self.sizes, self.voted, strict=True):
            for sums in (self.by_path[block.path], *(self.by_parent[parent] for parent in set(block.parents))):
                sums[0] += voted
                sums[1] += size
                sums[2] += 1
            if size > 60:
                weight[block.parents[1]] += voted + 0.1 * size
                depth[block.parents[1]] = block.depth
        self.main = max(weight, key=lambda parent: weight[parent], default=0)
        self.main_depth = depth.get(self.main, 0)

    def _find_span(self) -> None:
        held = [at for at, (vote, size) in enumerate(zip(self.votes, self.sizes, strict=True)) if vote and size > 40]
        self.first, self.last = (held[0], held[-1]) if held else (0, len(self.blocks))
        self.is_title = [self._same_as_title(block) for block in self.blocks]
        equal = [at for at, block in enumerate(self.blocks) if self.is_title[at] and block.tag in HEADINGS]
        ones = [at for at, block in enumerate(self.blocks) if block.tag == "h1"]
        self.heading = (equal or ones or [-1])[0]

    def _same_as_title(self, block: Block) -> bool:
        text = block.squeezed
        if not 8 < len(text) < 300 or len(text) > self.longest_title:
            return False
        text = text.casefold()
        return any(text == title or (len(text) > 15 and text in title) for title in self.titles)

    def _run_through(self) -> None:
        """What depends on everything before a block: the heading above, whether it was seen before."""
        self.above: list[int] = []
        self.is_first: list[bool] = []
        above = -1
        seen: set[str] = set()
        for at, block in enumerate(self.blocks):
            above = at if block.tag in HEADINGS else above
            self.above.append(above)
            self.is_first.append(block.squeezed not in seen)
            seen.add(block.squeezed)

    def row(self, at: int) -> list[float]:
        block = self.blocks[at]
        return [
            *self._text(at, block), *self._said(at, block), *self._place(at), *self._family(block), *self._neighbours(at),
            *self._under(at), self.voted_sums[at + 1] / max(1.0, self.all_voted), self.voted[at] / max(1.0, self.all_voted),
            *self.page, *_under_tags(block.ancestors), *_under_words(block.own, block.near, block.far),
        ]  # fmt: skip

    def _text(self, at: int, block: Block) -> list[float]:
        tag, text, size = block.tag, block.text, self.sizes[at]
        heading = int(tag[1]) if tag in HEADINGS else 0
        part = text[:200]
        length = max(1, min(200, size))
        digits, upper = _digits_and_upper(part)
        return [
            _TAG_CODES.get(tag, 0 if heading else 2), heading, self.logs[at], min(200, text.count(" ") + 1), float(ends(text)),
            min(20, full_stops(text)), digits / length, upper / length,
            self.linked[at], min(20, block.links), min(1.0, block.bold / max(1, len(text))),
            min(1.0, block.button / max(1, len(text))), float(text.endswith((":", "："))), min(10, text.count("\n") + 1),
            float(is_credit(text)), float(is_prompt(text)), float("|" in text), float(block.hidden), min(40, block.depth),
            block.level,
        ]  # fmt: skip

    def _said(self, at: int, block: Block) -> list[float]:
        text = block.squeezed
        body = -1.0
        if self.body:
            body = 1.0 if text in self.body else 0.5 if len(text) > 60 and text[10:40] in self.body else 0.0
        return [
            self.votes[at], body, self._described(text), self._shared(block.text), float(self.is_title[at]),
            min(5, self.copies[text]), float(self.is_first[at]),
        ]  # fmt: skip

    def _described(self, text: str) -> float:
        if len(self.description) < 30:
            return -1.0
        if len(text) < 20:
            return 0.0
        if text == self.description:
            return 1.0
        return 0.7 if self.description[:40].rstrip(".…") in text else 0.4 if text in self.description else 0.0

    def _shared(self, text: str) -> float:
        """The share of the description's words that the block has; descriptions are often a shortened standfirst."""
        if len(self.described) < 5 or not 30 < len(text) < 800:
            return 0.0
        words = set(_WORDS.findall(text.casefold()))
        return len(words & self.described) / len(self.described)

    def _place(self, at: int) -> list[float]:
        gap = at - self.heading if self.heading >= 0 else 0
        side = 0.0 if self.heading < 0 else 1.0 if gap > 0 else -1.0 if gap < 0 else 2.0
        return [
            self.sums[at + 1] / self.total, _signed_log(at - self.first), _signed_log(self.last - at), side, _signed_log(gap)
        ]  # fmt: skip

    def _family(self, block: Block) -> list[float]:
        first, second, third = block.parents
        voted1, size1, _ = self.by_parent[first]
        voted2, size2, count2 = self.by_parent[second]
        voted3, size3, _ = self.by_parent[third]
        voted, size, count = self.by_path[block.path]
        return [
            voted1 / max(1.0, size1), voted2 / max(1.0, size2), voted3 / max(1.0, size3),
            log2(1 + size2), log2(1 + size3), min(50, count2), block.depth - self.main_depth,
            2.0 if second == self.main else 1.0 if self.main in (first, third) else 0.0,
            voted / max(1.0, size), voted / max(1.0, self.all_voted), min(100, count),
        ]  # fmt: skip

    def _neighbours(self, at: int) -> list[float]:
        votes, sizes, linked, count = self.votes, self.sizes, self.linked, len(self.blocks)
        low, high = max(0, at - 4), min(count, at + 5)
        around = self.sums[high] - self.sums[low] - sizes[at]
        window = (self.voted_sums[high] - self.voted_sums[low] - self.voted[at]) / max(1, around)
        before, after = at - 1 if at else at, at + 1 if at + 1 < count else at
        low, high = max(0, at - 3), min(count, at + 4)
        links = sum(self.in_links[low:high]) / max(1, self.sums[high] - self.sums[low])
        return [
            votes[at - 1] if at else 0.0, votes[at + 1] if at + 1 < count else 0.0,
            votes[at - 2] if at > 1 else 0.0, votes[at + 2] if at + 2 < count else 0.0,
            window, self.logs[before], self.logs[after], linked[before], linked[after],
            links, min(20.0, max(sizes[low:high]) / 100), float(self.long_sums[high] - self.long_sums[low]),
        ]  # fmt: skip

    def _under(self, at: int) -> list[float]:
        head = self.above[at]
        if head < 0:
            return [-1.0, 0.0, 0.0, 0.0, 0.0]
        text = self.blocks[head].text
        return [
            min(30, at - head), self.votes[head], float(len(text) < 100 and is_prompt(text)), self.linked[head], self.logs[head]
        ]  # fmt: skip


def _signed_log(value: int) -> float:
    return log2(1 + value) if value >= 0 else -log2(1 - value)


@lru_cache(maxsize=1_000)
def _under_tags(tags: int) -> tuple[float, ...]:
    return tuple(1.0 if tags & bit else 0.0 for bit in TAGS.values())


@lru_cache(maxsize=10_000)
def _under_words(own: int, near: int, far: int) -> tuple[float, ...]:
    return tuple(3.0 if own & bit else 2.0 if near & bit else 1.0 if far & bit else 0.0 for bit in WORD.values())


def _digits_and_upper(text: str) -> tuple[int, int]:
    """How many digits and capitals there are; those of ASCII, nearly all, are counted as bytes."""
    plain = text.encode("ascii", "ignore")
    digits = len(plain) - len(plain.translate(None, b"0123456789"))
    upper = len(plain) - len(plain.translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if len(plain) < len(text):
        beyond = [character for character in text if character > "\x7f"]
        digits += sum(map(str.isdigit, beyond))
        upper += sum(map(str.isupper, beyond))
    return digits, upper
