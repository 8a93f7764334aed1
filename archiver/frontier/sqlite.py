"""SqliteFrontier: the ledger in one file, for one crawler at a time. In: found URLs. Out: leases. Never: network.

WAL with `synchronous=FULL`: what a method returned from is on the disk. The file's own clock never goes back: it
starts at the wall clock or where the last run left it, and moves with the monotonic clock, so a clock that jumps can
neither strand a retry nor release a parked host early.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TypeVar
from urllib.parse import quote

from archiver.errors import NotArchived, StoreError, StoreFull
from archiver.frontier import NO_LINKS, Found, Intent, Known, Lease, Links
from archiver.frontier.ledger import Alone
from archiver.frontier.rows import FACTS, lease_of, to_text
from archiver.frontier.sqlite_job import SqliteJob
from archiver.frontier.sqlite_schema import SCHEMA, UPGRADES, VERSION

NEVER = 9e18  # when a settled URL is due again
CRASHES_ALLOWED = 8  # a URL in flight at that many crashes is taken to be their cause

_SETS = ", ".join(f"{name} = ?" for name in FACTS)  # one not given is absent: an intended record was not written


T = TypeVar("T")


class SqliteFrontier(Alone, SqliteJob):
    """The ledger in `path`. `name` is the job's; a damaged file is set aside and `was_damaged` says so."""

    def __init__(self, path: str | os.PathLike[str], *, name: str = "job") -> None:
        self.path = Path(path)
        self.was_damaged = False
        try:
            self._open(name)
        except sqlite3.DatabaseError as error:
            if _is_full(error):
                raise StoreFull(str(self.path), f"disk full: {error}") from error
            if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                raise StoreError(str(self.path), str(error)) from error
            self._set_aside()
            self._open(name)

    def _open(self, name: str) -> None:
        self.db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            # one page of 4 KiB at a time into the log, and the log folded back early: a small disk must do
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "wal_autocheckpoint=64",
                "journal_size_limit=262144",
            ):
                self.db.execute(f"PRAGMA {pragma}")
            if self.db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise sqlite3.DatabaseError("quick_check failed")
            if not self.db.execute("SELECT 1 FROM sqlite_master WHERE name = 'job'").fetchone():
                self.db.executescript(f"BEGIN; {SCHEMA} COMMIT")
                self.db.execute(
                    "INSERT INTO job (id, version, name, clock) VALUES (1, ?, ?, ?)", (VERSION, name, time.time())
                )
            (version,) = self.db.execute("SELECT version FROM job").fetchone()
            if version > VERSION:
                raise StoreError(str(self.path), "written by a newer version of archiver; use that one")
            if version < VERSION:
                steps = "".join(UPGRADES[one] for one in range(version, VERSION))
                self.db.executescript(f"BEGIN; {steps} UPDATE job SET version = {VERSION}; COMMIT")
            self._start_clock()
        except BaseException:
            self.db.close()
            raise

    @classmethod
    def beside(cls, path: str | os.PathLike[str], *, write: bool = False) -> Self:
        """The ledger of a job that another process may be working on: nothing is checked, mended or set aside.

        Raises NotArchived where there is none, StoreError where it cannot be read.
        """
        one = cls.__new__(cls)
        one.path, one.was_damaged = Path(path), False
        if not one.path.is_file():
            raise NotArchived(f"{one.path}: there is no ledger")
        try:
            uri = f"file:{quote(str(one.path.resolve()))}?mode={'rw' if write else 'ro'}"
            one.db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5)
            if write:
                one.db.execute("PRAGMA synchronous=FULL")
            one._start_clock()
            one.standing()
        except sqlite3.Error as error:
            raise StoreError(str(one.path), f"cannot be read ({error}); the job's next run mends it") from error
        return one

    def _start_clock(self) -> None:
        (clock,) = self.db.execute("SELECT clock FROM job").fetchone()
        self._offset: float = max(time.time(), clock) - time.monotonic()
        self._depth = 0

    def _set_aside(self) -> None:
        """Keep a damaged ledger for a person to look at, and start a fresh one."""
        self.was_damaged = True
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        for suffix in ("", "-wal", "-shm"):
            file = Path(f"{self.path}{suffix}")
            if file.exists():
                file.rename(f"{self.path}.damaged-{stamp}{suffix}")

    def now(self) -> float:
        """The ledger's clock, in seconds; it never goes back."""
        return float(time.monotonic() + self._offset)

    def transact(self, call: Callable[[], T]) -> T:
        """Run `call` as one transaction."""
        with self.together():
            return call()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Join the calls inside into one transaction: all or none."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        try:
            self.db.execute("BEGIN IMMEDIATE")
            self._depth = 1
            yield
            self.db.execute("UPDATE job SET clock = ?", (self.now(),))
            self.db.execute("COMMIT")
        except BaseException as error:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                kind = StoreFull if _is_full(error) else StoreError
                why = f"disk full: {error} (No space left on device)" if _is_full(error) else str(error)
                raise kind(str(self.path), why) from error
            raise
        finally:
            self._depth = 0

    # ------------------------------------------------------------------ the job and its rounds

    def job(self) -> Mapping[str, object]:
        """The job's row: name, crawl, round, complete."""
        names = ("name", "crawl", "round", "complete")
        return dict(zip(names, self.db.execute(f"SELECT {', '.join(names)} FROM job").fetchone(), strict=True))

    def begin(self, crawl: str, *, everything: bool = False, rules: str = "", age: float = 0.0) -> str:
        """Resume the unfinished round, or begin the next one under the name `crawl`. Return the crawl's name.

        A new round asks again for what is due by then; with `everything`, for all. `rules` stands for what decides
        which links are followed: where they changed, "not modified" would hide the links that they let in now.
        """
        with self.together():
            self._heed(rules)
            job = self.job()
            if not job["complete"]:
                return str(job["crawl"])
            self.db.execute(
                "UPDATE job SET crawl = ?, round = round + 1, complete = 0, began = ?",
                (crawl, self.now()),
            )
            self.db.execute("DELETE FROM dropped")
            self._refresh(everything)
            return crawl

    def _heed(self, rules: str) -> None:
        if self.db.execute("UPDATE job SET rules = ?1 WHERE rules != ?1", (rules,)).rowcount:
            self.db.execute(
                "UPDATE url SET known = json_remove(known, '$.etag', '$.last_modified') "
                "WHERE known IS NOT NULL AND role != 'page'"
            )

    def _refresh(self, everything: bool) -> None:
        now, due = self.now(), "1" if everything else "due < 9e18 AND due <= ?1"
        self.db.execute(f"UPDATE url SET state = 0, tries = 0, due = ?1 WHERE state = 2 AND {due}", (now,))
        self.db.execute(
            "UPDATE host SET next_due = ? WHERE host IN (SELECT DISTINCT host FROM url WHERE state = 0)", (now,)
        )

    def complete(self) -> None:
        """Close the round: nothing is pending, nothing is leased."""
        with self.together():
            self.db.execute("UPDATE job SET complete = 1")

    # ------------------------------------------------------------------ the Frontier protocol

    def add(self, found: Iterable[Found]) -> int:
        with self.together():
            return self._add(found)

    def _add(self, found: Iterable[Found]) -> int:
        now, count = self.now(), 0
        new: dict[str, float] = {}
        (number,) = self.db.execute("SELECT round FROM job").fetchone()
        for place, one in enumerate(found):
            due = now + one.due_in + place * 1e-6  # within one priority, in the order they were named
            said = one.announced and to_text(one.announced)
            cursor = self.db.execute(
                "INSERT INTO url (fp, host, url, role, prio, due, via, hops, seed, round, announced) "
                "VALUES (?,?,?,?,?,?,?,?,?,?,?) "
                "ON CONFLICT (fp) DO UPDATE SET seed = 1, role = excluded.role, prio = max(prio, excluded.prio), "
                "state = CASE WHEN state = 2 AND due >= 9e18 THEN 0 ELSE state END, "
                "due = CASE WHEN state = 2 AND due >= 9e18 THEN excluded.due ELSE due END, "
                "tries = 0, round = excluded.round "
                "WHERE excluded.seed = 1 AND round < excluded.round",
                (one.fp, one.host, one.url, one.role, one.prio, due, one.via, one.hops, int(one.seed), number, said),
            )
            if cursor.rowcount > 0:
                count += 1
                new[one.host] = min(due, new.get(one.host, due))
            elif said:
                self.db.execute("UPDATE url SET announced = ? WHERE fp = ? AND announced IS NULL", (said, one.fp))
        self.db.executemany(
            "INSERT INTO host (host, next_due) VALUES (?, ?) "
            "ON CONFLICT (host) DO UPDATE SET next_due = min(next_due, excluded.next_due)",
            new.items(),
        )
        return count

    def _drop(self, reasons: Mapping[str, int]) -> None:
        self.db.executemany(
            "INSERT INTO dropped VALUES (?, ?) ON CONFLICT (reason) DO UPDATE SET n = n + excluded.n", reasons.items()
        )

    def claim(self, *, hosts: int, per_host: int, busy: Iterable[str] = ()) -> list[Lease]:
        now, skip = self.now(), set(busy)
        due = self.db.execute(
            "SELECT host FROM host WHERE next_due <= ? AND blocked_until <= ? ORDER BY next_due LIMIT ?",
            (now, now, hosts + len(skip)),
        ).fetchall()
        ready = [host for (host,) in due if host not in skip][:hosts]
        if not ready:
            return []
        with self.together():
            return [lease for host in ready for lease in self._claim_host(host, now, per_host)]

    def _claim_host(self, host: str, now: float, limit: int) -> list[Lease]:
        rows = self.db.execute(
            "SELECT u.fp, u.url, u.host, u.role, u.epoch + 1, u.tries, u.hops, v.url, u.seed, u.known, u.announced "
            "FROM url u LEFT JOIN url v ON v.fp = u.via WHERE u.host = ? AND u.state = 0 AND u.due <= ? "
            "ORDER BY u.prio DESC, u.due LIMIT ?",
            (host, now, limit),
        ).fetchall()
        self.db.executemany(
            "UPDATE url SET state = 1, epoch = epoch + 1, outcome = NULL WHERE fp = ?", [(row[0],) for row in rows]
        )
        if len(rows) < limit:
            self._set_next_due(host)
        return [lease_of(row) for row in rows]

    def _set_next_due(self, host: str) -> None:
        self.db.execute(
            "UPDATE host SET next_due = coalesce((SELECT min(due) FROM url WHERE host = ? AND state = 0), 9e18) "
            "WHERE host = ?",
            (host, host),
        )

    def intend(self, lease: Lease, links: Links, *, record: str, outcome: str, reason: str = "") -> None:
        with self.together():
            self._enter(links)
            self.db.execute(
                "UPDATE url SET record = ?, outcome = ?, reason = ? WHERE fp = ? AND epoch = ? AND state = 1",
                (record, outcome, reason, lease.fp, lease.epoch),
            )

    def ack(
        self,
        lease: Lease,
        outcome: str,
        reason: str = "",
        *,
        links: Links = NO_LINKS,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        with self.together():
            self._enter(links)
            self._close(
                "fp = ? AND epoch = ? AND state = 1",
                (lease.fp, lease.epoch),
                (outcome, reason, known, again, facts),
                more="tries = tries + 1, ",
            )

    def _close(
        self,
        which: str,
        values: tuple[int, ...],
        how: tuple[str, str, Known | None, float | None, Mapping[str, object]],
        *,
        more: str = "",
    ) -> None:
        outcome, reason, known, again, facts = how
        now = self.now()
        due = NEVER if again is None else now + again
        self.db.execute(
            f"UPDATE url SET state = 2, outcome = ?, reason = ?, ended_at = ?, due = ?, known = coalesce(?, known), "
            f"{more}{_SETS} WHERE {which}",
            (outcome, reason, now, due, known and to_text(known), *map(facts.get, FACTS), *values),
        )

    def _enter(self, links: Links) -> None:
        self._add(links.found)
        self._drop(links.dropped)

    def retry(self, lease: Lease, reason: str, *, after: float, park: bool = False) -> None:
        due = self.now() + after
        with self.together():
            self.db.execute(
                "UPDATE url SET state = 0, tries = tries + 1, due = ?, reason = ? "
                "WHERE fp = ? AND epoch = ? AND state = 1",
                (due, reason, lease.fp, lease.epoch),
            )
            self.db.execute("UPDATE host SET next_due = min(next_due, ?) WHERE host = ?", (due, lease.host))
            if park:
                self.db.execute("UPDATE host SET blocked_until = ? WHERE host = ?", (due, lease.host))

    def release(self, leases: Iterable[Lease]) -> None:
        with self.together():
            for lease in leases:
                self.db.execute(
                    "UPDATE url SET state = 0 WHERE fp = ? AND epoch = ? AND state = 1", (lease.fp, lease.epoch)
                )
                self.db.execute("UPDATE host SET next_due = min(next_due, ?) WHERE host = ?", (self.now(), lease.host))

    def recover(self) -> list[Intent]:
        with self.together():
            rows = self.db.execute(
                "SELECT fp, url, seed, record, outcome, reason FROM url "
                "WHERE state = 1 AND record IS NOT NULL AND outcome IS NOT NULL"
            ).fetchall()
            self.db.execute(
                "UPDATE url SET state = 2, due = 9e18, outcome = 'failed', reason = 'crashes', ended_at = ? "
                "WHERE state = 1 AND crashes >= ?",
                (self.now(), CRASHES_ALLOWED),
            )
            self.db.execute("UPDATE url SET state = 0, epoch = epoch + 1, crashes = crashes + 1 WHERE state = 1")
            self.db.execute(
                "UPDATE host SET next_due = min(next_due, ?) "
                "WHERE host IN (SELECT DISTINCT host FROM url WHERE state = 0)",
                (self.now(),),
            )
        return [
            Intent(fp=fp, url=url, seed=bool(seed), record_key=record, outcome=outcome, reason=reason)
            for fp, url, seed, record, outcome, reason in rows
        ]

    def settle(
        self,
        fp: int,
        outcome: str,
        reason: str = "",
        *,
        known: Known | None = None,
        again: float | None = None,
        **facts: object,
    ) -> None:
        """Close a URL without a lease: its record was found in the archive, or it cannot be asked for."""
        with self.together():
            self._close("fp = ? AND state != 2", (fp,), (outcome, reason, known, again, facts))

    def adopt(self, kept: Iterable[tuple[Found, Mapping[str, object]]], *, this_round: bool) -> None:
        """Enter URLs that the archive keeps already as done. `this_round`: a seed among them is not due again."""
        names = ("outcome", "reason", *FACTS)
        with self.together():
            (number,) = self.db.execute("SELECT round FROM job").fetchone()
            ended = self.now() if this_round else None
            for found, facts in kept:
                self.db.execute(
                    "INSERT OR IGNORE INTO url (fp, host, url, role, state, prio, due, round, ended_at, "
                    f"{', '.join(names)}) "
                    f"VALUES (?, ?, ?, ?, 2, 0, 9e18, ?, ?, {', '.join('?' * len(names))})",
                    (
                        *(found.fp, found.host, found.url, found.role, number - (not this_round), ended),
                        *(facts.get(name) for name in names),
                    ),
                )

    def close(self) -> None:
        """Fold the log back into the file and close it."""
        self.db.close()


def _is_full(error: BaseException) -> bool:
    return "disk is full" in str(error) or "disk I/O error" in str(error)
