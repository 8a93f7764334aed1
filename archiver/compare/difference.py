"""The difference of two captures: headline, byline, paragraphs. In: two records. Out: a Difference. Never: I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from archiver.compare.noise import tokens_of
from archiver.compare.paragraphs import Kind, Paragraph, compare_texts
from archiver.compare.words import Piece, Way, count_words, pieces_of
from archiver.model import Article, Record
from archiver.timestamps import iso

FACTS = ("published", "modified", "description", "language", "canonical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two captures."""

    id: str
    url: str
    captured_at: datetime
    verdict: str
    title: str | None
    authors: tuple[str, ...]
    language: str | None
    sha256: str | None  # of the body
    generation: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Byline:
    """Who is named as author now and was not, and who was and is not."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Another member of the article that differs, by its name in the record."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What the later capture says otherwise than the earlier one. `noise` is what was left out, by kind."""

    before: Side
    after: Side
    headline: tuple[Piece, ...]
    byline: Byline
    facts: tuple[Fact, ...]
    paragraphs: tuple[Paragraph, ...]
    noise: Mapping[str, int] = field(default_factory=dict)

    @property
    def headline_changed(self) -> bool:
        """Whether the headline says something else."""
        return any(piece.way is not Way.SAME for piece in self.headline)

    @property
    def counts(self) -> dict[Kind, int]:
        """How many paragraphs there are of each kind."""
        found = Counter(paragraph.kind for paragraph in self.paragraphs)
        return {kind: found[kind] for kind in Kind}

    @property
    def words_added(self) -> int:
        """Words of the text that are new; a moved paragraph adds none."""
        return sum(count_words(paragraph.pieces, Way.ADDED) for paragraph in self.paragraphs)

    @property
    def words_removed(self) -> int:
        """Words of the text that are gone."""
        return sum(count_words(paragraph.pieces, Way.REMOVED) for paragraph in self.paragraphs)

    @property
    def is_same(self) -> bool:
        """Whether headline, byline and paragraphs say the same, in the same order."""
        byline = self.byline.added or self.byline.removed
        return not (self.headline_changed or byline or any(one.kind is not Kind.SAME for one in self.paragraphs))

    @property
    def same_bytes(self) -> bool:
        """Whether even the bodies are the same, byte for byte."""
        return self.before.sha256 is not None and self.before.sha256 == self.after.sha256

    def summary(self) -> str:
        """Say in one line what changed."""
        parts = ["headline"] if self.headline_changed else []
        parts += ["byline"] if self.byline.added or self.byline.removed else []
        parts += [
            f"{number} paragraph{'s' * (number > 1)} {str(kind).replace('_', ' ')}"
            for kind, number in self.counts.items()
            if number and kind is not Kind.SAME
        ]
        if self.words_added or self.words_removed:
            parts.append(f"+{self.words_added} −{self.words_removed} words")
        if not parts:
            return "the same bytes" if self.same_bytes else "the same text"
        return ", ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        members: dict[str, Any] = asdict(self)
        for side in ("before", "after"):
            members[side]["captured_at"] = iso(getattr(self, side).captured_at)
        counts = {str(kind): number for kind, number in self.counts.items()}
        sums = {"words_added": self.words_added, "words_removed": self.words_removed, "counts": counts}
        return {"is_same": self.is_same, "same_bytes": self.same_bytes, **sums, **members}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One capture in the history of a URL; `difference` is from the capture before, None for the first."""

    record: Record
    difference: Difference | None


def compare(before: Record, after: Record) -> Difference:
    """Return what `after` says otherwise than `before`. A capture without an article says nothing."""
    old, new = before.article or Article(), after.article or Article()
    noise = Counter[str]()
    byline = Byline(
        added=tuple(name for name in new.authors if name not in old.authors),
        removed=tuple(name for name in old.authors if name not in new.authors),
    )
    headline = pieces_of(tokens_of(old.title or ""), tokens_of(new.title or ""), noise)
    paragraphs = compare_texts(old.text, new.text, noise)
    facts = (Fact(name=name, before=getattr(old, name), after=getattr(new, name)) for name in FACTS)
    return Difference(
        before=_side(before),
        after=_side(after),
        headline=headline,
        byline=byline,
        facts=tuple(fact for fact in facts if fact.before != fact.after),
        paragraphs=paragraphs,
        noise={kind: number for kind, number in sorted(noise.items()) if number},
    )


def history(records: Iterable[Record]) -> Iterator[Version]:
    """Yield each capture of `records`, oldest first as they come, with what it changed."""
    before: Record | None = None
    for record in records:
        yield Version(record=record, difference=compare(before, record) if before else None)
        before = record


def _side(record: Record) -> Side:
    article = record.article or Article()
    return Side(
        id=record.id,
        url=record.url,
        captured_at=record.captured_at,
        verdict=str(record.verdict),
        title=article.title,
        authors=article.authors,
        language=article.language,
        sha256=record.html.sha256 if record.html else None,
        generation=record.generation,
    )
