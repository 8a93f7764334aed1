"""The values a page passes through, from seed to snapshot. In: facts. Out: frozen values. Never: I/O.

    Seed → Capture → Reading → Record (+ body = Snapshot)

Times are aware UTC, sizes bytes, durations seconds, digests hex unless the name says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

Headers = tuple[tuple[str, str], ...]  # as received: order, case and repetitions kept; bytes read as latin-1


class Verdict(StrEnum):
    """What a capture turned out to be. Only `ARTICLE` counts as an archived article."""

    ARTICLE = "article"
    INDEX = "index"  # a page whose purpose is to link to others
    PAYWALL = "paywall"  # nothing but the wall; a readable teaser is an ARTICLE with the flag `paywalled`
    CONSENT = "consent"
    BOT_WALL = "bot_wall"
    SOFT_404 = "soft_404"
    NEEDS_JS = "needs_js"
    NOT_HTML = "not_html"
    EMPTY = "empty"
    PART = "part"  # a further page of an article; the record in `part_of` holds the words of all
    UNCHANGED = "unchanged"  # the server said 304: still what the record in `repeats` keeps
    TAKEN_DOWN = "taken_down"  # its content was deleted; the record is a tombstone, and says why
    ERROR = "error"  # no usable answer: the status is an error, or there is none and `failure` says why


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Where a crawl starts: a URL and the spider that knows how to read it."""

    url: str
    spider: str = "site"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What we sent: the request line's parts and the headers, in order. Secrets are left out before it gets here."""

    method: str = "GET"
    target: str = "/"
    http_version: str = "HTTP/1.1"
    headers: Headers = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One redirect answer on the way to a capture."""

    url: str
    status: int
    reason: str = ""
    headers: Headers = ()
    location: str = ""
    at: datetime
    peer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What the TLS handshake showed. `verified` is false where the job allows a broken certificate."""

    version: str
    cipher: str
    verified: bool
    subject: str = ""
    issuer: str = ""
    not_after: str = ""
    sha256: str = ""  # of the server's certificate in DER form


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why there is no answer: `reason` is a documented word (`timeout`, `dns_error` …), `detail` a sentence."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """One thing that a site says about the use of what it serves: a fact to keep, never a reason to hide a capture."""

    name: str  # in lower case: `robots`, `noarchive`, `tdm-reservation`, `license` …
    value: str | None = None  # as the site wrote it; None where the name says it all
    to: str | None = None  # the agent it is addressed to; None: everybody
    where: str  # robots.txt | header | meta | link | json_ld


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """When a page was published and changed by the feed or sitemap that named it: ISO 8601, as precise as it says."""

    source: str  # feed | sitemap
    published: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """How long a host's articles were before: words in the middle, and where the shortest twentieth ends."""

    articles: int  # that were looked at, the latest ones
    words: int
    few: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """One response at one time, as served. The body is what Content-Encoding leaves (RFC 9110, 8.4).

    A failed request is a capture too: `status` is None and `failure` says why.
    """

    url: str  # the URL that answered
    requested_url: str = ""  # the URL first asked for; the same unless redirected
    captured_at: datetime  # aware, UTC: when the request was sent
    status: int | None = 200
    reason: str = ""  # the words behind the status
    http_version: str = "HTTP/1.1"
    headers: Headers = ()
    body: bytes = field(default=b"", repr=False)  # Scrapy logs items; a page must not land in the log
    request: Request = Request()
    redirects: tuple[Hop, ...] = ()
    first_byte_seconds: float | None = None
    total_seconds: float | None = None
    peer: str | None = None  # "address:port" that answered
    tls: Tls | None = None
    via: str | None = None  # the page, feed or sitemap that named this URL
    hops: int = 0  # links followed from the seed
    discovery: str = "urls"  # the spider that found it
    announced: Announced | None = None  # what a feed or sitemap said of the page's dates
    usual: Usual | None = None  # how long its host's articles were before; None where too few were kept
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    robots: str | None = None  # the robots.txt verdict, in words
    rights: tuple[Right, ...] = ()  # from robots.txt and, in a record, from headers and page too

    @property
    def content_type(self) -> str | None:
        """The first Content-Type header, or None."""
        return next((value for name, value in self.headers if name.lower() == "content-type"), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One outgoing link of a page, made absolute."""

    url: str
    text: str = ""
    rel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One dated entry of a live blog, as the page shows it."""

    time: str | None = None  # ISO 8601, as precise as the page; None where it shows a clock without a day, or no time
    precision: str | None = None  # day | minute | second
    zone: str | None = None
    source: str | None = None  # time | json-ld | text
    shown: str = ""  # the time in the page's own words
    heading: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """What a page says. Dates are ISO 8601 and exactly as precise as the page; None means absent."""

    title: str | None = None
    authors: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    dates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # per date: precision, zone, source, conflict
    language: str | None = None
    text: str = ""
    markdown: str = ""
    site_name: str | None = None
    description: str | None = None
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str | None = None
    images: tuple[str, ...] = ()
    canonical: str | None = None  # what the page claims; never trusted over the fetched URL
    organisations: tuple[str, ...] = ()  # authors that are not people
    updates: tuple[Update, ...] = ()  # a live blog's entries, in the page's order
    json_ld: tuple[Any, ...] = ()  # as found
    extra: Mapping[str, Any] = field(default_factory=dict)  # simhash, paywall signal, next page, wire …


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was read from a capture's bytes: the article, its links and a verdict, from one parse."""

    verdict: Verdict
    article: Article | None = None
    links: tuple[Link, ...] = ()
    more_links: int = 0  # elements that link somewhere, beyond the 6,000 links that are read
    evidence: tuple[str, ...] = ()  # what the verdict rests on
    flags: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()  # what the page itself says; its headers are read when a record is made
    feeds: tuple[str, ...] = ()  # feeds that the page announces
    charset: str | None = None
    media_type: str | None = None  # as sniffed
    engine: str = ""
    version: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None  # why there is no article, when there should be one


@dataclass(frozen=True, slots=True, kw_only=True)
class Html:
    """Where the body is kept and how to prove it is the one that was served."""

    key: str
    sha256: str
    sha1: str  # base32, as WARC and Common Crawl write it
    size: int  # of the body, before our gzip
    media_type: str | None = None
    charset: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Takedown:
    """Why a snapshot's content was deleted, and what proves which records it was in."""

    reason: str
    at: datetime  # aware, UTC
    records: Mapping[str, str] = field(default_factory=dict)  # generation → sha256 of the record that was deleted


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One capture of those that an article of several pages is joined from."""

    id: str
    url: str
    record: str  # key of its first generation


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """The JSON about one capture: everything a WARC needs and everything a reader needs, without the body."""

    id: str
    capture: Capture  # with an empty body
    verdict: Verdict
    crawl: str
    collection: str
    html: Html | None = None
    article: Article | None = None
    extraction: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    repeats: str | None = None  # id of an earlier record with the same body
    parts: tuple[Part, ...] = ()  # the captures whose pages the article is joined from, this one first
    part_of: str | None = None  # id of the record that holds the article whose further page this is
    takedown: Takedown | None = None  # a tombstone: no article, and its body is deleted or kept for others only
    generation: int = 1  # how often the capture was read: 2 and up are readings of the archived body
    schema: int = 1

    @property
    def url(self) -> str:
        """The URL that answered; the snapshot's name."""
        return self.capture.url

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the site says about the use of the capture: robots.txt, headers, page."""
        return self.capture.rights

    @property
    def captured_at(self) -> datetime:
        """When the request was sent; aware, UTC."""
        return self.capture.captured_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A record and its body. `body` is None where the capture has none, or where it was not asked for."""

    record: Record
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """One finding of a fixity audit: which object, what is wrong, in words."""

    key: str
    problem: str  # missing | altered | truncated | unreadable | unreferenced | not_a_record
    detail: str = ""
