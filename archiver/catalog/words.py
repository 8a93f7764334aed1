"""Words: what a person wants to read about. In: typed text. Out: tokens, an FTS5 expression. Never: a syntax error.

lithium accord          both words
"lithium accord"        this phrase
-mining                 not this word, or not this phrase
lithi*                  words that start so; two letters at least

Case and accents do not count. Scripts written without spaces are spaced by `spaced`, here and in the index alike, so
that a run of them is found wherever it stands.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.errors import BadInput

TOKENIZE = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
"""Marks are parts of words: without Mn and Mc, Devanagari and Thai fall apart at each vowel sign."""
COLUMNS = ("title", "authors", "description", "text")
WEIGHTS = (8.0, 4.0, 3.0, 1.0)  # of the columns, in the ranking

LIMIT = 1_000  # characters of a question
TERMS = 50  # words and phrases of a question; SQLite bounds the depth of an expression at 256

MARK, END = "\x02", "\x03"  # around a match in a snippet; no text in the index has them
_GAP = "\u200b"  # no width: the text looks as it did, and a tokenizer sees a gap
_UNSPACED = (
    "\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e80-\u0eb0\u0eb2\u0eb3\u0ebd-\u0ec6\u1000-\u102a\u1780-\u17b3"  # Thai …
    "\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"  # Kana, Han
)
_SPACED = re.compile(rf"(?<=[^\s{_GAP}])(?=[{_UNSPACED}])|(?<=[{_UNSPACED}])(?=[^\W{_UNSPACED}])")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")  # without one there is nothing to space; asked first, it costs a tenth
_NEEDLESS = re.compile(f"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff{_GAP}]")
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂「」『』", '"'))
_TERM = re.compile(r'(?P<not>(?<!\S)-)?(?:"(?P<phrase>[^"]*)(?:"|$)|(?P<word>[^\s"]+))(?P<prefix>(?<=")\*)?')


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or a phrase, spaced as the index is."""

    text: str
    is_prefix: bool = False
    is_excluded: bool = False


def spaced(text: str) -> str:
    """Return `text` with a gap of no width around each character of a script that is written without spaces."""
    text = _NEEDLESS.sub("", text)
    return _SPACED.sub(_GAP, text) if _HAS_UNSPACED.search(text) else text


def unspaced(text: str) -> str:
    """Return the text without the gaps of `spaced`."""
    return text.replace(_GAP, "")


def terms(text: str) -> tuple[Term, ...]:
    """Return what is asked for. What holds no letter and no digit asks for nothing. Raises BadInput for too much."""
    if len(text) > LIMIT:
        raise BadInput(f"{len(text):,} characters to search for", f"give {LIMIT:,} at most")
    found = tuple(term for match in _TERM.finditer(text.translate(_QUOTES)) if (term := _term(match)) is not None)
    if len(found) > TERMS:
        raise BadInput(f"{len(found)} words to search for", f"give {TERMS} at most, or a phrase in quotes")
    return found


def expressions(found: Iterable[Term], *, author: str | None = None) -> tuple[str | None, str | None]:
    """Return two FTS5 expressions: what an article must hold, and what it must not. None where that is nothing."""
    found = tuple(found)
    wanted = [_quoted(term) for term in found if not term.is_excluded]
    if author is not None:
        wanted += [f"authors : {_quoted(term)}" for term in _names(author)]
    unwanted = [_quoted(term) for term in found if term.is_excluded]
    return " AND ".join(wanted) or None, " OR ".join(unwanted) or None


def _term(match: re.Match[str]) -> Term | None:
    word = match["word"]
    text = spaced(match["phrase"] if word is None else word)
    is_prefix = bool(match["prefix"]) or (word is not None and word.endswith("*"))
    letters = sum(map(_is_of_a_word, text))
    if not letters:
        return None
    if is_prefix and letters < 2 and text.isascii():
        raise BadInput(text, "give two letters before the *")
    return Term(text=text, is_prefix=is_prefix, is_excluded=bool(match["not"]))


def _names(author: str) -> tuple[Term, ...]:
    """An author's name is a phrase. Raises BadInput for a name that has no letter."""
    if not any(map(_is_of_a_word, author)) or len(author) > LIMIT:
        raise BadInput(f"author {author[:80]!r}", "give a name, or a part of one")
    return (Term(text=spaced(author)),)


def _quoted(term: Term) -> str:
    """An FTS5 string (SQLite, FTS5, 3.1): whatever is inside is tokenized as text is."""
    escaped = term.text.rstrip("*").replace('"', '""')
    return f'"{escaped}"{" *" if term.is_prefix else ""}'


def _is_of_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"
