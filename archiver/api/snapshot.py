"""A snapshot, read when it is asked for. In: a catalog row. Out: record, body, files. Never: unproved bytes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archiver.api.html import table
from archiver.catalog import Query, Row, Target
from archiver.errors import BadInput, NotArchived
from archiver.model import Headers, Record, Snapshot
from archiver.record import to_json

if TYPE_CHECKING:
    from archiver.api.opened import OpenArchive
    from archiver.compare import Difference


class ArchivedSnapshot(Snapshot):
    """One capture. What the catalog knows costs nothing; record and body are read once, and proved, when asked for."""

    __slots__ = ("__dict__", "_archive", "row")

    def __init__(self, archive: OpenArchive, row: Row) -> None:
        object.__setattr__(self, "_archive", archive)  # the class it extends is frozen
        object.__setattr__(self, "row", row)

    row: Row
    _archive: OpenArchive

    @cached_property
    def record(self) -> Record:
        """Everything about the capture but its body. Raises NotArchived, BadRecord, NewerSchema."""
        return self._archive.record(self.row.record_key)

    @cached_property
    def body(self) -> bytes | None:
        """What was served, None if there is nothing. Its sha256 is compared: raises FixityMismatch."""
        return self._archive.body(self.record)

    @property
    def id(self) -> str:
        """20 hex digits: the snapshot's name for good."""
        return self.row.id

    @property
    def url(self) -> str:
        """The URL that answered."""
        return self.row.url

    @property
    def timestamp(self) -> datetime:
        """When the request was sent; aware, UTC."""
        return self.row.captured_at

    @property
    def title(self) -> str | None:
        """The headline."""
        return self.row.title

    @property
    def authors(self) -> tuple[str, ...]:
        """Who wrote it, in the page's order."""
        return self.row.authors

    @property
    def published(self) -> str | None:
        """ISO 8601, exactly as precise as the page."""
        return self.row.published

    @property
    def language(self) -> str | None:
        """ISO 639-1."""
        return self.row.language

    @property
    def text(self) -> str:
        """The article, a paragraph per line; empty where there is none."""
        return self.record.article.text if self.record.article else ""

    @property
    def html(self) -> str | None:
        """The body as text, read in the character set that was found for it; what cannot be read is U+FFFD."""
        if self.body is None:
            return None
        charset = self.record.html.charset if self.record.html else None
        try:
            return self.body.decode(charset or "utf-8", "replace")
        except LookupError:  # a character set that Python does not know
            return self.body.decode("utf-8", "replace")

    @property
    def headers(self) -> Headers:
        """The response's headers, in order and with repetitions."""
        return self.record.capture.headers

    def previous(self) -> ArchivedSnapshot | None:
        """Return the capture of the same URL before this one; None if this is the first."""
        return self._beside(newest_first=True, until=self.timestamp)

    def next(self) -> ArchivedSnapshot | None:
        """Return the capture of the same URL after this one; None if this is the last."""
        return self._beside(newest_first=False, since=self.timestamp)

    def diff(self, other: Snapshot) -> Difference:
        """Return what the later one of the two says otherwise: headline, byline, paragraphs, word by word."""
        from archiver.compare import compare

        before, after = sorted((self.record, other.record), key=lambda record: record.captured_at)
        return compare(before, after)

    def cite(self, style: str = "bibtex", *, archived_at: str = "") -> str:
        """Return how to cite it: `bibtex`, `csl-json`, `cff`, `ris` or `apa`. Raises BadInput for another style.

        `archived_at` is a URL where readers can see the snapshot.
        """
        from archiver.citation import cite

        return cite(self.record, style, archived_at=archived_at)

    def _beside(self, **where: Any) -> ArchivedSnapshot | None:
        same = Query(targets=(Target(kind="url", value=self.url),), **where)
        rows = (row for row in self._archive.rows(same) if row.surt == self.row.surt and row.id != self.id)
        row = next(rows, None)
        return None if row is None else ArchivedSnapshot(self._archive, row)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the snapshot into a file, as its ending says, and return the path. What was there is replaced.

        `.html` the body as served, `.txt` the text, `.md` Markdown, `.json` the record, `.warc.gz` a WARC/1.1 file.
        Raises BadInput for another ending, NotArchived for a body that there is none of.
        """
        to = Path(path)
        make = next((make for ending, make in _FORMS.items() if to.name.endswith(ending)), None)
        if make is None:
            raise BadInput(str(to), f"ends in none of {', '.join(_FORMS)}")
        data = make(self)
        part = to.with_name(to.name + ".part")
        part.write_bytes(data)
        part.replace(to)
        return to

    def __repr__(self) -> str:
        return f"<ArchivedSnapshot {self.id} {self.timestamp:%Y-%m-%dT%H:%M:%SZ} {self.url!r:.120}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ArchivedSnapshot) and other.row == self.row

    def __hash__(self) -> int:
        return hash(self.row.record_key)

    def _repr_html_(self) -> str:
        names = ("title", "authors", "published", "language", "url", "timestamp", "id")
        return table(("", ""), [(name, getattr(self, name)) for name in names])


def _body(snapshot: ArchivedSnapshot) -> bytes:
    if snapshot.body is None:
        raise NotArchived(f"a body of {snapshot.id}: this capture has none")
    return snapshot.body


def _warc(snapshot: ArchivedSnapshot) -> bytes:
    from archiver.export.single import warc_of

    return warc_of(snapshot)


def _markdown(snapshot: ArchivedSnapshot) -> bytes:
    return (snapshot.record.article.markdown if snapshot.record.article else "").encode()


_FORMS: dict[str, Callable[[ArchivedSnapshot], bytes]] = {
    ".html": _body,
    ".txt": lambda one: one.text.encode(),
    ".md": _markdown,
    ".json": lambda one: to_json(one.record),
    ".warc.gz": _warc,
}
