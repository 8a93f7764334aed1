"""Steps: what is done to the records of a shard. In: an archive, keys. Out: plain JSON for each key, or its error.

A step is its command's own function for one object; `decode` is what the command gets back of the JSON.
"""

from __future__ import annotations

import base64
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any

from archiver.archive import Archive
from archiver.catalog import Card, card_at
from archiver.catalog.rows import from_values, to_values
from archiver.duplicates import Sketch, sketch_at
from archiver.errors import ArchiveError
from archiver.export import Loaded, load
from archiver.extraction.rules import todays
from archiver.fixity import Measured, Proved, measured, proved
from archiver.generations import Change, Outcome
from archiver.generations import process_shard as read_again
from archiver.readahead import read_ahead, threads_for
from archiver.timestamps import iso

Options = Mapping[str, Any]
Found = Iterator[tuple[str, Any]]  # key, and JSON or an ArchiveError
Read = Callable[[Archive, Sequence[str], Options, bool], Found]


@dataclass(frozen=True, slots=True)
class Step:
    """`read` yields, for each key in order, JSON or an error; it reads ahead only where its last argument allows it."""

    read: Read
    decode: Callable[[Any], Any]


def step_named(name: str) -> Step:
    """Return one of STEPS, or the one that `module:attribute` names."""
    module, colon, attribute = name.partition(":")
    step: Step = getattr(importlib.import_module(module), attribute) if colon else STEPS[name]
    return step


def each(read: Callable[[Archive, str], Any], encode: Callable[[Any], Any]) -> Read:
    """Return the `read` of a step that reads one object per key."""

    def all_of(archive: Archive, keys: Sequence[str], options: Options, ahead: bool) -> Found:
        threads = threads_for(archive.uri) if ahead else 1
        for key, value in read_ahead(partial(read, archive), keys, threads=threads):
            yield key, value if isinstance(value, ArchiveError) else encode(value)

    return all_of


# ------------------------------------------------------------------ between values and JSON


def _card_to_json(card: Card) -> Any:
    return [to_values(card.row), card.description, card.text]


def _card(value: Any) -> Card:
    return Card(row=from_values(value[0]), description=value[1], text=value[2])


def _proved_to_json(found: Proved | bytes) -> Any:
    return asdict(found) if isinstance(found, Proved) else _text(found)


def _proved(value: Any) -> Proved | bytes:
    return base64.b64decode(value) if isinstance(value, str) else Proved(**value)


def _sketch_to_json(sketch: Sketch | None) -> Any:
    return sketch and {**asdict(sketch), "captured_at": iso(sketch.captured_at), "runs": _text(sketch.runs)}


def _sketch(value: Any) -> Sketch | None:
    if value is None:
        return None
    at, runs = datetime.fromisoformat(value["captured_at"]), base64.b64decode(value["runs"])
    return Sketch(**{**value, "captured_at": at, "runs": runs, "bands": tuple(value["bands"])})


def _change(value: Any) -> Change:
    pairs = {"fields": tuple(value["fields"]), "verdicts": value["verdicts"] and tuple(value["verdicts"])}
    return Change(**{**value, **pairs, "outcome": Outcome(value["outcome"])})


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


# ------------------------------------------------------------------ the steps


def _read_again(archive: Archive, keys: Sequence[str], options: Options, ahead: bool) -> Found:
    """Yield the change of each key as it is told. A page that kills its reader is quarantined in there."""
    told: SimpleQueue[Change | BaseException | None] = SimpleQueue()

    def work() -> None:
        try:
            read_again(keys, archive.store, archive.store, rules=todays(), told=told.put, **options)
            told.put(None)  # its manifest is written
        except BaseException as error:
            told.put(error)

    Thread(target=work, name="shard", daemon=True).start()
    waiting = iter(keys)
    while (one := told.get()) is not None:
        if isinstance(one, BaseException):
            raise one
        yield next(waiting), asdict(one)


STEPS = {
    "reindex": Step(each(lambda archive, key: card_at(archive.store, key), _card_to_json), _card),
    "verify-records": Step(each(lambda archive, key: proved(archive.store.get(key), key), _proved_to_json), _proved),
    "verify-bodies": Step(
        each(lambda archive, key: measured(archive.store.get(key)), asdict), lambda value: Measured(**value)
    ),
    "duplicates": Step(each(sketch_at, _sketch_to_json), _sketch),
    "export": Step(each(lambda archive, key: load(archive, key).plain(), asdict), lambda value: Loaded(**value)),
    "reextract": Step(_read_again, _change),
}
