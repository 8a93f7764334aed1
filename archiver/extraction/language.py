"""Language: in which language an article is. In: what the page says, the text. Out: an ISO 639-1 code. Never: None where
there is text."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

SAMPLE = 3000  # characters; more changes no answer and costs time
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
)  # scripts that name their language


def language_of(declared: str, text: str) -> str | None:
    """The declared language if the text does not plainly contradict it, else the detected one."""
    claim = declared.strip().lower().replace("_", "-").split("-")[0]
    claim = claim if re.fullmatch(r"[a-z]{2,3}", claim) else ""
    sample = text[:SAMPLE]
    if not sample.strip():
        return claim or None
    for code, letters in _SCRIPTS:
        if len(letters.findall(sample)) > 0.15 * len(sample):
            return code
    latin = len(re.findall(r"[A-Za-z]", sample)) > 0.4 * len(sample)
    if claim and not (latin and claim in ("ru", "uk", "ar", "fa", "zh", "ja", "ko", "th", "el", "he", "hi", "bg")):
        return claim
    code, _ = _identifier().classify(sample)
    return str(code)


@cache
def _identifier() -> Any:
    import py3langid  # 0.2 s and numpy, needed where a page does not say its language

    return py3langid
