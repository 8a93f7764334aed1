"""archiver get: downloads snapshots. In: a selection. Out: files, each proved, and a manifest of their digests."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import click

from archiver.archive import Archive
from archiver.bodies import sha256_hex
from archiver.catalog import Row
from archiver.cli.options import archive_options, generation_option, opened, progress, selected, selection_options
from archiver.cli.output import give, safe
from archiver.errors import ArchiveError, BadInput, NotArchived, StoreError, StoreFull, TakenDown
from archiver.fixity import Pace
from archiver.model import Record, Verdict
from archiver.readahead import read_ahead, threads_for
from archiver.record import key_of, refuse_tombstone

KINDS = {"html": ("html",), "json": ("json",), "txt": ("txt",), "both": ("html", "json")}
MANIFEST = "manifest-sha256.txt"


class File(NamedTuple):
    """One file of a download; `data` is None where it is there already."""

    name: str
    sha256: str
    data: bytes | None


@click.command(epilog="Example:  archiver get news.example --from 2026-11 --as both -o november --archive press")
@selection_options
@generation_option
@archive_options
@click.option("--output", "-o", default=".", show_default=True, help="A folder; - writes one snapshot to stdout.")
@click.option(
    "--as", "kind", type=click.Choice(sorted(KINDS)), default="html", show_default=True, help="What to download."
)
@click.option("--rate", type=click.FloatRange(min=0, min_open=True), metavar="MB/S", help="Read no faster than this.")
def get(output: str, kind: str, rate: float | None, **given: Any) -> None:
    """Download snapshots into a folder, named by time and id.

    Each body is compared with its sha256. What is there already and equal is left alone, so the same command goes on
    after an interruption; manifest-sha256.txt lists what was downloaded, for `sha256sum -c`.
    """
    with opened(given) as archive:
        total = sum(1 for _ in selected(archive, given))
        if not total:
            raise NotArchived(safe(" ".join(given["what"])) or "this selection")
        rows = selected(archive, given)
        if output == "-":
            _to_stdout(archive, rows, kind)
        elif _to_folder(archive, rows, Path(output), kind=kind, total=total, pace=Pace(rate * 1e6 if rate else None)):
            raise click.exceptions.Exit(1)


def _to_stdout(archive: Archive, rows: Iterable[Row], kind: str) -> None:
    """The latest that has what is asked for; what else is meant is not left out in silence."""
    if kind == "both":
        raise BadInput("--as both", "needs a folder; give -o FOLDER")
    count, latest = 0, None
    for row in rows:
        if kind == "json" or row.body_key or row.verdict == Verdict.TAKEN_DOWN:
            count += 1
            latest = row if latest is None or row.captured_at >= latest.captured_at else latest
    data = _part(archive, archive.record(latest.record_key), kind) if latest else None
    if data is None:
        raise NotArchived(f"this selection as {kind}: its captures have none")
    give(data)
    if count > 1:
        click.echo(f"the latest of {count:,} snapshots; -o FOLDER downloads all of them", err=True)


def _to_folder(archive: Archive, rows: Iterable[Row], folder: Path, *, kind: str, total: int, pace: Pace) -> int:
    """Download into `folder`; return how many snapshots are damaged. Raises StoreError if the store fails."""
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    show, failed, without, gone = progress("downloading"), 0, 0, 0
    digests: dict[str, str] = {}
    try:
        fetch = partial(_files, archive, folder, kind)
        for number, (_, files) in enumerate(read_ahead(fetch, rows, threads=threads_for(archive.uri)), 1):
            if isinstance(files, StoreError):
                raise files
            if isinstance(files, ArchiveError):
                gone += isinstance(files, TakenDown)
                failed += not isinstance(files, TakenDown)
                click.echo(f"archiver: {safe(str(files))}", err=True)
            else:
                digests.update(_kept(folder, files))
                pace.took(sum(len(one.data) for one in files if one.data is not None))
                without += not files
            if show:
                show(number, total)
    finally:  # also after Ctrl-C: the manifest lists what is there
        _list(folder, digests)
    more = f", {without:,} snapshots have no {kind}" if without else ""
    more += f", {gone:,} snapshots were taken down" if gone else ""
    more += f", {failed:,} snapshots are damaged" if failed else ""
    click.echo(f"{len(digests):,} files in {folder}{more}", err=True)
    return failed


def _files(archive: Archive, folder: Path, kind: str, row: Row) -> list[File]:
    """The files of one snapshot. The catalog knows most digests, so what is there already is not fetched again."""
    stem = f"{row.captured_at:%Y%m%d%H%M%S}-{row.id}"
    files, record = [], None
    for part in KINDS[kind]:
        name = f"{stem}.{part}"
        promised = {"html": row.sha256 if row.body_key else None, "json": row.record_sha256}.get(part)
        if promised and _digest(folder / name) == promised:
            files.append(File(name, promised, None))
            continue
        record = record or archive.record(row.record_key)
        data = _part(archive, record, part)
        if data is not None:
            files.append(File(name, sha256_hex(data), data))
    return files


def _part(archive: Archive, record: Record, part: str) -> bytes | None:
    if part == "json":
        return archive.record_bytes(key_of(record))
    if part == "html":
        return archive.body(record)
    refuse_tombstone(record)
    return (record.article.text + "\n").encode("utf-8", "replace") if record.article else None


def _kept(folder: Path, files: list[File]) -> Iterator[tuple[str, str]]:
    """Name and digest of each file, once it is there."""
    for name, sha256, data in files:
        if data is not None and _digest(folder / name) != sha256:
            _write(folder / name, data)
        yield name, sha256


def _digest(path: Path) -> str | None:
    try:
        return sha256_hex(path.read_bytes())
    except OSError:
        return None


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(path.name + ".part")
    with _writing(path):
        try:
            part.write_bytes(data)
            os.replace(part, path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(str(path), "no room left; make room, then run the same command again to go on") from error
        raise BadInput(str(path), f"cannot be written ({error.strerror}); choose another folder with -o") from error


def _list(folder: Path, digests: dict[str, str]) -> None:
    """Write the manifest, with earlier downloads into the same folder."""
    path, known = folder / MANIFEST, {}
    with suppress(OSError):
        for line in path.read_text("utf-8", "replace").splitlines():
            digest, _, name = line.partition("  ")
            known[name] = digest
    if digests:
        _write(path, "".join(f"{digest}  {name}\n" for name, digest in sorted((known | digests).items())).encode())
