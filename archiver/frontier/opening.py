"""Opening: the ledger of a job, whichever engine keeps it. In: where it is. Out: the ledger. Never: the crawl.

A job is in a folder (SQLite), or on a server under its name (PostgreSQL, extra `postgres`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from archiver.errors import BadInput, NotArchived
from archiver.frontier.addresses import checked, shown
from archiver.frontier.places import LEDGER, holder
from archiver.frontier.sqlite import SqliteFrontier

if TYPE_CHECKING:
    from archiver.frontier.ledger import Ledger
    from archiver.frontier.postgres import PostgresFrontier


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a job's ledger is, its folder or its name on a server; and the archive that it crawls into."""

    folder: Path
    name: str
    uri: str = ""
    frontier: str = field(default="", repr=False)  # postgresql://…; "" = in the folder

    @property
    def words(self) -> str:
        """How a command names the job."""
        return f"{self.name} --frontier {shown(self.frontier)}" if self.frontier else str(self.folder)

    def __str__(self) -> str:
        return f"{shown(self.frontier)} ({self.name})" if self.frontier else str(self.folder)


def open_ledger(place: Place, *, lease_seconds: float = 60.0, patience: float = 0.0) -> Ledger:
    """The ledger, to work on; it is made if there is none. Raises StoreError, StoreDenied, StoreFull, BadInput."""
    if not place.frontier:
        return SqliteFrontier(place.folder / LEDGER, name=place.name)
    return _postgres()(checked(place.frontier), name=place.name, lease_seconds=lease_seconds, patience=patience)


def open_beside(place: Place, *, write: bool = False) -> Ledger:
    """The ledger beside those who work on it. Raises NotArchived where there is none."""
    if place.frontier:
        return _postgres().beside(checked(place.frontier), name=place.name, write=write)
    if not (place.folder / LEDGER).is_file():
        raise NotArchived(f"{place.folder}: no crawl of this job has begun yet; begin one with `archiver crawl`")
    return SqliteFrontier.beside(place.folder / LEDGER, write=write)


def working(place: Place, ledger: Ledger) -> str | None:
    """Who works on the job now, in words such as "process 4711" or "3 workers: …"; None if nobody does."""
    if not ledger.is_shared:
        return holder(place.folder)
    names = ledger.workers()
    if not names:
        return None
    return names[0] if len(names) == 1 else f"{len(names)} workers: {', '.join(names)}"


def jobs_at(frontier: str) -> list[str]:
    """The names of the jobs on a server."""
    return _postgres().jobs_at(checked(frontier))


def _postgres() -> type[PostgresFrontier]:
    try:
        from archiver.frontier.postgres import PostgresFrontier
    except ImportError as error:
        raise BadInput("frontier", "PostgreSQL needs an extra: pip install newsvault[postgres]") from error
    return PostgresFrontier
