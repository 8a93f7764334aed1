"""A batch: a step over many records, in shards, by a runner. In: keys. Out: each key with what was found, in order."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from archiver.batch.runners import RUNNERS
from archiver.batch.shards import (
    SHARD_RECORDS,
    Work,
    cut,
    keys_of,
    results,
    results_of,
    unpacked,
    version_of,
)
from archiver.errors import BadInput, StoreError
from archiver.readahead import Reads
from archiver.storage import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How work on the archive at `archive` (a URI that every worker can open) is spread.

    `work` is the URI of a place for shards and results that every worker reaches; a temporary folder unless given.
    `workers` at once, as many as there are CPUs unless given; `shard_records` each. `limits` are of
    `archiver.batch.supervisor`. Raises BadInput for an archive in memory, or a runner that is not known.
    """

    archive: str
    runner: str = "local"
    work: str | None = None
    workers: int | None = None
    shard_records: int = SHARD_RECORDS
    limits: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.runner not in RUNNERS:
            raise BadInput(f"runner {self.runner!r}", f"known are {', '.join(RUNNERS)}")
        for uri in filter(None, (self.archive, self.work)):
            if uri.startswith("memory:"):
                raise BadInput(uri, "no other process sees this; a runner needs a folder or s3://")

    def reads(self, step: str, **options: Any) -> Reads:
        """Return what reads keys by `step`, one of `archiver.batch.steps.STEPS`, as `read_ahead` does in this process.

        It raises StoreError if the place for the results fails. When its last result is taken, shards and results are
        deleted; those of a run that was stopped stay, where `work` is given, and are not done again.
        """
        return lambda keys: self._read(step, options, keys)

    def _read(self, step: str, options: Mapping[str, Any], keys: Iterable[str]) -> Iterator[tuple[str, Any]]:
        with self._place() as place:
            work = Work(archive=self.archive, place=place.uri, step=step, options=options)
            names = cut(work, keys, place, size=self.shard_records)
            tasks = [self._task(work, name) for name in dict.fromkeys(names)]
            for report in RUNNERS[self.runner](tasks, min(self.workers or os.cpu_count() or 1, max(1, len(tasks)))):
                if (error := json.loads(report)["error"]) is not None:
                    raise unpacked(error)
            for name in names:
                failed = False  # by the archive's store
                for key, value in results(name, place, step):
                    failed = failed or isinstance(value, StoreError)
                    yield key, value
                if failed:
                    place.delete(results_of(name))  # the next run is to try again
            for name in names:
                place.delete(results_of(name))
                place.delete(keys_of(name))

    def _task(self, work: Work, name: str) -> str:
        task = {
            "name": name,
            "source": keys_of(name),
            "target": results_of(name),
            "version": version_of(work.step),
            "work": asdict(work),
        }
        return json.dumps({**task, **self.limits})

    @contextmanager
    def _place(self) -> Iterator[Store]:
        if self.work is not None:
            with open_store(self.work) as place:
                place.check(write=True)
                yield place
            return
        with tempfile.TemporaryDirectory(prefix="newsvault-") as folder, open_store(folder, fsync=False) as place:
            yield place
