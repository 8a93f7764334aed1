"""archiver get: downloads snapshots. In: a selection. Out: files, each proved, and a manifest of their digests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from archiver.archive import Archive
from archiver.bodies import sha256_hex
from archiver.catalog import Row
from archiver.cli.options import archive_options, opened, progress, selected, selection_options
from archiver.errors import ArchiveError, BadInput, NotArchived
from archiver.record import to_json

KINDS = {"html": ("html",), "json": ("json",), "txt": ("txt",), "both": ("html", "json")}
MANIFEST = "manifest-sha256.txt"


@click.command(epilog="Example:  archiver get news.example --from 2026-11 --as both -o november --archive press")
@selection_options
@archive_options
@click.option("--output", "-o", default=".", show_default=True, help="A folder; - writes one snapshot to stdout.")
@click.option(
    "--as", "kind", type=click.Choice(sorted(KINDS)), default="html", show_default=True, help="What to download."
)
def get(output: str, kind: str, **given: Any) -> None:
    """Download snapshots into a folder, named by time and id.

    Each body is compared with its sha256. What is there already and equal is left alone, so the same command goes on
    after an interruption; manifest-sha256.txt lists what was downloaded, for `sha256sum -c`.
    """
    with opened(given) as archive:
        rows = list(selected(archive, given))
        if not rows:
            raise NotArchived(" ".join(given["what"]) or "this selection")
        if output == "-":
            _to_stdout(archive, rows, kind)
        elif _to_folder(archive, rows, Path(output), kind):
            raise click.exceptions.Exit(1)


def _to_stdout(archive: Archive, rows: list[Row], kind: str) -> None:
    if kind == "both":
        raise BadInput("--as both", "needs a folder; give -o FOLDER")
    for _, data in _files(archive, rows[-1], kind):
        sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _to_folder(archive: Archive, rows: list[Row], folder: Path, kind: str) -> int:
    """Download into `folder`; return how many snapshots could not be."""
    folder.mkdir(parents=True, exist_ok=True)
    show, failed, lines = progress("downloading"), 0, {}
    for number, row in enumerate(rows, 1):
        try:
            for name, data in _files(archive, row, kind):
                lines[name] = sha256_hex(data)
                _keep(folder / name, data, lines[name])
        except ArchiveError as error:
            failed += 1
            click.echo(f"archiver: {error}", err=True)
        if show:
            show(number, len(rows))
    _list(folder, lines)
    click.echo(f"{len(lines)} files in {folder}" + (f", {failed} snapshots failed" if failed else ""), err=True)
    return failed


def _files(archive: Archive, row: Row, kind: str) -> Iterator[tuple[str, bytes]]:
    record = archive.record(row.record_key)
    stem = f"{record.captured_at:%Y%m%d%H%M%S}-{record.id}"
    for one in KINDS[kind]:
        if one == "json":
            yield f"{stem}.json", to_json(record)
        elif one == "txt" and record.article:
            yield f"{stem}.txt", (record.article.text + "\n").encode("utf-8", "replace")
        elif one == "html" and (body := archive.body(record)) is not None:
            yield f"{stem}.html", body


def _keep(path: Path, data: bytes, sha256: str) -> None:
    """Write a file whole or not at all; an equal one stays as it is."""
    if path.exists() and sha256_hex(path.read_bytes()) == sha256:
        return
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    os.replace(part, path)


def _list(folder: Path, lines: dict[str, str]) -> None:
    """The manifest, earlier downloads into the same folder included."""
    path = folder / MANIFEST
    known: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        digest, _, name = line.partition("  ")
        known[name] = digest
    text = "".join(f"{digest}  {name}\n" for name, digest in sorted((known | lines).items()))
    _keep(path, text.encode(), "")
