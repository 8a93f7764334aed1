"""Manifests: what a crawl kept, so that a deletion shows. In: entries. Out: two files, proved by name. Never: deleting.

A manifest is kept twice: what it alone knows, that there was an object, must outlive damage to itself. The copy is
written first, so a manifest without its copy has lost it, and a crash between the two is no damage.

One line of JSON per object: `{"key", "kind", "sha256", "size"}`, for a record also `url` and `body`. Digest and size
are those of the object as it is stored; what is in a body's gzip is proved by the body's own key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from archiver.bodies import sha256_hex
from archiver.errors import BadRecord
from archiver.keys import is_copy, manifest_key
from archiver.storage import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object of a crawl: what was confirmed to be stored at `key`."""

    key: str
    kind: Literal["record", "body", "file"]
    sha256: str
    size: int
    url: str | None = None  # of a record
    body: str | None = None  # the key of a record's body


def write_manifest(store: Store, crawl_id: str, entries: Iterable[Entry]) -> str:
    """Keep a manifest of `entries` and its copy; return its key. The same entries give the same, in any order."""
    lines = {json.dumps(asdict(entry), ensure_ascii=False, separators=(",", ":")) for entry in entries}
    data = "".join(f"{line}\n" for line in sorted(lines)).encode("utf-8", "replace")
    for copy in (True, False):
        key = manifest_key(crawl_id, sha256_hex(data), copy=copy)
        store.put_new(key, data, media_type="application/jsonl")
    return key


def read_manifest(data: bytes, key: str) -> list[Entry]:
    """Return the entries of the manifest or copy read from `key`. Raises BadRecord if its name does not prove it."""
    if manifest_key(key.split("/")[1], sha256_hex(data), copy=is_copy(key)) != key:
        raise BadRecord(key, "its name does not fit its content")
    try:
        return [Entry(**json.loads(line)) for line in data.decode("utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise BadRecord(key, f"not a manifest: {error}") from error


def copy_of(data: bytes, key: str) -> Entry:
    """Return what a sound manifest, by being there, promises about its copy."""
    sha256 = sha256_hex(data)
    return Entry(key=manifest_key(key.split("/")[1], sha256, copy=True), kind="file", sha256=sha256, size=len(data))
