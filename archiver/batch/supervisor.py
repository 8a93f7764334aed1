"""Supervision: a shard is done by a child that may be killed. In: a task as JSON. Out: how it went, as JSON. Never: a
shard lost because one page of it kills.

A child that ends without its result is started again, and costs the time of its shard. The key it was at is noted; one
that ends two children is left out of the shard from then on, named in a file beside the shard's.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from typing import Any

from archiver.batch.child import DONE, OUT_OF_MEMORY
from archiver.batch.shards import keys_of, quarantine_of
from archiver.storage import open_store

ATTEMPTS = 2  # the first death may have been the machine's doing
WALL_SECONDS = 300.0  # for one key
START_SECONDS = 300.0  # until a child has begun: a busy machine reads the program slowly
LIMITS = {"memory_bytes": 2 << 30, "cpu_seconds": 240}  # for a child, and for one key
_READ = 65_536


def supervise(text: str) -> str:
    """Do the task that `text` describes, and return its report: `deaths`, `quarantined`, `error`.

    Runs wherever a runner calls it, in any thread. No ArchiveError is raised: `error` holds it, packed.
    """
    return Supervisor().done(text)


class Supervisor:
    """One shard at a time; `stop`, from another thread, ends it."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self._is_stopped = False

    def stop(self) -> None:
        """Kill the child, if there is one, and start no other."""
        self._is_stopped = True
        if self._child is not None:
            with suppress(ProcessLookupError):
                self._child.kill()

    def done(self, text: str) -> str:
        """Return the report of the task; see `supervise`."""
        task, deaths, skip = json.loads(text), Counter[int](), dict[str, str]()
        wall = task.pop("wall_seconds", WALL_SECONDS)
        while not self._is_stopped:
            number, code, said = self._run({**LIMITS, **task, "skip": skip, "ahead": not deaths}, wall)
            if code == 0 and said:
                return json.dumps({"deaths": deaths.total(), "quarantined": skip, "error": json.loads(said)})
            if code >= 0 and code != OUT_OF_MEMORY:
                raise RuntimeError(f"{task['source']}: the child ended with {code}; its traceback is on stderr")
            deaths[number] += 1
            if deaths[number] >= ATTEMPTS:
                self._quarantine(task, number, _why(code), skip)
        return json.dumps({"deaths": deaths.total(), "quarantined": skip, "error": None})

    def _run(self, task: dict[str, Any], wall: float) -> tuple[int, int, bytes]:
        """Start a child. Return how many keys it did, its exit status, and what it said at the end."""
        command = [sys.executable, "-c", "from archiver.batch.child import main; main()"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            self._child = child
            assert child.stdin is not None
            assert child.stdout is not None
            if self._is_stopped:
                child.kill()
            with suppress(BrokenPipeError):
                child.stdin.write(json.dumps(task).encode())
                child.stdin.close()
            said = b""
            while True:
                if not select.select([child.stdout], [], [], wall if said else START_SECONDS)[0]:
                    child.kill()
                if not (part := os.read(child.stdout.fileno(), _READ)):
                    break
                said += part
            code = child.wait()
        dots, _, last = said.partition(b"\n")
        return dots.count(DONE), code, last

    def _quarantine(self, task: dict[str, Any], number: int, why: str, skip: dict[str, str]) -> None:
        with open_store(task["work"]["place"]) as place:
            keys = place.get(keys_of(task["name"])).decode().split()
            if number >= len(keys):
                raise RuntimeError(f"{task['name']}: its child ended twice when all was done ({why})")
            skip[keys[number]] = why
            lines = "".join(json.dumps({"key": key, "why": skip[key]}) + "\n" for key in keys if key in skip)
            place.replace(quarantine_of(task["name"]), lines.encode())


def _why(code: int) -> str:
    if code == OUT_OF_MEMORY:
        return "out of memory"
    return {signal.SIGXCPU: "too much CPU"}.get(signal.Signals(-code), signal.Signals(-code).name)
