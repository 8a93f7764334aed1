"""Rules: by what a page is read today. In: this room's own files, the engine's version. Out: facts for a record. Never:
loading the engine.

Every reading carries them, also one that found no article: other rules might have found one.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from typing import Any

ENGINE = "trafilatura"
_NOT_READING = ("worker", "frames")  # these modules carry pages about; they do not decide what is read


@cache
def settings() -> Mapping[str, Any]:
    """What a record says of how it was made: the engine's options, and a digest of this room's own rules and model."""
    digest = sha256()
    for part in sorted(files("archiver.extraction").iterdir(), key=lambda part: part.name):
        if part.name.endswith((".py", ".json")) and not part.name.startswith(_NOT_READING):
            digest.update(part.read_bytes())
    return {"fast": True, "comments": False, "tables": True, "rules": digest.hexdigest()[:16]}


@cache
def todays() -> str:
    """The name of today's rules: engine, its version, the digest of ours. Other rules have another name."""
    return f"{ENGINE}-{version(ENGINE)}-{settings()['rules']}"


def are_todays(extraction: Mapping[str, Any]) -> bool:
    """Whether what a record says of its reading (`Record.extraction`) are today's rules."""
    if extraction.get("engine") == ENGINE and extraction.get("version") != version(ENGINE):
        return False
    return bool(extraction.get("settings") == settings())
