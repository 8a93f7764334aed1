"""JSON that proves itself. In: members. Out: bytes that end in their own digest, and the members again. Never: I/O.

The last member, `digest`, is the sha256 (hex) of all the others in canonical JSON: members sorted by code point, no
spaces, UTF-8. So a changed byte is found without any other file. That rule stays the same in every schema of a record.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from archiver.errors import BadRecord

_DEEPEST = 64  # levels kept of what a page nests in its JSON-LD; real pages need about ten
_LARGEST = 2**63  # integers beyond it break the readers of other languages; they are kept as hex text


def seal(members: Mapping[str, Any]) -> bytes:
    """Return the members, made `plain`, as laid-out JSON with their digest."""
    kept = plain(members)
    return layout({**kept, "digest": digest(kept)})


def unseal(data: bytes, key: str) -> dict[str, Any]:
    """Return the members of `data`, read from `key`, digest included. Raises BadRecord."""
    try:
        members = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadRecord(key, "it is empty" if not data.strip() else f"cut off, or not JSON: {error}") from error
    if not isinstance(members, dict) or "digest" not in members:
        raise BadRecord(key, "JSON, but not a record: it has no digest")
    try:
        actual = digest(members)
    except (ValueError, RecursionError) as error:  # an escaped lone surrogate
        raise BadRecord(key, f"its digest cannot be taken: {error}") from error
    if members["digest"] != actual:
        raise BadRecord(key, "its digest does not fit, so a byte of it has changed")
    return members


def layout(members: Mapping[str, Any]) -> bytes:
    """Return JSON as it lies in a record: what `to_json` writes for these members, in their order."""
    return (json.dumps(members, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode("utf-8")


def digest(members: Mapping[str, Any]) -> str:
    """Return the sha256 (hex) of the canonical JSON of all members but `digest`. They must be `plain`."""
    rest = {name: value for name, value in members.items() if name != "digest"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def plain(value: Any, *, depth: int = _DEEPEST) -> Any:
    """Return `value` as JSON can hold it, without losing more than JSON must: see `to_json`."""
    if isinstance(value, str):
        return _utf8(str(value))
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -_LARGEST <= value < _LARGEST else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if depth == 0:
        return None
    if isinstance(value, (dict, Mapping)):  # dict first: to ask an abstract class takes ten times as long
        return {_utf8(str(name)): plain(item, depth=depth - 1) for name, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item, depth=depth - 1) for item in value]
    return _utf8(str(value))


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _utf8(text: str) -> str:
    """Return `text` as UTF-8 can hold it: surrogate pairs joined, lone surrogates replaced."""
    if text.isascii():
        return text
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
