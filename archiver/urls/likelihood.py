"""How much a URL looks like an article's. In: a URL. Out: a score from 0 to 1. Never: I/O, a verdict.

It orders the frontier. A wrong score costs a place in the queue and nothing else: what a page is, its bytes decide.
"""

from __future__ import annotations

import re

from archiver.errors import BadUrl
from archiver.urls.parsing import Parts, split

_DATE = re.compile(r"/(?:19|20)\d\d[/_-]?(?:[01]?\d|[a-z]{3})(?:[/_-]?[0-3]?\d)?(?=[/_-])|/(?:19|20)\d{6}(?=[/_-])")
_LONG_NUMBER = re.compile(r"(?<![0-9])\d{5,12}(?![0-9])")
_HEX_ID = re.compile(r"[-_/][0-9a-f]{12,40}(?:\.html?)?\Z")
_MIXED_ID = re.compile(r"(?=[a-z]*[0-9])(?=[0-9]*[a-z])[0-9a-z]{10,40}(?:\.html?)?\Z")
_ARTICLE_SEGMENTS = frozenset(str.split("article articles artikel story stories artigo articulo news-story"))
_PAGE_FILE = re.compile(r"\.(?:html?|shtml|ece|aspx?|php|cms|story)\Z")
_INDEX_SEGMENTS = frozenset(
    str.split(
        """
        tag tags topic topics thema themen category categories kategorie rubrique rubrik section sections author authors
        autor autoren auteur search suche recherche archive archives archiv page seite login register account subscribe
        abo newsletter contact kontakt about impressum privacy datenschutz terms agb jobs shop video videos live podcast
        podcasts gallery galleries feed rss sitemap wp-login wp-admin comments print
        """
    )
)
_ID_PARAMETERS = re.compile(
    r"(?:^|&)(?:id|p|article|articleid|story|storyid|newsid|nid|aid|idxno|docid|oid)=\w*\d", re.IGNORECASE
)


def article_likelihood(url: str) -> float:
    """Return from 0 (an index, a service page) to 1 (an article, as far as an address can tell). A bad URL scores 0."""
    try:
        parts = split(url)
    except BadUrl:
        return 0.0
    path = parts.path.lower()
    segments = [segment for segment in path.split("/") if segment]
    if not segments and not parts.query:
        return 0.05
    return round(min(1.0, max(0.0, _score(parts, path, segments))), 2)


def looks_like_article(url: str) -> bool:
    """Whether the address alone makes `url` more likely an article than not."""
    return article_likelihood(url) >= 0.5


def looks_like_index(url: str) -> bool:
    """Whether the address alone makes `url` a page that lists others: `/`, `/sport/`, `/tag/x`, `/page/2/`."""
    return article_likelihood(url) <= 0.2


def _score(parts: Parts, path: str, segments: list[str]) -> float:
    last = segments[-1] if segments else ""
    score = 0.25 + 0.05 * min(len(segments), 3)
    score += 0.3 * bool(_DATE.search(path)) + 0.2 * bool(_PAGE_FILE.search(last))
    score += 0.25 * bool(
        _LONG_NUMBER.search(last) or _HEX_ID.search(last) or _MIXED_ID.match(last) or _ID_PARAMETERS.search(parts.query)
    )
    score += 0.3 * min(_words(last) / 3, 1) if _words(last) >= 2 else 0
    score += 0.15 * bool(_ARTICLE_SEGMENTS.intersection(segments[:-1]))
    score -= 0.2 * (len(segments) == 1 and _words(last) < 2)
    score -= 0.1 * path.endswith("/")
    score -= 0.4 * bool(_INDEX_SEGMENTS.intersection(segments[:-1] if _words(last) >= 4 else segments))
    return score - 0.2 * bool(last.isdigit() and len(last) < 5)


def _words(segment: str) -> int:
    """Words of a slug: `storm-hits-coast-1234.html` has three. Scripts without ASCII count by their escapes' length."""
    if "%" in segment:
        return len(segment) // 30 + segment.count("-")
    stem = _PAGE_FILE.sub("", segment)
    return sum(word.isalpha() for word in re.split("[-_+]", stem))
