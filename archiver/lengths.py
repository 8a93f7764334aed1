"""Lengths: how many words a text has, and what is usual of its host. In: texts, counts. Out: numbers. Never: I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence

from archiver.model import Usual

LEAST = 20  # articles; of fewer nothing can be called usual
LOOKED_AT = 200  # articles, the latest of a host
SHORT_FOR_HOST = "short_for_host"  # the flag

# Scripts written without spaces: a character counts as a word, as in the word counts of office programs.
_WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+"
)


def count_words(text: str) -> int:
    """Return how many words `text` has; in Chinese and Japanese, how many characters."""
    return len(_WORD.findall(text))


def usual(words: Sequence[int]) -> Usual | None:
    """Return what is usual among articles of so many words each; None of fewer than `LEAST`."""
    if len(words) < LEAST:
        return None
    by_length = sorted(words)
    return Usual(articles=len(words), words=by_length[len(words) // 2], few=by_length[len(words) // 20])
