"""Paragraphs: which is which in two texts. In: two texts. Out: paragraphs, told apart. Never: metadata.

equal but for noise → the same; alike enough → edited; the heaviest set of pairs in one order stays, the others moved
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from archiver.compare.noise import Token, is_noise, tokens_of
from archiver.compare.words import Piece, Way, count_noise, pieces_of, whole

ALIKE = 0.5  # Dice of words from which a paragraph is an edited one, not another
_COMMON = 50  # paragraphs; a word in more of them says nothing about which is which


class Kind(StrEnum):
    """What happened to a paragraph."""

    SAME = "same"
    EDITED = "edited"
    MOVED = "moved"
    MOVED_AND_EDITED = "moved_and_edited"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """One paragraph, in the order of the later text; a removed one stands where it was.

    `before` and `after` are its places in the two texts, from 0; None where it is not in that text.
    """

    kind: Kind
    pieces: tuple[Piece, ...]
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True)
class _Text:
    at: int
    tokens: list[Token]
    key: tuple[str, ...]


def compare_texts(before: str, after: str, noise: Counter[str]) -> tuple[Paragraph, ...]:
    """Return the paragraphs of both texts, one per line there. Noise that differs is counted in `noise`."""
    old, old_noise = _split(before)
    new, new_noise = _split(after)
    for kind in ("ago", "counter", "stamp"):
        changed = (old_noise - new_noise, new_noise - old_noise)
        noise[kind] += max(sum(n for (one, _), n in side.items() if one == kind) for side in changed)
    pairs = _equal(old, new)
    pairs += _alike(*_unpaired(old, new, pairs))
    stay = _in_order(pairs)
    by_new = {b.at: a for a, b in pairs}
    found = [_paragraph(by_new.get(one.at), one, stays=one.at in stay, noise=noise) for one in new]
    return _ordered(found, _unpaired(old, new, pairs)[0], {a.at: b.at for a, b in pairs if b.at in stay})


def _unpaired(
    old: Sequence[_Text], new: Sequence[_Text], pairs: Sequence[tuple[_Text, _Text]]
) -> tuple[list[_Text], list[_Text]]:
    mine, theirs = {a.at for a, _ in pairs}, {b.at for _, b in pairs}
    return [one for one in old if one.at not in mine], [one for one in new if one.at not in theirs]


def _split(text: str) -> tuple[list[_Text], Counter[tuple[str, str]]]:
    """Return the paragraphs, and what stands in lines that are nothing but noise, by kind."""
    found: list[_Text] = []
    noise = Counter[tuple[str, str]]()
    for line in text.splitlines():
        tokens = tokens_of(line)
        if is_noise(tokens):
            noise.update((token.noise, token.text) for token in tokens if token.noise)
        elif tokens:
            found.append(_Text(len(found), tokens, tuple(token.key for token in tokens)))
    return found, noise


def _equal(old: Sequence[_Text], new: Sequence[_Text]) -> list[tuple[_Text, _Text]]:
    """Pair what is equal but for noise; of repeated ones the first with the first."""
    waiting: dict[tuple[str, ...], list[_Text]] = defaultdict(list)
    for one in reversed(old):
        waiting[one.key].append(one)
    return [(waiting[one.key].pop(), one) for one in new if waiting.get(one.key)]


def _alike(old: Sequence[_Text], new: Sequence[_Text]) -> list[tuple[_Text, _Text]]:
    """Pair what is alike, the most alike first, the nearest first of equals. Looks only at pairs that share a word."""
    words = {id(one): Counter(key for key in one.key if key[:1].isalnum() or key[:1] == "\0") for one in (*old, *new)}
    sizes = {name: found.total() for name, found in words.items()}
    where: dict[str, list[_Text]] = defaultdict(list)
    for one in old:
        for word in words[id(one)]:
            where[word].append(one)
    ranked = []
    for one in new:
        near = {id(other): other for word in words[id(one)] if len(where[word]) <= _COMMON for other in where[word]}
        for name, other in near.items():
            total = sizes[id(one)] + sizes[name]
            if 2 * min(sizes[id(one)], sizes[name]) < ALIKE * total:
                continue
            share = 2 * (words[id(one)] & words[name]).total() / total
            if share >= ALIKE:
                ranked.append((-share, abs(one.at - other.at), one.at, other, one))
    pairs, used = [], set[int]()
    for _, _, _, other, one in sorted(ranked, key=lambda rank: rank[:3]):
        if id(one) not in used and id(other) not in used:
            used |= {id(one), id(other)}
            pairs.append((other, one))
    return pairs


def _in_order(pairs: Sequence[tuple[_Text, _Text]]) -> set[int]:
    """Return the places (in the later text) of the pairs that stay: the heaviest set whose order is the same in both.

    A longest increasing subsequence, each pair weighing as much as its words, over a Fenwick tree: n log n.
    """
    ordered = sorted(pairs, key=lambda pair: pair[1].at)
    size = max((old.at for old, _ in pairs), default=-1) + 1
    tree: list[tuple[int, int]] = [(0, -1)] * (size + 1)  # most weight up to a place, and the pair it ends with
    links = []
    for number, (old, new) in enumerate(ordered):
        at, best = old.at, (0, -1)
        while at > 0:
            best = max(best, tree[at])
            at -= at & -at
        links.append(best[1])
        mine = (best[0] + len(new.tokens), number)
        at = old.at + 1
        while at <= size:
            tree[at] = max(tree[at], mine)
            at += at & -at
    best, at = (0, -1), size
    while at > 0:
        best = max(best, tree[at])
        at -= at & -at
    stay, number = set(), best[1]
    while number >= 0:
        stay.add(ordered[number][1].at)
        number = links[number]
    return stay


def _paragraph(old: _Text | None, new: _Text, *, stays: bool, noise: Counter[str]) -> Paragraph:
    if old is None:
        return Paragraph(kind=Kind.ADDED, pieces=whole(new.tokens, Way.ADDED), after=new.at)
    if old.key == new.key:
        count_noise(old.tokens, new.tokens, noise)
        kind, pieces = Kind.SAME if stays else Kind.MOVED, whole(new.tokens, Way.SAME)
    else:
        kind = Kind.EDITED if stays else Kind.MOVED_AND_EDITED
        pieces = pieces_of(old.tokens, new.tokens, noise)
    return Paragraph(kind=kind, pieces=pieces, before=old.at, after=new.at)


def _ordered(found: Sequence[Paragraph], gone: Iterable[_Text], stays: dict[int, int]) -> tuple[Paragraph, ...]:
    """Put each removed paragraph behind the last one before it that stayed."""
    removed: dict[int, list[Paragraph]] = defaultdict(list)
    places = sorted(stays)
    for one in gone:
        before = bisect_left(places, one.at)
        place = stays[places[before - 1]] if before else -1
        removed[place].append(Paragraph(kind=Kind.REMOVED, pieces=whole(one.tokens, Way.REMOVED), before=one.at))
    ordered = [*removed[-1]]
    for at, paragraph in enumerate(found):
        ordered += [paragraph, *removed[at]]
    return tuple(ordered)
