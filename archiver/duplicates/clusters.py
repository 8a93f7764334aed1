"""Clusters of articles that say the same: exact, near, of a wire. In: an archive, a query. Out: clusters, lazily.
Never: bodies."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from enum import StrEnum
from functools import partial
from typing import Any

from archiver.archive import Archive
from archiver.catalog import Row, row_of
from archiver.duplicates.sketches import Sketch, Sketches, sketch_of
from archiver.errors import ArchiveError, BadInput, StoreError
from archiver.model import Verdict
from archiver.readahead import Reads, read_ahead, threads_for
from archiver.timestamps import iso

THRESHOLD = 0.8

Progress = Callable[[int, int], None]


class Kind(StrEnum):
    """Why articles are in one cluster."""

    EXACT = "exact"  # the same words
    NEAR = "near"  # most of the same words
    WIRE = "wire"  # either, on several sites, and at least one copy names its agency


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One article of a cluster. `alike` is how much of it the cluster's first article says too, 0 to 1."""

    id: str
    url: str
    domain: str
    captured_at: str
    title: str | None
    wire: str | None
    alike: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Articles that say the same, the first captured first. `agency` is the one that most of them name."""

    kind: Kind
    agency: str | None
    domains: int
    members: tuple[Member, ...]

    @property
    def least_alike(self) -> float:
        """How alike its first article the least alike is."""
        return min(member.alike for member in self.members)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON."""
        return {
            "kind": str(self.kind),
            "agency": self.agency,
            "domains": self.domains,
            "articles": len(self.members),
            "least_alike": self.least_alike,
            "members": [asdict(member) for member in self.members],
        }


def find_duplicates(
    archive: Archive,
    *what: str,
    where: Mapping[str, Any] | None = None,
    threshold: float = THRESHOLD,
    least: int = 2,
    every_capture: bool = False,
    damaged: Callable[[str, ArchiveError], None] | None = None,
    progress: Progress | None = None,
    reads: Reads | None = None,
) -> Iterator[Cluster]:
    """Yield the clusters among the articles that `archive.find(*what, **where)` finds, the largest first.

    Of each URL its newest article counts, unless `every_capture`: versions of one page are alike by nature. `threshold`
    (0 to 1) is the share of runs of four words from which texts are near. Clusters have `least` articles or more.
    `reads` makes the sketches, as `sketch_at` does, elsewhere. A record that cannot be read is raised, or told to
    `damaged` and left out. Raises BadInput for a bad threshold.
    """
    if not 0 < threshold <= 1:
        raise BadInput(f"threshold {threshold:g}", "give a share above 0 and up to 1, such as 0.8")
    given = {name: value for name, value in (where or {}).items() if value is not None}
    rows = archive.find(*what, **{"verdict": str(Verdict.ARTICLE), **given})
    with closing(_Chosen(rows, every_capture=every_capture)) as chosen, closing(Sketches(threshold=threshold)) as found:
        read = partial(sketch_at, archive)
        sketches = reads(chosen) if reads else read_ahead(read, chosen, threads=threads_for(archive.uri))
        for number, (key, sketch) in enumerate(sketches, 1):
            if isinstance(sketch, StoreError) or (isinstance(sketch, ArchiveError) and damaged is None):
                raise sketch
            if isinstance(sketch, ArchiveError):
                assert damaged is not None
                damaged(key, sketch)
            elif sketch is not None:
                found.add(sketch)
            if progress is not None:
                progress(number, chosen.count)
        yield from map(_cluster, found.clusters(least=least))


def sketch_at(archive: Archive, key: str) -> Sketch | None:
    """Return the sketch of the article whose record is at `key`; None where there are no words."""
    record = archive.record(key)
    return sketch_of(record, domain=row_of(record, record_bytes=b"").domain)


class _Chosen:
    """The keys of the records to be read, in a temporary file, oldest first."""

    def __init__(self, rows: Iterator[Row], *, every_capture: bool) -> None:
        self._facts = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._facts.executescript("CREATE TABLE chosen (name TEXT PRIMARY KEY, key TEXT, at TEXT); BEGIN;")
        named = ((row.id if every_capture else row.surt, row) for row in rows)
        values = ((name, row.record_key, iso(row.captured_at)) for name, row in named)
        sql = "INSERT INTO chosen VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
        self._facts.executemany(f"{sql} SET key = excluded.key, at = excluded.at WHERE excluded.at > at", values)
        (self.count,) = self._facts.execute("SELECT count(*) FROM chosen").fetchone()

    def __iter__(self) -> Iterator[str]:
        yield from (key for (key,) in self._facts.execute("SELECT key FROM chosen ORDER BY at, key"))

    def close(self) -> None:
        self._facts.close()


def _cluster(found: list[dict[str, Any]]) -> Cluster:
    domains = len({one["domain"] for one in found})
    agencies = Counter(one["wire"] for one in found if one["wire"])
    is_exact = len({one.pop("digest") for one in found}) == 1
    kind = Kind.WIRE if domains > 1 and agencies else Kind.EXACT if is_exact else Kind.NEAR
    members = tuple(Member(**{**one, "alike": round(one["alike"], 4)}) for one in found)
    agency = agencies.most_common(1)[0][0] if agencies else None
    return Cluster(kind=kind, agency=agency, domains=domains, members=members)
