"""Scope: which URLs a crawl job may visit. In: a job's rules, a URL. Out: None or a reason. Never: I/O, user regexes.

Patterns are globs (`*`, `?`, `[abc]`), matched without backtracking in time linear in the URL for each star; a regular
expression from a job file could hang the crawl on one hostile link, so none is accepted.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate
from functools import lru_cache

from archiver.errors import BadInput, BadUrl
from archiver.urls.identity import canonical_parts
from archiver.urls.parsing import Parts, split

MAX_PATTERN = 500  # characters
_MAX_STARS = 20
_MAX_SEGMENTS = 24  # deeper paths than that are generated
_MAX_REPEATS = 2  # of one path pattern in a row (Heritrix's PathologicalPathDecideRule has the same default)
_MAX_SAME_SEGMENT = 4  # anywhere in a path
_EXTENSION = re.compile(r"\.([a-z0-9]{1,7})\Z")
_NOT_PAGES = frozenset(
    str.split(
        """
        jpg jpeg jpe jfif png gif webp avif svg svgz ico bmp tif tiff heic psd eps css js mjs json jsonp xml rss atom
        rdf woff woff2 ttf otf eot wasm mp3 m4a aac ogg oga opus wav flac wma mp4 m4v mov avi wmv webm mkv mpg mpeg flv
        swf 3gp m3u8 m3u mpd vtt srt pdf epub mobi doc docx xls xlsx ppt pptx odt ods odp rtf csv tsv ics vcf txt zip gz
        tgz bz2 xz zst 7z rar tar jar apk exe dmg iso msi deb rpm torrent warc wacz
        """
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The rules. A URL must lie in one of `hosts`, `domains` or `prefixes` (all empty = anywhere), match one of
    `include` (if any) and none of `exclude`.

    A port counts: `example.com` means the scheme's own port, `example.com:8080` that one.
    """

    hosts: tuple[str, ...] = ()  # exactly these, "host" or "host:port"
    domains: tuple[str, ...] = ()  # these and everything under them
    prefixes: tuple[str, ...] = ()  # "host/path/" without scheme
    include: tuple[str, ...] = ()  # globs over the canonical URL, or over path and query if they start with "/"
    exclude: tuple[str, ...] = ()
    max_hops: int = 20  # links followed from a seed

    def __post_init__(self) -> None:
        for pattern in self.include + self.exclude:
            if len(pattern) > MAX_PATTERN or pattern.count("*") > _MAX_STARS:
                raise BadInput(pattern[:80], f"a pattern may have {MAX_PATTERN} characters and {_MAX_STARS} stars")

    @classmethod
    def around(
        cls,
        seed_urls: Iterable[str],
        *,
        narrow: bool = False,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        max_hops: int = 20,
    ) -> Scope:
        """Return the scope that seeds imply: their hosts, with and without `www.`.

        With `narrow`, only what lies under each seed's folder: `https://example.com/sport/` stays within `/sport/`.
        Raises BadUrl.
        """
        parts = [canonical_parts(split(url)) for url in seed_urls]
        if narrow:
            places = tuple(dict.fromkeys(place for part in parts for place in _folders(part)))
            return cls(prefixes=places, include=tuple(include), exclude=tuple(exclude), max_hops=max_hops)
        hosts = tuple(dict.fromkeys(name for part in parts for name in _with_and_without_www(part.authority)))
        return cls(hosts=hosts, include=tuple(include), exclude=tuple(exclude), max_hops=max_hops)

    def verdict(self, url: str, *, hops: int = 0) -> str | None:
        """Return None where `url` is in scope, or why it is not, as one word.

        `bad_scheme`, `bad_url`, `too_long`, `off_host`, `not_a_page`, `path_repeats`, `too_deep`, `excluded`,
        `not_included`; the first that applies, in this order.
        """
        try:
            parts = split(url)
            if self.is_elsewhere(parts.authority):
                return "off_host"
            parts = canonical_parts(parts)
        except BadUrl as error:
            return error.reason
        if not self._covers(parts):
            return "off_host"
        return _shape(parts) or ("too_deep" if hops > self.max_hops else None) or self._patterns(parts)

    def is_elsewhere(self, authority: str) -> bool:
        """Whether the host, and port, alone says that it is not covered, as it does for nearly all such links."""
        return bool(self.hosts) and not (self.domains or self.prefixes) and authority not in self.hosts

    def _covers(self, parts: Parts) -> bool:
        if not (self.hosts or self.domains or self.prefixes):
            return True
        place = parts.authority
        return (
            place in self.hosts
            or any(place == domain or place.endswith("." + domain) for domain in self.domains)
            or any((place + parts.path).startswith(prefix) for prefix in self.prefixes)
        )

    def _patterns(self, parts: Parts) -> str | None:
        if any(_matches(pattern, parts) for pattern in self.exclude):
            return "excluded"
        if self.include and not any(_matches(pattern, parts) for pattern in self.include):
            return "not_included"
        return None


def _with_and_without_www(authority: str) -> tuple[str, str]:
    bare = authority.removeprefix("www.")
    return bare, "www." + bare


def _folders(parts: Parts) -> tuple[str, ...]:
    folder = parts.path[: parts.path.rindex("/") + 1]
    return tuple(name + folder for name in _with_and_without_www(parts.authority))


def _shape(parts: Parts) -> str | None:
    """Judge the path alone: a file that is no page, a trap that grows by repeating itself, a folder without end."""
    segments = [segment for segment in parts.path.split("/") if segment]
    if segments and (match := _EXTENSION.search(segments[-1].lower())) and match[1] in _NOT_PAGES:
        return "not_a_page"
    if path_repeats(segments):
        return "path_repeats"
    return "too_deep" if len(segments) > _MAX_SEGMENTS else None


def path_repeats(segments: list[str]) -> bool:
    """Whether a run of one to three segments comes more than twice in a row, or one segment more than four times."""
    if len(segments) <= _MAX_REPEATS:
        return False
    if max(Counter(segments).values()) > _MAX_SAME_SEGMENT:
        return True
    for width in (1, 2, 3):
        same = 0  # segments in a row that equal the one `width` before them
        for index in range(width, len(segments)):
            same = same + 1 if segments[index] == segments[index - width] else 0
            if same >= width * _MAX_REPEATS:
                return True
    return False


def _matches(pattern: str, parts: Parts) -> bool:
    text = str(parts)
    if pattern.startswith("/"):
        text = text[len(parts.scheme) + len("://") + len(parts.authority) :]
    return _glob(pattern).match(text) is not None


@lru_cache(maxsize=512)
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(translate(pattern))
