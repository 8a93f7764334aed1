"""Two data sets, compared by their frozen lists. In: two folders. Out: what only one has, or has in another reading.

Never: the data behind the lists; `check_dataset` says whether a list is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from archiver.errors import BadInput, NotArchived
from archiver.export.dataset import LIST


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `snapshots.tsv`."""

    id: str
    record_sha256: str
    body_sha256: str  # "-" where there is no body
    captured_at: str  # ISO 8601, UTC
    url: str


@dataclass(frozen=True, slots=True)
class Change:
    """A snapshot that is not the same in both: `before` or `after` is None where only the other has it.

    Both are there where its record differs: a capture is never changed, so it was read again or taken down.
    """

    before: Listed | None
    after: Listed | None

    @property
    def kind(self) -> str:
        """`removed`, `added` or `other_record`."""
        return "added" if self.before is None else "removed" if self.after is None else "other_record"

    def as_json(self) -> dict[str, Any]:
        """The kind and both lines."""
        return {
            "kind": self.kind,
            "before": self.before and asdict(self.before),
            "after": self.after and asdict(self.after),
        }


def list_of(path: Path) -> Path | None:
    """The frozen list of the data set in the folder `path`, plain or a bag; None if there is none."""
    return next((one for one in (path / LIST, path / "data" / LIST) if one.is_file()), None)


def compare_datasets(before: Path, after: Path) -> Iterator[Change]:
    """Yield what differs between the data sets in two folders, by id; memory does not grow with their size.

    Raises NotArchived where a folder has no list, BadInput where a list is not one of ours.
    """
    lists = []
    for folder in (before, after):
        if (path := list_of(folder)) is None:
            raise NotArchived(f"a data set in {folder}: it has no {LIST}")
        lists.append(_lines(path))
    return _merged(*lists)


def _merged(left: Iterator[Listed], right: Iterator[Listed]) -> Iterator[Change]:
    a, b = next(left, None), next(right, None)
    while a or b:
        if a and b and a.id == b.id:
            if a.record_sha256 != b.record_sha256:
                yield Change(a, b)
            a, b = next(left, None), next(right, None)
        elif a and (b is None or a.id < b.id):
            yield Change(a, None)
            a = next(left, None)
        else:
            yield Change(None, b)
            b = next(right, None)


def _lines(path: Path) -> Iterator[Listed]:
    last = ""
    with path.open(encoding="utf-8", errors="replace", newline="\n") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.removesuffix("\n").split("\t")
            if len(fields) != 5 or fields[0] <= last:
                raise BadInput(
                    f"{path}, line {number}", "is not as the export wrote it; check it with `archiver verify`"
                )
            last = fields[0]
            yield Listed(*fields)
