"""Words: what was added to a text and removed from it. In: tokens of two texts. Out: pieces. Never: paragraphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

from archiver.compare.noise import Token

_MOST = 4_000  # tokens of one text that are aligned; the time of that grows with the square


class Way(StrEnum):
    """What happened to a piece of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text that was kept, added or removed."""

    way: Way
    text: str


def pieces_of(before: Sequence[Token], after: Sequence[Token], noise: Counter[str]) -> tuple[Piece, ...]:
    """Align two texts word by word; noise that differs is shown as it is now, and counted in `noise`."""
    if max(len(before), len(after)) > _MOST:
        return _joined([(Way.REMOVED, _text(before)), (Way.ADDED, _text(after))])
    found: list[tuple[Way, str]] = []
    matcher = SequenceMatcher(None, [one.key for one in before], [one.key for one in after], autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            count_noise(before[a:b], after[c:d], noise)
            found.append((Way.SAME, _text(after[c:d])))
        else:
            found += [(Way.REMOVED, _text(before[a:b])), (Way.ADDED, _text(after[c:d]))]
    return _slid(_joined(_smoothed([one for one in found if one[1]])))


def whole(tokens: Sequence[Token], way: Way) -> tuple[Piece, ...]:
    """Return a text as one piece."""
    return _joined([(way, _text(tokens))])


def count_noise(before: Sequence[Token], after: Sequence[Token], noise: Counter[str]) -> None:
    """Count the noise in which two texts of equal keys differ."""
    for one, other in zip(before, after, strict=True):
        if one.noise and one.text != other.text:
            noise[one.noise] += 1


def count_words(pieces: Sequence[Piece], way: Way) -> int:
    """Return how many words of these pieces went that way."""
    return sum(sum(map(str.isalnum, word)) > 0 for piece in pieces if piece.way is way for word in piece.text.split())


def _smoothed(found: list[tuple[Way, str]]) -> list[tuple[Way, str]]:
    """Let a space between two changes be part of both: a changed phrase is read as one, not word by word."""
    smooth: list[tuple[Way, str]] = []
    for at, (way, text) in enumerate(found):
        if way is Way.SAME and text.isspace() and 0 < at < len(found) - 1:
            smooth += [(Way.REMOVED, text), (Way.ADDED, text)]
        else:
            smooth.append((way, text))
    return smooth


def _slid(pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """Show "a {new }word" rather than "a{ new} word": a change takes the space behind it, not the one before."""
    slid = list(pieces)
    for at in range(1, len(slid) - 1):
        before, piece, after = slid[at - 1 : at + 2]
        if (before.way, after.way) == (Way.SAME, Way.SAME) and piece.text[0] == after.text[0] == " ":
            texts = (before.text + " ", piece.text[1:] + " ", after.text[1:])
            slid[at - 1 : at + 2] = map(Piece, (Way.SAME, piece.way, Way.SAME), texts)
    return tuple(piece for piece in slid if piece.text)


def _joined(found: Sequence[tuple[Way, str]]) -> tuple[Piece, ...]:
    """Join neighbours of one way; between two kept pieces what was removed comes before what was added."""
    pieces: list[Piece] = []
    removed = added = ""

    def flush() -> None:
        nonlocal removed, added
        if removed.isspace() and added.isspace():
            pieces.append(Piece(Way.SAME, added))
        else:
            pieces.extend(Piece(way, text) for way, text in ((Way.REMOVED, removed), (Way.ADDED, added)) if text)
        removed = added = ""

    for way, text in found:
        if way is Way.REMOVED:
            removed += text
        elif way is Way.ADDED:
            added += text
        elif text:
            flush()
            if pieces and pieces[-1].way is Way.SAME:
                text = pieces.pop().text + text
            pieces.append(Piece(Way.SAME, text))
    flush()
    return tuple(pieces)


def _text(tokens: Sequence[Token]) -> str:
    return "".join(token.text for token in tokens)
