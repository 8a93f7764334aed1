"""Bylines: the names a page shows as its author's. In: a tree and its blocks. Out: texts to be read for names. Never: judging.

Where nothing is declared, a reader knows the author from a line that begins with "By", from a name that stands in a
place whose class says so, from a portrait whose alternative text is repeated beside it, or from a link to an author's page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice

from lxml import html

from archiver.extraction.blocks import TAGS, Block
from archiver.extraction.classwords import WORD
from archiver.extraction.head import spaced
from archiver.extraction.names import BY, is_agency_line, is_organisation, looks_like_person, names_in
from archiver.model import Link

_MAY_NAME = re.compile("uthor|yline|fn|riter|username|provider-name|source-name")
_USER_CLASS = re.compile(r"(?:^| )(?:username|provider-name|source-name)(?: |$)")
_AUTHOR_CLASS = re.compile(r"(?:^| )(?:author|byline|fn)(?: |$)|author-name|author__name|byline-name|byline__name")
_LIKE_AUTHOR = re.compile(r"author|byline|writer", re.I)
_NOT_AUTHORS = re.compile(
    r"comment|related|teaser|recommend|promo|sidebar|widget|more-|popular|card|avatar|photo", re.I
)
_POSTED_BY = re.compile(
    r"^(?:posted|published|written|updated|last updated|filed|this (?:post|article) was written)\b.{0,60}?\bby[:\s]+(.{3,80})$",
    re.I,
)
_DATE_BY = re.compile(r"^\W*[\d./-]{6,10}\W+by\s+(\S.{2,80})$", re.I)
_LABEL = re.compile(
    r"(?:(?:written|words|story|article|posted|published|text|reported) by|by|authors?|contributors?|about the author|von|par|por|autor(?:in|es|a)?|auteurs?|autore|"
    r"verfasst von|geschrieben von|escrito por|écrit par|scritto da|geschreven door|著者|作者|文|記者)\s*[:：]?",
    re.I,
)
_SIGNED = re.compile(
    r"^(?:this (?:post|article|story|guide|blog) (?:was|is) )?(?:written |posted |authored |article |words |story )?by[:\s]+(.{3,60})$|"
    r"^(?:(?:written|authors?|contributors?)\s*:\s*|autor(?:in)?(?:/autor(?:in)?)?[:\s]\s*)(.{3,60})$",
    re.I,
)
_PORTRAIT = re.compile(
    r"^(?:(?:headshot|picture|portrait|photo|image|avatar) (?:of|for) )?(.+?)(?:,.*|'s .*|\(.*)?$", re.I
)
_AUTHOR_PAGE = re.compile(
    r"/(?:authors?|profiles?|people|staff|contributors?|by|writers?|journalists?|editors|columnists?|reporters?|team|autor(?:en|es)?|auteurs?|redaktion|user|"
    r"reviewer|instructor)/[^?#]+/?(?:\.html?)?$",
    re.I,
)
_MANY = 60  # elements looked at
_FEW = 4  # names: a page that shows more in places alike lists the authors of others
_OTHERS = WORD["nav"] | WORD["comment"]  # places where others are named, or "By Manufacturer" leads to a list
_BESIDE = 6  # blocks after the headline in which the author's link stands
_HEADINGS = ("h1", "h2", "h3")
_BEFORE, _AFTER = 15, 30  # blocks before and after the headline in which a byline stands


def bylines_of(
    root: html.HtmlElement, blocks: Sequence[Block], heading: int, *, links: Sequence[Link], claims: Iterable[str]
) -> Iterator[Sequence[str]]:
    """The texts that may name the author, in groups, from the surest to the least. `heading` is the headline's block, or -1."""
    yield claimed(links, claims)
    yield tuple(shown(root, blocks, heading))
    authors, users = classed(root)
    yield authors
    yield beside(links, blocks[heading + 1 : heading + 1 + _BESIDE] if heading >= 0 else ())
    yield linked(links)
    yield users
    yield signed(blocks[max(0, heading) :])


def shown(root: html.HtmlElement, blocks: Sequence[Block], heading: int) -> Iterator[str]:
    """Bylines near the headline, from the surest kind to the least; the first kind that finds one is enough."""
    low, high = (max(0, heading - _BEFORE), heading + _AFTER) if heading >= 0 else (0, 150)
    near = [block for block in blocks[low:high] if len(block.text) < 200 and not block.hidden]
    for kind in (_marked_lines, _marked_names, _lines, _posted, _agency):
        if found := list(kind(near)):
            yield from found
            return
    portraits = _portraits(root)
    for block in near[_BEFORE if heading >= _BEFORE else 0 :]:
        if block.text in portraits and block.tag not in _HEADINGS:  # pictures of things repeat headings
            yield block.text
            return


def _marked_lines(near: Iterable[Block]) -> Iterator[str]:
    """The first "By …" in a place whose class speaks of authors, dates or the like."""
    for block in near:
        if (block.own | block.near) & WORD["meta"] and BY.match(block.text):
            yield block.text
            return


def _marked_names(near: Sequence[Block]) -> Iterator[str]:
    """Names that stand alone in places whose class speaks of authors, if they are few."""
    found: dict[str, None] = {}
    for block in near:
        if (block.own | block.near) & WORD["author"] and len(block.text) < 80:
            names = names_in(block.text)
            if names and all(map(looks_like_person if not block.own & WORD["author"] else _is_somebody, names)):
                found[block.text] = None
    if len(found) <= _FEW:
        yield from found


def _lines(near: Iterable[Block]) -> Iterator[str]:
    for block in near:
        if len(block.text) < 100 and BY.match(block.text) and any(map(_is_somebody, names_in(block.text))):
            yield block.text
            return


def _is_somebody(name: str) -> bool:
    """A person, a desk, or initials."""
    return (
        looks_like_person(name) or (is_organisation(name) and name[0].isupper()) or (name.isupper() and len(name) < 6)
    )


def _agency(near: Iterable[Block]) -> Iterator[str]:
    """An agency's line, if it is no photograph's."""
    for block in near:
        if is_agency_line(block.text) and block.tag != "figcaption" and not (block.own | block.near) & WORD["media"]:
            yield block.text
            return


def signed(blocks: Iterable[Block]) -> tuple[str, ...]:
    """The one person whom lines "By …" name, or names under a label "Written by", anywhere in `blocks`; of several none."""
    found: dict[str, str] = {}
    before = ""
    for block in blocks:
        text = block.text
        if len(text) < 120 and not block.hidden and not _names_others(block):
            match = _SIGNED.match(text)
            named = (match[1] or match[2]) if match else text if _LABEL.fullmatch(before) else ""
            people = [name for name in names_in(named) if looks_like_person(name) and ":" not in name]
            found |= {name.casefold(): name for name in people[:1]}
        before = text
    return tuple(f"By {name}" for name in found.values()) if len(found) == 1 else ()


def _names_others(block: Block) -> bool:
    return bool((block.own | block.near) & _OTHERS or block.far & WORD["footer"] or block.ancestors & TAGS["nav"])


def _posted(near: Iterable[Block]) -> Iterator[str]:
    for block in near:
        if len(block.text) < 140 and (match := _POSTED_BY.match(block.text) or _DATE_BY.match(block.text)):
            yield match[1]
            return


def _portraits(root: html.HtmlElement) -> set[str]:
    """Names in the alternative texts of pictures."""
    texts = (image.get("alt") or "" for image in root.iter("img"))
    named = (match[1].strip() for text in texts if 5 < len(text) < 100 and (match := _PORTRAIT.match(text)))
    return {name for name in named if looks_like_person(name)}


def classed(root: html.HtmlElement) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names in elements that a class says are an author's, boxes about other things left out; and who else may be named:
    the one user of a page that shows only one, or the outlet that a story came from."""
    authors: dict[str, None] = {}
    users: dict[str, None] = {}
    for element in islice((one for one in root.iter() if _may_name(one.get("class")) and len(one) < 3), _MANY):
        named = element.get("class", "")
        sure, user = _AUTHOR_CLASS.search(named), _USER_CLASS.search(named)
        if not sure and not user and not _LIKE_AUTHOR.search(named):
            continue
        text = " ".join(spaced(element).split())
        if not 2 < len(text) < 60 or _elsewhere(element):
            continue
        if user:
            users[text] = None
        elif sure or all(map(looks_like_person, names_in(text) or [""])):
            authors[text] = None
    return tuple(authors) if len(authors) <= _FEW else (), tuple(users) if len(users) == 1 else ()


@lru_cache(maxsize=10_000)
def _may_name(named: str | None) -> bool:
    """Half the time of an XPath with the same words: a site's pages have the same classes."""
    return named is not None and bool(_MAY_NAME.search(named))


def _elsewhere(element: html.HtmlElement) -> bool:
    around = (parent.get("class", "") for parent in element.iterancestors("div", "li", "ol", "aside", "section"))
    return bool(_NOT_AUTHORS.search(" ".join(around)))


def claimed(links: Iterable[Link], claims: Iterable[str]) -> tuple[str, ...]:
    """Names that link to the address which the page claims to be its author's."""
    addresses = {_address(claim) for claim in claims if "/" in claim}
    if not addresses:
        return ()
    found = {link.text: None for link in links if looks_like_person(link.text) and _address(link.url) in addresses}
    return tuple(found)[:_FEW]


def linked(links: Iterable[Link]) -> tuple[str, ...]:
    """Names that link to an author's page; of many such names none."""
    found = {
        link.text: None
        for link in links
        if len(link.text) < 40 and looks_like_person(link.text) and _AUTHOR_PAGE.search(link.url)
    }
    return tuple(found) if len(found) <= 2 else ()


def beside(links: Iterable[Link], near: Sequence[Block]) -> tuple[str, ...]:
    """What stands alone below the headline and begins a link to an author's page, where others' pages are linked below."""
    texts = tuple(
        text for block in near if 2 < len(text := block.text) < 40 and (_is_somebody(text) or not text.isascii())
    )
    pages = [link.text for link in links if link.text.startswith(texts) and _AUTHOR_PAGE.search(link.url)]
    return tuple(text for text in texts if any(page.startswith(text) for page in pages))


def _address(url: str) -> str:
    return re.sub(r"^https?://(?:www\.)?|/+$", "", url.casefold())
