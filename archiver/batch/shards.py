"""Shards: some keys, and what was found at each. In: a file of keys. Out: a file of results. Never: half of one.

A shard's name says what is in it: step, version, and a digest of archive, options and keys. So a result that is there
is the right one; what was done is not done again, and a shard that is done twice at once is as good as done once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import archiver
from archiver import errors
from archiver.archive import Archive
from archiver.batch.steps import step_named
from archiver.bodies import sha256_hex
from archiver.errors import ArchiveError, BadInput, Quarantined
from archiver.extraction.rules import todays
from archiver.storage import Store, open_store

SHARD_RECORDS = 500
_PREFIX = "shards/"
_JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is to be done, wherever: `step` with `options` to records of the `archive`, files in `place` (both URIs)."""

    archive: str
    place: str
    step: str
    options: Mapping[str, Any] = field(default_factory=dict)


def version_of(step: str) -> str:
    """Return what a result depends on besides its input: this program, and for reextract its rules."""
    return f"{archiver.__version__}-{todays()}" if step == "reextract" else archiver.__version__


def cut(work: Work, keys: Iterable[str], place: Store, *, size: int) -> list[str]:
    """Write `keys` as shards of `size` into `place`; return the shards' names, in order."""
    keys, names = iter(keys), []
    head = json.dumps([work.archive, work.step, dict(sorted(work.options.items()))])
    label = f"{work.step.replace(':', '.')}-{version_of(work.step)}"[:100]
    while part := "".join(f"{key}\n" for key in islice(keys, size)):
        names.append(f"{_PREFIX}{label}-{sha256_hex(f'{head}{part}'.encode())[:32]}")
        place.put_new(keys_of(names[-1]), part.encode())
    return names


def keys_of(name: str) -> str:
    """Return where a shard's keys are."""
    return f"{name}.keys"


def results_of(name: str) -> str:
    """Return where a shard's results are, once they are."""
    return f"{name}.jsonl"


def quarantine_of(name: str) -> str:
    """Return where the keys are named that ended two children, if any did."""
    return f"{name}.quarantine.jsonl"


def process_shard(
    source: str,
    target: str,
    version: str,
    *,
    work: Work,
    skip: Mapping[str, str] | None = None,
    ahead: bool = True,
    told: Callable[[], None] = lambda: None,
) -> None:
    """Do the step of `work` to the keys in the file `source`; keep what was found in the file `target`, whole.

    Does nothing where `target` is there. `skip` are keys not to be touched, and why; `told` is called after each key.
    Raises BadInput where this installation is not of that `version`, StoreError if `source` or `target` fails.
    """
    if version != version_of(work.step):
        here = version_of(work.step)
        raise BadInput(f"version {version}", f"this installation is {here}; install the same version everywhere")
    with open_store(work.place) as place:
        if place.head(target) is not None:
            return
        keys, skip = place.get(source).decode().split(), skip or {}
        with Archive.open(work.archive, sync=False) as kept:
            wanted = [key for key in keys if key not in skip]
            found = step_named(work.step).read(kept, wanted, work.options, ahead)
            lines = []
            for key in keys:
                value = Quarantined(key, skip[key]) if key in skip else next(found)[1]
                said = {"error": packed(value)} if isinstance(value, ArchiveError) else {"value": value}
                lines.append(json.dumps({"key": key, **said}) + "\n")
                told()
            next(found, None)  # lets it end
        place.put_new(target, "".join(lines).encode("ascii"), media_type=_JSON)


def results(name: str, place: Store, step: str) -> Iterator[tuple[str, Any]]:
    """Yield each key of a shard that is done, with what was found there: a value or an ArchiveError."""
    decode = step_named(step).decode
    for line in place.get(results_of(name)).splitlines():
        said = json.loads(line)
        yield said["key"], unpacked(said["error"]) if "error" in said else decode(said["value"])


def packed(error: ArchiveError) -> list[Any]:
    """Return an error as JSON."""
    return [type(error).__name__, *error.args]


def unpacked(said: list[Any]) -> ArchiveError:
    """Return the error that was packed."""
    one: ArchiveError = getattr(errors, said[0])(*said[1:])
    return one
