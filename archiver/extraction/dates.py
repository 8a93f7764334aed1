"""Dates: when an article was published and changed, with evidence. In: what a page declares and shows. Out: dates or None.

Sources are asked in the order of how often they were right on 330 pages with dates set by hand; the first usable one is
kept, the others only testify: a day more than one apart from it is a conflict. Never: a date after the capture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from lxml import html

from archiver.extraction.blocks import Block
from archiver.extraction.datelines import DATE_HINT, datelines
from archiver.model import Announced

from . import jsonld
from .head import Head
from .moments import EARLIEST, UTC_ZONES, Moment, read_moment

_PUBLISHED = (
    "article:published_time", "og:article:published_time", "og:published_time", "rnews:datepublished", "datepublished", "article:published", "datecreated",
    "parsely-pub-date", "sailthru.date", "cxenseparse:recs:publishtime", "cxenseparse:publishtime", "article_date_original", "publication_date",
    "originalpublicationdate", "publish-date", "publish_date", "publishdate", "published_time", "pubdate", "ptime", "date.issued",
    "dc.date.issued", "dcterms.issued", "dcterms.created", "dc.date.created", "citation_publication_date", "citation_date",
    "bt:pubdate", "published-date", "published", "displaydate", "article.published", "article.created", "og:pubdate", "prism.publicationdate",
    "release_date", "content_create_date", "shareaholic:article_published_time", "vr:published_time", "iso-8601-publish-date", "created",
    "dateposted", "postdate", "article:post_date", "firstpublished", "date_published",
)  # fmt: skip
_SOME_DATE = (
    "date",
    "dc.date",
    "dcterms.date",
    "last-published",
    "timestamp",
)  # of publication here, of the last change there
_MODIFIED = (
    "article:modified_time", "og:article:modified_time", "og:updated_time", "datemodified", "article:updated_time", "updated_time", "dcterms.modified", "dc.date.modified",
    "last-modified", "lastmod", "modified", "utime", "revision_date", "article.updated", "bt:moddate", "last_updated",
)  # fmt: skip
_IN_URL = re.compile(
    r"/(?:\w+[-_])?((?:19|20)\d\d)([/_.-]?)(0[1-9]|1[0-2]|[1-9](?!\d))\2(0[1-9]|[12]\d|3[01]|[1-9])(?=[/_.-]|[a-z]|$)"
)
_MONTH_FIRST = ("us", "ca", "ph")
_PUBLISHED_CLASS = re.compile(
    r"publish|posted|pubdate|entry-date|created|post-?date|article-?date|dateline|timestamp", re.I
)
_MODIFIED_CLASS = re.compile(r"updat|modif", re.I)
_UNCHANGED_CLASS = re.compile(r"\bpublished\b", re.I)  # WordPress: "published updated" where nothing was changed
_ISO_SHAPE = re.compile(r"\d{4}-\d\d-\d\d")
_STATIC = timedelta(
    days=2
)  # a page that was changed later than a day before its capture may be made anew for each reader
_SAME = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Dates:
    """Published and modified as ISO strings, the evidence for each, and whether a claim of the page cannot be true."""

    published: str | None = None
    modified: str | None = None
    evidence: dict[str, dict[str, Any]] = field(default_factory=dict)
    suspect: bool = False


def dates_of(
    head: Head,
    ld: dict[str, Any],
    blocks: list[Block],
    *,
    url: str,
    language: str,
    now: datetime,
    heading: int,
    header: str = "",
    announced: Announced | None = None,
) -> Dates:
    """Find an article's dates. `heading` is the index of the headline's block, -1 if unknown; `header` is Last-Modified.

    What a feed or sitemap `announced` counts where the page itself says nothing, before an address and Last-Modified.
    """
    seeker = _Seeker(now, day_first=not _month_first(language, url))
    published = list(seeker.published(head, ld, blocks, url, heading))
    told = {name: seeker.announced(announced, name) for name in ("published", "modified")}
    if told["published"] and all(source == "url" for source, _ in published):
        published.insert(0, told["published"])
    modified = next(seeker.modified(head, ld), None) or told["modified"] or seeker.served(header)
    evidence: dict[str, dict[str, Any]] = {}
    chosen = None
    if published:
        chosen = _first_told(_agreed(published))
        others = [moment for source, moment in published if source != "text"]
        others += [told["published"][1]] if told["published"] else []
        conflict = any(abs((m.day - chosen[1].day).days) > 1 for m in others)
        if modified and modified[1].day < chosen[1].day:  # nothing is changed before it is published
            conflict = conflict or (modified[0] != "header" and (chosen[1].day - modified[1].day).days > 1)
            modified = None
        evidence["published"] = _evidence(chosen, conflict=conflict)
    if modified:
        late = told["modified"]  # earlier than the page's proves nothing: the page may have changed since
        evidence["modified"] = _evidence(modified, conflict=bool(late and (late[1].day - modified[1].day).days > 1))
    return Dates(
        chosen[1].iso if chosen else None,
        modified[1].iso if modified else None,
        evidence,
        seeker.impossible or (seeker.unread and not chosen),
    )


def _agreed(found: list[tuple[str, Moment]]) -> list[tuple[str, Moment]]:
    """The same with the first date as the others explain it: its day and month in the order that another one shows, its
    clock in the zone of a source that says the same instant in its own zone, or shows its local time."""
    (source, first), others = found[0], [moment for _, moment in found[1:]]
    if first.swapped and not any(m.day == first.day for m in others) and any(m.day == first.swapped for m in others):
        first = first.turned()
    if first.zone in UTC_ZONES and first.precision != "day":
        for other in others:
            same = other.zone and other.zone not in UTC_ZONES and abs(other.instant() - first.instant()) < _SAME
            if (local := other if same else first.in_zone_of(other)) is not first:
                return [(source, local), *found[1:]]
        if seen := _day_elsewhere(first, found[1:]):
            return [seen, *found[1:]]
    return [(source, first), *found[1:]]


def _day_elsewhere(utc: Moment, others: list[tuple[str, Moment]]) -> tuple[str, Moment] | None:
    """The day beside that of an instant in UTC which two of address, elements and shown text name, if none names its own:
    the page's readers saw the instant on that day, in a zone it does not tell. Shown alone it may be a reader's zone."""
    days: dict[str, set[date]] = {}
    for source, moment in others:
        if moment.precision == "day" or moment.instant() != utc.instant():
            days.setdefault("shown" if source in ("time", "text") else source, set()).add(moment.day)
    if any(utc.day in named for named in days.values()):
        return None
    beside = (one for one in others if abs((one[1].day - utc.day).days) == 1)
    return next((one for one in beside if sum(one[1].day in named for named in days.values()) > 1), None)


def _first_told(found: list[tuple[str, Moment]]) -> tuple[str, Moment]:
    """The best source's date, unless the URL names an earlier day: stories are republished, their addresses stay. A
    `time` element that names another day than the URL, earlier or later, is another story's."""
    chosen = _most_precise(found)
    url = next((moment for source, moment in found if source == "url"), None)
    if url is None:
        return chosen
    late = (chosen[1].day - url.day).days
    return ("url", url) if late > 1 or (late < -1 and chosen[0] == "time") else chosen


def _most_precise(found: list[tuple[str, Moment]]) -> tuple[str, Moment]:
    """The first source's date, in the most precise form that any source gives of the same day."""
    _, first = found[0]
    rank = {"day": 0, "minute": 1, "second": 1}
    if first.precision == "day":
        for source, moment in found:
            if moment.day == first.day and rank[moment.precision]:
                return source, moment
    return found[0]


def _evidence(found: tuple[str, Moment], *, conflict: bool) -> dict[str, Any]:
    source, moment = found
    return {"precision": moment.precision, "zone": moment.zone or False, "source": source, "conflict": conflict}


def _month_first(language: str, url: str) -> bool:
    """03/04/2024 is March 4 where the page is American; elsewhere it is April 3."""
    match = re.search(r"^https?://[^/:?#]*\.([a-z]{2,})(?:[:/?#]|$)", url.lower())
    suffix = match[1] if match else ""
    if language.lower() in ("en-us", "en_us") or suffix in _MONTH_FIRST:
        return True
    return language.lower()[:2] in ("en", "") and (len(suffix) > 2 or not suffix) and "-gb" not in language.lower()


class _Seeker:
    def __init__(self, now: datetime, *, day_first: bool) -> None:
        self.latest = now + timedelta(days=1)
        self.day_first = day_first
        self.unread = self.impossible = False  # whether a declared date was no date, or one that cannot be

    def _usable(self, text: str) -> Moment | None:
        """The moment in a declared value; one that cannot be is refused and remembered as suspect."""
        text = text.strip()
        if not text:
            return None
        moment = read_moment(text, day_first=self.day_first)
        if moment is None:
            self.unread = self.unread or any(map(str.isdigit, text))
            self.impossible = self.impossible or bool(_ISO_SHAPE.match(text))
        elif not self._possible(moment):
            self.impossible = True
        else:
            return moment
        return None

    def _possible(self, moment: Moment) -> bool:
        try:
            return moment.day >= EARLIEST and moment.instant() <= self.latest
        except (ValueError, OverflowError):
            return False

    def published(
        self, head: Head, ld: dict[str, Any], blocks: list[Block], url: str, heading: int
    ) -> Iterator[tuple[str, Moment]]:
        for source, text in _declared(head, ld):
            if moment := self._usable(text):
                yield source, moment
        for source, text in (
            *(("time", text) for text in _times(head)),
            *(("meta", text) for text in head.all(*_SOME_DATE)),
        ):
            if moment := self._usable(text):
                yield source, moment
        if (match := _IN_URL.search(url)) and (moment := self._usable(f"{match[1]}-{match[3]}-{match[4]}")):
            yield "url", moment
        for text in datelines(blocks, heading):
            moment = read_moment(text, day_first=self.day_first)
            if moment and self._possible(moment):
                yield "text", moment
                return

    def announced(self, said: Announced | None, name: str) -> tuple[str, Moment] | None:
        """What a feed or sitemap says. It is no claim of the page, so that one that cannot be is no flag for it."""
        text = getattr(said, name, None)
        moment = read_moment(text) if text else None
        return (said.source, moment) if said and moment and self._possible(moment) else None

    def served(self, header: str) -> tuple[str, Moment] | None:
        """Last-Modified, where it says more than that the page was made for this answer."""
        stamp = self._usable(header)
        return ("header", stamp) if stamp and self.latest - stamp.instant() > _STATIC else None

    def modified(self, head: Head, ld: dict[str, Any]) -> Iterator[tuple[str, Moment]]:
        stated = [("json-ld", jsonld.text(ld.get("dateModified")))]
        stated += [("meta", text) for text in head.all(*_MODIFIED)]
        stated += [("meta", text) for name, text in head.props if name == "datemodified"]
        stated += [
            ("time", stamp or text) for stamp, text, prop, kind in head.times if _MODIFIED_CLASS.search(prop + kind)
        ]
        for source, text in stated:
            if moment := self._usable(text):
                yield source, moment


def _declared(head: Head, ld: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key in ("datePublished", "dateCreated", "uploadDate"):
        yield "json-ld", jsonld.text(ld.get(key))
    for name in _PUBLISHED:
        for value in head.meta.get(name, ()):
            yield "meta", value
    for name, value in head.props:
        if name in ("datepublished", "datecreated"):
            yield "meta", value


def _times(head: Head) -> Iterator[str]:
    """`time` elements that are the article's: named for publication first, then the page's first one that has a day."""
    named = [
        time for time in head.times if _PUBLISHED_CLASS.search(time[2] + " " + time[3]) and not _of_change(time[3])
    ]
    plain = [time for time in head.times if not _of_change(time[2] + " " + time[3])]
    for stamp, text, _, _ in (named + plain)[:1]:
        yield stamp if DATE_HINT.search(stamp) else text


def _of_change(named: str) -> bool:
    return bool(_MODIFIED_CLASS.search(named)) and not _UNCHANGED_CLASS.search(named)


def searched(root: html.HtmlElement, url: str, *, now: datetime) -> Dates:
    """A date that htmldate finds anywhere in the page, for pages that declare none: right on 10 of 12 such pages."""
    from htmldate import find_date

    try:
        text = find_date(deepcopy(root), url=url, original_date=True, max_date=now.strftime("%Y-%m-%d"))
    except Exception:  # as the engine: its errors on odd pages are many, and there is no date anyway
        text = None
    moment = read_moment(text) if text else None
    if moment is None or moment.day < EARLIEST or (moment.day.month, moment.day.day) == (1, 1):
        return Dates()  # January 1 is what it makes of a year alone
    return Dates(moment.iso, None, {"published": _evidence(("text", moment), conflict=False)})
