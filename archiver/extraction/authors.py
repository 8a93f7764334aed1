"""Authors: who wrote it, people apart from organisations. In: what a page declares and shows. Out: two lists of names.

Agencies, desks and the site itself are organisations. Never: a section name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from archiver.extraction import jsonld
from archiver.extraction.head import Head
from archiver.extraction.names import (
    BY,
    MAX_NAMES,
    is_agency_line,
    is_organisation,
    looks_like_person,
    name_key,
    names_in,
)
from archiver.extraction.wires import AGENCIES

_META = ("author", "article:author", "byl", "dc.creator", "dcterms.creator", "dc.contributor", "parsely-author", "sailthru.author", "article.author",
         "citation_author", "creator", "authors", "article:author_name", "author_name", "og:article:author", "rbauthors", "cxenseparse:author", "article_author", "articleauthor")  # fmt: skip
_LABEL = re.compile(r"\bby\b|verfasst|écrit|escrito|geschreven|scritto|skrevet|author|autor", re.I)
_ADDRESSES = re.compile(r"\((?:https?://|www\.)[^)]*\)", re.I)
_FEW = 4  # names


def authors_of(
    head: Head,
    ld: dict[str, Any],
    seen: Iterable[Iterable[str]],
    *,
    site: str,
    url: str,
    title: str,
    sections: Iterable[str] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (people, organisations). Declared sources go first, then those in `seen`, the visible ones, in their order;
    they cost a walk through the page, and are asked one by one, only while nobody is named.

    The first source that names a person decides; organisations are gathered until then. An agency ends the search: who
    is not named with it did not write it. Beside any other organisation in JSON-LD only what is plainly a person's name
    is taken, from meta elements or from a line "By …".
    """
    weigher = _Weigher((site, jsonld.text(ld.get("publisher"))), url, title, sections)
    for text, kind in _from_json(ld):
        weigher.add(text, kind, declared=True)
    strict = bool(weigher.organisations)
    declared = () if weigher.people else (*_from_meta(head), *_few(head.authors))
    for claims in declared:
        if not weigher.done():
            weigher.add_all(claims, declared=not strict)
    if not strict and len(weigher.people) == 1 and (shown := _full_name(next(iter(weigher.people)), seen)):
        weigher.people = {shown: None}
    if not weigher.done():
        for source in seen:
            lines = [text for text in source if not strict or BY.match(text) or is_agency_line(text)]
            weigher.add_all(lines, declared=False)
            if weigher.done():
                break
        else:
            weigher.add_all(() if strict else _from_labels(head), declared=False)
    return tuple(weigher.people)[:MAX_NAMES], tuple(weigher.organisations)[:MAX_NAMES]


def _full_name(declared: str, seen: Iterable[Iterable[str]]) -> str:
    """The person whom a page shows, where it declares an account that holds a part of the name (nwhitlock, nora.w7), or a
    first name that the shown one begins with. Of another name it may be anybody's."""
    if " " in declared or not declared.isascii():
        return ""
    short = declared.casefold()
    account = short == declared or any(map(str.isdigit, declared))
    people = (name for source in seen for text in source for name in names_in(text) if looks_like_person(name))
    for name in people:
        words = name.casefold().split()
        if words[0] == short or (account and any(len(word) > 3 and word in short for word in words)):
            return name
    return ""


def _few(authors: list[str]) -> Iterator[list[str]]:
    """Microdata and links that name authors, unless they are many: then they are other articles'."""
    if len({name_key(text) for text in authors}) <= _FEW:
        yield authors


class _Weigher:
    def __init__(self, sites: Iterable[str], url: str, title: str, sections: Iterable[str]) -> None:
        self.sites = {key for site in sites if (key := name_key(site))}
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        self.labels = set(host.split(".")[:-1])
        self.address = re.compile(rf"(?<![@\w-]){re.escape(host)}\b", re.I) if "." in host else None
        self.title = name_key(title)
        self.sections = {name_key(section) for section in sections if section}
        self.people: dict[str, None] = {}
        self.organisations: dict[str, None] = {}

    def add(self, text: str, kind: str, *, declared: bool) -> None:
        own = self.address is not None and self.address.search(text) is not None
        company = own or (kind.endswith("organization") and not looks_like_person(text))
        for name in [_ADDRESSES.sub("", text[:100]).strip()] if company else names_in(text):
            key = name_key(name)
            if not key or key == self.title or key in self.sections:
                continue
            if key in {name_key(other) for other in (*self.people, *self.organisations)}:
                continue
            if company or self._is_organisation(name, key, kind):
                self.organisations[name] = None
            elif declared or looks_like_person(name) or self._is_odd_name(name):
                self.people[name] = None

    def done(self) -> bool:
        """Whether a person is named, or an agency: then nobody else wrote it, who is not named with it."""
        return bool(self.people) or any(name_key(name) in AGENCIES for name in self.organisations)

    def add_all(self, texts: Iterable[str], *, declared: bool) -> None:
        for text in texts:
            self.add(text, "", declared=declared)

    def _is_odd_name(self, name: str) -> bool:
        """A pseudonym, a first name, a name in another script: taken where nobody else is named; never a run of small words."""
        if any(letter.isalpha() and not letter.isascii() for letter in name):
            return True
        words = name.split()
        return not self.organisations and (len(words) == 1 or any(word[0].isupper() for word in words))

    def _is_organisation(self, name: str, key: str, kind: str) -> bool:
        if key in AGENCIES or (key in self.sites and not (kind == "person" and looks_like_person(name))):
            return True
        if kind == "person" and looks_like_person(name):
            return False  # also where the site bears its author's name
        if key.replace(" ", "") in self.labels or any(key in site or site in key for site in self.sites):
            return True
        return is_organisation(name)


def _from_json(ld: dict[str, Any]) -> Iterator[tuple[str, str]]:
    value = ld.get("author") or ld.get("creator")
    queue = [value]
    while queue:
        item = queue.pop(0)
        if isinstance(item, str):
            yield item, ""
        elif isinstance(item, list):
            queue[:0] = item[:50]
        elif isinstance(item, dict):
            kind = item.get("@type")
            name = item.get("name") or " ".join(
                part for key in ("givenName", "familyName") if isinstance(part := item.get(key), str)
            )
            if isinstance(name, list | dict):
                queue[:0] = [name]
            elif isinstance(name, str) and name:
                yield name, str(kind[0] if isinstance(kind, list) and kind else kind or "").lower()


def _from_meta(head: Head) -> Iterator[list[str]]:
    """What the best meta element says: the first that names a person, else the first that names anybody."""
    found = [values for name in _META if any(map(names_in, values := head.meta.get(name, [])))]
    found.sort(key=lambda values: not any(looks_like_person(name) for value in values for name in names_in(value)))
    yield from found[:1]


def _from_labels(head: Head) -> Iterator[str]:
    """The name on a card for sharing: on many blogs who posted the article, not who wrote it, so it goes last."""
    for number in ("1", "2"):
        if _LABEL.search(head.first(f"twitter:label{number}")):
            yield from head.all(f"twitter:data{number}")
