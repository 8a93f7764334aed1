"""Signs: what a line of text gives away by its words alone. In: text. Out: yes or no. Never: a decision; signs are evidence.

The words are those of credits and prompts in some twenty languages; what is not listed here is still found by where it
stands and how much of it is link. Plain substrings: as one regular expression they cost 5 ms a page, as these 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_CREDIT_STARTS = (
    "photo", "foto", "image", "bild", "picture", "credit", "quelle", "source", "crédit", "imagen", "video", "©", "(c)", "getty", "reuters", "afp",
    "epa", "dpa", "ap photo", "фото", "zdjęcie", "fot.", "写真", "图", "圖", "사진", "φωτογραφία",
)  # fmt: skip
_CREDITS = ("getty images", "imago images", "shutterstock", "picture alliance", "picture-alliance", "/afp", "/reuters", "/epa", "/ap", "/dpa", "/imago",
            "/ afp", "/ reuters", "/ epa", "/ ap", "/ dpa")  # fmt: skip
_PROMPTS = (
    "newsletter", "subscri", "sign up", "sign in", "log in", "login", "register", "read more", "read also", "read next", "also read", "more on", "more from",
    "see also", "related", "follow us", "share this", "share on", "click here", "advertis", "sponsored", "comment", "copyright", "all rights reserved", "terms of",
    "privacy", "cookie", "download the", "download our", "to a friend", "whatsapp", "facebook", "twitter", "telegram", "recommended", "most read", "trending",
    "abonn", "anmeld", "lesen sie", "mehr zum", "lire aussi", "lire la suite", "à lire", "inscri", "partag", "publicit", "lee también", "suscr", "compart",
    "leia mais", "leia também", "assine", "leggi anche", "iscriviti", "condividi", "lees ook", "lees meer", "czytaj", "zobacz", "udostępnij", "komentarz",
    "читайте", "подпис", "подел", "коммент", "реклам", "διαβάστε", "σχόλι", "κοινοποί", "関連", "相关", "相關", "推荐", "分享", "评论", "続きを",
)  # fmt: skip
_ASCII_PROMPTS = tuple(word for word in _PROMPTS if word.isascii())
_OTHER_PROMPTS = tuple(word for word in _PROMPTS if not word.isascii())
_END = frozenset(".!?…。！？؟।:;»”\"')]」』)")
_FULL = ".!?…。！？؟।"


@lru_cache(maxsize=4096)
def is_credit(text: str) -> bool:
    """A short line that names a photographer or an agency."""
    if len(text) > 200:
        return False
    text = text.lower()
    return text.lstrip(" /-–—|*[(").startswith(_CREDIT_STARTS) or _has(text, _CREDITS)


@lru_cache(maxsize=4096)
def is_prompt(text: str) -> bool:
    """A short line that uses the words of a prompt: subscribe, share, read also."""
    if len(text) > 250:
        return False
    text = text.lower()
    return _has(text, _ASCII_PROMPTS) or (not text.isascii() and _has(text, _OTHER_PROMPTS))


def _has(text: str, words: Iterable[str]) -> bool:
    for word in words:  # noqa: SIM110  # half the cost of any() over a generator
        if word in text:
            return True
    return False


def ends(text: str) -> bool:
    """Does the text end as a sentence does?"""
    return text[-1:] in _END


def full_stops(text: str) -> int:
    """How many sentence marks its first 1,000 characters hold."""
    return sum(map(text[:1000].count, _FULL))
