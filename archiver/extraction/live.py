"""Live blogs: the dated entries of a page written while something happens. In: a tree, its blocks. Out: entries, in the
order of the page. Never: a word that is not shown; JSON-LD only helps to find an entry and its time.

The list of entries is the element with the most children that hold a time, or a headline that JSON-LD names. It counts
where the page says that it is one: in JSON-LD, in microdata, or in the names of its elements.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import html

from archiver.extraction import jsonld
from archiver.extraction.blocks import HEADINGS, INLINE, Block, cut
from archiver.extraction.moments import Moment, read_moment

SIGNS = ("liveblog", "liveticker", "liveupdate", "livefeed", "livepost", "livestory", "minutebyminute")
_SIGNS = tuple(
    form.encode()
    for sign in SIGNS
    for form in (sign, sign.replace("live", "live-", 1), sign.replace("live", "live_", 1))
)
_CLOCK = re.compile(
    r"\W*(?:(?:at|um|à|a las|alle|kl|klo|om)\.?\s+)?[0-2]?\d(?:[:.h][0-5]\d)?\s?(?:[ap]\.?m\.?)?\s?(?:uhr|h|[A-Z]{2,4})?\W*",
    re.I,
)
LEAST, FEW = 3, 2  # entries of a live blog; where JSON-LD or microdata says that it is one
MOST = 2_000
WORTH = 40  # characters, not linked, that make an entry
SHORT = 40  # characters of a line that is a time
_OPENING = 40  # characters of an update's text by which it is found in the page


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its time as the page shows and states it, and where its blocks are: `heading` and `body` are indices."""

    time: Moment | None
    source: str | None  # time | json-ld | text
    shown: str
    heading: int | None
    body: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Stated:
    """What JSON-LD says of one update."""

    headline: str
    opening: str
    date: str


def may_be_live(page: bytes) -> bool:
    """Whether a page (UTF-8) names a live blog anywhere, so that it is worth looking for one."""
    text = page.lower()
    first = at = text.find(b"live")
    while at >= 0:  # one search and not twenty: 0.2 ms and not 1
        if text.startswith(_SIGNS, at):
            return True
        at = text.find(b"live", at + 4)
    return first >= 0 and any(sign in text for sign in _SIGNS if not sign.startswith(b"live"))


def entries_of(root: html.HtmlElement, scripts: tuple[Any, ...], blocks: Sequence[Block]) -> tuple[Entry, ...]:
    """Find a live blog's entries; none where the page is none."""
    stated = tuple(_stated(scripts))
    marked = bool(stated) or any("liveblog" in (one.get("itemtype") or "").lower() for one in root.iter("div", "article", "main", "section", "body", "html"))  # fmt: skip
    lists = _lists(_marks(root, stated), least=FEW if marked else LEAST, marked=marked)
    found: list[Entry] = []
    at = 0
    for group in _groups(lists):
        texts = [block.text for element in group for block in cut(element)]
        start = _place(texts, blocks, at)
        if start is None:
            continue
        at = start + len(texts)
        if entry := _entry(group, blocks, range(start, at), stated):
            found.append(entry)
        if len(found) >= MOST:
            break
    return tuple(found) if len(found) >= (FEW if marked else LEAST) else ()


def _stated(scripts: tuple[Any, ...]) -> Iterator[_Stated]:
    for node in jsonld.nodes(scripts):
        if "liveblogposting" in jsonld.types(node):
            for update in jsonld.updates(node)[:MOST]:
                headline, body = jsonld.text(update.get("headline")), jsonld.text(update.get("articleBody"))
                date = jsonld.text(update.get("datePublished")) or jsonld.text(update.get("dateModified"))
                yield _Stated(_key(headline), _key(body)[:_OPENING], date)


def _key(text: str) -> str:
    return "".join(text.split()).casefold()


def _marks(root: html.HtmlElement, stated: Iterable[_Stated]) -> Iterator[html.HtmlElement]:
    """Elements of which each entry has one or more: times, clocks, headlines that JSON-LD names."""
    headlines = {one.headline for one in stated if one.headline}
    for element in root.iter():
        tag, text = element.tag, element.text
        if not isinstance(tag, str) or tag in ("script", "style", "option"):
            continue
        is_clock = text and any(map(str.isdigit, text)) and len(text) < SHORT and ":" in text and _CLOCK.fullmatch(text)
        if (
            tag == "time"
            or is_clock
            or "liveblogupdate" in (element.get("itemprop") or "").lower()
            or (tag in HEADINGS and headlines and _key(element.text_content()) in headlines)
        ):
            yield element


def _lists(marks: Iterable[html.HtmlElement], *, least: int, marked: bool) -> list[list[html.HtmlElement]]:
    """The marked children of the list of entries, and of other lists of its name (one for each day)."""
    held: defaultdict[html.HtmlElement, dict[html.HtmlElement, None]] = defaultdict(dict)
    for mark in marks:
        child = mark
        for parent in mark.iterancestors():
            if child.tag not in INLINE:
                held[parent][child] = None
            child = parent
    counted = {parent: _worth(children) for parent, children in held.items() if len(children) >= least}
    able = {parent: worth for parent, worth in counted.items() if worth >= least and (marked or _is_named(parent))}
    able = {parent: worth for parent, worth in able.items() if not _is_comments(parent)}
    if not able:
        return []
    best = max(able, key=lambda parent: able[parent])
    name = (best.tag, best.get("class"))
    alike = [one for one in held if name[1] and (one.tag, one.get("class")) == name and not _is_comments(one)]
    return [list(held[one]) for one in alike or [best]]


def _worth(children: Iterable[html.HtmlElement]) -> int:
    """How many of a list's children say something, themselves or in what follows them."""
    count = 0
    for child in children:
        linked = sum(len(link.text_content()) for link in child.iter("a"))
        after = child.getnext()
        more = len(after.text_content()) if after is not None and isinstance(after.tag, str) else 0
        count += len(child.text_content()) - linked >= WORTH or (_is_flat(child) and more >= WORTH)
    return count


def _is_named(parent: html.HtmlElement) -> bool:
    """Whether a list, what is around it or its first child is named a live blog."""
    for element in (parent, *parent.iterancestors(), *parent[:1]):
        name = f"{element.get('class') or ''} {element.get('id') or ''}".lower().replace("-", "").replace("_", "")
        if any(sign in name for sign in SIGNS):
            return True
    return False


def _is_comments(parent: html.HtmlElement) -> bool:
    return any(
        "comment" in f"{one.get('class') or ''} {one.get('id') or ''}".lower()
        for one in (parent, *parent.iterancestors())
    )


def _is_flat(child: html.HtmlElement) -> bool:
    """Whether a marked child is only the heading of its entry, which goes on in the elements after it."""
    return child.tag in HEADINGS or (child.tag in ("p", "time", "dt") and len(child.text_content()) < 3 * SHORT)


def _groups(lists: Iterable[Sequence[html.HtmlElement]]) -> Iterator[list[html.HtmlElement]]:
    """The elements of each entry."""
    for children in lists:
        starts = set(children)
        for child in children:
            group = [child]
            after = child.getnext()
            while _is_flat(child) and after is not None and after not in starts:
                if isinstance(after.tag, str):
                    group.append(after)
                after = after.getnext()
            yield group


def _place(texts: Sequence[str], blocks: Sequence[Block], after: int) -> int | None:
    """Where the blocks with these texts stand, one after the other."""
    size = len(texts)
    if not size:
        return None
    for start in range(after, len(blocks) - size + 1):
        if blocks[start].text == texts[0] and all(blocks[start + at].text == texts[at] for at in range(size)):
            return start
    return None


def _entry(
    group: Sequence[html.HtmlElement], blocks: Sequence[Block], places: range, stated: Iterable[_Stated]
) -> Entry | None:
    heading = next((at for at in places if blocks[at].tag in HEADINGS), None)
    title = _key(blocks[heading].text) if heading is not None else ""
    shown = next((text for element in group for text in _times(element)), "")
    body = tuple(at for at in places if at != heading and not _is_byline(blocks[at].text, shown))
    openings = {_key(blocks[at].text)[:_OPENING] for at in body}
    said = next(
        (one for one in stated if (title and one.headline == title) or (one.opening and one.opening in openings)), None
    )
    moment, source = _moment(group, said, shown)
    return Entry(moment, source, shown, heading, body) if body or heading is not None else None


def _times(element: html.HtmlElement) -> Iterator[str]:
    """What an entry shows as its time."""
    for one in element.iter("time"):
        if text := " ".join(one.text_content().split())[:SHORT]:
            yield text
    for one in element.iter():
        if isinstance(one.tag, str) and one.text and _is_time(one.text):
            yield " ".join(one.text.split())


def _is_time(text: str) -> bool:
    """Whether a line is a time and nothing else."""
    if len(text) > SHORT or not any(map(str.isdigit, text)):
        return False
    return bool(_CLOCK.fullmatch(text)) or (read_moment(text) is not None and sum(map(str.isalpha, text)) <= SHORT // 2)


def _is_byline(text: str, shown: str) -> bool:
    """Whether a line is the entry's time, alone or with a name after it."""
    named = bool(shown) and text.startswith(shown) and len(text) < 2 * SHORT and text[-1] not in ".!?…。"
    return named or _is_time(text)


def _moment(
    group: Sequence[html.HtmlElement], said: _Stated | None, shown: str
) -> tuple[Moment, str] | tuple[None, None]:
    """An entry's time: as its elements state it, as JSON-LD does, as it is shown."""
    for element in group:
        for one in element.iter():
            if one.tag == "time" or "datepublished" in str(one.get("itemprop") or "").lower():
                stamp = read_moment(one.get("datetime") or one.get("content") or "")
                if stamp:
                    return stamp, "time"
    if said and (stamp := read_moment(said.date)):
        return stamp, "json-ld"
    stamp = read_moment(shown)
    return (stamp, "text") if stamp else (None, None)
