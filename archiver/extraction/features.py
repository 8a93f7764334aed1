"""Features: what can be said of each block, in numbers. In: blocks, the engine's text, the page's hints. Out: rows. Never: judging.

The words of a block are asked in `wording`, where it stands in `surroundings`. The order of the numbers is the order of
`NAMES`; a model file names the features it was trained on, so a change here without training anew is found when the
model is loaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archiver.extraction import wording
from archiver.extraction.blocks import TAGS, Block
from archiver.extraction.classwords import GROUPS

# fmt: off
_PLACED = (
    # the block itself, and what others say of it
    "heading", "size", "end", "linked", "links", "depth", "vote", "title", "copies", "size_rank",
    # where it stands: in the page, from the headline, in what the engine took, in the element that holds most of that
    "place", "h1", "h1_gap", "after", "before", "after_size", "before_size",
    "main_after", "main_before", "main_after_size", "main_before_size", "same_main", "main_depth",
    "text_before", "text_here", "plain_before",
    # what stands in the same parents, and in the same kind of place
    "parent1_vote", "parent2_size", "parent3_size",
    *(f"{group}_{what}" for group in ("parent2", "parent3", "path", "outer")
      for what in ("vote", "share", "plain", "linked", "end", "log", "count")),
    "path_other", "path_dev", "path_rank", "mate_prev", "mate_next",
    # its neighbours, near and far
    "vote_next2", "size_prev", "size_next", "linked_next", "run_linked", "near_body", "near_end", "near_tiny", "voted_next",
    *(f"{what}{reach}" for reach in (4, 12, 30) for what in ("voted", "linked", "plain")), "next_vote8", "next_plain8",
    # the heading above it, the next one, and what stands between them
    "head_gap", "head_linked", "head_size", "head_level", "head_level_vote", "head_depth", "head_no",
    "section_size", "section_count", "section_vote", "section_linked", "section_plain",
    "head_next", "head_next_vote", "head_next_level",
    # the page as a whole
    "page_vote", "page_size", "page_blocks", "page_votes", "page_held", "page_heads", "page_kinds", "page_plain", "page_plain_vote",
    "page_linked", "page_hidden", "page_comments", "page_path", "page_parent", "page_span", "page_long",
)
# fmt: on
NAMES = (
    *_PLACED,
    *wording.NAMES,
    "page_kind",
    *(f"in_{name}" for name in TAGS),
    *(f"word_{name}" for name in GROUPS),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hints:
    """What a page's metadata says about its text: whole strings, used to locate visible text, never as text."""

    titles: tuple[str, ...] = ()
    description: str = ""
    kind: int = 0  # 2: JSON-LD calls the page a news article, 1: an article of some kind, 0: no such word


@dataclass(frozen=True, slots=True)
class Rows:
    """The blocks that may be article text, by index, and a row of numbers for each, in the order of `NAMES`."""

    at: list[int]
    table: Any  # float32 [blocks, features]; in memory one feature after the other, as they are computed and asked


def rows(blocks: Sequence[Block], engine_text: str, hints: Hints) -> Rows:
    """Measure each block that may be article text. Menus and lone links are no candidates."""
    import numpy as np

    from archiver.extraction.surroundings import Surroundings  # NumPy: who only reads an archive never loads it

    if not blocks:
        return Rows([], np.empty((0, len(NAMES)), np.float32))
    titles = wording.titles_among(blocks, hints.titles)
    page = Surroundings(blocks, wording.votes_of(blocks, engine_text), titles)
    at = page.may_be_text()
    found = [blocks[one] for one in at.tolist()]
    table = np.empty((len(NAMES), len(found)), np.float32)
    columns = page.columns(at)
    for row, name in enumerate(_PLACED):
        table[row] = columns[name]
    said = list(map(wording.Wording(hints.titles, hints.description).row, found))
    first, after = len(_PLACED), len(_PLACED) + len(wording.NAMES)
    table[first:after] = np.array(said, np.float32).reshape(len(found), len(wording.NAMES)).T
    table[after] = hints.kind
    table[after + 1 :] = page.names_above(at)
    return Rows(at.tolist(), table.T)
