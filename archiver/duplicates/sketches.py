"""Sketches of texts, sorted into clusters as they come. In: articles, oldest first. Out: clusters. Never: texts.

The first article of a cluster stands for it. A later one joins where its words are the same (`text_digest`), or where
it shares a MinHash band with a first one and then enough runs of four words: so a cluster holds nothing that is not
like its first, however long the chain of copies. All of it lies in a temporary SQLite file: memory does not grow.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from archiver.extraction.similarity import MAX_WORDS, similarity_of, words_of
from archiver.model import Record
from archiver.timestamps import iso

RUN = 4  # words
_CANDIDATES = 20  # firsts that are compared with an article, those that share the most bands
_TABLES = """
CREATE TABLE pages (n INTEGER PRIMARY KEY, id TEXT, url TEXT, domain TEXT, captured_at TEXT, title TEXT, wire TEXT,
  digest TEXT, first INTEGER NOT NULL, alike REAL NOT NULL);
CREATE INDEX pages_first ON pages (first);
CREATE TABLE digests (digest TEXT PRIMARY KEY, first INTEGER NOT NULL, alike REAL NOT NULL) WITHOUT ROWID;
CREATE TABLE bands (band TEXT, first INTEGER, PRIMARY KEY (band, first)) WITHOUT ROWID;
CREATE TABLE firsts (n INTEGER PRIMARY KEY, runs BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """What is to be known of an article to tell whether another says the same."""

    id: str
    url: str
    domain: str
    captured_at: datetime
    title: str | None
    wire: str | None  # the agency it comes from
    digest: str  # of its words
    bands: tuple[str, ...]
    runs: bytes = field(repr=False)  # CRC-32 of each run of four words, sorted, 4 bytes each


def sketch_of(record: Record, *, domain: str) -> Sketch | None:
    """Return the sketch of a record's article; None where there are no words. Older records get their digests now."""
    article = record.article
    words = words_of(article.text)[:MAX_WORDS] if article else []
    if article is None or not words:
        return None
    facts = article.extra if "text_digest" in article.extra else similarity_of(article.text)
    runs = {zlib.crc32(" ".join(words[at : at + RUN]).encode()) for at in range(max(1, len(words) - RUN + 1))}
    return Sketch(
        id=record.id,
        url=record.url,
        domain=domain,
        captured_at=record.captured_at,
        title=article.title,
        wire=article.extra.get("wire"),
        digest=str(facts["text_digest"]),
        bands=tuple(map(str, facts["minhash"])),
        runs=array("I", sorted(runs)).tobytes(),
    )


class Sketches:
    """Clusters as they grow. From `threshold` (0 to 1) texts are near: twice the runs they share by those they have."""

    def __init__(self, *, threshold: float) -> None:
        self._threshold = threshold
        self._facts = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._facts.executescript(f"PRAGMA journal_mode = OFF; PRAGMA cache_size = -16000; {_TABLES} BEGIN;")

    def add(self, sketch: Sketch) -> None:
        """Put one more article into the cluster it belongs to, or let it be the first of a new one."""
        n = self._facts.execute("SELECT coalesce(max(n), 0) + 1 FROM pages").fetchone()[0]
        known = self._one("SELECT first, alike FROM digests WHERE digest = ?", sketch.digest)
        first, alike = known or self._nearest(sketch) or (n, 1.0)
        if known is None:
            self._facts.execute("INSERT INTO digests VALUES (?, ?, ?)", (sketch.digest, first, alike))
        if first == n:
            self._facts.execute("INSERT INTO firsts VALUES (?, ?)", (n, sketch.runs))
            self._facts.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", self._banded(sketch, n))
        values = (n, sketch.id, sketch.url, sketch.domain, iso(sketch.captured_at), sketch.title, sketch.wire)
        self._facts.execute("INSERT INTO pages VALUES (?,?,?,?,?,?,?,?,?,?)", (*values, sketch.digest, first, alike))

    def clusters(self, *, least: int) -> Iterator[list[dict[str, Any]]]:
        """Yield the members of each cluster with `least` or more, the largest cluster first, oldest member first."""
        names = ("id", "url", "domain", "captured_at", "title", "wire", "digest", "alike")
        firsts = "SELECT first FROM pages GROUP BY first HAVING count(*) >= ? ORDER BY count(*) DESC, first"
        for (first,) in self._facts.execute(firsts, (least,)):
            sql = f"SELECT {', '.join(names)} FROM pages WHERE first = ? ORDER BY n"
            yield [dict(zip(names, row, strict=True)) for row in self._facts.execute(sql, (first,))]

    def close(self) -> None:
        """Delete the file."""
        self._facts.close()

    def _nearest(self, sketch: Sketch) -> tuple[int, float] | None:
        if not sketch.bands:
            return None
        marks = ",".join("?" * len(sketch.bands))
        sql = (
            "SELECT first, runs FROM (SELECT first, count(*) AS shared FROM bands"
            f" WHERE band IN ({marks}) GROUP BY first ORDER BY shared DESC, first LIMIT {_CANDIDATES})"
            " JOIN firsts ON n = first"
        )
        mine, best = _runs(sketch.runs), (0, 0.0)
        for first, runs in self._facts.execute(sql, [band for band, _ in self._banded(sketch, 0)]):
            theirs = _runs(runs)
            alike = 2 * len(mine & theirs) / (len(mine) + len(theirs))
            if alike > best[1] or (alike == best[1] and first < best[0]):
                best = (first, alike)
        return best if best[1] >= self._threshold else None

    def _banded(self, sketch: Sketch, n: int) -> list[tuple[str, int]]:
        return [(f"{at}{band}", n) for at, band in enumerate(sketch.bands)]

    def _one(self, sql: str, value: str) -> tuple[int, float] | None:
        found = self._facts.execute(sql, (value,)).fetchone()
        return None if found is None else (int(found[0]), float(found[1]))


def _runs(data: bytes) -> frozenset[int]:
    runs = array("I")
    runs.frombytes(data)
    return frozenset(runs)
