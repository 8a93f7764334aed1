"""Datelines: the lines in which a page shows its date. In: blocks. Out: texts with a date, the likeliest first. Never: a date.

Places named for dates near the headline go first, then lines there that say little else, then such lines further down,
then dates in prose. Of each kind those well above the headline go behind the others (on 250 press pages of 2012 eight
showed today's date there, in the page's head), those that speak of changes last. Captions tell when a photograph was
taken, quotations when a post was written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from archiver.extraction.blocks import Block
from archiver.extraction.classwords import WORD

DATE_HINT = re.compile(r"(?:19|20)\d\d|\d{1,2}[./-]\d{1,2}[./-]\d\d")
_CHANGED = re.compile(
    r"updat|modif|changed|edited|revis|aktualis|änder|mis à jour|actualiz|atualiz|aggiorn|bijgewerkt|gewijzigd|обновл|更新|zaktualiz|edytowan|oppdatert|uppdaterad",
    re.I,
)
_PUBLISHED = re.compile(
    r"publi|posted|erschienen|veröffentlicht|erstellt|geplaatst|opublikowan|publicerad|julkaistu|опубликован|created|发布|公開|掲載|投稿",
    re.I,
)
_OTHERS_DATES = ("figcaption", "blockquote")  # a photograph's, a quoted post's
_NEAR = 25  # blocks before and after the headline in which a dateline stands
_FAR = 120  # blocks after it in which a line that is all date may stand
_ABOVE = 3  # blocks before it within which a dateline is: further up stand today's date and other stories'
_FEW_LETTERS = 32  # beside a date: "Von", a name, "Uhr", a month


def datelines(blocks: Sequence[Block], heading: int) -> list[str]:
    """Texts that hold the page's date, the likeliest first. `heading` is the index of the headline's block, or -1."""
    low, near, high = (heading - _NEAR, heading + _NEAR, heading + _FAR) if heading >= 0 else (0, 2 * _NEAR, _FAR)
    found = []
    for at in range(max(0, low), min(high, len(blocks))):
        block = blocks[at]
        text = block.text
        if len(text) >= 300 or block.tag in _OTHERS_DATES or not DATE_HINT.search(text):
            continue
        marked, bare = bool((block.own | block.near) & WORD["meta"]), _is_bare(text)
        if at < near or bare:
            changed = bool(_CHANGED.search(text)) and not _PUBLISHED.search(text)
            sure = marked or bare or _says_published(text)
            kind = 2 if not sure else int(at >= near)
            found.append((kind, changed, heading - at > _ABOVE, not marked, at, _told(text)))
    return [text for *_, text in sorted(found)]


def _is_bare(text: str) -> bool:
    """Whether a line says little but a date: "Posted on 3 May 2024 at 10:30"."""
    return len(text) < 60 and sum(map(str.isdigit, text)) >= 5 and sum(map(str.isalpha, text)) <= _FEW_LETTERS


def _says_published(text: str) -> bool:
    """Whether a short line names the day of publication: "Essay – Published: 2024.05.03 | Bridges"."""
    return len(text) < 160 and sum(map(str.isdigit, text)) >= 5 and bool(_PUBLISHED.search(text))


def _told(text: str) -> str:
    """The part of a line that speaks of publication, where it speaks of changes as well."""
    if (published := _PUBLISHED.search(text)) and _CHANGED.search(text):
        return text[published.start() :]
    return text
