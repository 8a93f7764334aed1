"""The schema of the job file, made of the code that reads it and the page that explains it. Out: JSON. Never: writing.

python -m tests.job_schema > docs/reference/job-file.schema.json    after a change of a key
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archiver.crawl.schedule import POLICIES
from archiver.job import HOST_KEYS, KEYS, NUMBER, SEED_KEYS, SPIDERS, TEXT, TEXTS, WHOLE, WHOLES, YES
from archiver.keys import _NAME, LAYOUTS

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "job-file.md"
KINDS: Mapping[str, dict[str, Any]] = {
    TEXT: {"type": "string"}, NUMBER: {"type": "number", "minimum": 0}, WHOLE: {"type": "integer", "minimum": 0},
    YES: {"type": "boolean"}, TEXTS: {"type": "array", "items": {"type": "string"}},
    WHOLES: {"type": "array", "items": {"type": "integer"}},
}  # fmt: skip
MORE: Mapping[tuple[str, str], dict[str, Any]] = {
    ("", "name"): {"pattern": f"^{_NAME}$"},
    ("", "collection"): {"pattern": f"^{_NAME}$"},
    ("", "recrawl"): {"enum": list(POLICIES)},
    ("", "layout"): {"enum": list(LAYOUTS)},
    ("[seeds]", "spider"): {"enum": list(SPIDERS), "default": "site"},
}  # what a kind alone does not say


def schema() -> dict[str, Any]:
    """The whole schema, JSON Schema draft 2020-12."""
    seeds = _table("[seeds]", SEED_KEYS) | {"anyOf": [{"required": ["url"]}, {"required": ["file"]}]}
    tables = {table: _table(table, keys) for table, keys in KEYS.items() if table}
    hosts = {"type": "object", "additionalProperties": _table('hosts."news.example"', HOST_KEYS)}
    more = {"seeds": {"type": "array", "minItems": 1, "items": seeds}, **tables, "hosts": hosts}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "newsvault job file",
        "description": "What a crawl is, for `archiver crawl job.toml`.",
        **_table("", KEYS[""], more=more),
        "required": ["seeds"],
    }


def _table(table: str, keys: Mapping[str, str], *, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    meanings = _meanings(f"`[{table}]`" if table else "Top level")
    properties = {
        key: {**KINDS[kind], **MORE.get((table, key), {}), "description": meanings[key]} for key, kind in keys.items()
    }
    return {"type": "object", "additionalProperties": False, "properties": {**properties, **(more or {})}}


def _meanings(heading: str) -> dict[str, str]:
    """Key → meaning, as the page's table under `heading` says it."""
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    section = next(part for part in sections if part.splitlines()[0] == heading)
    found: dict[str, str] = {}
    for names, meaning in re.findall(r"^\| (`.*?) \|[^|]*\| (.*) \|$", section, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", meaning)
        found |= dict.fromkeys(re.findall(r"`(\w+)`", names), plain)
    return found


def text() -> str:
    """The schema as it is published."""
    return json.dumps(schema(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    print(text(), end="")
