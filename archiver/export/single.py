"""One snapshot as a WARC file of its own. In: a snapshot. Out: bytes. Never: I/O."""

from __future__ import annotations

import archiver
from archiver.model import Snapshot
from archiver.warc.records import hop_records, main_records
from archiver.warc.writing import member, to_bytes, warcinfo


def warc_of(snapshot: Snapshot) -> bytes:
    """Return a WARC/1.1 file: what led to the answer, the answer, the request, the metadata."""
    record = snapshot.record
    about = (("software", f"newsvault/{archiver.__version__}"), ("isPartOf", record.collection))
    first = warcinfo(name=f"{record.id}.warc.gz", at=record.captured_at, about=about)
    records = [*hop_records(snapshot), *main_records(snapshot, earlier=lambda _: None)]
    return member(to_bytes(first)) + b"".join(member(to_bytes(one, warcinfo=first.id)) for one in records)
