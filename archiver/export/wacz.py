"""WACZ 1.1.1: WARC, index and pages in one zip file, which ReplayWeb.page opens. In: a WARC. Out: a file. Never: more
than one WARC in it, or files of our own in its folders.

What is compressed already is stored, so that a reader fetches a record by Range from any file server.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from archiver.bodies import sha256_hex
from archiver.export.cdxj import BLOCKS, write_zipnum
from archiver.export.jsonl import to_line
from archiver.model import Record
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.writing import warc_date

TEXT_LIMIT = 20_000_000  # bytes of text in pages.jsonl; ReplayWeb.page fetches all of it when it opens the file
_LINES = 1024
_STEP = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WaczAbout:
    """What the package says about itself."""

    title: str
    description: str
    software: str
    created: datetime


def page_line(record: Record) -> str:
    """Return what pages.jsonl says about an archived page, text included, as one line of JSON."""
    article = record.article
    members = {
        "url": ascii_uri(record.url),
        "ts": warc_date(record.captured_at),
        "id": record.id,
        "title": (article.title if article else None) or record.url,
        "text": article.text if article else "",
    }
    return to_line(members)


def is_page(record: Record) -> bool:
    """Whether the capture is a page that a reader would open, rather than a part of one or a failure."""
    kind = (record.html.media_type or "") if record.html else ""
    return record.capture.status == 200 and ("html" in kind or record.article is not None)


def write_wacz(
    path: Path,
    *,
    warc: Path,
    lines: Iterable[str],
    pages: Callable[[], Iterator[str]],
    about: WaczAbout,
    work: Path,
) -> None:
    """Write the package of one WARC. `lines` are its sorted index, `pages` gives its page lines; `work` is a folder."""
    work.mkdir(parents=True, exist_ok=True)
    write_zipnum(lines, work, per_block=_LINES, wacz=True)
    first = _write_pages(pages, work / "pages.jsonl", title=about.title)
    part = path.with_name(path.name + ".part")
    with zipfile.ZipFile(part, "w", allowZip64=True) as package:
        package.comment = b""
        put = _Putter(package, about.created)
        put.file("archive/" + warc.name, warc, stored=True)
        put.file("indexes/" + BLOCKS, work / BLOCKS, stored=True)
        put.file("indexes/index.idx", work / "index.idx")
        put.file("pages/pages.jsonl", work / "pages.jsonl")
        description = _description(put.resources, about, first)
        put.data("datapackage.json", description)
        digest = {"path": "datapackage.json", "hash": f"sha256:{sha256_hex(description)}"}
        put.data("datapackage-digest.json", json.dumps(digest, indent=2).encode())
    part.replace(path)
    shutil.rmtree(work)


def _write_pages(pages: Callable[[], Iterator[str]], path: Path, *, title: str) -> dict[str, Any]:
    """Write pages.jsonl and return the first page. Text is left out of all of them where it would be too much."""
    has_text = sum(len(line.encode("utf-8", "replace")) for line in pages()) <= TEXT_LIMIT
    header = {"format": "json-pages-1.0", "id": "pages", "title": title, "hasText": has_text}
    first: dict[str, Any] = {}
    with path.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
        file.write(to_line(header) + "\n")
        for line in pages():
            page = json.loads(line)
            if not has_text:
                del page["text"]
            first = first or page
            file.write(to_line(page) + "\n")
    return first


def _description(resources: list[dict[str, Any]], about: WaczAbout, first: dict[str, Any]) -> bytes:
    created = f"{about.created.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    main = {"mainPageUrl": first["url"], "mainPageDate": first["ts"]} if first else {}
    members = {
        "profile": "data-package",
        "resources": resources,
        "wacz_version": "1.1.1",
        "title": about.title,
        "description": about.description,
        "created": created,
        "modified": created,
        "software": about.software,
        **main,
    }
    return json.dumps(members, ensure_ascii=False, indent=2).encode("utf-8", "replace")


class _Putter:
    """Puts files into a zip, notes their digests, and gives each the same time, so that it can be made again."""

    def __init__(self, package: zipfile.ZipFile, at: datetime) -> None:
        self._package, self._at = package, at.astimezone(UTC)
        self.resources: list[dict[str, Any]] = []

    def file(self, name: str, path: Path, *, stored: bool = False) -> None:
        """Put a file and note it as a resource."""
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as source, self._entry(name, path.stat().st_size, stored=stored) as target:
            while piece := source.read(_STEP):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        resource = {"name": path.name, "path": name, "hash": f"sha256:{digest.hexdigest()}", "bytes": size}
        self.resources.append(resource)

    def data(self, name: str, data: bytes) -> None:
        """Put a small file that is no resource."""
        with self._entry(name, len(data)) as target:
            target.write(data)

    def _entry(self, name: str, size: int, *, stored: bool = False) -> IO[bytes]:
        """Open an entry. ReplayWeb.page reckons that it has no extra field: ZIP64 only if it must be."""
        info = zipfile.ZipInfo(name, date_time=self._at.timetuple()[:6])
        info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
        info.external_attr = 0o644 << 16
        info.file_size = size
        return self._package.open(info, "w")
