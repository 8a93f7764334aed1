"""What the commands about a job share: which job is meant, and its ledger. In: options. Out: a place, a ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from archiver.errors import BadUrl, NotArchived
from archiver.frontier.places import LEDGER, job_name, state_folder, the_job
from archiver.frontier.sqlite import SqliteFrontier
from archiver.job import Job, read_job
from archiver.project import find
from archiver.urls import clean, without_credentials

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Place:
    """A job's state folder, and the archive that it crawls into."""

    folder: Path
    uri: str


def job_options(command: F) -> F:
    """Which job: a name, a job file or a state folder, and the archive whose job it is."""
    command = click.option(
        "--archive", envvar="NEWSVAULT_ARCHIVE", metavar="URI", help="The archive whose job it is.  [default: archive]"
    )(command)
    return click.argument("job", required=False, default="", metavar="[NAME | JOB.toml | FOLDER]")(command)


def place_of(job: str, archive: str | None) -> Place:
    """Find the job: by its file as `archiver crawl` would, by folder or name; "" is the archive's only one.

    Raises NotArchived where there is none, BadInput where there are several.
    """
    if job.endswith(".toml"):
        return _place_of_file(read_job(Path(job)), archive)
    uri = archive or str(_setting("uri", "archive"))
    return Place(the_job(job, uri=uri), uri)


def _place_of_file(job: Job, archive: str | None) -> Place:
    options = job.options
    uri = archive or options.get("uri") or _setting("uri", "archive")
    if state := options.get("state") or _setting("state", ""):
        return Place(Path(state), uri)
    name = job_name(
        options.get("job") or _setting("job", ""),
        uri=uri,
        collection=options.get("collection") or _setting("collection", "default"),
        seeds=[_asked(seed.url) for seed in job.seeds],
    )
    return Place(state_folder(uri, name), uri)


def _setting(name: str, default: str) -> Any:
    """What the project's settings say, where neither command nor job file do."""
    return getattr(find().settings, f"ARCHIVE_{name.upper()}", None) or default


def _asked(url: str) -> str:
    try:
        return clean(url)
    except BadUrl:
        return without_credentials(url)


@contextmanager
def ledger_of(place: Place, *, write: bool = False) -> Iterator[SqliteFrontier]:
    """The job's ledger, beside the crawl that may work on it. Raises NotArchived where no crawl has begun yet."""
    if not (place.folder / LEDGER).is_file():
        raise NotArchived(f"{place.folder}: no crawl of this job has begun yet; begin one with `archiver crawl`")
    with closing(SqliteFrontier.beside(place.folder / LEDGER, write=write)) as ledger:
        yield ledger
