"""How objects are joined by multipart copy: which ranges become which part. In: sizes. Out: a plan. Never: I/O.

S3 takes 10,000 parts of 5 MiB to 5 GiB; only the last may be smaller (S3 user guide, "Multipart upload limits").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SMALLEST_PART = 5 * 1024 * 1024
LARGEST_PART = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A range of an object."""

    key: str
    start: int
    length: int


def parts_of(sizes: Mapping[str, int]) -> list[list[Piece]]:
    """Return the parts: one large piece, which the server copies, or several small ones, which are moved and put.

    Small objects are gathered, with the beginning of a large one if need be, until they are a part.
    """
    parts: list[list[Piece]] = []
    gathered: list[Piece] = []
    for key, size in sizes.items():
        start = 0
        while start < size:
            left = size - start
            missing = SMALLEST_PART - sum(piece.length for piece in gathered) if gathered else 0
            length = min(left, missing or LARGEST_PART)
            if (not gathered and length < SMALLEST_PART) or gathered:
                gathered.append(Piece(key, start, length))
                if sum(piece.length for piece in gathered) >= SMALLEST_PART:
                    parts.append(gathered)
                    gathered = []
            else:
                parts.append([Piece(key, start, length)])
            start += length
    return [*parts, gathered] if gathered else parts
