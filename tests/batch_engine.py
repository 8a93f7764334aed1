"""A batch in a process of its own, for the tests of runners. In: a runner, a folder. Out: reports on stdout, results
in the folder."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from archiver.archive import Archive
from archiver.batch import RUNNERS
from archiver.batch.shards import Work, cut, keys_of, results_of, version_of
from archiver.batch.steps import Found, Options, Step
from archiver.keys import BODIES, RECORDS
from archiver.storage import open_store

AGAIN = {"write": True, "everything": False, "retry": False, "reader": "tests.readers:poisonous"}


def _killed(archive: Archive, keys: Sequence[str], options: Options, ahead: bool) -> Found:
    """Yield each key; but die at `fatal` ones, and once at the fourth: the child, or its `parent`."""
    for number, key in enumerate(keys):
        if key in options.get("fatal", ()):
            os.kill(os.getpid(), signal.SIGKILL)
        if (mark := options.get("once")) and number == 3 and not os.path.exists(mark):
            Path(mark).touch()
            os.kill(os.getppid() if options["parent"] else os.getpid(), signal.SIGKILL)
        yield key, key


def _bad(misbehave: Callable[[], object]) -> Step:
    """Return a step that does this at the key `b`."""

    def read(archive: Archive, keys: Sequence[str], options: Options, ahead: bool) -> Found:
        for key in keys:
            if key == "b":
                misbehave()
            yield key, key

    return Step(read, lambda value: value)


def _burn() -> None:
    while True:
        pass


KILLED = Step(_killed, lambda value: value)
ENDLESS = _bad(lambda: time.sleep(60))
BURNING = _bad(_burn)
HUNGRY = _bad(lambda: [bytearray(1 << 20) for _ in range(1 << 20)])


def plan(folder: Path, *, workers_die: bool) -> list[str]:
    """Cut everything into shards; return the tasks."""
    records = open_store(str(folder / "a"))
    keys = sorted(info.key for info in records.list(RECORDS))
    bodies = sorted(info.key for info in records.list(BODIES))
    steps: list[tuple[str, dict[str, Any], list[str]]] = [
        (step, {}, keys) for step in ("reindex", "verify-records", "duplicates", "export")
    ]
    steps += [("verify-bodies", {}, bodies), ("reextract", AGAIN, keys)]
    steps.append(("tests.batch_engine:KILLED", {"fatal": [keys[1], keys[14]]}, keys))
    steps.append(("tests.batch_engine:KILLED", {"once": str(folder / "child"), "parent": False}, keys))
    if workers_die:
        steps.append(("tests.batch_engine:KILLED", {"once": str(folder / "parent"), "parent": True}, keys))
    tasks = []
    with open_store(str(folder / "work"), fsync=False) as place:
        for step, options, some in steps:
            work = {"archive": records.uri, "place": place.uri, "step": step, "options": options}
            for name in cut(Work(**work), some, place, size=13):
                named = {"name": name, "source": keys_of(name), "target": results_of(name)}
                tasks.append(json.dumps({**named, "version": version_of(step), "work": work}))
    return tasks


if __name__ == "__main__":
    tasks = plan(Path(sys.argv[2]), workers_die=sys.argv[1] != "local")
    told: dict[str, list[Any]] = {}
    for task, report in zip(tasks, RUNNERS[sys.argv[1]](tasks, 2), strict=True):
        one = json.loads(task)
        told.setdefault(json.dumps([one["work"]["step"], *one["work"]["options"]]), []).append(
            {**json.loads(report), "target": one["target"]}
        )
    print(json.dumps(told))
