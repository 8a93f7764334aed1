"""WARC files of a part, of captures that lie in none. In: snapshots. Out: files, places.

Never: a revisit, which would lead a reader of one record to another file: each answer is there with its body.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import archiver
from archiver.archive import Archive
from archiver.export.cdxj import Place
from archiver.export.warc_files import WarcFiles
from archiver.export.work import Work
from archiver.model import Record


class Warcs:
    """The WARC files of a part: `<crawl>-<part>-<14 digits>-<5 digits>-newsvault.warc.gz`, of 1 GB at most.

    The same part makes the same files, byte for byte: their time is that of the part's last capture.
    """

    def __init__(self, archive: Archive, folder: Path, *, crawl: str, part: str, at: datetime) -> None:
        self.below = f"warc/crawl={crawl}/"
        self._archive, self._work = archive, Work(folder, plan={"part": part})
        software = f"newsvault/{archiver.__version__}"
        about = (("software", software), ("isPartOf", crawl), ("hostname", "newsvault"))
        self._files = WarcFiles(
            self._work, folder="warc", prefix=f"{crawl}-{part}", at=at, about=about, below=self.below, revisits=False
        )

    def add(self, record: Record, key: str) -> Place | None:
        """Write a capture; return where its answer lies. None: none, a 304, or one of the same second.

        Raises FixityMismatch and NotArchived where the body is not what was kept.
        """
        if record.capture.status is None or record.takedown is not None:
            return None
        snapshot = self._archive.snapshot(key)
        return self._files.add(snapshot) if self._files.has_place_for(snapshot) else None

    def finish(self) -> list[Path]:
        """Return the files, whole."""
        for path in (files := self._files.files()):
            self._work.let_go(f"warc/{path.name}")
        return files

    def close(self) -> None:
        """Let go of all files."""
        self._work.close(finished=False)
