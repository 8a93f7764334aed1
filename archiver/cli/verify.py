"""archiver verify: hashes everything again. In: an archive or a data set. Out: one finding per damaged object."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress, reads_of, runner_options
from archiver.cli.output import dumps, safe, say
from archiver.errors import BadInput
from archiver.export import check_dataset
from archiver.model import Damage


@click.command(epilog="Example:  archiver verify --archive s3://press --sample 5%")
@click.argument("dataset", required=False, metavar="[FOLDER]", type=click.Path(path_type=Path))
@archive_options
@runner_options
@click.option("--sample", metavar="N%", help="Only this share, chosen anew each time.")
@click.option("--from", "since", metavar="TIME", help="Only what was captured from then on.")
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="MB/S", help="Read no faster than this.")
@click.option("--format", "form", type=click.Choice(["text", "jsonl"]), default="text", show_default=True, help="How.")
def verify(
    dataset: Path | None, sample: str | None, since: str | None, rate: float | None, form: str, **given: Any
) -> None:
    """Check that every byte is still the byte that was kept.

    Names each object that was changed, cut, lost or that nothing refers to, and ends with 1 if there is one. With a
    FOLDER that `archiver export` wrote, every file of that data set is checked, and no archive is needed.
    """
    if dataset is not None:
        if sample or since or rate or given["runner"]:
            raise BadInput("--sample, --from, --rate and --runner", "are for an archive; a data set is checked whole")
        found = _named(check_dataset(dataset), form)
        click.echo(f"{click.format_filename(dataset)}: {found or 'nothing'} wrong", err=True)
        raise click.exceptions.Exit(1 if found else 0)
    with opened(given) as archive:
        reads = {kind: reads_of(archive, {**given, "rate": rate}, f"verify-{kind}") for kind in ("records", "bodies")}
        checked = Counter()
        taken: list[str] = []
        damages = archive.verify(
            sample=_share(sample),
            since=since,
            rate=rate * 1e6 if rate else None,
            progress=checked,
            taken_down=taken.append,
            reads=reads,
        )
        found = _named(damages, form)
    gone = f", {len(taken):,} snapshots taken down" if taken else ""
    click.echo(f"{checked.total:,} objects checked, {found or 'no'} damaged{gone}", err=True)
    if found:
        raise click.exceptions.Exit(1)


def _named(damages: Iterable[Damage], form: str) -> int:
    """Name each; return how many."""
    found = 0
    for damage in damages:
        found += 1
        line = {"key": damage.key, "problem": damage.problem, "detail": damage.detail}
        text = f"{damage.problem}: {damage.key}" + (f" ({damage.detail})" if damage.detail else "")
        say(dumps(line) if form == "jsonl" else safe(" ".join(text.split())))
    return found


class Counter:
    """Counts what was checked, and shows it where somebody looks."""

    def __init__(self) -> None:
        self.total = 0
        self._show = progress("verifying")

    def __call__(self, done: int, total: int) -> None:
        self.total = done
        if self._show:
            self._show(done, total)


def _share(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        share = float(text.rstrip("%")) / 100
    except ValueError as error:
        raise BadInput(f"--sample {text}", "give a percentage, for example 5%") from error
    return share
