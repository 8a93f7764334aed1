"""The trial run: what a crawl of the demo site left in a folder. In: a folder. Out: counts. Never: crawling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from archiver.errors import BadInput
from archiver.keys import BODIES, CRAWLS, RECORDS
from archiver.model import Record, Verdict
from archiver.record import from_json
from archiver.storage import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one run of the demo added to the archive."""

    articles: int = 0  # captures of articles with bytes not kept before
    repeats: int = 0  # captures whose bytes were kept before
    changed: tuple[str, ...] = ()  # articles kept before under this URL, with other bytes now
    other_pages: int = 0
    failures: dict[str, int] = field(default_factory=dict)  # reason → how many
    urls: frozenset[str] = frozenset()  # of the articles


def check_folder(folder: Path) -> None:
    """Raise BadInput unless `folder` is missing, empty or an archive: a demo must not write among other files."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(str(folder), "is a file; name a folder with --into")
    if not folder.is_dir():
        return
    names = {path.name for path in folder.iterdir()}
    if names and not names & {"state", *(prefix.rstrip("/") for prefix in (BODIES, RECORDS, CRAWLS))}:
        raise BadInput(str(folder), "is not empty and is no archive; name another folder with --into")


def record_keys(folder: Path) -> frozenset[str]:
    """The keys of every record in the folder; none if there is no archive yet."""
    with open_store(str(folder)) as store:
        return frozenset(info.key for info in store.list(RECORDS))


def earlier_port(folder: Path) -> int:
    """The port that the demo site had when this archive was made, or 0: a URL is only the same on the same port."""
    with open_store(str(folder)) as store:
        for info in store.list(RECORDS):
            if port := urlsplit(from_json(store.get(info.key), info.key).url).port:
                return port
    return 0


def kept(folder: Path, before: frozenset[str]) -> Kept:
    """Count the records that are not among `before`."""
    with open_store(str(folder)) as store:
        records = sorted(_records(store), key=lambda pair: pair[1].captured_at)
    old = {record.url: _sha256(record) for key, record in records if key in before and record.html}
    new = [record for key, record in records if key not in before]
    articles = [record for record in new if record.verdict is Verdict.ARTICLE]
    fresh = [record for record in articles if record.repeats is None]
    failed = [record for record in new if record.verdict is Verdict.ERROR]
    return Kept(
        articles=len(fresh),
        repeats=len(articles) - len(fresh),
        changed=tuple(r.url for r in articles if r.url in old and old[r.url] != _sha256(r)),
        other_pages=len(new) - len(articles) - len(failed),
        failures=dict(Counter(map(_reason, failed))),
        urls=frozenset(record.url for record in articles),
    )


def _records(store: Store) -> Iterator[tuple[str, Record]]:
    for info in store.list(RECORDS):
        yield info.key, from_json(store.get(info.key), info.key)


def _sha256(record: Record) -> str:
    return record.html.sha256 if record.html else ""


def _reason(record: Record) -> str:
    failure = record.capture.failure
    return failure.reason if failure else f"status {record.capture.status}"
