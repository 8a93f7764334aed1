"""What a new reading changed. In: two generations of a record. Out: a Change, and sums of many. Never: I/O."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum
from statistics import mean, median
from typing import Any

from archiver.extraction.similarity import words_of
from archiver.model import Article, Record
from archiver.record import key_of

_RUN = 4  # words that are compared as one
_ALIKE = (0.99, 0.9, 0.5)  # bounds of the classes in which changed texts are counted
_ARTICLE = tuple(one.name for one in fields(Article))


class Outcome(StrEnum):
    """What became of one snapshot."""

    CHANGED = "changed"  # a new generation, and it says something else
    SAME = "same"  # a new generation that says the same: only the rules are others
    CURRENT = "current"  # today's rules have read it already, when it was captured
    NO_BODY = "no_body"  # there is nothing to read
    QUARANTINED = "quarantined"  # its page ended two workers, or cost too much; the old reading stays
    TAKEN_DOWN = "taken_down"  # there is nothing left to read
    DAMAGED = "damaged"  # record or body cannot be proved; the old reading stays


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One snapshot: what its newest generation says otherwise than the one before."""

    id: str
    record_key: str  # of its newest generation
    outcome: Outcome
    url: str = ""
    fields: tuple[str, ...] = ()  # members of the record that differ
    alike: float | None = None  # 0 to 1: how alike the texts are; None where the text did not change
    verdicts: tuple[str, str] | None = None  # before and after, where they differ
    reason: str | None = None  # why it was quarantined, or what is damaged


def change(before: Record, after: Record) -> Change:
    """Return what differs between two generations of one snapshot."""
    old, new = _said(before), _said(after)
    names = tuple(name for name in new if new[name] != old[name])
    texts = (old["article.text"], new["article.text"])
    return Change(
        id=after.id,
        record_key=key_of(after),
        outcome=Outcome.CHANGED if names else Outcome.SAME,
        url=after.url,
        fields=names,
        alike=alike(*texts) if texts[0] != texts[1] else None,
        verdicts=(str(before.verdict), str(after.verdict)) if before.verdict != after.verdict else None,
    )


def alike(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1: twice the runs of four words they share, by the runs they have (Dice)."""
    mine, theirs = _runs(one), _runs(other)
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else float(one == other)


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = words_of(text)
    return (
        Counter(zip(*(words[at:] for at in range(_RUN)), strict=False)) if len(words) >= _RUN else Counter([(*words,)])
    )


def _said(record: Record) -> dict[str, Any]:
    """Everything about a record that another reading may change, but the name of the rules."""
    article, html = record.article or Article(), record.html
    return {
        "verdict": record.verdict,
        "flags": record.flags,
        "rights": record.rights,
        "evidence": record.evidence,
        "html.media_type": html.media_type if html else None,
        "html.charset": html.charset if html else None,
        "extraction.error": record.extraction.get("error"),
        "article": record.article is None,
        **{f"article.{name}": getattr(article, name) for name in _ARTICLE},
    }


@dataclass(slots=True)
class Changes:
    """Sums of many changes, in an order that does not depend on how they came."""

    outcomes: Counter[str] = field(default_factory=Counter)
    fields: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)
    texts: array[float] = field(default_factory=lambda: array("d"))  # how alike each changed text is
    changed: list[str] = field(default_factory=list)  # ids
    refused: list[Change] = field(default_factory=list)  # quarantined and damaged ones

    def add(self, one: Change) -> None:
        """Count one snapshot."""
        self.outcomes[str(one.outcome)] += 1
        self.fields.update(one.fields)
        if one.verdicts:
            self.verdicts[one.verdicts] += 1
        if one.alike is not None:
            self.texts.append(one.alike)
        if one.outcome is Outcome.CHANGED:
            self.changed.append(one.id)
        if one.outcome in (Outcome.QUARANTINED, Outcome.DAMAGED):
            self.refused.append(one)

    @property
    def has_failures(self) -> bool:
        """Whether a snapshot could not be read again."""
        return bool(self.refused)

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {
            "snapshots": self.outcomes.total(),
            "outcomes": {str(one): self.outcomes[str(one)] for one in Outcome},
            "fields": dict(sorted(self.fields.items(), key=lambda pair: (-pair[1], pair[0]))),
            "verdicts": [
                {"before": before, "after": after, "snapshots": number}
                for (before, after), number in sorted(self.verdicts.items(), key=lambda pair: (-pair[1], pair[0]))
            ],
            "texts": self._texts(),
            "changed": sorted(self.changed),
            "refused": [
                {"id": one.id, "record_key": one.record_key, "outcome": str(one.outcome), "reason": one.reason}
                for one in sorted(self.refused, key=lambda one: one.record_key)
            ],
        }

    def _texts(self) -> dict[str, Any]:
        if not self.texts:
            return {"changed": 0}
        classes, above = {}, 0
        for bound in _ALIKE:
            number = sum(value >= bound for value in self.texts)
            classes[f"from_{bound}"] = number - above
            above = number
        classes["below"] = len(self.texts) - above
        values = {"mean": mean(self.texts), "median": median(self.texts), "least": min(self.texts)}
        return {"changed": len(self.texts), **{name: round(value, 4) for name, value in values.items()}, **classes}
