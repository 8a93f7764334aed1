"""Records that belong together. In: records in file order. Out: one visit per answer. Never: more than one visit held.

Writers put request, response and metadata in any order, and say `WARC-Concurrent-To` in either direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from archiver.imports.warc_reader import Entry

_ANSWERS = ("response", "revisit", "resource")
_MOST = 20  # records of one visit; a file without ids must not pile up


@dataclass(slots=True, kw_only=True)
class Visit:
    """What was asked, what was answered, and what was noted about it."""

    answer: Entry | None = None
    request: Entry | None = None
    metadata: Entry | None = None
    ids: set[str] = field(default_factory=set)  # of its records and of those they refer to

    def takes(self, entry: Entry) -> bool:
        """Whether the record belongs here; it is kept then."""
        kind = "answer" if entry.type in _ANSWERS else entry.type
        if getattr(self, kind) is not None or len(self.ids) > _MOST:
            return False
        if self.ids and not self.ids & _names(entry):
            return False
        setattr(self, kind, entry)
        self.ids |= _names(entry)
        return True


def visits_in(entries: Iterable[Entry]) -> Iterator[Visit]:
    """Yield the visits, each as soon as a record of another one comes."""
    visit = Visit()
    for entry in entries:
        if entry.type not in (*_ANSWERS, "request", "metadata"):
            continue
        if not visit.takes(entry):
            yield visit
            visit = Visit()
            visit.takes(entry)
    if visit.ids:
        yield visit


def _names(entry: Entry) -> set[str]:
    concurrent = {value for name, value in entry.fields if name.lower() in ("warc-concurrent-to", "warc-refers-to")}
    if entry.type == "revisit":  # there it names the original
        concurrent -= {entry.get("WARC-Refers-To")}
    return {entry.id or f"no id {id(entry)}"} | concurrent
