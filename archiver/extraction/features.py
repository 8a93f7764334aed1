"""Features: what can be said of each block, in numbers. In: blocks, the engine's text, the page's hints. Out: rows. Never: judging.

The order of the numbers is the order of `NAMES`; a model file names the features it was trained on, so a change here
without training anew is found when the model is loaded.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import log2

from .blocks import GROUPS, HEADINGS, TAGS, WORD, Block

_END = re.compile(r"[.!?…。！？؟।:;»”\"')\]]\s*$")
_SENTENCE = re.compile(r"[.!?…。！？؟।](?:\s|$|[”\"»')])|[。！？]")
_CREDIT = re.compile(
    r"^\W*(?:photo|foto|image|bild|picture|credit|quelle|source|crédit|imagen|video|©|\(c\)|getty|reuters|afp|epa|dpa\b|ap photo|"
    r"фото|zdjęcie|fot\.|写真|图|圖|사진|φωτογραφία)\b|getty images|/ ?(?:afp|reuters|epa|ap|dpa|imago)\b|imago images|shutterstock|\bpicture.alliance",
    re.I,
)
_PROMPT = re.compile(
    r"newsletter|subscri|sign (?:up|in)|log ?in\b|register|read (?:more|also|next)|also read|more (?:on|from) |see also|related|"
    r"follow us|share (?:this|on)|click here|advertis|sponsored|comments?\b|copyright|all rights reserved|terms of|privacy|cookie|"
    r"download (?:the|our) app|send (?:this )?to a friend|whatsapp|facebook|twitter|telegram|recommended|most read|trending|"
    r"abonn|anmeld|lesen sie|mehr zum|lire (?:aussi|la suite)|à lire|inscri|partag|publicit|commentaire|"
    r"lee también|suscr|compart|leia (?:mais|também)|assine|leggi anche|iscriviti|condividi|lees (?:ook|meer)|"
    r"czytaj|zobacz|udostępnij|komentarz|читайте|подпис|подел|комментар|реклам|διαβάστε|σχόλι|κοινοποί|関連|相关|相關|推荐|分享|评论|続きを",
    re.I,
)
_WORDS = re.compile(r"\w+")

_TAG_CODES = {
    "p": 1,
    "div": 2,
    "li": 3,
    "tr": 4,
    "figcaption": 5,
    "caption": 5,
    "blockquote": 6,
    "pre": 7,
    "dt": 8,
    "dd": 8,
}
_PLAIN = [
    "tag",
    "heading",
    "size",
    "words",
    "end",
    "sentences",
    "digits",
    "upper",
    "linked",
    "links",
    "bold",
    "button",
    "colon",
    "lines",
    "credit",
    "prompt",
    "bar",
    "depth",
    "hidden",
    "level",
    "vote",
    "body",
    "description",
    "title",
    "copies",
    "first",
    "place",
    "after",
    "before",
    "h1",
    "h1_gap",
    "parent1",
    "parent2",
    "parent3",
    "parent1_size",
    "parent2_size",
    "parent3_size",
    "parent1_count",
    "main_depth",
    "same_main",
    "vote_prev",
    "vote_next",
    "vote_prev2",
    "vote_next2",
    "window",
    "size_prev",
    "size_next",
    "linked_prev",
    "linked_next",
    "heading_prev",
    "heading_next",
    "page_vote",
    "page_size",
    "page_blocks",
    "page_body",
    "page_votes",
    "run_linked",
    "near_body",
    "near_end",
    "path_vote",
    "path_share",
    "path_count",
    "head_gap",
    "head_vote",
    "head_prompt",
    "head_linked",
    "head_size",
    "text_before",
    "text_after",
]
NAMES = (*_PLAIN, *(f"in_{name}" for name in TAGS), *(f"word_{name}" for name in GROUPS))


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page's metadata says about its text: whole strings, used to locate visible text, never as text."""

    titles: tuple[str, ...] = ()
    description: str = ""
    body: str = ""  # JSON-LD articleBody


def squeeze(text: str) -> str:
    """The text without any white space: two renderings of one paragraph agree in this form."""
    return "".join(text.split())


def rows(blocks: list[Block], engine_text: str, hints: Hints) -> list[list[float]]:
    """One row of numbers per block, in the order of `NAMES`."""
    page = _Page(blocks, engine_text, hints)
    return [page.row(at) for at in range(len(blocks))]


def votes_of(blocks: list[Block], engine_text: str) -> list[float]:
    """Per block: 1 if the engine's text holds it, 0.5 if it holds its beginning or end, else 0."""
    whole = squeeze(engine_text)
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

    def __init__(self, blocks: list[Block], engine_text: str, hints: Hints) -> None:
        self.blocks = blocks
        self.votes = votes_of(blocks, engine_text.replace("|", "") if "|" in engine_text else engine_text)
        self.sizes = [len(block.squeezed) for block in blocks]
        self.linked = [min(1.0, block.linked / max(1, len(block.text))) for block in blocks]
        self.total = sum(self.sizes) or 1
        self.voted = [vote * size for vote, size in zip(self.votes, self.sizes, strict=True)]
        self.copies = Counter(block.squeezed for block in blocks)
        self.seen: set[str] = set()
        self.titles = {squeeze(title).casefold() for title in hints.titles if title}
        self.body = squeeze(hints.body) if len(hints.body) > 200 else ""
        self.description = squeeze(hints.description)
        self._sum_parents()
        self._find_span()
        self._find_heading()
        self.passed = 0
        self.passed_voted = 0.0
        self.last_heading = -1

    def _sum_parents(self) -> None:
        self.parent_voted: defaultdict[int, float] = defaultdict(float)
        self.parent_size: defaultdict[int, float] = defaultdict(float)
        self.parent_count: Counter[int] = Counter()
        for block, size, voted in zip(self.blocks, self.sizes, self.voted, strict=True):
            for parent in set(block.parents):
                self.parent_voted[parent] += voted
                self.parent_size[parent] += size
                self.parent_count[parent] += 1
        weight: defaultdict[int, float] = defaultdict(float)
        depth: dict[int, int] = {}
        for block, size, voted in zip(self.blocks, self.sizes, self.voted, strict=True):
            if size > 60:
                weight[block.parents[1]] += voted + 0.1 * size
                depth[block.parents[1]] = block.depth
        self.path_voted: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self.path_size: defaultdict[tuple[str, ...], float] = defaultdict(float)
        self.path_count: Counter[tuple[str, ...]] = Counter()
        for block, size, voted in zip(self.blocks, self.sizes, self.voted, strict=True):
            self.path_voted[block.path] += voted
            self.path_size[block.path] += size
            self.path_count[block.path] += 1
        self.main = max(weight, key=lambda parent: weight[parent], default=0)
        self.main_depth = depth.get(self.main, 0)

    def _find_span(self) -> None:
        held = [at for at, (vote, size) in enumerate(zip(self.votes, self.sizes, strict=True)) if vote and size > 40]
        self.first, self.last = (held[0], held[-1]) if held else (0, len(self.blocks))
        self.page_vote = log2(1 + sum(self.voted))
        self.page_size = log2(1 + self.total)

    def _find_heading(self) -> None:
        equal = [at for at, block in enumerate(self.blocks) if block.tag in HEADINGS and self._is_title(block)]
        ones = [at for at, block in enumerate(self.blocks) if block.tag == "h1"]
        self.heading = (equal or ones or [-1])[0]

    def _is_title(self, block: Block) -> bool:
        text = block.squeezed.casefold()
        return len(text) > 8 and any(text == title or (len(text) > 15 and text in title) for title in self.titles)

    def row(self, at: int) -> list[float]:
        block, size = self.blocks[at], self.sizes[at]
        self.passed += size
        text = block.text
        values = self._text(block, text, size, self.linked[at])
        values += [self.votes[at], self._in_body(block), self._in_description(block), float(self._is_title(block))]
        values += [min(5, self.copies[block.squeezed]), float(block.squeezed not in self.seen)]
        self.seen.add(block.squeezed)
        values += self._place(at)
        values += self._family(block)
        values += self._neighbours(at)
        values += [
            self.page_vote,
            self.page_size,
            log2(1 + len(self.blocks)),
            float(bool(self.body)),
            self.page_vote - self.page_size,
        ]
        values += self._run(at)
        values += self._path(block, size)
        values += self._under(at)
        values += [float(bool(block.ancestors & bit)) for bit in TAGS.values()]
        own, near, far = block.own, block.near, block.far
        values += [3.0 if own & bit else 2.0 if near & bit else 1.0 if far & bit else 0.0 for bit in WORD.values()]
        return values

    def _text(self, block: Block, text: str, size: int, linked: float) -> list[float]:
        tag = block.tag
        heading = int(tag[1]) if tag in HEADINGS else 0
        digits = sum(map(str.isdigit, text[:300])) / max(1, min(300, size))
        upper = sum(map(str.isupper, text[:300])) / max(1, min(300, size))
        return [
            _TAG_CODES.get(tag, 2 if not heading else 0), heading, log2(1 + size), min(200, text.count(" ") + 1),
            float(bool(_END.search(text[-3:]))), min(20, len(_SENTENCE.findall(text[:2000]))), digits, upper, linked,
            min(20, block.links), min(1.0, block.bold / max(1, len(text))), min(1.0, block.button / max(1, len(text))),
            float(text.endswith((":", "："))), min(10, text.count("\n") + 1),
            float(bool(size < 200 and _CREDIT.search(text))), float(bool(size < 250 and _PROMPT.search(text))), float("|" in text),
            min(40, block.depth), float(block.hidden), block.level,
        ]  # fmt: skip

    def _in_body(self, block: Block) -> float:
        if not self.body:
            return -1.0
        text = block.squeezed
        return 1.0 if text in self.body else 0.5 if len(text) > 60 and text[10:40] in self.body else 0.0

    def _in_description(self, block: Block) -> float:
        if len(self.description) < 30:
            return -1.0
        text = block.squeezed
        if len(text) < 20:
            return 0.0
        start = self.description[:40].rstrip(".…")
        return 1.0 if text == self.description else 0.7 if start in text else 0.4 if text in self.description else 0.0

    def _place(self, at: int) -> list[float]:
        gap = at - self.heading if self.heading >= 0 else 0
        return [
            self.passed / self.total,
            _signed_log(at - self.first),
            _signed_log(self.last - at),
            float(self.heading >= 0) * (1.0 if gap > 0 else -1.0 if gap < 0 else 2.0),
            _signed_log(gap),
        ]

    def _family(self, block: Block) -> list[float]:
        first, second, third = block.parents
        shares = [self.parent_voted[p] / max(1.0, self.parent_size[p]) for p in (first, second, third)]
        sizes = [log2(1 + self.parent_size[p]) for p in (first, second, third)]
        return [
            *shares, *sizes, min(50, self.parent_count[second]), block.depth - self.main_depth,
            2.0 if second == self.main else 1.0 if first == self.main or third == self.main else 0.0,
        ]  # fmt: skip

    def _neighbours(self, at: int) -> list[float]:
        votes, sizes, count = self.votes, self.sizes, len(self.blocks)
        low, high = max(0, at - 4), min(count, at + 5)
        around = sum(sizes[low:high]) - sizes[at]
        window = (sum(self.voted[low:high]) - self.voted[at]) / max(1, around)
        before, after = at - 1 if at else at, at + 1 if at + 1 < count else at
        return [
            votes[at - 1] if at else 0.0, votes[at + 1] if at + 1 < count else 0.0,
            votes[at - 2] if at > 1 else 0.0, votes[at + 2] if at + 2 < count else 0.0,
            window, log2(1 + sizes[before]), log2(1 + sizes[after]), self.linked[before], self.linked[after],
            float(self.blocks[before].tag in HEADINGS), float(self.blocks[after].tag in HEADINGS),
        ]  # fmt: skip

    def _path(self, block: Block, size: int) -> list[float]:
        """How the blocks in the same kind of place on this page fare: a template puts like with like."""
        path = block.path
        return [
            self.path_voted[path] / max(1.0, self.path_size[path]),
            self.path_voted[path] / max(1.0, sum(self.voted)),
            min(100, self.path_count[path]),
        ]

    def _under(self, at: int) -> list[float]:
        """What the heading above says, and how much text stands above and below the block near the headline."""
        if self.blocks[at].tag in HEADINGS:
            self.last_heading = at
        head = self.last_heading
        if head < 0:
            return [-1.0, 0.0, 0.0, 0.0, 0.0, *self._share_before(at)]
        block = self.blocks[head]
        return [
            min(30, at - head), self.votes[head], float(bool(len(block.text) < 100 and _PROMPT.search(block.text))),
            self.linked[head], log2(1 + self.sizes[head]), *self._share_before(at),
        ]  # fmt: skip

    def _share_before(self, at: int) -> tuple[float, float]:
        self.passed_voted += self.voted[at]
        total = max(1.0, sum(self.voted))
        return (self.passed_voted / total, self.voted[at] / total)

    def _run(self, at: int) -> list[float]:
        low, high = max(0, at - 3), min(len(self.blocks), at + 4)
        sizes = self.sizes[low:high]
        linked = sum(share * size for share, size in zip(self.linked[low:high], sizes, strict=True)) / max(
            1, sum(sizes)
        )
        return [linked, max(sizes) / 100 if sizes else 0.0, float(sum(size > 120 for size in sizes))]


def _signed_log(value: int) -> float:
    return log2(1 + value) if value >= 0 else -log2(1 - value)
