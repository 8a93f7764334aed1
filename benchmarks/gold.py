"""Gold: pages with a right answer, and how near an answer comes to it. In: a folder of sets. Out: numbers.

A set is a folder with `gold.jsonl` (id, url, text, title, author, date; what is missing is not scored) and
`pages/ID.html.gz`. The definitions are those of the public benchmarks: shingle F1 is the article-extraction-benchmark's
(4-word shingles, macro means of precision and recall, their harmonic mean), names and days are compared after folding.
"""

from __future__ import annotations

import datetime
import gzip
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_WIDE = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_TOKEN = re.compile(f"[{_WIDE}]|[^\\W{_WIDE}]+")
_HAS_WIDE = re.compile(f"[{_WIDE}]")
_WORD = re.compile(r"\w+")
_ZERO = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_FOLD = str.maketrans(
    {
        **dict.fromkeys("’‘‚ʼ´`", "'"), **dict.fromkeys("“”„«»", '"'), **dict.fromkeys("–—‐‑−", "-"),
        "\u00ad": None, "\u200b": None, "…": "...",
    }
)  # fmt: skip
_NAMES = re.compile(r"\s*(?:;|,|\||/|&|\band\b|\bund\b|\bet\b|\by\b|•|·)\s*", re.I)
_BY = re.compile(
    r"^(?:(?:written |words |story |posted |reported |reviewed )?by|von|par|por|autor|author)\s*:?\s+", re.I
)
_PLAIN_SETS = ("aeb", "wcxb")  # scored with the plain \w+ tokens of their own scorers


def items(folder: Path) -> list[dict[str, Any]]:
    """The right answers of a set, in file order."""
    with (folder / "gold.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def pages(folder: Path) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each right answer with the bytes of its page."""
    for item in items(folder):
        yield item, gzip.decompress((folder / "pages" / f"{item['id']}.html.gz").read_bytes())


def is_plain(name: str) -> bool:
    return name.split("-")[0] in _PLAIN_SETS


def tokens(text: str, *, plain: bool) -> list[str]:
    """Words; in scripts without spaces, characters."""
    if plain:
        return _WORD.findall(text or "")
    text = _ZERO.sub("", text or "")
    return _TOKEN.findall(text) if _HAS_WIDE.search(text) else _WORD.findall(text)


def _shingles(words: list[str]) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)) if words[at : at + 4])


def overlap(true: list[str], found: list[str]) -> tuple[float, float, float]:
    """Shares of shingles that are right, too many, missing."""
    right, given = _shingles(true), _shingles(found)
    both = sum((right & given).values())
    over, missing = sum(given.values()) - both, sum(right.values()) - both
    total = both + over + missing
    return (both / total, over / total, missing / total) if total else (0.0, 0.0, 0.0)


def f1(rows: list[tuple[float, float, float]]) -> tuple[float, float, float]:
    """(F1, precision, recall) over pages: macro means; pages without an answer do not count for precision."""
    precision = [right / (right + over) if right else 0.0 for right, over, _ in rows if right + over > 0]
    recall = [right / (right + missing) if right else 0.0 for right, _, missing in rows if right + missing > 0]
    p = sum(precision) / len(precision) if precision else 0.0
    r = sum(recall) / len(recall) if recall else 0.0
    return (2 * p * r / (p + r) if p + r else 0.0), p, r


def has_lead(true: list[str], found: list[str]) -> bool:
    """Do the first eight words of the right text stand in the answer?"""
    head = tuple(true[:8])
    return any(tuple(found[at : at + len(head)]) == head for at in range(len(found) - len(head) + 1))


def fold(text: str | None) -> str:
    """Text as titles and names are compared: one case, plain quotes and dashes, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text or "").translate(_FOLD).casefold().split())


def names(value: Any) -> set[str]:
    """The folded names in a byline or a list of them."""
    found = set()
    for text in [value] if isinstance(value, str) else value or []:
        for part in _NAMES.split(str(text)):
            name = " ".join(re.sub(r"[^\w\s'.-]", " ", _BY.sub("", fold(part))).split()).strip(" .'-")
            if name:
                found.add(name)
    return found


def day(value: Any) -> datetime.date | None:
    """The calendar day of an ISO date."""
    match = re.match(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})", str(value or ""))
    try:
        return datetime.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None
