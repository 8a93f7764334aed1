"""The listing: what is published. In: catalog.json. Out: files, what prunes them, packs. Never: a search."""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

from archiver.catalog import Query
from archiver.errors import BadRecord, FixityMismatch, NewerSchema, NotArchived
from archiver.keys import LISTING
from archiver.storage import Store
from archiver.timestamps import iso
from archiver.urls import registered_domain

SCHEMA = 1
NAMED = 1_000  # domains of a file; more are not named, and prune nothing

PublishedKind = Literal["search", "articles", "captures", "indexes", "packs", "warc"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published file. Times are those of the captures in it, as the catalog writes them."""

    kind: PublishedKind
    key: str
    rows: int
    bytes: int
    sha256: str
    made_of: str  # sha256 of the list of its records, so that what did not change is not made again
    crawl: str | None = None  # None: of all crawls
    first: str | None = None
    last: str | None = None
    domains: tuple[str, ...] | None = None  # None: too many to name
    languages: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()

    def may_hold(self, query: Query) -> bool:
        """Whether a snapshot that `query` means can be in this file."""
        if query.crawl not in (None, self.crawl) and self.crawl is not None:
            return False
        if query.collection is not None and query.collection not in self.collections:
            return False
        if query.language is not None and query.language not in self.languages:
            return False
        if self.first is None or self.last is None:
            return False
        if (query.since is not None and self.last < iso(query.since)) or (
            query.until is not None and self.first >= iso(query.until)
        ):
            return False
        return self.domains is None or query.domain is None or _domain_of(query.domain) in self.domains


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything that is published, at one moment."""

    created: datetime | str
    software: str
    snapshots: int
    files: tuple[Published, ...] = ()
    schema: int = SCHEMA

    def of(self, kind: PublishedKind) -> tuple[Published, ...]:
        """Return the files of one kind, in order."""
        return tuple(one for one in self.files if one.kind == kind)

    def to_json(self) -> bytes:
        """Return catalog.json: one file a line, so that a person can read it too."""
        head = {
            "schema": self.schema,
            "created": str(self.created),
            "software": self.software,
            "snapshots": self.snapshots,
        }
        lines = ",\n".join(json.dumps(asdict(one), ensure_ascii=False) for one in self.files)
        start = json.dumps(head, ensure_ascii=False)[:-1]
        return f'{start}, "files": [\n{lines}\n]}}\n'.encode()


def read_listing(store: Store) -> Listing | None:
    """Return what is published in `store`; None if nothing is. Raises BadRecord, NewerSchema, StoreError."""
    try:
        data = store.get(LISTING)
    except NotArchived:
        return None
    try:
        members: dict[str, Any] = json.loads(data)
        schema = members["schema"]
        if isinstance(schema, int) and schema > SCHEMA:
            raise NewerSchema(LISTING, schema, SCHEMA)
        return Listing(**{**members, "files": tuple(_published(one) for one in members["files"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BadRecord(LISTING, str(error)) from error


def published_packs(store: Store) -> list[str]:
    """Return the keys of the contents of packs, where the store lists nothing; none where none are published.

    Raises FixityMismatch besides what `read_listing` raises.
    """
    listing, keys = read_listing(store), list[str]()
    for one in listing.of("packs") if listing else ():
        data = store.get(one.key)
        if (actual := hashlib.sha256(data).hexdigest()) != one.sha256:
            raise FixityMismatch(one.key, one.sha256, actual)
        keys += gzip.decompress(data).decode().splitlines()
    return keys


def _published(members: dict[str, Any]) -> Published:
    known = {field.name for field in fields(Published)}
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in members.items() if name in known
    }
    return Published(**given)


def _domain_of(domain: str) -> str:
    return registered_domain(domain.removeprefix("*.").lower())
