"""Places: where a job's ledger lies, and whether a crawl works on it now. In: names. Out: folders. Never: the ledger.

One crawl at a time: its lock is the kernel's (flock), so it goes with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from archiver.errors import BadInput, NotArchived
from archiver.keys import STATE

LEDGER, LOCK, LOG = "ledger.sqlite", "lock", "log.jsonl"  # in a job's folder


def job_name(name: str, *, uri: str, collection: str, seeds: Iterable[str]) -> str:
    """The job's own name, or one made of archive, collection and seeds: the same command is the same job."""
    if name:
        return name
    text = "\n".join([uri, collection, *sorted(set(seeds))])
    return f"{collection}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:10]}"


def state_folder(uri: str, name: str) -> Path:
    """Where the job's ledger lies unless told otherwise: inside a folder archive, or in the user's state folder."""
    base, ending = _base(uri)
    return base / f"{name}{ending}"


def jobs_of(uri: str) -> dict[str, Path]:
    """The jobs whose state lies where it lies by default, by name."""
    base, ending = _base(uri)
    if not base.is_dir():
        return {}
    folders = sorted(path for path in base.iterdir() if path.name.endswith(ending) and (path / LEDGER).is_file())
    return {path.name.removesuffix(ending): path for path in folders}


def the_job(what: str, *, uri: str) -> Path:
    """The state folder of the job that `what` means: a folder, a job's name, or "" for the archive's only job.

    Raises NotArchived where there is no such job, BadInput where there are several.
    """
    if what and (Path(what) / LEDGER).is_file():
        return Path(what)
    jobs = jobs_of(uri)
    if what:
        if what in jobs:
            return jobs[what]
        has = f"jobs of {uri}: {', '.join(jobs)}" if jobs else f"no job of {uri} has run on this machine"
        raise NotArchived(f"job {what!r}; {has}; a job crawled with --state is named by that folder")
    if not jobs:
        raise NotArchived(
            f"any job of {uri}: none has run on this machine; name its state folder, or another --archive"
        )
    if len(jobs) > 1:
        raise BadInput("which job?", f"name one of {', '.join(jobs)}")
    return next(iter(jobs.values()))


def holder(folder: Path) -> str | None:
    """Who works on the job now, in words such as "process 4711"; None if nobody does."""
    with suppress(OSError), open(folder / LOCK, encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return lock.read().strip() or "a process"
    return None


def _base(uri: str) -> tuple[Path, str]:
    """The folder that holds the state folders of an archive's jobs, and what their names end in."""
    if "://" not in uri or uri.startswith("file://"):
        return Path(uri.removeprefix("file://")) / STATE, ""
    base = os.environ.get("NEWSVAULT_STATE") or os.path.join(
        os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state"), "newsvault"
    )
    return Path(base), f"-{hashlib.sha256(uri.encode()).hexdigest()[:8]}"
