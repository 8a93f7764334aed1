"""Language: in which language an article is. In: what the page says, the text. Out: an ISO 639-1 code. Never: None
where there is text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

SAMPLE = 1500  # characters; of 848 articles none is told otherwise by 1,000 or by 3,000, one by 500
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]"), 0.03),
    ("ko", re.compile(r"[\uac00-\ud7af]"), 0.15),
    ("zh", re.compile(r"[\u3400-\u9fff]"), 0.15),
    ("th", re.compile(r"[\u0e00-\u0e7f]"), 0.15),
    ("he", re.compile(r"[\u0590-\u05ff]"), 0.15),
    ("el", re.compile(r"[\u0370-\u03ff]"), 0.15),
)  # scripts that name their language, and the share of the text they need: much Japanese is written in Chinese characters


_NOT_LATIN = ("ru", "uk", "ar", "fa", "zh", "ja", "ko", "th", "el", "he", "hi", "bg")
_ENGLISH = re.compile(r"\b(?:the|of|and|to|in|is|that|for|was|with|on|as|are|at|by)\b", re.I)
_ISO_639_1 = {
    "eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it", "por": "pt", "nld": "nl", "dut": "nl", "rus": "ru", "zho": "zh",
    "chi": "zh", "jpn": "ja", "kor": "ko", "ara": "ar", "pol": "pl", "ces": "cs", "cze": "cs", "swe": "sv", "dan": "da", "nor": "no", "nob": "nb", "ukr": "uk",
    "tur": "tr", "ell": "el", "gre": "el", "heb": "he", "hin": "hi", "hun": "hu", "fin": "fi", "ron": "ro", "rum": "ro",
}  # fmt: skip
_NO_LANGUAGE = ("und", "zxx", "mul", "mis", "xx", "lang", "qaa")


def language_of(declared: str, text: str) -> str | None:
    """The declared language unless the text contradicts it, else the detected one; None where there is neither.

    Two contradictions count: another script, and "English" over a text without English words, since templates come with
    that claim. On 850 pages the detected language was right each time it differed from such a claim.
    """
    claim = re.split(r"[^a-z]", declared.strip().lower(), maxsplit=1)[0]
    claim = _ISO_639_1.get(claim, claim) if 2 <= len(claim) <= 3 and claim not in _NO_LANGUAGE else ""
    sample = text[:SAMPLE]
    if not sample.strip():
        return claim or None
    for code, letters, share in _SCRIPTS:
        if len(letters.findall(sample)) > share * len(sample):
            return code
    if claim and not _contradicted(claim, sample):
        return claim
    code, _ = _identifier().classify(sample)
    return str(code)


def _contradicted(claim: str, sample: str) -> bool:
    if claim == "en":
        words = len(sample.split())
        return words >= 40 and len(_ENGLISH.findall(sample)) < 0.08 * words
    return claim in _NOT_LATIN and len(re.findall(r"[A-Za-z]", sample)) > 0.4 * len(sample)


@cache
def _identifier() -> Any:
    import py3langid  # 0.2 s and numpy, needed where a page does not say its language

    return py3langid
