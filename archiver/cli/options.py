"""What the reading commands share: which archive, which snapshots. In: options. Out: an open archive, a selection."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import click

import archiver
from archiver.api import OpenArchive
from archiver.archive import Archive
from archiver.catalog import Row
from archiver.cli.output import FORMATS, safe
from archiver.errors import BadInput, NotArchived
from archiver.model import Verdict
from archiver.readahead import Reads
from archiver.timestamps import span

F = TypeVar("F", bound=Callable[..., Any])
STORE = ("endpoint_url", "region", "profile")


def archive_options(command: F) -> F:
    """`--archive` and what an S3 archive needs."""
    for option in reversed(
        (
            click.option(
                "--archive", envvar="NEWSVAULT_ARCHIVE", metavar="URI", help="A folder or s3://bucket/prefix."
            ),
            click.option("--endpoint-url", help="S3 endpoint, for MinIO, SeaweedFS, R2 …."),
            click.option("--region", help="S3 region."),
            click.option("--profile", help="AWS profile."),
            click.option("--no-sign-request", is_flag=True, help="Read a public bucket without credentials."),
        )
    ):
        command = option(command)
    return command


def runner_options(command: F) -> F:
    """How the work of a command is spread; without `--runner` it is done in this process."""
    for option in reversed(
        (
            click.option(
                "--runner",
                type=click.Choice(["local", "spark", "ray"]),
                help="In shards: by child processes, Spark or Ray.",
            ),
            click.option("--work", metavar="URI", help="Where the shards of --runner lie, for all workers to reach."),
            click.option("--workers", type=click.IntRange(1), help="So many at once; as many as CPUs unless given."),
            click.option("--shard", type=click.IntRange(1), help="Records of a shard, 500 unless given."),
        )
    ):
        command = option(command)
    return command


def reads_of(archive: Archive, given: dict[str, Any], step: str, **options: Any) -> Reads | None:
    """What the runner options say a step is read by; None for this process. Raises BadInput where they do not fit."""
    if given["runner"] is None:
        for name in ("work", "shard"):
            if given[name]:
                raise BadInput(f"--{name}", "is for --runner")
        return None
    from archiver.batch import SHARD_RECORDS, Batch  # here, not above: it knows every command's work

    if given.get("rate"):
        raise BadInput("--rate with --runner", "workers do not share a rate; leave one of them out")
    batch = Batch(
        archive=archive.uri, runner=given["runner"], work=given["work"], workers=given["workers"],
        shard_records=given["shard"] or SHARD_RECORDS,
    )  # fmt: skip
    return batch.reads(step, **options)


generation_option = click.option(
    "--generation",
    type=click.IntRange(1),
    metavar="N",
    help="As it was read the N-th time, 1 by the crawl; without it the newest reading.",
)


def selection_options(command: F) -> F:
    """Which snapshots: what is named, the words they hold, within a domain, a time, a collection."""
    what = click.argument("what", nargs=-1, metavar="[URL | PREFIX/* | DOMAIN | ID …]")
    words = click.option("--query", "words", default="", metavar="WORDS", help="Whose article holds these words.")
    return what(words(narrowing_options(command)))


def narrowing_options(command: F) -> F:
    """What narrows a selection, of snapshots that are named or of those that hold some words."""
    for option in reversed(
        (
            click.option("--domain", help="Of this domain and the hosts below it."),
            click.option(
                "--from", "since", metavar="TIME", help="Captured from then on: 2026, 20261102, 2026-11-02T08."
            ),
            click.option("--to", "until", metavar="TIME", help="Captured until then, all of it included."),
            click.option("--collection", help="Of this collection."),
            click.option("--crawl", help="Of this crawl."),
            click.option("--verdict", type=click.Choice([str(one) for one in Verdict]), help="Of this verdict."),
            click.option("--flag", help="With this flag: paywalled, truncated, short_for_host …."),
            click.option("--lang", "--language", "language", metavar="CODE", help="In this language: en, fr, ja …."),
            click.option("--author", help="By this author: a name, or a part of one."),
            click.option("--published-from", "published_since", metavar="TIME", help="Published from then on."),
            click.option("--published-to", "published_until", metavar="TIME", help="Published until then."),
            click.option("--limit", type=click.IntRange(1), help="So many at most."),
            click.option("--newest", "newest_first", is_flag=True, help="Newest first."),
        )
    ):
        command = option(command)
    return command


NARROWING = (
    "domain", "since", "until", "collection", "crawl", "verdict", "flag", "author", "language", "published_since",
    "published_until", "limit", "newest_first",
)  # fmt: skip
SELECTION = ("words", *NARROWING)


def format_options(command: F) -> F:
    """How rows are written."""
    for option in reversed(
        (
            click.option("--format", "form", type=click.Choice(FORMATS), help="How to write it. [default: table]"),
            click.option("--json", "form", flag_value="json", help="The same as --format json."),
            click.option("--jsonl", "form", flag_value="jsonl", help="The same as --format jsonl."),
            click.option("--csv", "form", flag_value="csv", help="The same as --format csv."),
        )
    ):
        command = option(command)
    return command


@contextmanager
def opened(given: dict[str, Any]) -> Iterator[OpenArchive]:
    """The archive that the options name. Raises BadInput where none does, NotArchived where there is no such folder."""
    uri = given["archive"]
    if not uri:
        raise BadInput("which archive?", "give --archive FOLDER or s3://bucket, or set NEWSVAULT_ARCHIVE")
    options = {name: given[name] for name in STORE if given[name]}
    if given["no_sign_request"]:
        options["anonymous"] = True
    if options and "://" not in uri:
        raise BadInput(f"--{next(iter(options)).replace('_', '-')}", f"is for s3:// archives; {uri} is a folder")
    with archiver.open(uri, progress=progress("reading records"), **options) as archive:
        _check_folder(archive.uri)
        yield archive


def _check_folder(uri: str) -> None:
    """Raise NotArchived for a folder that is not there, before anything could make it."""
    if uri.startswith("file:") and not os.path.isdir(folder := unquote(urlsplit(uri).path)):
        raise NotArchived(f"{folder}: no such folder; check the path, or crawl into it first")


def selected(archive: Archive, given: dict[str, Any]) -> Iterator[Row]:
    """The snapshots that the options mean."""
    return archive.find(*given["what"], **where(given))


def where(given: dict[str, Any]) -> dict[str, Any]:
    """What `Archive.find` is to be asked for, besides what is named."""
    return {name: given[name] for name in (*SELECTION, "generation") if name in given}


def name_and_time(what: str) -> tuple[str, str | None]:
    """Split URL@TIME; an @ inside a URL stays there."""
    name, mark, time = what.rpartition("@")
    try:
        span(time)
    except BadInput:
        return what, None
    return (name, time) if mark and name else (what, None)


def found(rows: Iterator[Row], given: dict[str, Any]) -> Iterator[Row]:
    """The same rows. Raises NotArchived if something was named and there is none."""
    first = next(rows, None)
    if first is None:
        if given["what"]:
            raise NotArchived(safe(" ".join(given["what"])))
        return iter(())
    return chain((first,), rows)


def progress(what: str) -> Callable[[int, int], None] | None:
    """A counter on stderr, where somebody looks at it."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return None

    def show(done: int, total: int) -> None:
        if done % 50 == 0 or done == total:
            end = "\n" if done == total else ""
            sys.stderr.write(f"\r{what}: {done:,} of {total:,}{end}")
            sys.stderr.flush()

    return show
