"""The child that does a shard. In: a task on stdin. Out: a byte for each key on stdout, then how it ended.

It limits its own memory and CPU, and ends when its parent does.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys

from archiver.batch.shards import Work, packed, process_shard
from archiver.errors import ArchiveError

BEGUN, DONE = b"!", b"."
OUT_OF_MEMORY = 137  # as a container ends that the kernel killed
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def main() -> None:
    """Do the shard that stdin describes."""
    task = json.load(sys.stdin)
    sink = os.dup(1)
    os.dup2(2, 1)  # a library that prints must not look like progress
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_DATA, (task["memory_bytes"], resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def told() -> None:
        _limit_cpu(task["cpu_seconds"])
        os.write(sink, DONE)

    _limit_cpu(task["cpu_seconds"])
    os.write(sink, BEGUN)
    problem: ArchiveError | None = None
    try:
        process_shard(
            task["source"], task["target"], task["version"], work=Work(**task["work"]), skip=task["skip"],
            ahead=task["ahead"], told=told,
        )  # fmt: skip
    except ArchiveError as error:
        problem = error
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    os.write(sink, b"\n" + json.dumps(problem and packed(problem)).encode())


def _limit_cpu(seconds: int) -> None:
    """Give the next key so much; a process that goes beyond ends with SIGXCPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, resource.RLIM_INFINITY))
