"""archiver reextract: archived pages read again with today's rules. In: a selection. Out: what changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli.options import archive_options, opened, progress, reads_of, runner_options, selection_options, where
from archiver.cli.output import dumps, safe, say
from archiver.extraction.rules import todays
from archiver.generations import READER, Changes, Outcome
from archiver.generations import reextract as read_again

_SHOWN = 20  # refused snapshots that are named; --json names all
_WORDS = {
    Outcome.CHANGED: "read again, and something changed",
    Outcome.SAME: "read again, and nothing changed",
    Outcome.CURRENT: "read by today's rules when they were captured",
    Outcome.NO_BODY: "without a body",
    Outcome.TAKEN_DOWN: "taken down",
    Outcome.QUARANTINED: "quarantined: the page ended two workers or cost too much; its old reading stays",
    Outcome.DAMAGED: "damaged; their old reading stays",
}


@click.command(epilog="Example:  archiver reextract --archive press --collection daily --dry-run")
@selection_options
@archive_options
@runner_options
@click.option("--dry-run", is_flag=True, help="Read and report, but write nothing.")
@click.option("--all", "everything", is_flag=True, help="Also what today's rules have read; writes only what differs.")
@click.option("--retry", is_flag=True, help="Also pages that were quarantined.")
@click.option("--changed", type=click.Path(path_type=Path), metavar="FILE", help="Write the ids that changed to FILE.")
@click.option("--json", "as_json", is_flag=True, help="The whole report as JSON.")
def reextract(dry_run: bool, everything: bool, retry: bool, changed: Path | None, as_json: bool, **given: Any) -> None:
    """Read archived pages again with today's rules, and report what that changes.

    Bodies are read, never written; no site is asked for anything. A new reading is kept beside the old one, as the
    snapshot's next generation; `archiver show ID --generations` lists them. The same command goes on after an
    interruption. Ends with 1 if a page was quarantined or is damaged.
    """
    asked: dict[str, Any] = {"write": not dry_run, "everything": everything, "retry": retry}
    with opened(given) as archive:
        changes = read_again(
            archive, *given["what"], where=where(given), workers=given["workers"], progress=progress("reading again"),
            reads=reads_of(archive, given, "reextract", reader=READER, **asked), **asked,
        )  # fmt: skip
    if changed is not None:
        changed.write_text("".join(f"{id}\n" for id in sorted(changes.changed)), encoding="utf-8")
    report = {"rules": todays(), "dry_run": dry_run, **changes.as_json()}
    say(dumps(report, indent=1) if as_json else _text(report, changes))
    if changes.has_failures:
        raise click.exceptions.Exit(1)


def _text(report: dict[str, Any], changes: Changes) -> str:
    lines = [f"{report['snapshots']:,} snapshots, rules {report['rules']}{', nothing written' * report['dry_run']}"]
    lines += [f"{report['outcomes'][one]:>9,}  {_WORDS[one]}" for one in Outcome if report["outcomes"][one]]
    lines += _table("what changed", report["fields"].items())
    lines += _table("verdicts", ((f"{one['before']} → {one['after']}", one["snapshots"]) for one in report["verdicts"]))
    if (texts := report["texts"])["changed"]:
        lines += ["", "texts that changed: how much of them is the same, in runs of four words"]
        lines.append(f"  mean {texts['mean']:.3f}, median {texts['median']:.3f}, least {texts['least']:.3f}")
        bounds = (("0.99 and more", "from_0.99"), ("0.9", "from_0.9"), ("0.5", "from_0.5"), ("less", "below"))
        lines += [f"  {name:<40} {texts[key]:>9,}" for name, key in bounds]
    if changes.refused:
        lines.append("")
    for one in changes.refused[:_SHOWN]:
        lines.append(safe(f"{one.outcome}: {one.id} {one.url} ({one.reason})"))
    if len(changes.refused) > _SHOWN:
        lines.append(f"… and {len(changes.refused) - _SHOWN:,} more; --json names them")
    return "\n".join(lines)


def _table(title: str, rows: Any) -> list[str]:
    shown = [f"  {name:<40} {number:>9,}" for name, number in rows]
    return ["", title, *shown] if shown else []
