"""The import: the whole flow on one screen. In: a WARC or WACZ, an archive. Out: snapshots, counts. Never: half trust.

file → records, each proved → visits → captures → redirects joined → not kept yet? → read → put → manifest
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any
from urllib.parse import urljoin

from archiver.archive import Archive
from archiver.bodies import sha1_base32, sha256_hex
from archiver.errors import ArchiveError, BadInput, KeyTaken, TakenDown
from archiver.extraction.supervised import Supervised
from archiver.fixity import Entry as ManifestEntry
from archiver.fixity import write_manifest
from archiver.imports.captures import capture_of, is_web
from archiver.imports.inflating import Inflating, Unreadable
from archiver.imports.packages import open_entry, opened_package, warcs_in
from archiver.imports.visits import Visit, visits_in
from archiver.imports.warc_reader import Entry, read_records
from archiver.keys import checked_name, record_key
from archiver.model import Capture, Hop
from archiver.record import record_id

Refused = Callable[[str], None]
Progress = Callable[[int, int], None]

_MOST_PENDING = 10_000  # redirects whose target has not come yet
_STEP = 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Imported:
    """What an import did."""

    crawl: str
    kept: int = 0  # snapshots that are new
    known: int = 0  # that were there already
    refused: Counter[str] = field(default_factory=Counter)  # by reason
    unread: Counter[str] = field(default_factory=Counter)  # of those kept, pages that could not be read, by reason
    passed_over: Counter[str] = field(default_factory=Counter)  # records that are no answer of the web, by type


def import_file(
    path: Path,
    archive: Archive,
    *,
    collection: str = "default",
    crawl: str | None = None,
    refused: Refused | None = None,
    progress: Progress | None = None,
    **limits: Any,
) -> Imported:
    """Put the captures of a WARC (`.warc`, `.warc.gz`) or a WACZ into `archive`, and read their articles.

    Doing it again changes nothing, and goes on where it was stopped. A record that cannot be proved or used is refused:
    `refused` is told one line, and it is counted. Pages are read by a child process: one that kills it, or takes long,
    is kept all the same, with the reason in its record. `limits` are those of `WorkerPool`.

    Raises BadInput for a file that is neither, or a hostile package.
    """
    checked_name(collection)
    try:
        name = crawl or f"import-{_sha256(path)[:16]}"
        checked_name(name, what="crawl")
        with ExitStack() as stack:
            run = _Import(archive, collection, name, refused, stack.enter_context(Supervised(**limits)))
            if path.name.lower().endswith(".wacz") or _is_zip(path):
                package = stack.enter_context(opened_package(path))
                for warc in _some(warcs_in(package), path):
                    with open_entry(package, warc) as file:
                        run.file(file, f"{path.name}/{warc}", progress, package.getinfo(warc).compress_size)
            else:
                file = stack.enter_context(path.open("rb"))
                run.file(file, path.name, progress, path.stat().st_size)
            run.finish()
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror or error})") from error
    return run.done


class _Import:
    def __init__(
        self, archive: Archive, collection: str, crawl: str, refused: Refused | None, pages: Supervised
    ) -> None:
        self._pages = pages
        self.done = Imported(crawl=crawl)
        self._archive, self._collection, self._refused = archive, collection, refused
        self._bodies: dict[str, tuple[str, str]] = {}  # payload digest → key of a record with that body, its id
        self._pending: dict[str, tuple[Capture, tuple[Hop, ...]]] = {}  # target → redirect that leads there
        self._entries: list[ManifestEntry] = []

    def file(self, file: IO[bytes], name: str, progress: Progress | None, size: int) -> None:
        """Import one WARC file."""
        number = 0
        stream: Inflating | None = None
        try:
            stream = Inflating(file)
            for visit in visits_in(self._sound(read_records(stream))):
                number += 1
                if visit.answer is not None:
                    self._visit(visit, visit.answer)
                if progress is not None:
                    progress(min(stream.taken, size), size)
        except Unreadable as error:
            self._refuse(error.reason, f"{name}, after {stream.taken if stream else 0:,} bytes: {error.detail}")

    def _sound(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        """Pass on what can be used; say what is refused."""
        for entry in entries:
            if entry.problem is not None:
                self._refuse(entry.problem[0], f"{entry.type} of {_shown(entry.uri)}: {entry.problem[1]}")
            elif entry.type in ("response", "revisit", "resource") and not is_web(entry):
                self.done.passed_over[entry.type] += 1
            else:
                if entry.type not in ("response", "revisit", "resource", "request", "metadata"):
                    self.done.passed_over[entry.type or "unknown"] += 1
                yield entry

    def _visit(self, visit: Visit, entry: Entry) -> None:
        try:
            made = capture_of(visit, original=self._original)
        except Unreadable as error:
            self._refuse(error.reason, f"{entry.type} of {_shown(entry.uri)}: {error.detail}")
            return
        self._redirect_or_keep(made, entry)

    # ------------------------------------------------------------------ redirects

    def _redirect_or_keep(self, capture: Capture, entry: Entry) -> None:
        """Hold a redirect until the answer it leads to comes; then it is one of that capture's hops."""
        before = self._pending.pop(capture.url, None)
        hops = (*before[1], _hop(before[0])) if before and before[0].captured_at <= capture.captured_at else ()
        if before and not hops:  # the answer is older than the redirect
            self._keep(before[0], before[1], None)
        target = _target(capture)
        if target is None or target == capture.url or len(hops) > 20:
            self._keep(capture, hops, entry)
            return
        if (other := self._pending.pop(target, None)) is not None:
            self._keep(*other, None)
        if len(self._pending) >= _MOST_PENDING:
            self._keep(*self._pending.pop(next(iter(self._pending))), None)
        self._pending[target] = capture, hops

    def finish(self) -> None:
        """Keep the redirects that led nowhere, and write the manifest."""
        for capture, hops in self._pending.values():
            self._keep(capture, hops, None)
        self._pending.clear()
        if self._entries:
            self._archive.flush()
            write_manifest(self._archive.store, self.done.crawl, self._entries)

    # ------------------------------------------------------------------ keeping

    def _keep(self, capture: Capture, hops: tuple[Hop, ...], entry: Entry | None) -> None:
        if hops:
            capture = replace(capture, redirects=hops, requested_url=hops[0].url)
        id = record_id(capture.url, capture.captured_at, sha256_hex(capture.body))
        key = record_key(self._collection, capture.captured_at, id)
        digest = sha1_base32(capture.body)
        repeats = self._bodies.get(digest, (None, None))[1] if capture.body else None
        try:
            is_new = self._archive.store.head(key) is None and self._put(capture, repeats)
        except TakenDown as error:
            self._refuse("taken_down", str(error))
            return
        if is_new:
            self.done.kept += 1
        else:
            self.done.known += 1
            self._note(key)
        if capture.body:
            self._bodies.setdefault(digest, (key, id))
            if entry is not None and (promise := _bare(entry.get("WARC-Payload-Digest"))):
                self._bodies.setdefault(promise, (key, id))

    def _put(self, capture: Capture, repeats: str | None) -> bool:
        reading = self._pages.read(capture)
        try:
            receipt = self._archive.put(
                capture, reading=reading, crawl=self.done.crawl, collection=self._collection, repeats=repeats
            )
        except KeyTaken:  # another process imports the same file
            return False
        self._entries += receipt.entries
        if reading.error is not None:
            self.done.unread[reading.error] += 1
        return receipt.is_new_record

    def _note(self, key: str) -> None:
        """Promise in the manifest what an earlier run of this import has kept, in the same words."""
        record = self._archive.record(key)
        if record.crawl != self.done.crawl:
            return
        data, html = self._archive.store.get(key), record.html
        line = ManifestEntry(
            key=key,
            kind="record",
            sha256=sha256_hex(data),
            size=len(data),
            url=record.url,
            body=html.key if html else None,
        )
        self._entries.append(line)
        if html is not None:
            stored = self._archive.store.get(html.key)
            body = ManifestEntry(key=html.key, kind="body", sha256=sha256_hex(stored), size=len(stored))
            self._entries.append(body)

    def _original(self, entry: Entry) -> bytes | None:
        """Return the body that a revisit repeats, proved: from this import, else from the archive."""
        if found := self._bodies.get(_bare(entry.get("WARC-Payload-Digest"))):
            return self._archive.snapshot(found[0]).body
        url, date = entry.get("WARC-Refers-To-Target-URI").strip("<>") or entry.uri, entry.get("WARC-Refers-To-Date")
        if not date:
            return None
        try:
            row = self._archive.row(url, at=date)
            body = self._archive.snapshot(row.record_key).body
        except ArchiveError:
            return None
        promise = _bare(entry.get("WARC-Payload-Digest"))
        return body if body is not None and promise in ("", sha1_base32(body)) else None

    def _refuse(self, reason: str, line: str) -> None:
        self.done.refused[reason] += 1
        if self._refused is not None:
            self._refused(f"refused ({reason}): {line}")


def _hop(capture: Capture) -> Hop:
    return Hop(
        url=capture.url,
        status=capture.status or 0,
        reason=capture.reason,
        headers=capture.headers,
        location=next((value for name, value in capture.headers if name.lower() == "location"), ""),
        at=capture.captured_at,
        peer=capture.peer,
    )


def _target(capture: Capture) -> str | None:
    """Return where a redirect leads; None for any other answer."""
    if capture.status not in (301, 302, 303, 307, 308):
        return None
    location = next((value for name, value in capture.headers if name.lower() == "location"), "")
    try:
        text = location.encode("latin-1", "replace").decode("utf-8", "replace")
        return urljoin(capture.url, text.strip()).partition("#")[0] if location.strip() else None
    except ValueError:
        return None


def _bare(digest: str) -> str:
    """Return the value of a `sha1:` digest in base32, as we write it; "" for anything else."""
    name, _, value = digest.partition(":")
    return value.strip().upper() if name.lower() in ("sha1", "sha-1") and len(value.strip()) == 32 else ""


def _shown(url: str) -> str:
    return ascii(url[:200])[1:-1] or "no URL"


def _some(names: list[str], path: Path) -> list[str]:
    if not names:
        raise BadInput(str(path), "holds no WARC file in archive/")
    return names


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
