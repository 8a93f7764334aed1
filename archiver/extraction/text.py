"""Text: which blocks are the article, and their words. In: blocks, the engine's text, hints. Out: text and Markdown.

Each block is chosen by its probability; rules then take back what a reader would never call the article's text (its
headline again, prompts, hidden text) and put back its standfirst. Never: a word that is not visible on the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from archiver.extraction.blocks import HEADINGS, TAGS, Block
from archiver.extraction.classifier import model
from archiver.extraction.classwords import WORD
from archiver.extraction.features import Hints, rows
from archiver.extraction.live import Entry
from archiver.extraction.markdown import dated, markdown_of
from archiver.extraction.prompts import is_prompt, unwanted
from archiver.extraction.signs import is_credit
from archiver.extraction.wording import squeeze
from archiver.model import Update

MAX_BLOCKS = 12_000  # beyond, blocks are chosen by their tags alone; the longest article of 850 had 1,900
PLAIN = 40  # characters that make a block worth keeping on the cheap path
ABOVE = 6  # blocks above the text; a standfirst among them needs half the chance only
_CHROME = TAGS["nav"] | TAGS["footer"] | TAGS["aside"] | TAGS["form"]


@dataclass(frozen=True, slots=True)
class Text:
    """An article's words. `chosen` are the indices of its blocks."""

    text: str
    markdown: str
    chosen: tuple[int, ...]
    updates: tuple[Update, ...] = ()


def text_of(blocks: Sequence[Block], engine_text: str | None, hints: Hints, live: Sequence[Entry] = ()) -> Text:
    """Choose an article's blocks and render them. Without the engine's opinion (None) their tags decide: the classifier
    never learned to do without. What a `live` blog's entries show is all chosen.
    """
    if len(blocks) > MAX_BLOCKS:
        return _rendered(blocks, _by_tag(blocks), ())
    chances: Mapping[int, float] = {}
    if engine_text is not None:
        chances = model().probabilities(rows(blocks, engine_text, hints))
    chosen, out = choose(blocks, chances, hints, threshold=model().threshold)
    if live:
        chosen = _with_entries(blocks, chosen, out, live)
    return _rendered(blocks, _without_last_headings(blocks, sorted(chosen)), _asides(blocks, chances, out), live)


def choose(
    blocks: Sequence[Block], chances: Mapping[int, float], hints: Hints, *, threshold: float
) -> tuple[set[int], set[int]]:
    """The blocks of the article, and those that are not even shown with it. Of the square of the best F1 that the page
    promises, `threshold` is the share that makes a block likely."""
    chosen = _likely(blocks, chances, threshold)
    titles = {squeeze(title).casefold() for title in hints.titles if title}
    repeated = {at for at, block in enumerate(blocks) if _repeats(block, titles)}
    out = repeated | _hidden(blocks, chosen)
    chosen -= out | of_others(blocks, chosen)
    chosen |= _standfirst(blocks, chosen, hints) - out
    if not chosen:
        chosen = {at for at in _by_tag(blocks) if at not in out}
    others = unwanted(blocks, chosen, chances)
    return chosen - others, out | others


def _likely(blocks: Sequence[Block], chances: Mapping[int, float], threshold: float) -> set[int]:
    """What the classifier chooses. Above the first of it half the chance is enough: the lead is there on 94 % of unseen
    press pages, where one limit for all left 91, and F1 is the same."""
    limit = threshold * best_f1([(chance, len(blocks[at].squeezed)) for at, chance in chances.items()]) ** 2
    chosen = {at for at, chance in chances.items() if chance >= limit}
    first = min(chosen, default=0)
    lead = (at for at in range(max(0, first - ABOVE), first) if len(blocks[at].squeezed) >= PLAIN)
    return chosen | {at for at in lead if chances.get(at, 0.0) >= limit / 2}


def best_f1(pieces: Iterable[tuple[float, int]]) -> float:
    """The best F1 that can be expected of a page, from each piece's chance to be wanted and its size.

    To take what is likelier than half of it is best for F1 (Lipton, Elkan and Naryanaswamy, 2014): a page of which
    nothing is sure gives more, a clear one less. Half of its square is still better, since chances on odd pages are too
    sure of themselves; beside one limit of 0.4 for all it is worth .002 on press pages and .001 on blogs.
    """
    best = taken = right = 0.0
    ranked = sorted(pieces, reverse=True)
    wanted = sum(chance * size for chance, size in ranked)
    for chance, size in ranked:
        taken += size
        right += chance * size
        best = max(best, 2 * right / max(1e-9, taken + wanted))
    return best


def _with_entries(blocks: Sequence[Block], chosen: set[int], out: set[int], live: Sequence[Entry]) -> set[int]:
    """With all that the entries say, and without their times, which head the sections of the Markdown."""
    own = {at for entry in live for at in _own(entry)}
    said = {at for at in own if at not in out and _is_said(blocks[at])}
    inside = {at for entry in live for at in range(min(_own(entry)), max(_own(entry)) + 1)}
    return (chosen - inside) | (said - of_others(blocks, said))


def _own(entry: Entry) -> tuple[int, ...]:
    return entry.body if entry.heading is None else (entry.heading, *entry.body)


def _is_said(block: Block) -> bool:
    if block.hidden or is_prompt(block.text) or is_credit(block.text):
        return False
    return block.tag in HEADINGS or (block.linked + block.button) * 2 < len(block.text)


def of_others(blocks: Sequence[Block], chosen: set[int]) -> set[int]:
    """Captions and posts from elsewhere: shown in Markdown, not counted among the article's words."""
    return {at for at in chosen if blocks[at].tag == "figcaption" or _is_embedded(blocks[at])}


def _repeats(block: Block, titles: set[str]) -> bool:
    """Whether a block only says the title again; a heading also where it says a part of it."""
    text = block.squeezed.casefold()
    if text in titles:
        return len(text) > 8
    return block.tag in HEADINGS and len(text) > 15 and any(text in title for title in titles)


def _hidden(blocks: Sequence[Block], chosen: set[int]) -> set[int]:
    """Hidden blocks, unless the article itself is hidden until a script shows it."""
    hidden = {at for at in chosen if blocks[at].hidden}
    size = sum(len(blocks[at].text) for at in hidden)
    shown = sum(len(blocks[at].text) for at in chosen - hidden)
    return set() if size > 3 * shown else {at for at, block in enumerate(blocks) if block.hidden}


def _standfirst(blocks: Sequence[Block], chosen: set[int], hints: Hints) -> set[int]:
    """The visible paragraph that the description repeats, where it stands between the headline and the text."""
    first = min(chosen, default=-1)
    wanted = squeeze(hints.description).rstrip(".…")
    if first <= 0 or len(wanted) < 50:
        return set()
    for at in range(first - 1, max(-1, first - 12), -1):
        block = blocks[at]
        if block.linked * 2 < len(block.text) and len(block.squeezed) >= 50 and block.squeezed.startswith(wanted[:50]):
            return {at}
    return set()


def _by_tag(blocks: Sequence[Block]) -> list[int]:
    """The cheap path: visible paragraphs outside navigation that are not links."""
    return [
        at
        for at, block in enumerate(blocks)
        if not block.hidden
        and not block.ancestors & _CHROME
        and block.linked * 2 < len(block.text)
        and (len(block.text) >= PLAIN or (block.tag == "p" and len(block.text) > 20))
    ]


def _without_last_headings(blocks: Sequence[Block], chosen: list[int]) -> list[int]:
    """A heading with nothing below it heads something that is not ours."""
    while len(chosen) > 1 and blocks[chosen[-1]].tag in HEADINGS:
        chosen = chosen[:-1]
    return chosen


def _asides(blocks: Sequence[Block], chances: Mapping[int, float], out: set[int]) -> tuple[int, ...]:
    """Captions, embedded posts and tables: not the article's words, or not always, but part of what Markdown keeps."""
    return tuple(at for at in chances if at not in out and not is_credit(blocks[at].text) and _is_aside(blocks[at]))


def _is_aside(block: Block) -> bool:
    if block.row:
        return block.linked * 2 < len(block.text)
    if block.tag in ("figcaption", "caption"):
        return len(block.text) > 20
    return _is_embedded(block)


def _is_embedded(block: Block) -> bool:
    """Whether a block belongs to a post from elsewhere."""
    return bool(block.ancestors & TAGS["blockquote"] and (block.own | block.near) & WORD["embed"])


def _rendered(
    blocks: Sequence[Block], chosen: Sequence[int], asides: Sequence[int], live: Sequence[Entry] = ()
) -> Text:
    if not chosen:
        return Text("", "", ())
    within = {at for at in asides if chosen[0] - 3 <= at <= chosen[-1]}
    shown = sorted({*chosen, *within})
    text = "\n".join(blocks[at].text for at in chosen)
    kept = set(chosen)
    updates = [(entry, _update(blocks, entry, kept)) for entry in live if kept.intersection(_own(entry))]
    return Text(text, _markdown(blocks, shown, updates), tuple(chosen), tuple(update for _, update in updates))


def _update(blocks: Sequence[Block], entry: Entry, kept: set[int]) -> Update:
    moment = entry.time
    return Update(
        time=moment.iso if moment else None,
        precision=moment.precision if moment else None,
        zone=moment.zone if moment else None,
        source=entry.source,
        shown=entry.shown,
        heading=blocks[entry.heading].text if entry.heading is not None and entry.heading in kept else None,
        text="\n".join(blocks[at].text for at in entry.body if at in kept),
    )


def _markdown(blocks: Sequence[Block], shown: Sequence[int], updates: Sequence[tuple[Entry, Update]]) -> str:
    """Blocks as Markdown, a live blog's entries as sections headed by their times."""
    if not updates:
        return markdown_of([blocks[at] for at in shown])
    parts, done = [], 0
    for entry, update in updates:
        own = _own(entry)
        parts.append(markdown_of([blocks[at] for at in shown if done <= at < min(own)]))
        inside = [blocks[at] for at in shown if min(own) <= at <= max(own) and at != entry.heading]
        parts += [dated(update.time or update.shown, update.heading), markdown_of(inside)]
        done = max(own) + 1
    parts.append(markdown_of([blocks[at] for at in shown if at >= done]))
    return "\n\n".join(part for part in parts if part)
