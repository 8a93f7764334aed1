"""What the commands about a job share: which job is meant, and its ledger. In: options. Out: a place, a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from archiver.errors import BadInput, BadUrl, NotArchived
from archiver.frontier.addresses import shown
from archiver.frontier.ledger import Ledger
from archiver.frontier.opening import Place, jobs_at, open_beside
from archiver.frontier.places import LEDGER, job_name, state_folder, the_job
from archiver.job import Job, read_job
from archiver.project import find
from archiver.urls import clean, without_credentials

F = TypeVar("F", bound=Callable[..., Any])


FRONTIER = click.option(
    "--frontier", envvar="NEWSVAULT_FRONTIER", metavar="URL", help="postgresql://…: the ledger that its workers share."
)


def job_options(command: F) -> F:
    """Which job: a name, a job file or a state folder, and the archive whose job it is."""
    command = click.option(
        "--archive", envvar="NEWSVAULT_ARCHIVE", metavar="URI", help="The archive whose job it is.  [default: archive]"
    )(FRONTIER(command))
    return click.argument("job", required=False, default="", metavar="[NAME | JOB.toml | FOLDER]")(command)


def place_of(job: str, archive: str | None, frontier: str | None = None) -> Place:
    """Find the job: by its file as `archiver crawl` would, by folder or name; "" is the only one there is.

    Raises NotArchived where there is none, BadInput where there are several.
    """
    if job.endswith(".toml"):
        return _place_of_file(read_job(Path(job)), archive, frontier)
    uri = archive or str(_setting("uri", "archive"))
    frontier = frontier or _setting("frontier", "")
    if frontier and not (job and (Path(job) / LEDGER).is_file()):
        name = on_server(frontier, job)
        return Place(folder=state_folder(uri, name), name=name, uri=uri, frontier=frontier)
    folder = the_job(job, uri=uri)
    return Place(folder=folder, name=folder.name, uri=uri)


def on_server(frontier: str, job: str) -> str:
    """The job that is meant: by its name, or the server's only one."""
    jobs = jobs_at(frontier)
    if job and job not in jobs:
        has = f"jobs there: {', '.join(jobs)}" if jobs else "no job has begun there"
        raise NotArchived(f"job {job!r} at {shown(frontier)}; {has}")
    if not jobs:
        raise NotArchived(f"any job at {shown(frontier)}; none has begun there")
    if not job and len(jobs) > 1:
        raise BadInput("which job?", f"name one of {', '.join(jobs)}")
    return job or jobs[0]


def _place_of_file(job: Job, archive: str | None, frontier: str | None) -> Place:
    options = job.options
    uri = archive or options.get("uri") or _setting("uri", "archive")
    name = job_name(
        options.get("job") or _setting("job", ""),
        uri=uri,
        collection=options.get("collection") or _setting("collection", "default"),
        seeds=[_asked(seed.url) for seed in job.seeds],
    )
    state = options.get("state") or _setting("state", "")
    return Place(
        folder=Path(state) if state else state_folder(uri, name), name=name, uri=uri,
        frontier=frontier or options.get("frontier") or _setting("frontier", ""),
    )  # fmt: skip


def _setting(name: str, default: str) -> Any:
    """What the project's settings say, where neither command nor job file do."""
    return getattr(find().settings, f"ARCHIVE_{name.upper()}", None) or default


def _asked(url: str) -> str:
    try:
        return clean(url)
    except BadUrl:
        return without_credentials(url)


@contextmanager
def ledger_of(place: Place, *, write: bool = False) -> Iterator[Ledger]:
    """The job's ledger, beside those that may work on it. Raises NotArchived where no crawl has begun yet."""
    with closing(open_beside(place, write=write)) as ledger:
        yield ledger
