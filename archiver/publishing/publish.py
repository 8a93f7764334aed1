"""The publication: the whole flow on one screen. In: an archive. Out: files beside the data. Never: a reader sees half.

parts     each crawl in parts of 100,000 snapshots at most, by time of capture
make      a part that is published already is left alone; of another, each file is made and put under a new key
list      catalog.json names the files: until it is written, readers see what was published before
clean     what nobody is told of any more is deleted; replaced shards and WARCs stay for one publication longer
"""

from __future__ import annotations

import gzip
import hashlib
import mmap
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import cast

import archiver
from archiver.archive import Archive
from archiver.catalog import Query, Row
from archiver.errors import ArchiveError, FixityMismatch, NotArchived, StoreError
from archiver.export import parquet
from archiver.export.cdxj import Place
from archiver.fixity import Progress
from archiver.keys import LISTING, PUBLISHED
from archiver.publishing import indexes, search
from archiver.publishing.tables import Collected
from archiver.publishing.warcs import Warcs
from archiver.readahead import read_ahead, threads_for
from archiver.record import from_json
from archiver.shards.listing import NAMED, Listing, Published, PublishedKind, read_listing
from archiver.timestamps import iso

ROWS = 100_000  # of a part
FORMAT = 1  # of the files; another one makes all of them anew

_TYPES = {".sqlite": "application/vnd.sqlite3", ".parquet": "application/vnd.apache.parquet", ".gz": "application/gzip"}


@dataclass(slots=True, kw_only=True)
class Publication:
    """What a publication did."""

    listing: Listing
    made: int = 0  # files
    kept: int = 0  # files that were published already
    deleted: int = 0  # objects
    bytes: int = 0  # of the files that were made
    damaged: list[tuple[str, ArchiveError]] = field(default_factory=list)  # records that are in no file, and why


def publish(
    archive: Archive,
    *,
    rows: int = ROWS,
    purge: bool = False,
    warc: bool | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Publication:
    """Publish `archive` beside its own data, and return what that did. Doing it again makes only what changed.

    A record that cannot be read is in no file, and named. `purge` deletes replaced search shards at once. `warc` puts
    the captures into WARC files too, and the indexes say where each of them lies; None does what was done before.

    Needs pyarrow: raises BadInput without; StoreError if the store fails.
    """
    parquet.need_pyarrow()
    archive.store.check(write=True)
    before = read_listing(archive.store)
    with_warc = bool(before and before.of("warc")) if warc is None else warc
    known: dict[str, list[Published]] = {}
    for one in before.files if before else ():
        known.setdefault(one.made_of, []).append(one)
    done = Publication(listing=Listing(created=iso(now or datetime.now(UTC)), software=_software(), snapshots=0))
    files: list[Published] = []
    total, read = archive.synced_catalog().count(Query()), 0
    for number, part in _parts(archive, rows):
        made_of = _made_of(archive, part, with_warc=with_warc)
        there = known.get(made_of, [])
        done.kept += len(there)
        files += there or _make(archive, part, number, made_of, done, with_warc=with_warc)
        read += len(part)
        if progress is not None:
            progress(read, total)
    files += _packs(archive, known, done)
    done.listing = Listing(
        created=done.listing.created,
        software=done.listing.software,
        snapshots=sum(one.rows for one in files if one.kind == "search"),
        files=tuple(files),
    )
    archive.store.replace(LISTING, done.listing.to_json(), media_type="application/json")
    _clean(archive, done, before=None if purge else before)
    return done


def _parts(archive: Archive, size: int) -> Iterator[tuple[int, list[Row]]]:
    """Yield each crawl's snapshots in parts, numbered within the crawl."""
    catalog = archive.catalog
    crawls = [crawl for (crawl,) in catalog.select("SELECT DISTINCT crawl FROM snapshots ORDER BY 1")]
    for crawl in crawls:
        found, number = catalog.find(Query(crawl=crawl)), 0
        while part := list(islice(found, size)):
            yield number, part
            number += 1


def _made_of(archive: Archive, part: list[Row], *, with_warc: bool) -> str:
    digest = hashlib.sha256(f"{FORMAT} {part[0].crawl}{' warc' if with_warc else ''}\n".encode())
    for row in part:
        digest.update(bytes.fromhex(row.record_sha256))
        if place := archive.store.place(row.record_key):  # packs that were joined since are other files
            digest.update(f"{place[0]} {place[1].offset}\n".encode())
    return digest.hexdigest()


def _make(
    archive: Archive, part: list[Row], number: int, made_of: str, done: Publication, *, with_warc: bool
) -> list[Published]:
    """Make the files of a part, put them, and return them."""
    name, crawl = f"part-{number:05d}-{made_of[:12]}", f"crawl={part[0].crawl}"
    with tempfile.TemporaryDirectory(prefix="newsvault-") as scratch:
        folder = Path(scratch)
        with ExitStack() as stack:
            collected = stack.enter_context(closing(Collected(folder / "rows.sqlite")))
            warcs = None
            if with_warc:
                last = max(row.captured_at for row in part)
                files = Warcs(archive, folder / "warcs", crawl=part[0].crawl, part=name, at=last)
                warcs = stack.enter_context(closing(files))
            broken = dict(_collect(archive, part, collected, warcs))
            done.damaged += broken.items()
            keys = [row.record_key for row in part if row.record_key not in broken]
            search.write(archive.catalog, keys, folder / "search.sqlite")
            put = _Putting(archive, part, made_of, done)
            made = [put(folder / "search.sqlite", "search", f"search/{crawl}/{name}.sqlite", len(keys))]
            rows = collected.write_articles(folder / "articles.parquet")
            made.append(put(folder / "articles.parquet", "articles", f"articles/{part[0].crawl}-{name}.parquet", rows))
            rows = collected.write_captures(folder / "captures.parquet")
            key = f"captures/{crawl}/subset=warc/{name}.zstd.parquet"
            made.append(put(folder / "captures.parquet", "captures", key, rows))
            for path in indexes.write(collected.lines(), folder / "index") if rows else ():
                made.append(put(path, "indexes", f"indexes/{crawl}/{name}/{path.name}", rows))
            if warcs is not None:
                made += [put(path, "warc", warcs.below + path.name, rows) for path in warcs.finish()]
            return made


def _collect(
    archive: Archive, part: list[Row], collected: Collected, warcs: Warcs | None
) -> Iterator[tuple[str, ArchiveError]]:
    """Collect what the records give; yield those that cannot be read, or whose bodies cannot where they are wanted."""
    keys = (row.record_key for row in part)
    for key, data in read_ahead(archive.record_bytes, keys, threads=threads_for(archive.uri)):
        if isinstance(data, StoreError):
            raise data
        if isinstance(data, ArchiveError):
            yield key, data
        else:
            record = from_json(data, key)
            try:
                place = _place(archive, key) or (warcs.add(record, key) if warcs is not None else None)
            except (FixityMismatch, NotArchived) as error:
                yield key, error
            else:
                collected.add(record, data, place)


def _place(archive: Archive, key: str) -> Place | None:
    """Where the answer lies that the record at `key` tells of; None where that is no WARC file."""
    if (found := archive.store.place(key)) is None:
        return None
    pack, answer = found
    return Place(filename=pack, offset=answer.offset, length=answer.length, is_revisit=answer.type == "revisit")


def _packs(archive: Archive, known: Mapping[str, list[Published]], done: Publication) -> list[Published]:
    """List the packs, for readers of a web server: it lists nothing."""
    keys = sorted(archive.store.refresh())
    data = gzip.compress("".join(f"{key}\n" for key in keys).encode(), mtime=0)
    digest = hashlib.sha256(data).hexdigest()
    if not keys or digest in known:
        done.kept += len(known.get(digest, ()))
        return known.get(digest, [])
    key = f"indexes/packs-{digest[:12]}.txt.gz"
    archive.store.replace(key, data, media_type="application/gzip")
    done.made, done.bytes = done.made + 1, done.bytes + len(data)
    return [Published(kind="packs", key=key, rows=len(keys), bytes=len(data), sha256=digest, made_of=digest)]


class _Putting:
    """Puts files of a part and says what they are."""

    def __init__(self, archive: Archive, part: list[Row], made_of: str, done: Publication) -> None:
        self._store, self._done = archive.store, done
        domains = sorted({row.domain for row in part})
        self._of_part = {
            "made_of": made_of,
            "crawl": part[0].crawl,
            "first": iso(min(row.captured_at for row in part)),
            "last": iso(max(row.captured_at for row in part)),
            "domains": tuple(domains) if len(domains) <= NAMED else None,
            "languages": tuple(sorted({row.language for row in part if row.language})),
            "collections": tuple(sorted({row.collection for row in part})),
        }

    def __call__(self, path: Path, kind: PublishedKind, key: str, rows: int) -> Published:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            data = cast(bytes, mapped)  # any buffer will do, and a shard is too large to be read at once
            self._store.replace(key, data, media_type=_TYPES.get(path.suffix, "text/plain"))
            size, digest = len(mapped), hashlib.sha256(mapped).hexdigest()
        self._done.made += 1
        self._done.bytes += size
        return Published(kind=kind, key=key, rows=rows, bytes=size, sha256=digest, **self._of_part)  # type: ignore[arg-type]  # by name


def _clean(archive: Archive, done: Publication, *, before: Listing | None) -> None:
    """Delete what is published and named by nobody. `before` keeps shards and WARCs: someone may be reading."""
    named = {one.key for one in done.listing.files}
    named |= {one.key for one in before.files if one.kind in ("search", "warc")} if before else set()
    for prefix in PUBLISHED:
        for key in [info.key for info in archive.store.list(prefix)]:
            if key not in named:
                archive.store.delete(key)
                done.deleted += 1


def _software() -> str:
    return f"newsvault/{archiver.__version__}"
