"""archiver pause, resume, stop: tell a job what to do. In: a job. Out: its new state, and who will heed it."""

from __future__ import annotations

import click

from archiver.cli.jobs import job_options, ledger_of, place_of
from archiver.cli.output import dumps, safe, say
from archiver.frontier import JobState
from archiver.frontier.opening import Place, working

AS_JSON = click.option("--json", "as_json", is_flag=True, help="The job's state as JSON.")


@click.command(epilog="Example:  archiver pause job.toml")
@job_options
@AS_JSON
def pause(job: str, archive: str | None, frontier: str | None, as_json: bool) -> None:
    """Pause a job: nothing new is asked for, what is in flight ends, the crawl's process stays.

    Returns when the order is written; a running crawl heeds it within about a second. A paused job that is started ends
    at once with code 3, until `archiver resume`.
    """
    _tell(place_of(job, archive, frontier), JobState.PAUSE, as_json)


@click.command(epilog="Example:  archiver resume job.toml")
@job_options
@AS_JSON
def resume(job: str, archive: str | None, frontier: str | None, as_json: bool) -> None:
    """Let a paused job go on, and take back a stop."""
    _tell(place_of(job, archive, frontier), JobState.RUN, as_json)


@click.command(epilog="Example:  archiver stop job.toml")
@job_options
@AS_JSON
def stop(job: str, archive: str | None, frontier: str | None, as_json: bool) -> None:
    """Stop a running crawl in order: what is in flight ends, the rest stays for the next run.

    The crawl itself ends with code 3. Where none is running, nothing is to be done; a pause stays.
    """
    _tell(place_of(job, archive, frontier), JobState.STOP, as_json)


SAID = {
    (JobState.PAUSE, True): "paused: {who} asks for nothing new",
    (JobState.PAUSE, False): "paused: no crawl of this job is running; none begins before `archiver resume`",
    (JobState.RUN, True): "goes on: {who}",
    (JobState.RUN, False): "no longer paused; no crawl of this job is running, begin one with `archiver crawl`",
    (JobState.STOP, True): "stopping: {who} ends what is in flight",
    (JobState.STOP, False): "no crawl of this job is running; nothing to stop",
}


def _tell(place: Place, state: JobState, as_json: bool) -> None:
    with ledger_of(place, write=True) as ledger:
        who = working(place, ledger)
        if state is not JobState.STOP or who is not None:
            ledger.order(state)
            ledger.note("told", str(state))
        if state is JobState.STOP and who is not None and working(place, ledger) is None:
            ledger.order(JobState.RUN)  # it ended by itself meanwhile: the next run is not meant
        standing = ledger.standing()
    if as_json:
        say(dumps({"job": standing.name, "state": str(standing.state), "running": who, "folder": str(place)}))
    else:
        said = SAID[state, who is not None].format(who=who)
        say(f"{safe(standing.name)}: {said}")
