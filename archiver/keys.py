"""Where each object lives. In: a digest, a name, a time. Out: its key. Never: I/O.

    html/<ab>/<sha256>.html.gz                                  a body, named by what it holds
    records/<collection>/<yyyy>/<mm>/<dd>/<hhmmss>-<id>.json    a record, one per capture
    records/…/<hhmmss>-<id>.<n>.json                            its n-th generation: the same capture, read again
    packs/<collection>/<yyyy>/<mm>/<dd>/<hhmmss>-<16 hex>.warc.gz     many captures in one object, and
    packs/…/<hhmmss>-<16 hex>.jsonl.gz                                what is in it: instead of bodies and records
    crawls/<crawl-id>/…                                         job file, crawl log, report, manifests

Keys are made of checked names and hex digits only: nothing a page says ever becomes part of a path.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Literal, get_args

from archiver.errors import BadInput

BODIES = "html/"
RECORDS = "records/"
PACKS = "packs/"
CRAWLS = "crawls/"
TAKEDOWNS = f"{CRAWLS}takedown-"  # a notice of each, and a manifest
CATALOG = "catalog/"  # beside the archive in a folder; rebuilt from the records, so no part of what is promised

LAST_GENERATION = 999_999
PUBLISHED = ("search/", "articles/", "captures/", "indexes/", "warc/")  # made of the records by `archiver publish`
LISTING = "catalog.json"  # what is published: the last thing that a publication writes
STATE = "state/"  # in a folder: the ledgers of its jobs, of use to the crawler alone

Layout = Literal["objects", "packs"]  # how bodies and records lie: each on its own, or many in one
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
PACK_BYTES = 16 * 1024 * 1024  # when a pack is full; a larger one costs fewer requests, and more to write anew

_ID_LENGTH = 20  # hex digits

Kind = Literal["body", "record", "pack", "manifest", "notice", "file", "catalog", "published", "state"]

_NAME = r"[a-z0-9][a-z0-9._-]{0,63}"
_GENERATION = r"(?:\.(?:[2-9]|[1-9][0-9]{1,5}))?"  # the first has none
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("body", re.compile(r"html/([0-9a-f]{2})/\1[0-9a-f]{62}\.html\.gz")),
    ("record", re.compile(rf"records/{_NAME}/\d{{4}}/\d\d/\d\d/\d{{6}}-[0-9a-f]{{20}}{_GENERATION}\.json")),
    ("pack", re.compile(rf"packs/{_NAME}/\d{{4}}/\d\d/\d\d/\d{{6}}-[0-9a-f]{{16}}\.(?:warc|jsonl)\.gz")),
    ("manifest", re.compile(rf"crawls/{_NAME}/manifest-[0-9a-f]{{16}}(?:\.copy)?\.jsonl")),
    ("notice", re.compile(r"crawls/takedown-[0-9a-f]{20}/notice\.json")),
    ("file", re.compile(rf"crawls/{_NAME}/[^/]+(?:/[^/]+)*")),
    ("catalog", re.compile(r"catalog/.+")),
    ("published", re.compile(r"(?:search|articles|captures|indexes|warc)/.+|catalog\.json")),
    ("state", re.compile(r"state/.+")),
)


def checked_name(name: str, *, what: str = "collection") -> str:
    """Return `name` if it can be part of a key. Raises BadInput otherwise."""
    if not re.fullmatch(_NAME, name):
        raise BadInput(
            f"{what} name {name!r}", "use 1-64 of a-z, 0-9, '.', '_' and '-', and start with a letter or digit"
        )
    return name


def body_key(sha256: str) -> str:
    """Return the key of the body with this sha256 (hex): same bytes, one object."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise BadInput(f"sha256 {sha256!r}", "64 lower-case hex digits are needed")
    return f"{BODIES}{sha256[:2]}/{sha256}.html.gz"


def record_key(collection: str, captured_at: datetime, id: str, *, generation: int = 1) -> str:
    """Return the key of a record. The path is the capture's UTC time, so a day can be listed on its own."""
    if not re.fullmatch(r"[0-9a-f]{20}", id):
        raise BadInput(f"record id {id!r}", "20 lower-case hex digits are needed")
    at = captured_at.astimezone(UTC)
    day = f"{at.year:04d}/{at.month:02d}/{at.day:02d}"  # not strftime: it drops the zeros of years before 1000
    first = f"{record_prefix(collection)}{day}/{at.hour:02d}{at.minute:02d}{at.second:02d}-{id}.json"
    return generation_key(first, generation)


def generation_key(key: str, generation: int) -> str:
    """Return the key of another generation of the record at `key`. Raises BadInput for a number that none can have."""
    if not 1 <= generation <= LAST_GENERATION:
        raise BadInput(f"generation {generation}", f"they are numbered from 1 to {LAST_GENERATION:,}")
    first = key[: key.rindex("-") + 1 + _ID_LENGTH]
    return f"{first}.json" if generation == 1 else f"{first}.{generation}.json"


def generation_of(key: str) -> int:
    """Return which generation the record at `key` is."""
    return int(key[key.rindex("-") + 1 + _ID_LENGTH :].removesuffix(".json").removeprefix(".") or 1)


def record_prefix(collection: str | None = None) -> str:
    """Return the prefix of one collection's records, or of all records."""
    return RECORDS if collection is None else f"{RECORDS}{checked_name(collection)}/"


def pack_key(collection: str, first_at: datetime, token: str) -> str:
    """Return the key of a pack whose first capture was `first_at`; `token` is 16 hex digits that no other has."""
    at = first_at.astimezone(UTC)
    day = f"{at.year:04d}/{at.month:02d}/{at.day:02d}"
    clock = f"{at.hour:02d}{at.minute:02d}{at.second:02d}"
    return f"{PACKS}{checked_name(collection)}/{day}/{clock}-{token}.warc.gz"


def contents_key(pack: str) -> str:
    """Return the key of what is in the pack at `pack`."""
    return pack.removesuffix(".warc.gz") + ".jsonl.gz"


def pack_of(contents: str) -> str:
    """Return the key of the pack whose contents are at `contents`."""
    return contents.removesuffix(".jsonl.gz") + ".warc.gz"


def crawl_prefix(crawl_id: str) -> str:
    """Return the prefix under which everything about one crawl is kept."""
    return f"{CRAWLS}{checked_name(crawl_id, what='crawl')}/"


def notice_key(id: str) -> str:
    """Return the key of the notice that this snapshot was taken down."""
    return f"{TAKEDOWNS}{id}/notice.json"


def manifest_key(crawl_id: str, sha256: str, *, copy: bool = False) -> str:
    """Return the key of a manifest with this sha256, or of its copy: the name proves the content."""
    return f"{crawl_prefix(crawl_id)}manifest-{sha256[:16]}{'.copy' if copy else ''}.jsonl"


def is_copy(key: str) -> bool:
    """Whether this is the key of a manifest's copy."""
    return key.endswith(".copy.jsonl")


def kind_of(key: str) -> Kind | None:
    """Return what lives at `key`, or None if no object of an archive has such a key."""
    return next((kind for kind, pattern in _KINDS if pattern.fullmatch(key)), None)


def id_of(key: str) -> str:
    """Return the record id in a record's key."""
    return key.rpartition("-")[2][:_ID_LENGTH]


def second_of(key: str) -> datetime:
    """Return the capture time in a record's key, whole seconds, aware UTC. Raises BadInput for a day that is none."""
    *_, year, month, day, name = key.split("/")
    try:
        clock = int(name[0:2]), int(name[2:4]), int(name[4:6])
        return datetime(int(year), int(month), int(day), *clock, tzinfo=UTC)
    except ValueError as error:
        raise BadInput(key, f"no time of day ({error})") from error


def sha256_of(key: str) -> str:
    """Return the sha256 in a body's key."""
    return key.rpartition("/")[2].removesuffix(".html.gz")
