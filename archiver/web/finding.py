"""What a reader looks for. In: the words of an address. Out: a selection, its page, its permalink. Never: HTML.

The same words mean the same on the page, in the feed, in the API and in a download:
`q domain lang author crawl collection verdict from to published sort page`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import quote_plus, urlencode

from archiver.archive import Archive
from archiver.archive.selection import Narrowing
from archiver.catalog import RANKED, FacetName, Found, Sort
from archiver.errors import BadInput
from archiver.model import Verdict
from archiver.web import index

SORTS: tuple[Sort, ...] = ("relevance", "date")
WORDS = 1000  # characters
_PLACE = "\0"  # no word holds it
_NAMES = ("q", "domain", "lang", "author", "crawl", "collection", "verdict", "from", "to", "published")

Name = Literal["q", "domain", "lang", "author", "crawl", "collection", "verdict", "from", "to", "published"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What was asked for. `words` are those of the address, empty ones left out."""

    words: Mapping[str, str]
    sort: Sort = "relevance"

    @classmethod
    def of(cls, words: Mapping[str, str]) -> Selection:
        """Return the selection that an address means. Raises BadInput."""
        found = {name: words[name].strip() for name in _NAMES if words.get(name, "").strip()}
        if len(found.get("q", "")) > WORDS:
            raise BadInput("q", f"{WORDS:,} characters at most, please")
        if "\0" in "".join(found.values()):
            raise BadInput("q", "no NUL characters, please")
        verdict = found.get("verdict")
        if verdict is not None and verdict not in list(Verdict):
            raise BadInput(f"verdict {verdict[:40]!r}", f"known are {', '.join(Verdict)}")
        sort = words.get("sort") or SORTS[0]
        if sort not in SORTS:
            raise BadInput(f"sort {sort[:40]!r}", f"known are {', '.join(SORTS)}")
        return cls(found, sort)

    @property
    def text(self) -> str:
        """The words that are searched for."""
        return self.words.get("q", "")

    @property
    def where(self) -> Narrowing:
        """The rest, as `Archive.find` takes it."""
        words = self.words
        names = {"domain": "domain", "language": "lang", "author": "author", "crawl": "crawl", "since": "from"}
        names |= {"collection": "collection", "verdict": "verdict", "until": "to"}
        names |= {"published_since": "published", "published_until": "published"}
        where: Any = {name: words[word] for name, word in names.items() if word in words}
        return where  # type: ignore[no-any-return]

    def find(
        self,
        archive: Archive,
        *,
        limit: int,
        offset: int = 0,
        facets: tuple[FacetName, ...] = (),
        collapse: bool = False,
        ranked: int = RANKED,
        is_exact: bool = True,
    ) -> Found:
        """Search. Raises BadInput, and NotArchived for a collection that is not there."""
        where = {**self.where, "limit": limit}
        return archive.search(
            self.text,
            sort=self.sort,
            offset=offset,
            facets=facets,
            collapse=collapse,
            ranked=ranked,
            is_exact=is_exact,
            **where,  # type: ignore[arg-type]
        )

    def having(self, **changes: str | None) -> Selection:
        """Return the selection with some words changed; None or an empty text leaves one out."""
        words = {**self.words, **changes}
        return replace(self, words={name: value for name, value in words.items() if value})

    def sorted(self, sort: Sort) -> Selection:
        """Return the same selection in another order."""
        return replace(self, sort=sort)

    def links(self, name: Name, values: Iterable[str]) -> Iterator[str]:
        """Yield the words for an address with each of the values for `name`: as `having` and `query`, at once."""
        before, _, after = self.having(**{name: _PLACE}).query().partition(quote_plus(_PLACE))
        return (f"{before}{quote_plus(value)}{after}" for value in values)

    def query(self, **more: str | int) -> str:
        """Return the words for an address, always in the same order: a permalink."""
        words = {name: self.words[name] for name in _NAMES if name in self.words}
        if self.sort != SORTS[0]:
            words["sort"] = self.sort
        return urlencode({**words, **{name: str(value) for name, value in more.items()}})

    def said(self) -> str:
        """Return what was asked for in words, for a title."""
        parts = [self.text] if self.text else []
        parts += [f"{name} {value}" for name, value in self.words.items() if name != "q"]
        return " · ".join(parts) or "everything"


def page_of(words: Mapping[str, str], *, size: int, last: int) -> int:
    """Return the number of the page that was asked for, from 1. Raises BadInput beyond `last` rows."""
    page = index.number(words, "page", 1, least=1) or 1
    if (page - 1) * size >= last:
        raise BadInput(f"page {page}", f"only the first {last:,} are shown; narrow the search, or download the result")
    return page
