"""Similarity: digests that near copies share. In: text. Out: a SimHash, MinHash bands. Never: comparing.

SimHash (Charikar 2002) over words: texts that differ in a few words differ in a few of 64 bits. One-permutation MinHash
(Li, Owen, Zhang 2012) over 4-word shingles, empty bins filled from the next one: texts that share 80 % of their
shingles share one of the 8 bands of 3 with 99.6 % likelihood, texts that share 30 % with 20 %.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from functools import lru_cache
from hashlib import blake2b, sha256
from itertools import accumulate
from typing import Any

BANDS, ROWS = 8, 3
MAX_WORDS = 3_000  # of a text; what follows hardly moves the digests
_WIDE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_WORDS = re.compile(f"[{_WIDE}]|[^\\W{_WIDE}]+")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case; characters in scripts that do not part words."""
    return _WORDS.findall(text.casefold())


def simhash(words: list[str]) -> str:
    """The 64-bit SimHash as 16 hex digits; "" for a text without words."""
    import numpy as np  # as in `_lowest`: who only compares digests does not need it

    if not words:
        return ""
    counts = Counter(words[:MAX_WORDS])
    total = sum(counts.values())
    bits = np.unpackbits(np.frombuffer(b"".join(map(_digest, counts)), dtype=np.uint8)).reshape(-1, 64)
    ones = np.array(list(counts.values()), dtype=np.float32) @ bits.astype(
        np.float32
    )  # exact, and a fifth of integers' time
    return np.packbits(2 * ones > total).tobytes().hex()


@lru_cache(maxsize=20_000)  # of 200 pages' words, four in five were met before
def _digest(word: str) -> bytes:
    """64 bits of a word."""
    return blake2b(word.encode("utf-8", "replace"), digest_size=8).digest()


def bands(words: list[str]) -> tuple[str, ...]:
    """The MinHash bands as 8 strings of 8 hex digits; none for a text under 8 words."""
    words = words[:MAX_WORDS]
    if len(words) < 8:
        return ()
    bins = _lowest(words)
    full = _filled(bins)
    return tuple(
        blake2b(repr(full[at : at + ROWS]).encode(), digest_size=4).hexdigest() for at in range(0, len(full), ROWS)
    )


def _lowest(words: list[str]) -> list[int | None]:
    """The lowest hash of the shingles in each bin; None in one that has none."""
    import numpy as np

    coded = " ".join(words).encode("utf-8", "replace")
    starts = [0, *accumulate(len(word) + 1 for word in coded.split(b" "))]
    shingles = [coded[start : end - 1] for start, end in zip(starts, starts[4:], strict=False)]
    hashes: Any = np.fromiter(map(zlib.crc32, shingles), dtype=np.uint64, count=len(shingles))
    hashes = (hashes ^ hashes >> 15) * 0x85EBCA6B & 0xFFFFFFFF
    hashes = (hashes ^ hashes >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    count, none = BANDS * ROWS, 1 << 32
    bins = np.full(count, none, dtype=np.uint64)
    np.minimum.at(bins, (hashes % count).astype(np.intp), hashes)
    return [None if value == none else value for value in bins.tolist()]


def _filled(bins: list[int | None]) -> list[int]:
    """Each empty bin takes the next full one's value, marked by its distance."""
    full = []
    for at in range(len(bins)):
        step = next(step for step in range(len(bins)) if bins[(at + step) % len(bins)] is not None)
        full.append((bins[(at + step) % len(bins)] or 0) + (step << 32))
    return full


def similarity_of(text: str) -> dict[str, Any]:
    """What a record keeps: `word_count`, `text_digest`, `simhash`, `minhash`."""
    words = words_of(text)
    return {
        "word_count": len(words), "text_digest": text_digest(words), "simhash": simhash(words), "minhash": bands(words),
    }  # fmt: skip


def text_digest(words: list[str]) -> str:
    """32 hex digits that texts of the same words share, whatever their case, signs and line ends; "" without words."""
    return sha256(" ".join(words).encode("utf-8", "replace")).hexdigest()[:32] if words else ""
