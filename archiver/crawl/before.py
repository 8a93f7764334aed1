"""Before: a page whose bytes are those of its last visit is not read again. In: a capture, its lease. Out: a reading.

As with a 304, the job knows already where the page leads. Never: a reading by other rules, or of an answer that differs
in anything else that a reading depends on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.bodies import sha256_hex
from archiver.errors import ArchiveError
from archiver.extraction.rules import are_todays
from archiver.extraction.supervised import POISON
from archiver.extraction.workers import USEFUL_HEADERS
from archiver.model import Capture, Reading, Record, Usual, Verdict
from archiver.record import reading_of

if TYPE_CHECKING:
    from archiver.archive import Archive
    from archiver.crawl.running import RunningCrawl
    from archiver.frontier import Lease

_ROW = "SELECT url, sha256, record_key FROM snapshots WHERE id = ?"
_NOT_READ = frozenset({Verdict.PART, Verdict.UNCHANGED, Verdict.TAKEN_DOWN})


@dataclass(frozen=True, slots=True)
class Before:
    """What was read of a URL's last answer, and by what its length was judged."""

    reading: Reading
    usual: Usual | None


async def read_before(running: RunningCrawl, capture: Capture, lease: Lease) -> Before | None:
    """What was read of the last answer of this URL, if the same bytes came again; else None."""
    known = lease.known
    if known is None or known.record is None or not capture.body:
        return None
    id = known.record
    return await running.in_thread(lambda: _read_before(running.archive, capture, id))


def _read_before(archive: Archive, capture: Capture, id: str) -> Before | None:
    with suppress(ArchiveError):  # what cannot be looked up now is read anew
        row = archive.catalog.first(_ROW, (id,))
        if row is not None and row[:2] == (capture.url, sha256_hex(capture.body)):
            record = archive.record(row[2])
            if _would_be_the_same(record, capture):
                return Before(reading_of(record), record.capture.usual)
    return None


def _would_be_the_same(record: Record, capture: Capture) -> bool:
    """Whether the reading is what today's rules would find. Last-Modified, and a date that was in the future then,
    are judged by the time of the capture.
    """
    then = record.capture
    if record.verdict in _NOT_READ or record.parts or record.extraction.get("error") in POISON:
        return False
    if "date_suspect" in record.flags or any(name.lower() == "last-modified" for name, _ in capture.headers):
        return False
    same = (then.status, then.announced, _telling(then)) == (capture.status, capture.announced, _telling(capture))
    return same and are_todays(record.extraction)


def _telling(capture: Capture) -> list[tuple[str, str]]:
    return sorted((name.lower(), value) for name, value in capture.headers if name.lower() in USEFUL_HEADERS)
