"""The export: the whole flow on one screen. In: an archive, a query. Out: a frozen data set. Never: a half one unseen.

begin     the selection is frozen: what a crawl adds later is not in it
collect   each record, and body where the form needs it, is read, proved and appended; a checkpoint each 200
build     the files of the form are made of what was collected
describe  list, description, citation, query, manifest; then the state goes, and that is what complete means
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import archiver
from archiver.archive import Archive
from archiver.bodies import sha256_hex
from archiver.errors import ArchiveError, BadInput, BadRecord, NotArchived, StoreError, TakenDown
from archiver.export import bagit, captures, forms
from archiver.export.articles import article_row
from archiver.export.dataset import LIST, About, Facts, describe
from archiver.export.files import MANIFEST
from archiver.export.jsonl import to_member
from archiver.export.wacz import is_page, page_line
from archiver.export.warc_files import WarcFiles
from archiver.export.work import FOLDER, Work, clear, is_unfinished, translated
from archiver.fixity import Pace, Progress
from archiver.model import Record, Snapshot
from archiver.readahead import Reads, read_ahead, threads_for
from archiver.record import from_json, key_of, refuse_tombstone
from archiver.timestamps import iso, parse
from archiver.warc.http_blocks import ascii_uri

CHECKPOINT = 200  # snapshots; so many at most are read again after a crash
SAME_SECOND = "same_second"  # why a capture is left out of WARC files: an index has one place per URL and second


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A selected snapshot that is not in the data set, and why."""

    record_key: str
    reason: str  # same_second, or the name of the error: TakenDown, FixityMismatch, NotArchived …
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A finished data set."""

    folder: Path
    form: str
    identifier: str  # sha256:<hex> of snapshots.tsv
    snapshots: int
    left_out: tuple[LeftOut, ...] = ()
    was_complete: bool = False  # nothing was left to be done

    @property
    def damaged(self) -> tuple[LeftOut, ...]:
        """What was left out because it could not be read or proved."""
        return tuple(one for one in self.left_out if one.reason not in (SAME_SECOND, TakenDown.__name__))


def export(
    archive: Archive,
    to: Path,
    *what: str,
    form: str,
    where: Mapping[str, Any] | None = None,
    about: About | None = None,
    with_captures: bool = False,
    rate: float | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
    warc_bytes: int | None = None,
    reads: Reads | None = None,
) -> Exported:
    """Export what `archive.find(*what, **where)` finds into the folder `to`, as `form`; see `forms.FORMS`.

    An interrupted export goes on where it was when it is called again with the same arguments, and ends equal. A
    snapshot whose digest does not fit is left out and named. `rate` is bytes per second, read from the archive;
    `with_captures` adds Common Crawl's index to WARC files, `warc_bytes` is when the next WARC file begins.
    `reads` reads the records of a table, as `load` does, elsewhere.
    Raises BadInput if `to` holds something else, NotArchived if nothing is found, StoreError if a store fails.
    """
    if form not in forms.FORMS:
        raise BadInput(f"form {form!r}", f"known are {', '.join(forms.FORMS)}")
    base = to / "data" if form == "bagit" else to
    if reads is not None and (forms.FORMS[form].has_warcs or forms.FORMS[form].has_captures or with_captures):
        raise BadInput(f"--runner with --as {form}", "a runner reads for jsonl, csv, sqlite and parquet; leave it out")
    plan = _plan(archive, what, where or {}, form=form, about=about or About(), now=now, captures=with_captures)
    if (done := _complete(base, plan)) is None:
        _check_empty(to, base)
        forms.check_needs(form, with_captures=with_captures)
        work = Work(base, plan=plan)
        try:
            run = _Export(archive, work, rate=rate, progress=progress, warc_bytes=warc_bytes, reads=reads)
            run.begin()
            run.collect()
            with translated(base):
                run.build()
                run.describe()
        except BaseException:
            work.close(finished=False)
            raise
        work.close(finished=True)
        done = _read(base)
    if form == "bagit":
        _bag(to, done)
    return done


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """One snapshot, proved, as the files of a data set take it."""

    line: str  # of the list
    row: dict[str, Any]  # of the table
    read: int  # bytes
    snapshot: Snapshot | None = None

    def plain(self) -> Loaded:
        """Return it without the snapshot: all that a table needs."""
        return replace(self, snapshot=None)


def load(archive: Archive, key: str, *, with_body: bool = False) -> Loaded:
    """Return what a data set takes of the snapshot at `key`, proved. Raises what `Archive.record` and `body` do."""
    data = archive.store.get(key)
    record = from_json(data, key)
    if key_of(record) != key:
        raise BadRecord(key, f"it belongs at {key_of(record)}")
    refuse_tombstone(record)
    body, sha256 = archive.body(record) if with_body else None, sha256_hex(data)
    return Loaded(
        line=_line(record, sha256),
        row=article_row(record, record_sha256=sha256),
        read=len(data) + len(body or b""),
        snapshot=Snapshot(record=record, body=body),
    )


class _Export:
    def __init__(
        self, archive: Archive, work: Work, *, rate: float | None, progress: Progress | None, warc_bytes: int | None,
        reads: Reads | None,
    ) -> None:  # fmt: skip
        self._archive, self._work, self._progress = archive, work, progress
        self._plan: dict[str, Any] = work.fact("plan")
        self._about = About(**self._plan["about"])
        self._form = forms.FORMS[self._plan["form"]]
        self._created = parse(self._plan["created"])
        self._pace = Pace(rate)
        self._warc_bytes, self._reads = warc_bytes, reads
        self._warcs: WarcFiles | None = None

    # ------------------------------------------------------------------ begin

    def begin(self) -> None:
        """Freeze the selection, oldest first, unless that was done."""
        if self._work.fact("total") is None:
            plan = self._plan
            rows = self._archive.find(*plan["what"], **plan["where"])
            sign = -1 if plan["where"].get("newest_first") else 1  # the newest ones, but oldest first
            numbered = ((sign * n, row.record_key) for n, row in enumerate(rows, 1))
            self._work.run_many("INSERT INTO selection VALUES (?, ?)", numbered)
            total, first = next(self._work.select("SELECT count(*), min(n) FROM selection"))
            if not total:
                raise NotArchived(" ".join(plan["what"]) or "this selection")
            self._work.note("total", total)
            self._work.note("done", first - 1)
            self._work.note("user_agent", self._user_agent(first))
            self._work.checkpoint()
        if self._form.has_warcs:
            self._warcs = forms.warc_files(self._work, self._form, self._about, self._created, self._warc_bytes)

    def _user_agent(self, n: int) -> str:
        """The User-Agent of the first request, for the warcinfo."""
        ((key,),) = self._work.select("SELECT record_key FROM selection WHERE n = ?", n)
        try:
            headers = self._archive.record(key).capture.request.headers
        except ArchiveError:
            return ""
        return next((value for name, value in headers if name.lower() == "user-agent"), "")

    # ------------------------------------------------------------------ collect

    def collect(self) -> None:
        """Read and append what is left, a checkpoint at a time."""
        total = self._work.fact("total")
        read = self._reads or partial(read_ahead, self._load, threads=threads_for(self._archive.uri))
        found_all = read(key for batch in self._batches() for key in batch.values())
        for batch in self._batches():
            rows = []
            for key, found in islice(found_all, len(batch)):
                if isinstance(found, StoreError):
                    raise found
                if isinstance(found, ArchiveError):
                    self._leave_out(key, type(found).__name__, str(found))
                    continue
                rows += self._add(key, found)
            if rows:
                self._work.append(self._log, to_member(rows))
            self._work.note("done", max(batch))
            self._work.checkpoint()
            if self._progress is not None:
                (done,) = next(self._work.select("SELECT count(*) FROM selection WHERE n <= ?", max(batch)))
                self._progress(done, total)

    def _batches(self) -> Iterator[dict[int, str]]:
        last, sql = self._work.fact("done"), "SELECT n, record_key FROM selection WHERE n > ? ORDER BY n LIMIT ?"
        while batch := dict(self._work.select(sql, last, CHECKPOINT)):
            yield batch
            last = max(batch)

    def _load(self, key: str) -> Loaded:
        loaded = load(self._archive, key, with_body=self._form.has_warcs)
        self._pace.took(loaded.read)
        return loaded

    def _add(self, key: str, loaded: Loaded) -> list[dict[str, Any]]:
        """Add a snapshot to the files and the list; return its row of the table."""
        if (snapshot := loaded.snapshot) is not None and not self._archived(key, snapshot):
            return []
        self._work.run("INSERT OR IGNORE INTO listed VALUES (?)", loaded.line)
        return [loaded.row] if self._form.has_table else []

    def _archived(self, key: str, snapshot: Snapshot) -> bool:
        """Add a snapshot to WARC files and index, if there are any; False where there is no place for it."""
        record, place = snapshot.record, None
        if self._warcs is not None:
            if not self._warcs.has_place_for(snapshot):
                self._leave_out(key, SAME_SECOND, f"another capture of {record.url} in the same second is in")
                return False
            place = self._warcs.add(snapshot)
            if self._form.has_pages and is_page(record) and place is not None:
                self._work.run("INSERT INTO pages VALUES (?, ?)", self._warcs.serial, page_line(record))
        if self._has_captures and record.capture.status is not None:
            row = captures.capture_row(record, place)
            values = (record.crawl, row["url_surtkey"], row["fetch_time"], json.dumps(row))
            self._work.run("INSERT INTO captures VALUES (?, ?, ?, ?)", *values)
        return True

    def _leave_out(self, key: str, reason: str, detail: str) -> None:
        self._work.run("INSERT OR REPLACE INTO left_out VALUES (?, ?, ?)", key, reason, detail)

    # ------------------------------------------------------------------ build, describe

    def build(self) -> None:
        """Make the files of the form."""
        identifier = self._write_list()
        if self._form.has_table:
            self._work.append(self._log, b"" if self._work.size(self._log) else to_member([]))
            self._work.checkpoint()
        facts = {"title": self._about.title, "identifier": identifier, "created": self._plan["created"]}
        forms.build(self._form, self._work, self._warcs, about=self._about, created=self._created, facts=facts)
        if self._has_captures:
            forms.build_captures(self._work)

    def describe(self) -> None:
        """Write what makes the folder a data set."""
        (count,) = next(self._work.select("SELECT count(*) FROM listed"))
        left = self._work.select("SELECT record_key, reason, detail FROM left_out ORDER BY record_key")
        facts = Facts(
            form=self._form.name,
            archive=self._plan["archive"],
            query=_query_of(self._plan),
            created=self._created,
            identifier=self._work.fact("identifier"),
            snapshots=count,
            left_out=[{"record_key": key, "reason": reason, "detail": detail} for key, reason, detail in left],
            software=self._plan["software"],
        )
        describe(self._work.folder, self._about, facts)

    def _write_list(self) -> str:
        """Write the frozen list, and return its identifier."""
        digest = hashlib.sha256()
        part = self._work.path / LIST
        with part.open("wb") as file:
            for (line,) in self._work.select("SELECT line FROM listed ORDER BY line"):
                file.write(data := f"{line}\n".encode())
                digest.update(data)
        part.replace(self._work.folder / LIST)
        identifier = f"sha256:{digest.hexdigest()}"
        self._work.note("identifier", identifier)
        return identifier

    @property
    def _has_captures(self) -> bool:
        return bool(self._plan["with_captures"]) or self._form.has_captures

    @property
    def _log(self) -> str:
        """Where the rows are collected: the file itself, or what the file is made of."""
        return forms.TABLE if self._form.keeps_jsonl else f"{FOLDER}/{forms.TABLE}"


def _plan(
    archive: Archive,
    what: tuple[str, ...],
    where: Mapping[str, Any],
    *,
    form: str,
    about: About,
    now: datetime | None,
    captures: bool,
) -> dict[str, Any]:
    plain = {name: iso(value) if isinstance(value, datetime) else value for name, value in where.items()}
    return {
        "what": list(what),
        "where": {name: value for name, value in sorted(plain.items()) if value not in (None, False, "")},
        "form": form,
        "archive": archive.uri,
        "about": asdict(about),
        "with_captures": captures,
        "software": f"newsvault/{archiver.__version__}",
        "created": iso((now or datetime.now(UTC)).replace(microsecond=0)),
    }


def _query_of(plan: dict[str, Any]) -> dict[str, Any]:
    return {"what": plan["what"], **plan["where"]}


def _complete(base: Path, plan: dict[str, Any]) -> Exported | None:
    """Return the data set that is there, if it is the one that `plan` would make. Raises BadInput if it is another."""
    if not (base / MANIFEST).exists() or is_unfinished(base):
        return None
    clear(base)
    known = json.loads((base / "query.json").read_text("utf-8"))
    if (known["form"], known["archive"], known["query"]) != (plan["form"], plan["archive"], _query_of(plan)):
        raise BadInput(str(base), "holds another export; give another folder")
    return _read(base, was_complete=True)


def _read(base: Path, *, was_complete: bool = False) -> Exported:
    known = json.loads((base / "query.json").read_text("utf-8"))
    return Exported(
        folder=base,
        form=known["form"],
        identifier=known["identifier"],
        snapshots=known["snapshots"],
        left_out=tuple(LeftOut(**one) for one in known["left_out"]),
        was_complete=was_complete,
    )


def _check_empty(to: Path, base: Path) -> None:
    if not is_unfinished(base) and to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise BadInput(str(to), "is not empty; give a new folder")


def _bag(to: Path, done: Exported) -> None:
    if not (to / "tagmanifest-sha256.txt").exists():
        plan = json.loads((done.folder / "datapackage.json").read_text("utf-8"))
        about = {
            "Source-Organization": plan["contributors"][0]["title"],
            "External-Identifier": done.identifier,
            "External-Description": plan["description"],
            "Bag-Software-Agent": f"newsvault/{archiver.__version__}",
        }
        bagit.write_tags(to, at=datetime.fromisoformat(plan["created"]), about=about)


def _line(record: Record, sha256: str) -> str:
    body = record.html.sha256 if record.html else "-"
    return "\t".join((record.id, sha256, body, iso(record.captured_at), ascii_uri(record.url)))
