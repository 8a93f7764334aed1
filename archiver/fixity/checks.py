"""One object's proof. In: its key, its bytes, what was promised. Out: a Damage, or none. Never: I/O."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace

from archiver.bodies import LIMIT, BodyDamaged, measure, sha256_hex
from archiver.errors import ArchiveError, BadRecord, FixityMismatch, NewerSchema, NotArchived
from archiver.keys import sha256_of
from archiver.model import Damage, Record
from archiver.record import from_json, key_of
from archiver.seal import layout

_BODY_KEY = re.compile(rb"html/[0-9a-f]{2}/[0-9a-f]{64}\.html\.gz")

Promised = dict[str, int]  # digests that are right for an object, and its size with each


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was found in a body's object; small, so that many can wait."""

    stored_sha256: str
    stored_size: int
    sha256: str = ""
    size: int = 0
    broken: str = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What is to be known of a record that is whole and lies where it belongs; small, so that many can wait."""

    sha256: str
    size: int
    url: str
    body: str | None = None  # the key of the body that has to be there
    body_size: int = 0


def proved(data: bytes, key: str) -> Proved | bytes:
    """Return what is in a record's object if it proves itself; else the bytes, for `check_record` to say why not."""
    record = check_record(key, data, {})
    if not isinstance(record, Record):
        return data
    html = record.html if record.takedown is None else None
    body, size = (html.key, html.size) if html else (None, 0)
    return Proved(sha256=sha256_hex(data), size=len(data), url=record.url, body=body, body_size=size)


def check_record(key: str, data: bytes, promised: Promised) -> Record | Damage:
    """Return the record if it is whole, lies where it belongs and is the promised one."""
    try:
        record = from_json(data, key)
    except NewerSchema as error:
        return Damage(key=key, problem="unreadable", detail=str(error))
    except BadRecord as error:
        return Damage(key=key, problem=_problem_of_record(data, promised), detail=error.why)
    if key_of(record) != key:
        return Damage(key=key, problem="altered", detail=f"it holds the record that belongs at {key_of(record)}")
    if layout(json.loads(data)) != data:
        return Damage(key=key, problem="altered", detail="its members are whole, but not laid out as they were written")
    return check_stored(key, sha256_hex(data), len(data), promised, is_whole=True) or record


def bodies_named_in(data: bytes) -> list[str]:
    """Return the body keys that a damaged record still shows."""
    return [found.decode("ascii") for found in _BODY_KEY.findall(data)]


def measured(data: bytes, *, limit: int = LIMIT) -> Measured:
    """Return what is in a body's object."""
    stored = Measured(stored_sha256=sha256_hex(data), stored_size=len(data))
    try:
        sha256, size = measure(data, limit=limit)
    except BodyDamaged as error:
        return replace(stored, broken=str(error), truncated=error.truncated)
    return replace(stored, sha256=sha256, size=size)


def check_body(key: str, found: Measured, promised: Promised, *, size: int | None) -> Damage | None:
    """Return what is wrong with a body. `size` is what a record says of it, None if no record does."""
    if found.broken:
        cut = _is_cut(found.stored_size, promised) if promised else found.truncated
        return Damage(key=key, problem="truncated" if cut else "altered", detail=found.broken)
    if found.sha256 != sha256_of(key):
        return Damage(key=key, problem="altered", detail=f"its sha256 is {found.sha256}")
    if size is not None and size != found.size:
        return Damage(key=key, problem="altered", detail=f"it has {found.size:,} bytes, its record says {size:,}")
    return check_stored(key, found.stored_sha256, found.stored_size, promised, is_whole=True)


def check_stored(key: str, sha256: str, size: int, promised: Promised, *, is_whole: bool = False) -> Damage | None:
    """Return what is wrong with an object's stored bytes, as far as manifests promise any.

    `is_whole` says that what is in it proved itself: then other bytes than promised are a change, never a cut.
    """
    if not promised or sha256 in promised:
        return None
    if _is_cut(size, promised) and not is_whole:
        wanted = min(promised.values())
        return Damage(key=key, problem="truncated", detail=f"{size:,} of {wanted:,} bytes are left")
    return Damage(key=key, problem="altered", detail=f"its manifest promises other bytes than these, sha256 {sha256}")


def unread(key: str, error: ArchiveError, *, what: str = "") -> Damage:
    """Return the damage of an object that could not be read at all."""
    if isinstance(error, NotArchived):
        return Damage(key=key, problem="missing", detail=what or "it was listed, but is gone")
    if isinstance(error, FixityMismatch):
        return Damage(key=key, problem="altered", detail=str(error))
    return Damage(key=key, problem="unreadable", detail=str(error))


def _problem_of_record(data: bytes, promised: Promised) -> str:
    if _is_cut(len(data), promised) or (not promised and _stops_early(data)):
        return "truncated"
    try:
        members = json.loads(data)
    except (ValueError, RecursionError):
        return "altered"
    return "altered" if isinstance(members, dict) and {"digest", "schema", "id"} <= members.keys() else "not_a_record"


def _stops_early(data: bytes) -> bool:
    """Whether JSON ends before it is complete, rather than goes wrong on the way. A zeroed file does not."""
    text = data.decode("utf-8", "ignore")
    if text.endswith("\n}\n"):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
    except (ValueError, RecursionError):
        return False
    return False


def _is_cut(size: int, promised: Promised) -> bool:
    return bool(promised) and size < min(promised.values())
