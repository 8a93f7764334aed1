"""`/download`: what was found, as a file. In: a selection, a form. Out: bytes, while they are read. Never: without end.

JSON Lines and CSV are sent as the records are read. The other forms are made in a folder first, the same as by
`archiver export`, and sent as one ZIP file; only a few at a time, since each is work for this machine.
"""

from __future__ import annotations

import csv
import io
import logging
import tempfile
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from archiver.archive import Archive
from archiver.errors import ArchiveError, BadInput, BadRecord, FixityMismatch, NotArchived
from archiver.export import About, export
from archiver.export.articles import COLUMNS, article_row
from archiver.export.csv import cell
from archiver.export.jsonl import to_line
from archiver.readahead import read_ahead, threads_for
from archiver.timestamps import iso
from archiver.web import index, policy, site
from archiver.web.finding import Selection

logger = logging.getLogger(__name__)

FORMS = {
    "jsonl": "JSON Lines",
    "csv": "CSV for spreadsheets",
    "parquet": "Parquet",
    "sqlite": "SQLite",
    "warc": "WARC",
    "wacz": "WACZ for ReplayWeb.page",
    "bagit": "BagIt",
}
_STREAMED = {"jsonl": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}
_AT_ONCE = BoundedSemaphore(2)  # data sets that are made at the same time, in this process


def download(request: Request) -> Response:
    """Answer with the selection in the form `as`. Raises BadInput for more snapshots than a download may have."""
    where, words = site.of(request), request.query_params
    form = words.get("as") or "jsonl"
    if form not in FORMS:
        raise BadInput(f"as={form[:40]}", f"known are {', '.join(FORMS)}")
    selection = Selection.of(words)
    most = where.options.download_limit
    limit = min(index.number(words, "limit", most, least=1) or most, most)
    total = selection.find(where.archive, limit=0).total
    headers = {**policy.DATA, "Newsvault-Total": str(total), "Newsvault-Sent": str(min(total, limit))}
    name = f"newsvault-{form}"
    if form in _STREAMED:
        rows = _rows(where.archive, selection, limit)
        found = _csv(rows) if form == "csv" else (to_line(row) + "\n" for row in rows)
        ending = "csv" if form == "csv" else "jsonl"
        attached = {"Content-Disposition": f'attachment; filename="{name}.{ending}"'}
        return site.lines(found, _STREAMED[form], headers={**headers, **attached})
    if not _AT_ONCE.acquire(timeout=20):
        return site.text(
            "Other downloads are being made; try again in a minute.\n", status=503, headers={"Retry-After": "60"}
        )
    try:
        folder = tempfile.TemporaryDirectory(prefix="newsvault-download-")
        try:
            path = _packed(where.archive, selection, form, limit, Path(folder.name), where.options.title)
        except BaseException:
            folder.cleanup()
            raise
    finally:
        _AT_ONCE.release()
    return FileResponse(
        path,
        headers=headers,
        filename=f"{name}.zip",
        media_type="application/zip",
        background=BackgroundTask(folder.cleanup),
    )


def _packed(archive: Archive, selection: Selection, form: str, limit: int, folder: Path, title: str) -> Path:
    """Export, and return the path of a ZIP file of the data set. What is packed already is stored as it is."""
    about = About(title=f"{title}: {selection.said()}"[:200])
    where = {**selection.where, "words": selection.text, "limit": limit}
    export(archive, folder / "data", form=form, where=where, about=about)
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as pack:
        for file in sorted((folder / "data").rglob("*")):
            is_packed = file.suffix in (".gz", ".wacz", ".parquet")
            if file.is_file():
                how = zipfile.ZIP_STORED if is_packed else zipfile.ZIP_DEFLATED
                pack.write(file, file.relative_to(folder / "data"), compress_type=how)
    return path


def _rows(archive: Archive, selection: Selection, limit: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table; of a snapshot whose record cannot be read, what the catalog knows of it."""
    found = archive.find(words=selection.text, **{**selection.where, "limit": limit})  # type: ignore[arg-type]
    rows = {}
    while batch := list(islice(found, 200)):
        rows = {row.record_key: row for row in batch}
        for key, record in read_ahead(archive.record, rows, threads=threads_for(archive.uri)):
            if isinstance(record, BadRecord | FixityMismatch | NotArchived):
                logger.error("left out of a download: %s", record)
                yield _known(rows[key])
            elif isinstance(record, ArchiveError):
                raise record
            else:
                yield article_row(record, record_sha256=rows[key].record_sha256)


def _known(row: Any) -> dict[str, Any]:
    values = {name: getattr(row, name, None) for name in COLUMNS}
    values |= {name: list(values[name] or ()) for name, (kind, _) in COLUMNS.items() if kind == "list"}
    return {**values, "captured_at": iso(row.captured_at)}


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(row[name]) for name in COLUMNS])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()
