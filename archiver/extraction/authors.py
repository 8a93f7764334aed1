"""Authors: who wrote it, people apart from organisations. In: what a page declares and shows. Out: two lists of names.

A byline is text that a person formatted: it is cut at conjunctions, freed of "By" and of what follows the name (role,
address, date), and each piece is weighed. Agencies, desks and the site itself are organisations. Never: a section name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree, html

from archiver.extraction import jsonld
from archiver.extraction.blocks import Block
from archiver.extraction.classwords import WORD
from archiver.extraction.head import Head
from archiver.extraction.wires import AGENCIES
from archiver.model import Link

MAX_AUTHORS = 20
_META = ("author", "article:author", "byl", "dc.creator", "dcterms.creator", "dc.contributor", "parsely-author", "sailthru.author", "article.author",
         "citation_author", "creator", "authors", "article:author_name", "author_name", "og:article:author", "rbauthors", "cxenseparse:author", "twitter:data1")  # fmt: skip
_BY = re.compile(
    r"^(?:(?:article |story |text |words |report |reporting )?(?:written |posted |published |reviewed |edited |compiled |submitted )?by"
    r"|von|vom|par|por|di|a cura di|door|av|af|od|автор[ы:]?|от|text|texte|testo|tekst|redaktion|auteur|autore?|autor(?:in|a|es|zy)?|author|"
    r"written|著者|文|記者|作者|编辑|責任編輯|责任编辑|글|kirjoittaja|yazan|oleh|penulis)(?:\s*[:：]\s*|\s+|$)",
    re.I,
)
_BY_STRICT = re.compile(
    r"^\s*(?:by|von|par|por|di|door|av|af|autor(?:in|a|es)?:?|author:?|автор:?|text:|著者[：:]|文[／/：:])\s+\S", re.I
)
_SPLIT = re.compile(
    r"\s*(?:;|,|、|，|\||\s/\s|/|&|•|·|\s+and\s+|\s+und\s+|\s+et\s+|\s+y\s+|\s+e\s+|\s+og\s+|\s+och\s+|\s+en\s+|\s+oraz\s+|\s+with\s+|\s+mit\s+|\n)\s*"
)
_TAIL = re.compile(
    r"\s*(?:\(.*|\[.*|\bfor\s+[A-Z].*|\s[-–—]\s.*|\s+@\w+.*|,?\s*(?:updated|published|posted|aktualisiert|mis à jour)\b.*)$",
    re.I | re.S,
)
_NOISE = re.compile(r"https?:|www\.|@|\.(?:com|de|net|org|fr)\b|[<>{}\[\]_=#%$€]|\d{3}", re.I)
_ROLE = re.compile(
    r"^(?:(?:senior|chief|staff|political|science|health|deputy|managing|contributing|foreign|national|sports?|business|editor|reporter|writer|correspondent|journalist|"
    r"columnist|contributor|author|photographer|intern|freelance\w*|redakteur\w*|reporter\w*|journaliste|periodista|editor-in-chief|reporters|correspondents|president|ceo|founder|director|"
    r"professor|lecturer|phd|md|m\.?d\.?|ph\.?d\.?|esq|jr\.?|sr\.?|ii|iii|of|the|in|at|for|and|a|digital|news|politics|world|us|u\.s\.|global)\b[\s.]*)+$",
    re.I,
)
_ORGANISATION = re.compile(
    r"\b(?:news|staff|team|desk|agency|agencies|press|media|magazine|times|post|editors?|editorial|redaktion|rédaction|redacción|redazione|redakcja|redakce|redação|"
    r"onlineredaktion|newsroom|newsdesk|bureau|daily|weekly|tv|radio|online|group|inc|ltd|gmbh|corporation|company|institute|university|association|foundation|admin|"
    r"administrator|webmaster|guest|contributor|contributors|correspondent|network|journal|gazette|herald|tribune|zeitung|anzeiger|newspaper|community|office|ministry|"
    r"department|council|reporters?|wire|services?|submissions|publisher|редакция|agentur|agenturen|digital|web)\b|編集部|新聞|通信|オンライン|新闻|通讯社|日报|報社|편집|뉴스|^the\s|\.com|^condé nast$|\.de\b",
    re.I,
)
_POSTED_BY = re.compile(r"^(?:posted|published|written|updated|last updated|filed)\b.{0,60}?\bby[:\s]+(.{3,60})$", re.I)
_CLASSED: Any = etree.XPath("//*[contains(@class, 'uthor') or contains(@class, 'yline') or contains(@class, 'fn')]")
_AUTHOR_CLASS = re.compile(r"(?:^| )(?:author|byline|fn)(?: |$)|author-name|author__name|byline-name|byline__name")
_NOT_AUTHORS = re.compile(r"comment|related|teaser|recommend|promo|sidebar|widget|more-|popular", re.I)
_TURNED = re.compile(r"([A-Z][\w'’-]+),\s+([A-Z][\w'’-]+)")  # "Gillman, Steve"
_ADDRESS = re.compile(r"(?:https?:)?//|www\.", re.I)
_AFTER = re.compile(
    r"\s+(?:on\s+)?(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d.*|\d.*|(?:mon|tues|wednes|thurs|fri|satur|sun)day\b.*"
    r"|(?:senior|chief|staff|editor|reporter|writer|correspondent|journalist|columnist|contributor|founder|ceo|special to)\b.*|記者.*|기자.*)$",
    re.I,
)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|profiles?|people|staff|contributors?|by|writers?|journalists?|autor(?:en|es)?|auteurs?|redaktion|user)/[^/?#]+/?(?:\.html?)?$",
    re.I,
)
_WORD = re.compile(r"[^\W\d_][\w'’.\-]*")


def authors_of(
    head: Head,
    ld: dict[str, Any],
    blocks: list[Block],
    *,
    site: str,
    title: str,
    heading: int,
    sections: Iterable[str] = (),
    linked: Iterable[str] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return (people, organisations). The first source that names a person decides; organisations are gathered until then."""
    weigher = _Weigher(site, title, sections)
    weigher.publisher = _key(jsonld.text(ld.get("publisher")))
    for source in (_from_json(ld), _from_meta(head), head.authors, _shown(blocks, heading), linked):
        for text, kind in _pairs(source):
            weigher.add(text, kind)
        if weigher.people:
            break
    return tuple(weigher.people)[:MAX_AUTHORS], tuple(weigher.organisations)[:MAX_AUTHORS]


def _pairs(source: Iterable[str | tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for item in source:
        yield item if isinstance(item, tuple) else (item, "")


class _Weigher:
    def __init__(self, site: str, title: str, sections: Iterable[str]) -> None:
        self.site, self.title, self.publisher = _key(site), _key(title), ""
        self.sections = {_key(section) for section in sections if section}
        self.people: dict[str, None] = {}
        self.organisations: dict[str, None] = {}

    def add(self, text: str, kind: str) -> None:
        for name in names_in(text):
            key = _key(name)
            if not key or key == self.title or key in self.sections:
                continue
            known = {_key(other) for other in (*self.people, *self.organisations)}
            if key in known:
                continue
            if self._is_organisation(name, key, kind):
                self.organisations[name] = None
            else:
                self.people[name] = None

    def _is_organisation(self, name: str, key: str, kind: str) -> bool:
        if key in AGENCIES or (self.publisher and key == self.publisher):
            return True
        if kind == "person" and _looks_like_person(name):
            return False  # also where the site bears its author's name
        if self.site and (key == self.site or key in self.site or self.site in key):
            return True
        if kind == "organization" and not _looks_like_person(name):
            return True
        return bool(_ORGANISATION.search(name))


def _key(text: str) -> str:
    return " ".join(re.sub(r"[^\w\s'.-]", " ", text).casefold().split()).strip(" .'-")


def _looks_like_person(name: str) -> bool:
    words = _WORD.findall(name)
    return 2 <= len(words) <= 4 and all(word[0].isupper() for word in words) and not _ORGANISATION.search(name)


def names_in(byline: str) -> list[str]:
    """The names in a byline, cleaned; what cannot be a name is left out."""
    byline = byline[:400].strip()
    if _ADDRESS.match(byline):
        return []
    if turned := _TURNED.fullmatch(byline):
        byline = f"{turned[2]} {turned[1]}"
    found = []
    for piece in _SPLIT.split(_BY.sub("", byline)):
        name = _clean(piece)
        if name:
            found.append(name)
    return found[:MAX_AUTHORS]


def _clean(piece: str) -> str:
    name = _BY.sub("", piece.strip(" \t.,:;|-–—•·\"“”'\u200b"))
    name = _AFTER.sub("", _TAIL.sub("", name)).strip(' \t.,:;|-–—•·"“”')
    name = " ".join(name.split())
    if not 2 <= len(name) <= 60 or _NOISE.search(name) or _ROLE.match(name) or len(name.split()) > 6:
        return ""
    return name if any(character.isalpha() for character in name) else ""


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
            name = item.get("name")
            if isinstance(name, list | dict):
                queue[:0] = [name]
            elif isinstance(name, str):
                yield name, str(kind[0] if isinstance(kind, list) and kind else kind or "").lower()


def _from_meta(head: Head) -> Iterator[str]:
    labelled = head.first("twitter:label1").casefold()
    for name in _META:
        if name == "twitter:data1" and not re.search(r"written|verfasst|écrit|escrito|geschreven|author", labelled):
            continue
        values = head.meta.get(name, [])
        yield from values
        if any(names_in(value) for value in values):
            return


def _shown(blocks: list[Block], heading: int) -> Iterator[str]:
    """Bylines in the page: elements named for them near the headline, then lines that begin with "By"."""
    low, high = (max(0, heading - 15), heading + 30) if heading >= 0 else (0, 150)
    near = [block for block in blocks[low:high] if len(block.text) < 200]
    for block in near:
        if (block.own | block.near) & WORD["meta"] and _BY_STRICT.match(block.text):
            yield block.text
            return
    for block in near:
        if _BY_STRICT.match(block.text) and len(block.text) < 100:
            yield block.text
            return
    for block in near:
        if (match := _POSTED_BY.match(block.text)) and len(block.text) < 140:
            yield match[1]
            return


def classed(root: html.HtmlElement) -> tuple[str, ...]:
    """Names in elements that a class says are an author's, the innermost first; boxes about other things left out."""
    found: dict[str, None] = {}
    marked = [
        element for element in _CLASSED(root) if len(element) < 3 and _AUTHOR_CLASS.search(element.get("class", ""))
    ]
    for element in marked[:20]:
        text = " ".join(element.text_content().split())
        about = " ".join(
            parent.get("class", "") for parent in element.iterancestors("div", "li", "ol", "aside", "section")
        )
        if 3 < len(text) < 60 and not _NOT_AUTHORS.search(about):
            found[text] = None
    return tuple(found)


def linked_names(links: Iterable[Link]) -> tuple[str, ...]:
    """Names that link to an author's page, where the page has one or two such names; a list of authors names nobody."""
    found = {
        link.text: None
        for link in links
        if _AUTHOR_PAGE.search(link.url) and _looks_like_person(link.text) and len(link.text) < 40
    }
    return tuple(found) if len(found) <= 2 else ()
