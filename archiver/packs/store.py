"""PackedStore: a store that shows what is in packs as the objects they would be. In: a key. Out: the very same bytes.

    html/…, records/…   found in a pack, or an object of the store below
    anything else       an object of the store below

So nothing above knows whether a record lies on its own or in a pack. A record or body is read by one range. What
`put_new` is given becomes an object; `add` puts a capture into a pack. Deleting something in a pack writes the pack
anew without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import Self, TypeVar

from archiver.errors import BadRecord, KeyTaken, NotArchived, StoreError
from archiver.keys import BODIES, PACK_BYTES, PACKS, RECORDS, pack_of
from archiver.model import Record
from archiver.packs.contents import Answer, Contents, read_contents, record_of
from archiver.packs.index import BodyPlace, Index, RecordPlace
from archiver.packs.rewriting import discard, without
from archiver.packs.spool import Spool, is_local
from archiver.readahead import read_ahead, threads_for
from archiver.storage import ObjectInfo, Store
from archiver.warc.records import Lookup

T = TypeVar("T")
_AGAIN = 2.0  # seconds until a key that was not found is a reason to look for new packs again
_EPOCH = datetime.fromtimestamp(0, UTC)
CONTENTS = ".jsonl.gz"


class PackedStore:
    """The store `below`, with what its packs hold. `home` is this machine's folder for the archive: index and spool."""

    def __init__(self, below: Store, home: Path | None) -> None:
        self.below = below
        self.listed: Callable[[], Iterable[str]] = self._listed  # keys of contents; settable, for a store without lists
        self.spool_folder = (home or Path(mkdtemp(prefix="newsvault-"))) / "spool"  # settable until the first `add`
        self._home = home
        self._looked = 0.0
        self._lock = Lock()
        self._spools: dict[str, Spool] = {}

    @property
    def uri(self) -> str:
        """See Store."""
        return self.below.uri

    # ------------------------------------------------------------------ packs

    def add(
        self,
        record: Record,
        record_bytes: bytes,
        *,
        key: str,
        body: bytes,
        packed: bytes,
        earlier: Lookup,
        target: int = PACK_BYTES,
        at_once: bool = False,
    ) -> None:
        """Keep a capture in the pack that is being filled. See `Spool.add`."""
        with self._lock:
            spool = self._spools.get(record.collection)
            if spool is None:
                spool = self._spools[record.collection] = self._spool(record.collection, target, at_once)
        spool.add(record, record_bytes, key=key, body=body, packed=packed, earlier=earlier)

    def flush(self) -> None:
        """Put what is in the spool into the store. Raises StoreError; then call it again."""
        for spool in list(self._spools.values()):
            spool.flush()

    def recover(self) -> int:
        """Put what dead processes left in this machine's spool into the store; return how many packs."""
        if not self.spool_folder.exists():
            return 0
        self.refresh()
        return sum(
            self._spool(folder.name).recover() for folder in sorted(self.spool_folder.iterdir()) if folder.is_dir()
        )

    def place(self, key: str) -> tuple[str, Answer] | None:
        """Return the pack and where in it the answer lies that the record at `key` tells of; None if in none."""
        found = self._index.record(key) if self._has(key) else None
        return (found.pack, found.answer) if found and found.answer and not is_local(found.pack) else None

    def holds(self, key: str) -> bool:
        """Whether this record or body is in a pack of the store, or of our own spool."""
        place = self._look(key) if self._has(key) else None
        return place is not None and (
            not is_local(place.pack) or place.pack.startswith(f"{self.spool_folder.absolute()}/")
        )

    def finish(self) -> None:
        """Delete packs that were joined or written anew, where that was interrupted. Raises StoreError."""
        there = self.refresh()
        if there:
            for contents in sorted(there & self._index.replaced()):
                discard(self.below, contents)

    def refresh(self) -> set[str]:
        """Learn which packs there are: others may have added, joined or rewritten some. Return their contents' keys.

        Raises StoreError.
        """
        self._looked = time.monotonic()
        known = self._index.known() if self._may_have() else {}  # before the listing: what is put meanwhile is in that
        there = set(self.listed())
        for one in known.keys() - there:
            if not (is_local(one) and Path(one).exists()):
                self._index.forget(one)
        new = sorted(there - known.keys())
        for key, data in read_ahead(self.below.get, new, threads=threads_for(self.uri)):
            if isinstance(data, NotArchived):  # rewritten meanwhile
                continue
            if isinstance(data, Exception):
                raise data
            if key not in self._index.replaced():
                self._enter(key, read_contents(data))
        return there

    def _listed(self) -> Iterator[str]:
        return (info.key for info in self.below.list(PACKS) if info.key.endswith(CONTENTS))

    def _enter(self, key: str, found: Contents) -> None:
        pack = found.footer.pack if found.footer else pack_of(key)
        replaces = found.footer.replaces if found.footer else ()
        self._index.add(key, pack, found.lines, why=found.why, replaces=replaces)

    def _spool(self, collection: str, target: int = PACK_BYTES, at_once: bool = False) -> Spool:
        return Spool(
            self.spool_folder / collection,
            store=self.below,
            index=self._index,
            collection=collection,
            target=target,
            at_once=at_once,
        )

    @cached_property
    def _index(self) -> Index:
        return Index(None if self._home is None else self._home / "packs.sqlite")

    def _may_have(self) -> bool:
        """Whether there is an index already: an archive without packs never gets one."""
        return "_index" in self.__dict__ or (self._home is not None and (self._home / "packs.sqlite").exists())

    def _has(self, key: str) -> bool:
        return key.startswith((BODIES, RECORDS)) and self._may_have() and not self._index.is_empty

    def _look(self, key: str) -> RecordPlace | BodyPlace | None:
        return self._index.record(key) if key.startswith(RECORDS) else self._index.body(key)

    # ------------------------------------------------------------------ reading

    def get(self, key: str) -> bytes:
        """See Store. An object in a pack is read by its range alone."""
        return self._found(key, self._from_pack, lambda: self.below.get(key))

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """See Store."""
        return self._found(
            key,
            lambda place: self._from_pack(place)[start : start + length],
            lambda: self.below.get_range(key, start, length),
        )

    def head(self, key: str) -> ObjectInfo | None:
        """See Store. What is in a pack has no time of its own: its `modified` is 1970."""

        def below() -> ObjectInfo:
            if (info := self.below.head(key)) is None:
                raise NotArchived(key)
            return info

        try:
            return self._found(key, partial(_info, key), below)
        except NotArchived:
            return None

    def list(self, prefix: str = "", *, after: str | None = None) -> Iterator[ObjectInfo]:
        """See Store."""
        kinds = [kind for kind in (BODIES, RECORDS) if kind.startswith(prefix) or prefix.startswith(kind)]
        if kinds:
            self.refresh()
        yield from self.below.list(prefix, after=after)
        if kinds and self._may_have() and not self._index.is_empty:
            for key, size in self._index.sizes(prefix, after):
                yield ObjectInfo(key=key, size=size, modified=_EPOCH)

    def _found(self, key: str, packed: Callable[[RecordPlace | BodyPlace], T], below: Callable[[], T]) -> T:
        """Read from a pack if the index knows one, else below; look for new packs if it is nowhere."""
        if not key.startswith((BODIES, RECORDS)):
            return below()
        for last in (False, True):
            if self._has(key) and (place := self._look(key)) is not None:
                try:
                    return packed(place)
                except NotArchived:  # the pack was joined or rewritten meanwhile
                    if last:
                        raise
                    self.refresh()
                    continue
            try:
                return below()
            except NotArchived:
                if last or time.monotonic() - self._looked < _AGAIN:
                    raise
                self.refresh()
        raise NotArchived(key)

    def _from_pack(self, place: RecordPlace | BodyPlace) -> bytes:
        if isinstance(place, BodyPlace):
            body = place.body
            return body.object(self._range(place.pack, body.offset, body.length))
        return record_of(self._range(place.contents, place.at, place.long), place.contents)

    def _range(self, name: str, offset: int, length: int) -> bytes:
        if not is_local(name):
            return self.below.get_range(name, offset, length)
        try:
            with open(name, "rb") as file:
                file.seek(offset)
                return file.read(length)
        except FileNotFoundError as error:  # it left the spool meanwhile
            raise NotArchived(name) from error

    # ------------------------------------------------------------------ writing

    def put_new(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> bool:
        """See Store."""
        if self._has(key) and self._look(key) is not None:
            try:
                if self.get(key) == data:
                    return False
            except BadRecord:
                pass
            raise KeyTaken(key)
        return self.below.put_new(key, data, media_type=media_type, encoding=encoding)

    def replace(self, key: str, data: bytes, *, media_type: str | None = None, encoding: str | None = None) -> None:
        """See Store."""
        self.below.replace(key, data, media_type=media_type, encoding=encoding)

    def delete(self, key: str) -> None:
        """See Store. What is in packs is deleted from each, which writes those anew."""
        self.below.delete(key)
        if not key.startswith((BODIES, RECORDS)):
            return
        self.finish()
        if not self._has(key):
            return
        self.flush()
        self.recover()
        for contents, pack in self._index.packs_with(key):
            if is_local(contents):
                raise StoreError(
                    self.uri, f"{key} is in a pack that a crawl is filling; stop the crawl, then do it again"
                )
            new = without(self.below, key, contents=contents, pack=pack)
            self._index.forget(contents)
            if new is not None:
                self._enter(*new)

    def join(self, key: str, keys: Sequence[str], *, media_type: str | None = None) -> None:
        """See Store."""
        self.below.join(key, keys, media_type=media_type)

    def check(self, *, write: bool) -> None:
        """See Store."""
        self.below.check(write=write)

    def close(self) -> None:
        """See Store."""
        for spool in self._spools.values():
            spool.close()
        if "_index" in self.__dict__:
            self._index.close()
        self.below.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *problem: object) -> None:
        self.close()


def _info(key: str, place: RecordPlace | BodyPlace) -> ObjectInfo:
    return ObjectInfo(key=key, size=place.size if isinstance(place, RecordPlace) else place.body.size, modified=_EPOCH)
