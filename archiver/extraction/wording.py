"""Wording: what the words of each block give away. In: blocks, the engine's text, what the head says. Out: numbers.

What can only be asked string by string; where a block stands is `surroundings`. Never: judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from archiver.extraction.blocks import HEADINGS, Block

_TAG_CODES = {"p": 1, "div": 2, "li": 3, "tr": 4, "figcaption": 5, "caption": 5, "blockquote": 6, "pre": 7, "dt": 8, "dd": 8}  # fmt: skip
_TAG_CODES |= dict.fromkeys(HEADINGS, 0)
NAMES = ("tag", "words", "lines", "upper", "description", "shared", "titled")


def squeeze(text: str) -> str:
    """The text without any white space: two renderings of one paragraph agree in this form."""
    return "".join(text.split())


def votes_of(blocks: Sequence[Block], engine_text: str) -> list[float]:
    """Per block: 1 if the engine's text holds it, 0.5 if it holds its beginning or end, else 0."""
    whole = squeeze(engine_text).replace("|", "")
    lines = {squeeze(line.strip("-•| ")) for line in engine_text.split("\n")}
    return [_vote(block.squeezed.replace("|", "") if block.row else block.squeezed, whole, lines) for block in blocks]


def _vote(text: str, whole: str, lines: set[str]) -> float:
    if text in lines:  # most that the engine took stands alone in a line of it
        return 1.0
    if len(text) < 25:
        return 0.0
    if text in whole:
        return 1.0
    return 0.5 if len(text) > 60 and (text[:30] in whole or text[-30:] in whole) else 0.0


def titles_among(blocks: Sequence[Block], titles: Iterable[str]) -> list[int]:
    """Where a block says a title again, or a part of one."""
    wanted = {squeeze(title).casefold() for title in titles if title}
    longest, together = min(299, max(map(len, wanted), default=0)), " ".join(wanted)
    some = [(at, block.squeezed.casefold()) for at, block in enumerate(blocks) if 8 < len(block.squeezed) <= longest]
    return [at for at, text in some if (text in together if len(text) > 15 else text in wanted)]


class Wording:
    """What a page's head says, ready to be looked for in its blocks."""

    def __init__(self, titles: Iterable[str], description: str) -> None:
        self.description = squeeze(description)
        self.start = self.description[:40].rstrip(".…")
        described, titled = _long_words(description), _long_words(" ".join(titles))
        self.described = described if len(described) >= 5 else frozenset()
        self.titled = titled if len(titled) >= 3 else frozenset()

    def row(self, block: Block) -> tuple[float, ...]:
        """The numbers of one block, in the order of `NAMES`."""
        text = block.text
        shared, titled = self._shared(text)
        return (
            _TAG_CODES.get(block.tag, 2), text.count(" ") + 1, text.count("\n") + 1,
            capitals(text[:200]) / (len(block.squeezed[:200]) or 1), self._described(block.squeezed), shared, titled,
        )  # fmt: skip

    def _described(self, text: str) -> float:
        if len(self.description) < 30:
            return -1.0
        if len(text) < 20:
            return 0.0
        if text == self.description:
            return 1.0
        return 0.7 if self.start in text else 0.4 if text in self.description else 0.0

    def _shared(self, text: str) -> tuple[float, float]:
        """The shares of the description's and the titles' words that the block has; descriptions are often a shortened
        standfirst. Words with their punctuation: to part them by an expression cost 0.3 ms a page and found no more."""
        if not 30 < len(text) < 900 or not (self.described or self.titled):
            return 0.0, 0.0
        words = text.casefold().split()
        return _share(self.described, words), _share(self.titled, words)


def _long_words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.casefold().split() if len(word) > 2)


def _share(wanted: frozenset[str], words: list[str]) -> float:
    return len(wanted.intersection(words)) / len(wanted) if wanted else 0.0


def capitals(text: str) -> int:
    """How many capitals there are; those of ASCII, nearly all, are counted as bytes."""
    plain = text.encode("ascii", "ignore")
    count = len(plain) - len(plain.translate(None, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    if len(plain) < len(text):
        count += sum(map(str.isupper, filter("\x7f".__lt__, text)))
    return count
