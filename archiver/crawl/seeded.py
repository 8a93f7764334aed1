"""SeededSpider: spider arguments, typed and checked. In: strings. Out: seeds and scope. Never: fetching."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from archiver.crawl.following import Follower
from archiver.crawl.spider import ArticleSpider
from archiver.crawl.window import Window
from archiver.errors import BadInput, BadUrl
from archiver.model import Seed
from archiver.timestamps import span
from archiver.urls import Scope


class SeededSpider(ArticleSpider):
    """A spider that is told where to start and how far to go.

    url           where to start; several are separated by white space
    file          a file with one URL a line, `#` begins a comment; `-` reads stdin
    hosts         hosts in scope besides the seeds' own
    domains       domains in scope, with everything under them
    prefixes      only what lies under these, `host/path/`
    include       globs of which one must match
    exclude       globs of which none may match
    narrow        true: stay under each seed's folder
    anywhere      true: items of feeds and sitemaps may lie on any host
    since, until  1-14 digits or an ISO date; what says before it is fetched that it was published outside is left out
    depth         links to follow from a seed
    """

    role: ClassVar[str] = "page"

    def __init__(self, *args: Any, seeds: Iterable[Seed] = (), **kwargs: Any) -> None:
        given = _arguments(str(self.name), kwargs)
        starts = [*given["url"], *_lines(given["file"])]
        seeds = (*seeds, *(Seed(url=one, spider=self.role) for one in starts))
        if not seeds:
            raise BadInput(f"spider {self.name}", "give it a place to start: -a url=https://… or -a file=urls.txt")
        super().__init__(*args, seeds=seeds, follower=_follower(seeds, given))
        self.arguments = {  # as a job file says them
            name: value if name in ("since", "until") else given[name]
            for name, value in kwargs.items()
            if name not in ("url", "file") and value is not None and value is not False and value not in ("", (), [])
        }


def _words(value: Any) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else tuple(value)


def _true(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "on")


ARGUMENTS: Mapping[str, tuple[Any, Callable[[Any], Any]]] = {
    "url": ((), _words),
    "file": ("", str),
    "hosts": ((), _words),
    "domains": ((), _words),
    "prefixes": ((), _words),
    "include": ((), _words),
    "exclude": ((), _words),
    "narrow": (False, _true),
    "anywhere": (False, _true),
    "since": (None, lambda text: span(text)[0]),
    "until": (None, lambda text: span(text)[1]),
    "depth": (20, int),
}


def _arguments(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument with its type. Raises BadInput for one that is unknown or cannot be read."""
    if unknown := sorted(set(given) - set(ARGUMENTS)):
        raise BadInput(f"spider argument {unknown[0]!r}", f"{name} takes {', '.join(ARGUMENTS)}")
    values: dict[str, Any] = {}
    for argument, (default, read) in ARGUMENTS.items():
        value = given.get(argument)
        try:
            values[argument] = default if value is None else read(value)
        except ValueError as error:
            raise BadInput(f"spider argument {argument}={value!r}", str(error)) from error
    return values


def _follower(seeds: Iterable[Seed], given: Mapping[str, Any]) -> Follower:
    """The scope for links, and the wider one for feeds, sitemaps and what they name."""
    places = [seed.url for seed in seeds if _usable(seed.url)]  # the others end in the ledger with their reason
    patterns = {"include": given["include"], "exclude": given["exclude"], "max_hops": given["depth"]}
    own, wide = Scope.around(places, narrow=given["narrow"]), Scope.around(places)
    more = {"domains": given["domains"], "prefixes": (*own.prefixes, *given["prefixes"])}
    hosts = () if more["prefixes"] else (*own.hosts, *given["hosts"])
    scope = Scope(hosts=hosts, **more, **patterns)
    guided = Scope(hosts=(*wide.hosts, *given["hosts"]), domains=given["domains"], **patterns)
    return Follower(
        scope=scope,
        guided=Scope(**patterns) if given["anywhere"] else guided,
        follow=any(seed.spider == "site" for seed in seeds),
        window=Window(given["since"], given["until"]),
    )


def _usable(url: str) -> bool:
    try:
        Scope.around([url])
    except BadUrl:
        return False
    return True


def _lines(file: str) -> list[str]:
    if not file:
        return []
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise BadInput(file, f"cannot be read ({error.strerror})") from error
    return [line.split(" #")[0].strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
