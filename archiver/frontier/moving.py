"""Moving: a job from one engine to the other, with all that its ledger knows. In: two places. Out: how many URLs.

What is moved stays where it was and is paused there, so that nobody crawls the same job twice by mistake. Never: the
archive.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from typing import Any

from archiver.errors import BadInput, JobLocked
from archiver.frontier import JobState
from archiver.frontier.ledger import Ledger
from archiver.frontier.opening import Place, open_beside, open_ledger, working
from archiver.frontier.places import LEDGER, LOCK
from archiver.frontier.sqlite import SqliteFrontier

Row = Sequence[Any]
AT_ONCE = 10_000  # rows between two words about the progress
TABLES: dict[str, tuple[str, ...]] = {
    "job": ("name", "crawl", "round", "complete", "rules", "state", "state_at", "archive", "began"),
    "host": ("host", "next_due", "blocked_until"),
    "dropped": ("reason", "n"),
    "event": ("at", "kind", "detail"),
    "url": (
        "fp", "host", "url", "role", "state", "prio", "due", "epoch", "tries", "crashes", "via", "hops", "seed",
        "round", "outcome", "reason", "final_url", "status", "record", "record_sha256", "record_size", "body",
        "body_sha256", "body_size", "known", "ended_at", "announced",
    ),
}  # fmt: skip
TRUTHS = frozenset({"complete", "seed"})  # numbers in SQLite
TEXTS = frozenset({"known", "announced"})  # JSON in PostgreSQL
NO_URL = ""  # in SQLite: of what PostgreSQL keeps as a fingerprint only


def move(source: Place, target: Place, *, progress: Callable[[int], None] = lambda n: None) -> int:
    """Move the job; return how many URLs it has. `progress` hears how many are over there.

    Raises NotArchived where there is no job, JobLocked while a worker is alive at either end, and BadInput where the
    target holds a job already or both are kept by the same engine.
    """
    if bool(source.frontier) == bool(target.frontier):
        raise BadInput(str(target), "give one folder and one postgresql://… address: a job moves between the engines")
    with closing(open_beside(source, write=True)) as old, _held(source), _paused(old):
        if source.frontier and (worker := working(source, old)):
            raise JobLocked(str(source), worker)
        with closing(_fresh(target)) as new:
            moved: int = new.transact(lambda: _copy(old, new, progress))
        old.note("told", f"moved to {target}")
    return moved


@contextmanager
def _paused(ledger: Ledger) -> Iterator[None]:
    """Nobody begins with what is being moved, nor afterwards; if it fails, all is as before."""
    before = ledger.standing().state
    ledger.order(JobState.PAUSE)
    try:
        yield
    except BaseException:
        ledger.order(before)
        raise


def _fresh(target: Place) -> Any:
    """A ledger without anything in it, in a place where none was. Raises BadInput."""
    if not target.frontier:
        target.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (target.folder / LEDGER).exists():
            raise BadInput(str(target), "there is a ledger already; give another folder")
    new = open_ledger(target)
    if new.standing().round or new.next_due_in() is not None:
        new.close()
        raise BadInput(str(target), "this job is there already; drop it first, or give it another name")
    return new


@contextmanager
def _held(place: Place) -> Iterator[None]:
    """Hold a folder's lock as a crawl does. Raises JobLocked."""
    if place.frontier:
        yield
        return
    with open(place.folder / LOCK, "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise JobLocked(str(place), lock.read().strip() or "a process") from error
        yield


def _copy(old: Any, new: Any, progress: Callable[[int], None]) -> int:
    into = _into_sqlite if isinstance(new, SqliteFrontier) else _into_postgres
    out_of = _out_of_sqlite if isinstance(old, SqliteFrontier) else _out_of_postgres
    n = 0
    for table, columns in TABLES.items():
        rows = out_of(old, table, columns)
        while some := list(islice(rows, AT_ONCE)):
            into(new, table, columns, some)
            if table == "url":
                n += len(some)
                progress(n)
    new.order(JobState.RUN)
    if not isinstance(new, SqliteFrontier):
        new.arrived()
    return n


def _out_of_sqlite(ledger: Any, table: str, columns: Sequence[str]) -> Iterator[Row]:
    truths = [place for place, name in enumerate(columns) if name in TRUTHS]
    for row in ledger.db.cursor().execute(f"SELECT {', '.join(columns)} FROM {table}"):
        values = list(row)
        for place in truths:
            values[place] = bool(values[place])
        yield values


def _out_of_postgres(ledger: Any, table: str, columns: Sequence[str]) -> Iterator[Row]:
    names = ", ".join(f"{name}::text" if name in TEXTS else name for name in columns)
    with ledger.db.transaction(), ledger.db.cursor(name="moving") as cursor:
        cursor.itersize = AT_ONCE
        yield from cursor.execute(f"SELECT {names} FROM {table}")
    if table == "url":
        given = {"role": "page", "state": 2, "prio": 0, "due": 9e18, "url": NO_URL, "host": "-"}
        with ledger.db.transaction(), ledger.db.cursor(name="moving") as cursor:
            cursor.itersize = AT_ONCE
            for fp, outcome, reason in cursor.execute(
                "SELECT fp, outcome, reason FROM seen JOIN kind ON kind.id = kind"
            ):
                values = given | {"fp": fp, "outcome": outcome, "reason": reason}
                zeros = dict.fromkeys(("epoch", "tries", "crashes", "hops", "seed", "round"), 0)
                yield [(zeros | values).get(name) for name in columns]


def _into_sqlite(ledger: Any, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if table == "job":
        ledger.db.execute(f"UPDATE job SET {', '.join(f'{name} = ?' for name in columns)}", rows[0])
    else:
        marks = ", ".join("?" * len(columns))
        ledger.db.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)


def _into_postgres(ledger: Any, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
    if table == "job":
        ledger.db.execute(f"UPDATE job SET {', '.join(f'{name} = %s' for name in columns)}", rows[0])
        return
    with ledger.db.cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
