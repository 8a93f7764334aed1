"""Titles: the forms a page gives its headline in, and the one we take. In: what a page declares and shows. Out: a Title.

Never: fetching.

Eight places name a headline, and on a third of all press pages they differ. Before they are compared each form loses what
is not the headline: the site's name, and whatever follows another form behind a separator. Then they vote, with weights
that did best on each half, by host, of 675 pages with known titles. A form that came with the site's name is a copy of
the page's `title` and weighs as little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Any

from archiver.extraction import jsonld
from archiver.extraction.head import Head

MAX_TITLE = 500  # characters
_SEPARATOR = re.compile(r"\s+[|–—·»›•:\-/*~]+\s+|\s*[|｜ㅣ»：]\s*| :: ")  # ㅣ, a Korean letter, is drawn as a bar
_DASH = re.compile(r"\s*[-–—|ㅣ·/>]\s*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_META = (
    "title",
    "dc.title",
    "dcterms.title",
    "parsely-title",
    "sailthru.title",
    "hdl",
    "headline",
    "cxenseparse:title",
)
# A press page: og:title leads, above all where twitter:title says the same; JSON-LD and h1 together outvote it alone.
_PRESS = {
    "og": 1.0,
    "json-ld": 0.9,
    "h1": 0.6,
    "heading": 0.6,
    "twitter": 0.6,
    "microdata": 0.3,
    "meta": 0.2,
    "title": 0.01,
}
# Any other page: og:title is often made for search engines there, and the shown headline is the one.
_OTHER = {
    "h1": 1.5,
    "heading": 1.5,
    "json-ld": 1.1,
    "og": 1.0,
    "twitter": 0.4,
    "title": 0.4,
    "microdata": 0.3,
    "meta": 0.2,
}
_SHOWN = ("h1", "heading")  # heading: an h2 or h3 that is the headline


@dataclass(frozen=True, slots=True)
class Title:
    """The chosen form, who gives it, the other forms by who gives them, and all as declared."""

    text: str | None
    sources: tuple[str, ...]
    others: Mapping[str, str]
    declared: tuple[str, ...]


def title_of(head: Head, ld: dict[str, Any], site: str) -> Title:
    """Choose the title among what JSON-LD, meta, microdata, `title` and h1 say."""
    declared = _declared(head, ld, site)
    forms = {source: without_site(text, site) for source, text in declared.items()}
    copied = {source for source, text in forms.items() if text != declared[source]}
    if shown := shown_headline(head.h1, tuple(forms.values()), site, head.subheads):
        source = "h1" if shown in head.h1 else "heading"
        forms[source] = unescape(shown)  # "&amp;#x26;" is seen in every place where a title stands
    forms = _without_labels(_without_tails(_without_sections(forms, copied), site))
    forms = {source: text for source, text in forms.items() if not _is_leftover(squeezed(text))} or forms
    press = any("news" in kind or "liveblog" in kind for kind in jsonld.types(ld))
    weights = _PRESS if press else _OTHER
    votes: dict[str, float] = {}
    repeated = set() if press else _repeated(declared)
    for source, text in forms.items():
        key = squeezed(text) or text
        votes[key] = votes.get(key, 0.0) + weights["title" if source in copied else source] * (source not in repeated)
    best = max(votes, key=votes.__getitem__, default="")
    agreeing = [source for source, text in forms.items() if (squeezed(text) or text) == best]
    sources = tuple(sorted(agreeing, key=weights.__getitem__, reverse=True))
    return Title(
        text=one_line(forms[sources[0]], MAX_TITLE) if sources else None,
        sources=sources,
        others={source: text[:MAX_TITLE] for source, text in forms.items() if source not in sources},
        declared=tuple(dict.fromkeys([*forms.values(), *declared.values()])),
    )


def _repeated(declared: Mapping[str, str]) -> set[str]:
    """The sources that only repeat `title`, where JSON-LD and `og:title` do so to the letter: a site's software wrote
    one title for search engines into all of them, so it counts once. The shown headline is right then on 8 pages of 9."""
    if not declared.get("title") or {declared.get(source) for source in ("json-ld", "og")} != {declared["title"]}:
        return set()
    return {source for source, text in declared.items() if text == declared["title"]} - {"og"}


def _without_sections(forms: dict[str, str], named: set[str]) -> dict[str, str]:
    """The forms that named the site without the section before its name, where another form is what remains:
    "Bridge opens-Town" → "Bridge opens"."""
    known = {key for text in forms.values() if len(key := squeezed(text)) >= 12}
    return {source: _head(text, known) if source in named else text for source, text in forms.items()}


def _head(text: str, known: set[str]) -> str:
    heads = (text[: mark.start()] for mark in _DASH.finditer(text))
    return next((head for head in heads if squeezed(head) in known), text)


def _declared(head: Head, ld: dict[str, Any], site: str) -> dict[str, str]:
    """The forms as they stand, by source; empty ones and the bare name of the site left out."""
    found = {
        "json-ld": jsonld.text(ld.get("headline")) or jsonld.text(ld.get("name")),
        "microdata": next((value for name, value in head.props if name == "headline"), ""),
        "og": head.first("og:title"),
        "twitter": head.first("twitter:title"),
        "meta": head.first(*_META),
        "title": head.title,
    }
    named = {source: one_line(unescape(text), MAX_TITLE) for source, text in found.items()}
    return {
        source: text
        for source, text in named.items()
        if text and (source == "title" or squeezed(text) != squeezed(site))
    }


def shown_headline(
    headings: list[str], forms: tuple[str, ...], site: str, subheads: Callable[[], Sequence[str]] = tuple
) -> str:
    """The heading that is the headline: an h1 that the page declares, whole or behind a separator; else an h2 or h3 that
    it declares; else the first h1 that shares words with what it declares."""
    known = {squeezed(piece) for form in forms for piece in (form, *pieces(form))}
    own = [text for text in headings if squeezed(text) != squeezed(site)]
    for text in own:
        if squeezed(text) in known:
            return text
    names = {squeezed(site), squeezed(_plain_name(site))}
    telling = [form for form in forms if squeezed(form) not in names]
    if below := _declared_below(subheads(), telling, site):
        return below
    words = set().union(*map(_words, telling))
    return next((text for text in own if not words or words & _words(text)), "")


def _declared_below(subheads: Sequence[str], forms: list[str], site: str) -> str:
    """The h2 or h3 that a page declares, where its h1 is the name of the blog or of a section: a form without the site's
    name, what stands before its first separator, or a text that begins with it."""
    keys = {squeezed(form).removeprefix(squeezed(site)) for form in forms}
    heads = {squeezed(form[: mark.start()]) for form in forms for mark in _marks(form)[:1]}
    known = {key for key in keys if _tells(key)} | {key for key in heads if len(key) >= 20}
    longer = tuple(key for key in known if len(key) >= 12)
    return next((text for text in subheads if (key := squeezed(text)) in known or key.startswith(longer)), "")


def _words(text: str) -> set[str]:
    """Words that tell something; of scripts without spaces, pairs of characters."""
    found = set()
    for word in re.findall(r"\w+", text.casefold()):
        if word.isascii() or not re.search(r"[\u0e00-\u0eff\u3040-\u9fff\uac00-\ud7af]", word):
            found |= {word} if len(word) > 3 else set()
        else:
            found |= {word[at : at + 2] for at in range(len(word) - 1)}
    return found


def _without_tails(forms: dict[str, str], site: str) -> dict[str, str]:
    """Forms without what stands behind a separator, where the rest is another form; of the shown one, also before it.
    Before a colon only the site's name goes: "Gazette blog: Bridge opens"."""
    known = {key for text in forms.values() if _tells(key := squeezed(text))}
    cut = {source: _cut(text, known, shown=source in (*_SHOWN, "microdata")) for source, text in forms.items()}
    return {source: _without_blog(text, known, site) for source, text in cut.items()}


def _without_blog(text: str, known: set[str], site: str) -> str:
    before, _, after = text.partition(": ")
    return after.strip() if squeezed(after) in known and _is_named(before, site) else text


def _without_labels(forms: dict[str, str]) -> dict[str, str]:
    """Without declared forms of one word that the shown headline holds: a page's name in the menu, "Work"."""
    key = squeezed(next((forms[source] for source in _SHOWN if source in forms), ""))
    return {
        source: text
        for source, text in forms.items()
        if " " in text or len(_words(text)) > 1 or squeezed(text) == key or squeezed(text) not in key
    }


def _cut(text: str, known: set[str], *, shown: bool) -> str:
    for mark in _marks(text):
        if squeezed(text[: mark.start()]) in known:
            return text[: mark.start()].strip()
        if "|" in mark[0] and not shown and len(squeezed(text[: mark.start()])) >= 20:
            return text[: mark.start()].strip()
        if (shown or "|" in mark[0]) and squeezed(text[mark.end() :]) in known:
            return text[mark.end() :].strip()
    return text


def _is_leftover(key: str) -> bool:
    """Whether so few Latin letters stand there that any other form says more."""
    return len(key) < 4 and key.isascii()


def _tells(key: str) -> bool:
    return len(key) >= 8 or (len(key) >= 5 and not key.isascii())


def pieces(title: str) -> list[str]:
    """What a title says before and after each of its separators: the headline is one of them, the site's name another."""
    found = []
    for mark in _marks(title):
        found += [title[: mark.start()].strip(), title[mark.end() :].strip()]
    return [piece for piece in found if _tells(squeezed(piece))]


def without_site(title: str, site: str) -> str:
    """Drop the site's name from the end or the start of a title: "Bridge opens | The Gazette" → "Bridge opens"."""
    marks = _marks(title)
    if not marks:
        return title
    last, first = marks[-1], marks[0]
    if _is_named(title[last.end() :], site):
        return title[: last.start()].strip()
    if _is_named(title[: first.start()], site):
        return title[first.end() :].strip()
    return title


def tail_of(title: str) -> str:
    """What stands behind the last separator, where sites put their name; empty without one."""
    marks = _marks(title)
    return title[marks[-1].end() :] if marks else ""


def _marks(title: str) -> list[re.Match[str]]:
    """The separators in a title; » that closes a quotation is none."""
    return [
        mark for mark in _SEPARATOR.finditer(title) if mark.end() < len(title) and not ("»" in mark[0] and "«" in title)
    ]


@lru_cache(maxsize=256)
def squeezed(text: str) -> str:
    """Letters and digits alone, in one case: how titles are compared. Asked 54 times a page, of six texts."""
    return re.sub(r"\W+", "", text).casefold()


def one_line(text: str, limit: int) -> str:
    """Text on one line, without control characters, of at most `limit` characters."""
    return " ".join(_CONTROLS.sub(" ", text).split())[:limit]


def _plain_name(site: str) -> str:
    """The name in a host, where nothing better names the site: blog.gazette.co.example is the Gazette."""
    named = [label for label in site.split(".")[:-1] if len(label) > 3]
    return named[-1] if named and " " not in site else site


def _is_named(text: str, site: str) -> bool:
    """Whether the text is the site's name, a part of it, or the name and little more."""
    text, site = squeezed(text), squeezed(_plain_name(site))
    if not text or not site:
        return False
    return text == site or (len(text) > 3 and (text in site or (site in text and len(text) < 3 * len(site) + 10)))
