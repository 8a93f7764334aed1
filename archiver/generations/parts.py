"""Parts: articles of several pages, made whole. In: an archive, a crawl's captures. Out: generations. Never: a site.

page 1, 2, 3 captured → all there? → page 1: a generation with the words of all, and which captures they are from
                                   → page 2, 3: a generation with the verdict `part`, which names page 1's record

So a search finds one article, and each page stays a capture of its own: its bytes, its first reading.
"""

from __future__ import annotations

from dataclasses import replace

from archiver.archive import Archive
from archiver.bodies import sha256_hex
from archiver.catalog import Query, Row, card_of, target
from archiver.errors import BadInput, KeyTaken
from archiver.extraction.paged import MOST, PAGED, continues, joined
from archiver.fixity import Entry, write_manifest
from archiver.keys import generation_key
from archiver.model import Article, Part, Record, Verdict
from archiver.record import as_part, key_of, to_json


def join_parts(archive: Archive, *, crawl: str, collection: str) -> int:
    """Join the articles of several pages that `crawl` captured, where all their pages are in the collection. Return how
    many. Done twice, it does nothing the second time.

    The catalog must know the crawl's records. Raises StoreError, BadRecord, NotArchived.
    """
    entries: list[Entry] = []
    whole = 0
    wanted = Query(collection=collection, crawl=crawl, verdict=str(Verdict.ARTICLE), flag=PAGED)
    for row in list(archive.catalog.find(wanted)):
        first = archive.record(row.record_key)
        pages = [first] if first.article and first.article.extra.get("page") == 1 else []
        pages += _following(archive, first) if pages else []
        if len(pages) < 2:
            continue
        if not (first.parts or _keep(archive, _joined(pages), entries)):
            continue
        whole += 1
        for page in pages[1:]:
            if page.part_of is None:
                _keep(archive, as_part(page, of=first.id), entries)
    if entries:
        write_manifest(archive.store, crawl, entries)
    return whole


def _joined(pages: list[Record]) -> Record:
    article = joined([_article(page) for page in pages])
    parts = tuple(Part(id=page.id, url=page.url, record=generation_key(key_of(page), 1)) for page in pages)
    return replace(pages[0], article=article, parts=parts, generation=pages[0].generation + 1)


def _following(archive: Archive, first: Record) -> list[Record]:
    """The pages after the first, as captured nearest to it; none where one of them is missing or is another text."""
    pages, seen = [first], {first.id}
    while onward := _article(pages[-1]).extra.get("next_page"):
        row = _nearest(archive, str(onward), first)
        if row is None or row.id in seen or len(pages) >= MOST:
            return []
        page = _as_read(archive, row)
        if not page.article or not continues([_article(one) for one in pages], page.article):
            return []
        pages.append(page)
        seen.add(page.id)
    return pages[1:]


def _nearest(archive: Archive, url: str, first: Record) -> Row | None:
    try:
        rows = list(archive.catalog.find(Query(targets=(target(url),), collection=first.collection, flag=PAGED)))
    except BadInput:
        return None
    return min(rows, key=lambda row: abs(row.captured_at - first.captured_at), default=None)


def _as_read(archive: Archive, row: Row) -> Record:
    """A page's newest record that holds its words: of one that is a part already, the generation before it was one."""
    record = before = archive.record(row.record_key)
    while before.part_of and before.generation > 1:
        before = archive.record(generation_key(row.record_key, before.generation - 1))
    return replace(before, part_of=record.part_of)


def _article(record: Record) -> Article:
    return record.article or Article()


def _keep(archive: Archive, record: Record, entries: list[Entry]) -> bool:
    """Keep a generation; whether it is kept."""
    data = to_json(record)
    key = key_of(record)
    try:
        archive.store.put_new(key, data, media_type="application/json")
    except KeyTaken:  # another reading came between; the catalog will know it the next time
        return False
    archive.catalog.add([card_of(record, record_bytes=data)])
    body = record.html.key if record.html else None
    entries.append(Entry(key=key, kind="record", sha256=sha256_hex(data), size=len(data), url=record.url, body=body))
    return True
