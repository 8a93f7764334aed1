"""Link: the connection to a PostgreSQL server. In: a URL, a job. Out: transactions that end. Never: what is in them.

A server may be restarted under a crawl. A transaction that it cut is run again on a new connection: all that the
ledger does may be done twice with the effect of once. Whoever waits for the server hands nothing out meanwhile.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any, TypeVar, cast

import psycopg
from psycopg import errors, sql

from archiver.errors import ArchiveError, StoreDenied, StoreError, StoreFull
from archiver.frontier.addresses import shown

logger = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")
AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)
DENIED = (
    errors.InvalidPassword,
    errors.InvalidAuthorizationSpecification,
    errors.InsufficientPrivilege,
)
PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds between two attempts to connect
CONNECT_SECONDS = 10
PREFIX = "job_"  # of the schemas that hold jobs
_NAME_BYTES = 63  # PostgreSQL cuts longer names


def schema_of(job: str) -> str:
    """The schema that holds a job's tables."""
    name = PREFIX + job
    if len(name.encode()) <= _NAME_BYTES:
        return name
    return f"{name[: _NAME_BYTES - 11]}-{hashlib.sha256(job.encode()).hexdigest()[:10]}"


class Link:
    """One connection, opened again when it breaks; `patience` seconds long."""

    def __init__(self, dsn: str, schema: str, *, patience: float, read_only: bool = False) -> None:
        self.dsn, self.schema, self.patience = dsn, schema, patience
        self._read_only = read_only
        self._depth = 0
        self._offset = 0.0
        self.db: psycopg.Connection[Any] = self._opened(time.monotonic())

    @property
    def address(self) -> str:
        """The server and the job, without secrets."""
        return f"{shown(self.dsn)} ({self.schema.removeprefix(PREFIX)})"

    # ------------------------------------------------------------------ for the engine

    def connected(self) -> None:
        """Called on each new connection, before anything else is asked."""

    def forget(self) -> None:
        """Called when a transaction was rolled back: what waited for its end is void."""

    def flush(self) -> None:
        """Called at the end of a transaction: what waited for its end is written."""

    def committed(self) -> None:
        """Called when a transaction is known to be durable."""

    # ------------------------------------------------------------------ transactions

    def transact(self, call: Callable[[], T]) -> T:
        """Run `call` as one transaction; again after a deadlock, or on a new connection if this one broke."""
        if self._depth:
            return call()
        since: float | None = None
        while True:
            try:
                with self.together():
                    return call()
            except AGAIN:
                continue
            except psycopg.Error as error:
                if not self._is_cut(error):
                    raise self._said(error) from error
                since = time.monotonic() if since is None else since
                self._reconnect(error, since)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Join the calls inside into one transaction: all or none."""
        if self._depth:
            yield
            return
        self._depth = 1
        try:
            self.db.execute("BEGIN")
            yield
            self.flush()
            self.db.execute("COMMIT")
            self.committed()
        except BaseException:
            self.forget()
            with suppress(psycopg.Error):
                self.db.execute("ROLLBACK")
            raise
        finally:
            self._depth = 0

    def now(self) -> float:
        """The server's clock, in seconds: read when we connected and at each renewal, moved on by the monotonic one."""
        return time.monotonic() + self._offset

    def read_clock(self) -> None:
        """Ask the server for the time."""
        before = time.monotonic()
        ((clock,),) = self.db.execute("SELECT clock()").fetchall()
        self._offset = clock - (before + time.monotonic()) / 2

    def close(self) -> None:
        """Hang up."""
        self.db.close()

    # ------------------------------------------------------------------ the connection

    def _is_cut(self, error: psycopg.Error) -> bool:
        gone = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow, errors.TooManyConnections)
        return self.db.closed or isinstance(error, gone)

    def _reconnect(self, error: psycopg.Error, since: float) -> None:
        logger.warning("frontier: %s; waiting for it, nothing is lost", self._said(error))
        self.db.close()
        self.db = self._opened(since)
        try:
            self.connected()
        except psycopg.Error as again:
            if not self._is_cut(again):
                raise self._said(again) from again
            self._reconnect(again, since)
            return
        logger.warning("frontier: back after %.1f s; going on", time.monotonic() - since)

    def _opened(self, since: float) -> psycopg.Connection[Any]:
        pause = PAUSE
        while True:
            try:
                return self._connect()
            except psycopg.OperationalError as error:
                said = self._said(error)
                if isinstance(said, StoreDenied) or time.monotonic() + pause > since + self.patience:
                    self.patience = min(self.patience, PAUSE)  # who gave up once does not wait again
                    raise said from error  # and who stops meanwhile shortens the patience
            time.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    def _connect(self) -> psycopg.Connection[Any]:
        db = psycopg.connect(
            self.dsn, autocommit=True, connect_timeout=CONNECT_SECONDS, fallback_application_name="archiver"
        )
        try:
            db.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(self.schema)))
            if self._read_only:
                db.execute("SET default_transaction_read_only = on")
        except BaseException:
            db.close()
            raise
        return db

    def _said(self, error: psycopg.Error) -> ArchiveError:
        return translated(error, self.address)


def translated(error: psycopg.Error, where: str) -> ArchiveError:
    """The error as ours: what the server said, without its address's secrets."""
    why = re.sub(r"\s+", " ", str(error)).strip() or type(error).__name__
    if isinstance(error, errors.DiskFull):
        return StoreFull(where, f"disk full: {why}")
    if isinstance(error, DENIED) or "password" in why or "authentication" in why:
        return StoreDenied(where, f"{why}; check user and password (PGUSER, PGPASSWORD or ~/.pgpass)")
    return StoreError(where, why)


def whole(method: F) -> F:
    """A method that is one transaction, or part of the one that is under way."""

    @wraps(method)
    def run(self: Link, *args: Any, **kwargs: Any) -> Any:
        return self.transact(lambda: method(self, *args, **kwargs))

    return cast(F, run)
