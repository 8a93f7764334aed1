"""archiver cite: how to cite a snapshot or a data set. In: an id or URL, or a folder. Out: text on stdout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.citation import STYLES, cite_dataset
from archiver.citation import cite as cite_record
from archiver.cli.options import archive_options, name_and_time, opened
from archiver.cli.output import say
from archiver.errors import BadInput


@click.command(epilog="Example:  archiver cite https://news.example/a@20261102 --style csl-json --archive press")
@click.argument("what", required=False, metavar="[ID | URL[@TIME]]")
@archive_options
@click.option("--dataset", type=click.Path(path_type=Path), metavar="DIR", help="Cite an exported data set instead.")
@click.option("--style", type=click.Choice(STYLES), default="bibtex", show_default=True, help="How.")
@click.option("--archived-at", default="", metavar="URL", help="Where readers can see the snapshot.")
def cite(what: str | None, dataset: Path | None, style: str, archived_at: str, **given: Any) -> None:
    """Write how to cite a snapshot, for a reference manager or a paper.

    The citation names the capture's time, its id and the sha256 of its bytes: that version and no other.
    """
    if (what is None) == (dataset is None):
        raise BadInput("what to cite", "give either an id or a URL, or --dataset DIR")
    if dataset is not None:
        say(cite_dataset(dataset, style), nl=False)
        return
    with opened(given) as archive:
        name, at = name_and_time(str(what))
        record = archive.record(archive.row(name, at=at).record_key)
    say(cite_record(record, style, archived_at=archived_at), nl=False)
