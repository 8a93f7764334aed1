"""What is cited, before any style: who, what, where, when, which bytes. In: a record, a folder. Out: a Reference.
Never: a style."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archiver.errors import BadInput
from archiver.model import Article, Record
from archiver.record import refuse_tombstone
from archiver.urls import BadUrl, host

_PARTICLES = frozenset(
    (
        "af", "al", "at", "av", "bin", "bint", "da", "dal", "de", "del", "della", "den", "der", "des", "di", "dos",
        "du", "el", "ibn", "la", "las", "le", "los", "op", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur",
    )
)  # fmt: skip
_SUFFIX = re.compile(r"(?:Jr|Sr)\.?|I{2,3}|IV")
_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")

DateParts = tuple[int, ...]  # year, or year and month, or all three: as precise as the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """An author: `family` and perhaps `given`, or `literal` for an organisation or a name that is not to be parted."""

    family: str = ""
    given: str = ""
    literal: str = ""

    @property
    def turned(self) -> str:
        """The name as lists are sorted: family name first."""
        return self.literal or ", ".join(filter(None, (self.family, self.given)))

    @property
    def initials(self) -> str:
        """The given names as APA shortens them: "A. B."; hyphens stay."""
        words = ("-".join(f"{part[0]}." for part in word.split("-") if part) for word in self.given.split())
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What is cited. `fixity` says which bytes: a digest, by name."""

    kind: str  # article | dataset
    id: str
    title: str
    authors: tuple[Name, ...]
    site: str  # who published it; "" where the authors did
    issued: DateParts
    url: str
    accessed: datetime | None  # when it was captured; aware, UTC
    language: str | None
    fixity: str
    archived_at: str = ""  # where a reader can see the snapshot
    version: str = ""


def snapshot_reference(record: Record, *, archived_at: str = "") -> Reference:
    """Return what is to be cited of a snapshot. `archived_at` is a URL of it. Raises TakenDown for a tombstone."""
    refuse_tombstone(record)
    article = record.article or Article()
    names = [*map(name_of, article.authors), *(Name(literal=_line(name)) for name in article.organisations)]
    site = _line(article.site_name or _site(record.url))
    return Reference(
        kind="article",
        id=record.id,
        title=_line(article.title or record.url),
        authors=tuple(name for name in names if name.turned and name.literal != site),
        site=site,
        issued=parts_of(article.published),
        url=record.url,
        accessed=record.captured_at,
        language=article.language,
        fixity=f"sha256:{record.html.sha256}" if record.html else "",
        archived_at=archived_at,
    )


def dataset_reference(folder: Path) -> Reference:
    """Return what is to be cited of a data set that `archiver export` made. Raises BadInput if `folder` holds none."""
    base = folder / "data" if (folder / "data" / "datapackage.json").exists() else folder  # a bag
    try:
        about: dict[str, Any] = json.loads((base / "datapackage.json").read_text("utf-8"))
        identifier, title, created = str(about["id"]), str(about["title"]), str(about["created"])
        creators = [str(one["title"]) for one in about["contributors"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(
            str(folder), "is no data set of `archiver export`: its datapackage.json cannot be read"
        ) from error
    return Reference(
        kind="dataset",
        id=identifier,
        title=title,
        authors=tuple(Name(literal=name) for name in creators),
        site="",
        issued=parts_of(created),
        url="",
        accessed=None,
        language=None,
        fixity=identifier,
        version=identifier,
    )


def name_of(text: str) -> Name:
    """Return a person's name in its parts: "Ursula von der Leyen" is Ursula + von der Leyen.

    One word, and names in scripts that do not part words, stay whole.
    """
    text = _line(text)
    if "," in text:
        family, _, given = text.partition(",")
        return Name(family=family.strip(), given=given.strip())
    words = text.split()
    if len(words) < 2:
        return Name(literal=text)
    suffix = f", {words.pop()}" if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    at = len(words) - 1
    while at > 1 and words[at - 1].lower() in _PARTICLES:
        at -= 1
    return Name(family=" ".join(words[at:]), given=" ".join(words[:at]) + suffix)


def parts_of(date: str | None) -> DateParts:
    """Return year, month and day of an ISO 8601 date, as far as it has them."""
    found = _DATE.match(date or "")
    return tuple(int(part) for part in found.groups() if part) if found else ()


def _site(url: str) -> str:
    try:
        return host(url)
    except BadUrl:
        return ""


def _line(text: str) -> str:
    return " ".join(text.split())
