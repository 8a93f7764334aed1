"""XML as sites really write it. In: a document. Out: one record for each item, as it ends. Never: a tree, network.

No tree is built: 50 MB of `<a/>` would be one of 1.5 GB. Reading stops where a document holds more than it can need.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lxml import etree

from archiver.discovery.mending import Mender
from archiver.discovery.stream import Document

MAX_ELEMENTS = 1_500_000  # 50,000 news entries have 500,000; each costs about 4 µs
MAX_TEXTS = 5_000_000  # pieces of text, of which every `&amp;` makes two; each costs about 0.4 µs
MAX_MENDS = 1_500_000
_MAX_TEXT = 4096  # characters kept of one field: we want addresses, titles, dates
_MAX_FIELDS = 500  # kept of one record
_MAX_PATH = 200  # characters: what lies deeper is nobody's title
_MAX_BASES = 32
_XML_BASE = "{http://www.w3.org/XML/1998/namespace}base"


@dataclass(slots=True)
class Field:
    """One element inside a record; `path` are the local names that lead to it, in lower case, joined by "/"."""

    path: str
    namespace: str
    attributes: Mapping[str, str]
    pieces: list[str] = field(default_factory=list)
    size: int = 0

    @property
    def text(self) -> str:
        """Its text and that of the elements in it."""
        return "".join(self.pieces).strip()


@dataclass(slots=True)
class Record:
    """One `item`, `entry`, `url` … with its fields; `bases` are the xml:base values in force, outermost first."""

    name: str
    namespace: str
    attributes: Mapping[str, str]
    bases: tuple[str, ...] = ()
    fields: list[Field] = field(default_factory=list)

    def all(self, path: str) -> list[Field]:
        """Return the fields at `path`, those of a vocabulary of their own (`media:title`) after the record's."""
        found = [each for each in self.fields if each.path == path]
        return sorted(found, key=lambda each: each.namespace != self.namespace)

    def text(self, *paths: str) -> str:
        """Return the text of the first field that has any, trying `paths` in order."""
        return next((each.text for path in paths for each in self.all(path) if each.text), "")


class Reader:
    """Reads a document's records. After the last one, `head` is what encloses them and `error` what was not whole.

    `error`: None, `too_large`, or `parse_error` (cut short or not well-formed: something may be missing).
    """

    def __init__(self, document: Document, names: frozenset[str], heads: frozenset[str]) -> None:
        self.error: str | None = None
        self._document = document
        self._mender = Mender()
        self._target = _Target(names, heads)

    @property
    def head(self) -> Record:
        """The enclosing element's own fields: a feed's title, its links."""
        return self._target.head or Record("", "", {})

    def __iter__(self) -> Iterator[Record]:
        """Yield a record for each element named, as it ends. What cannot be repaired ends them, quietly."""
        parser = _parser(self._target)
        try:
            for piece in self._document.text():
                text = self._mender.feed(piece)
                if self._mender.is_one_token(text) or self._too_busy():
                    self.error = "too_large"
                    break
                parser.feed(text.encode())
                yield from self._target.take()
            parser.feed(self._mender.end().encode())
            if self._target.cut():
                self.error = self.error or "parse_error"
            parser.close()
        except etree.XMLSyntaxError:
            self.error = self.error or "parse_error"
        yield from self._target.take()
        if self._document.too_large:
            self.error = "too_large"

    def _too_busy(self) -> bool:
        """Whether the document holds more than its 50 MB can honestly need: a bomb for the processor."""
        return self._target.elements > MAX_ELEMENTS or self._target.texts > MAX_TEXTS or self._mender.mends > MAX_MENDS


def _parser(target: Any) -> etree.XMLParser:  # Any: the stubs' target must take bytes, which lxml never passes
    return etree.XMLParser(
        target=target,
        encoding="utf-8",
        recover=True,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )


class _Open(NamedTuple):
    """An element not yet closed: whose field it is, and under which path its children are found there."""

    owner: Record | None
    path: str | None  # None = too deep, or outside of everything
    field: Field | None
    has_base: bool


class _Target:
    """What libxml2 calls at each tag. Holds the record under way, the head, and nothing else."""

    def __init__(self, names: frozenset[str], heads: frozenset[str]) -> None:
        self._names, self._heads = names, heads
        self.head: Record | None = None
        self.elements = 0
        self.texts = 0
        self._done: list[Record] = []
        self._record: Record | None = None
        self._open: list[_Open] = []
        self._fields: list[Field] = []  # the open elements that are fields
        self._bases: list[str] = []  # xml:base of the open elements that have one

    def take(self) -> list[Record]:
        """Return the records finished since the last call."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.elements += 1
        namespace, name = _split(tag)
        base = attributes.get(_XML_BASE) if len(self._bases) < _MAX_BASES else None
        if base:
            self._bases.append(base)
        if name in self._names:
            self._finish()  # an item inside an item: the outer one was never closed
            self._record = Record(name, namespace, dict(attributes), tuple(self._bases))
            self._open.append(_Open(self._record, "", None, bool(base)))
        elif name in self._heads and self.head is None:
            self.head = Record(name, namespace, dict(attributes), tuple(self._bases))
            self._open.append(_Open(self.head, "", None, bool(base)))
        else:
            self._start_field(name, namespace, attributes, bool(base))

    def _start_field(self, name: str, namespace: str, attributes: Mapping[str, str], has_base: bool) -> None:
        owner, above = self._open[-1][:2] if self._open else (None, None)
        path = None if above is None or len(above) > _MAX_PATH else f"{above}/{name}" if above else name
        new = None
        if owner is not None and path is not None and len(owner.fields) < _MAX_FIELDS:
            new = Field(path, namespace, dict(attributes))
            owner.fields.append(new)
            self._fields.append(new)
        self._open.append(_Open(owner, path, new, has_base))

    def data(self, text: str) -> None:
        self.texts += 1
        for each in self._fields:
            if each.size < _MAX_TEXT:
                each.pieces.append(text[:_MAX_TEXT])
                each.size += len(text)

    def end(self, tag: str) -> None:
        owner, path, ended, has_base = self._open.pop()
        if has_base:
            self._bases.pop()
        if ended is not None:
            self._fields.pop()
        elif path == "" and owner is self._record:
            self._finish()

    def cut(self) -> bool:
        """The text ends here: drop what is still open, half an address is a wrong one. Return whether anything was."""
        if self._record is not None:
            half = {id(each) for each in self._fields}
            self._record.fields = [each for each in self._record.fields if id(each) not in half]
            self._record = self._record if self._record.fields else None
        return bool(self._open)

    def close(self) -> None:
        self._finish()

    def _finish(self) -> None:
        if self._record is not None:
            self._done.append(self._record)
            self._record = None


def _split(tag: str) -> tuple[str, str]:
    """`{namespace}name` → both, the name in lower case; an undeclared prefix counts as a namespace."""
    namespace, _, name = tag.rpartition("}")
    prefix, _, local = name.rpartition(":")
    return namespace.removeprefix("{") or prefix, local.lower()
