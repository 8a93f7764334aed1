"""Comparing: what two captures say otherwise. In: two records. Out: a Difference. Never: I/O, the bodies.

difference = compare(before, after)
difference.headline_changed, difference.counts, difference.words_added
for paragraph in difference.paragraphs: paragraph.kind, paragraph.pieces
"""

from archiver.compare.difference import Byline, Difference, Fact, Side, Version, compare, history
from archiver.compare.html import to_html
from archiver.compare.paragraphs import Kind, Paragraph
from archiver.compare.words import Piece, Way

__all__ = [
    "Byline",
    "Difference",
    "Fact",
    "Kind",
    "Paragraph",
    "Piece",
    "Side",
    "Version",
    "Way",
    "compare",
    "history",
    "to_html",
]
