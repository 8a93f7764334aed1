"""WARC files and their index, as snapshots come. In: snapshots. Out: files that only grow. Never: half a record.

A payload that was written before becomes a revisit. In a WACZ every file must stand alone, so there the memory of what
was written ends with the file (`alone`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from archiver.bodies import sha256_hex
from archiver.export.cdxj import Place, cdx_line
from archiver.export.work import Work
from archiver.model import Snapshot
from archiver.timestamps import iso, parse
from archiver.warc.http_blocks import ascii_uri
from archiver.warc.records import Original, hop_records, main_records, original_of
from archiver.warc.writing import Fields, WarcRecord, member, timestamp, to_bytes, warcinfo

TARGET = 1_000_000_000  # bytes of a file; the index of Common Crawl has 32-bit offsets, so 2 GiB is the end


class WarcFiles:
    """The WARC files of one export: `<prefix>-<14 digits>-<5 digits>-<host>.warc.gz`."""

    def __init__(
        self,
        work: Work,
        *,
        folder: str,
        prefix: str,
        at: datetime,
        about: Fields,
        alone: bool = False,
        target: int = TARGET,
        host: str = "newsvault",
        below: str = "",
        revisits: bool = True,
    ) -> None:
        """Write below `folder`, relative to the export's. `about` is what the warcinfo says, `software` first.

        An index names each file with `below` before its name. Without `revisits` a payload is written each time.
        """
        self._work, self._folder, self._at, self._about = work, folder, at, about
        self._name = f"{prefix}-{timestamp(at)}-%05d-{host}.warc.gz"
        self._alone, self._target, self._below, self._revisits = alone, target, below, revisits
        self.serial: int = work.fact("serial") or 0

    @property
    def name(self) -> str:
        """Of the file that is being written."""
        return self._name % self.serial

    @property
    def path(self) -> str:
        """Of the file that is being written, relative to the export's folder."""
        return f"{self._folder}/{self.name}"

    def has_place_for(self, snapshot: Snapshot) -> bool:
        """Whether the snapshot can be told from what is written: an index has one place per URL and second."""
        if snapshot.record.capture.status is None:
            return True
        return not self._is_taken(ascii_uri(snapshot.record.url), timestamp(snapshot.record.captured_at))

    def add(self, snapshot: Snapshot) -> Place | None:
        """Write a snapshot; return where its answer lies, None if it had none.

        A redirect that shares URL and second with something written before is passed over.
        """
        if self._work.size(self.path) >= self._target:
            self._next()
        main = main_records(snapshot, earlier=self._earlier)
        self._take(main[0])
        for record in hop_records(snapshot):
            if self._take(record):
                self._write(record)
        places = [self._write(record) for record in main]
        self._remember(main[0])
        return places[0] if main[0].entry is not None else None

    def _next(self) -> None:
        self._work.let_go(self.path)
        self.serial += 1
        self._work.note("serial", self.serial)

    def _write(self, record: WarcRecord) -> Place:
        first = warcinfo(name=self.name, at=self._at, about=self._about)
        if self._work.size(self.path) == 0:
            self._work.append(self.path, member(to_bytes(first)))
        packed = member(to_bytes(record, warcinfo=first.id))
        offset = self._work.append(self.path, packed)
        place = Place(filename=self._below + self.name, offset=offset, length=len(packed), digest=sha256_hex(packed))
        if record.entry is not None:
            line = cdx_line(record, record.entry, place)
            self._work.run("INSERT INTO cdx VALUES (?, ?)", self.serial, line)
        return place

    def _take(self, record: WarcRecord) -> bool:
        """Take the record's place in the index; False if it is taken."""
        if record.entry is None:
            return True
        address = record.entry.url, timestamp(record.at)
        if self._is_taken(*address):
            return False
        self._work.run("INSERT INTO addresses VALUES (?, ?)", *address)
        return True

    def _is_taken(self, uri: str, second: str) -> bool:
        found = self._work.select("SELECT 1 FROM addresses WHERE uri = ? AND second = ?", uri, second)
        return next(found, None) is not None

    def _remember(self, record: WarcRecord) -> None:
        """Remember a response for later revisits: by its payload, and by its URL for answers of 304."""
        if (original := original_of(record)) is None:
            return
        value = json.dumps({**asdict(original), "at": iso(original.at)})
        names = [f"payload:{original.digest}", *([f"url:{original.uri}"] if 200 <= original.status < 300 else [])]
        for name in names:
            self._work.run("INSERT OR REPLACE INTO originals VALUES (?, ?, ?)", name, self.serial, value)

    def _earlier(self, name: str) -> Original | None:
        found = next(self._work.select("SELECT volume, value FROM originals WHERE name = ?", name), None)
        if found is None or not self._revisits or (self._alone and found[0] != self.serial):
            return None
        members: dict[str, Any] = json.loads(found[1])
        return Original(**{**members, "at": parse(members["at"])})

    # ------------------------------------------------------------------ what was written

    def files(self) -> list[Path]:
        """Return the files that hold anything, in order."""
        paths = (self._work.folder / self._folder / (self._name % serial) for serial in range(self.serial + 1))
        return [path for path in paths if path.exists()]

    def lines(self, serial: int | None = None) -> Iterator[str]:
        """Yield the index lines, sorted by bytes, of one file or of all."""
        if serial is None:
            found = self._work.select("SELECT line FROM cdx ORDER BY line")
        else:
            found = self._work.select("SELECT line FROM cdx WHERE volume = ? ORDER BY line", serial)
        yield from (line for (line,) in found)
