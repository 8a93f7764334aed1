"""Follower: which links become URLs of the job. In: links. Out: Found, and counts of the rest. Never: I/O."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from archiver.crawl.window import Window
from archiver.discovery import announced_at
from archiver.extraction.requisites import REQUISITE
from archiver.frontier import Found, Lease
from archiver.model import Announced, Seed
from archiver.urls import (
    BadUrl,
    Scope,
    article_likelihood,
    authority,
    canonical,
    clean,
    is_twin,
    turns_page,
    untracked,
    without_credentials,
)

if TYPE_CHECKING:
    from archiver.crawl.options import CrawlOptions

SEED_PRIO, GUIDE_PRIO, PART_PRIO, REQUISITE_PRIO = 1000, 500, 400, 300
TWIN_LATER = 200
KNOWN_LINKS = 50_000  # what every page of a site repeats fits in easily; more would only cost memory
MAX_SITEMAP_DEPTH = 3
MAX_OLDER = 50  # older pages of feeds, of one host in one run
LISTS = ("feed", "older", "sitemap")


def fp_of(url: str) -> int:
    """The frontier's name for a URL. Raises BadUrl."""
    return _fp(canonical(url))


def _fp(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:8], "big", signed=True)


def entry(seed: Seed) -> tuple[Found, str | None]:
    """A seed as the ledger takes it, and why it cannot be asked for, if so: nothing is dropped silently."""
    try:
        url = clean(seed.url)
    except BadUrl as error:
        shown = without_credentials(seed.url)  # it goes into logs
        found = Found(fp=_fp(seed.url), url=shown, host="-", role=seed.spider, prio=SEED_PRIO, seed=True)
        return found, error.reason
    return Found(fp=fp_of(url), url=url, host=authority(url), role=seed.spider, prio=SEED_PRIO, seed=True), None


def host_depths(options: CrawlOptions) -> dict[str, int]:
    """How many links are followed from a seed at hosts that the job treats apart."""
    return {host: int(own["depth"]) for host, own in options.hosts.items() if "depth" in own}


def _prio(url: str) -> int:
    """Likely articles first; an AMP or mobile edition after the page it copies, so that the copy names the original."""
    return int(100 * article_likelihood(url)) - (TWIN_LATER if is_twin(url) else 0)


@dataclass(slots=True)
class Follower:
    """Sorts links by scope. `dropped` counts what stayed out since it was last taken, by reason."""

    scope: Scope = field(default_factory=Scope)
    guided: Scope = field(default_factory=Scope)  # where feeds and sitemaps may lie, and their entries lead
    follow: bool = False  # whether a site is crawled, or only what feeds and sitemaps name
    window: Window = field(default_factory=Window)
    host_depths: Mapping[str, int] = field(default_factory=dict)  # links from a seed
    _known: set[str] = field(default_factory=set)
    _dropped: Counter[str] = field(default_factory=Counter)
    _older: Counter[str] = field(default_factory=Counter)

    @property
    def rules(self) -> str:
        """What decides which links are followed, as a digest."""
        text = repr((self.scope, self.guided, self.follow, self.window, self.host_depths))
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    def take_dropped(self) -> dict[str, int]:
        """Return the counts by reason and begin anew."""
        dropped, self._dropped = dict(self._dropped), Counter()
        return dropped

    def drop(self, reason: str, n: int = 1) -> None:
        """Count links that were left out for a reason of the caller's."""
        if n:
            self._dropped[reason] += n

    def links(self, links: Iterable[tuple[str, str]], lease: Lease) -> list[Found]:
        """Links of a page, each as (URL to ask for, clean; canonical form).

        The next page of a list that names something new is no deeper than the list: an archive of 100 pages is whole.
        """
        here, found = canonical(lease.url), list[Found]()
        site = here[: here.index("/", here.index("//") + 2)]
        turned = []
        for url, name in links:
            if name in self._known:
                continue
            if self.scope.is_elsewhere(url.partition("://")[2].partition("/")[0]):  # a third of all links
                self._dropped["off_host"] += 1
            elif name.startswith(site) and turns_page(here, name):
                turned.append((url, name))
            elif (one := self._linked(url, name, lease, lease.hops + 1)) is not None:
                found.append(one)
        hops = lease.hops if found else lease.hops + 1
        onward = [self._linked(url, name, lease, hops) for url, name in turned]
        return found + [one for one in onward if one is not None]

    def _linked(self, url: str, name: str, lease: Lease, hops: int) -> Found | None:
        if reason := self.link_verdict(url, hops=hops):
            self._dropped[reason] += 1
            return None
        self._remember(name)
        place = untracked(url)
        prio = _prio(place) - 10 * hops
        return Found(fp=_fp(name), url=place, host=authority(url), role="site", prio=prio, via=lease.fp, hops=hops)

    def link_verdict(self, url: str, *, hops: int) -> str | None:
        """Why a page's link is not followed, as one word; None where it is."""
        reason = self.scope.verdict(url, hops=hops) or self._too_deep(url, hops)
        return reason or ("outside_dates" if self.window.excludes(url) else None)

    def entry_verdict(self, url: str, *, hops: int) -> str | None:
        """Why what a feed or sitemap names, without a date, is not asked for, as one word; None where it is."""
        reason = self.guided.verdict(url, hops=hops) or self._too_deep(url, hops)
        return reason or ("outside_dates" if self.window.excludes(url) else None)

    def _too_deep(self, url: str, hops: int) -> str | None:
        if self.host_depths and hops > self.host_depths.get(authority(url), hops):
            return "too_deep"
        return None

    def entries(self, entries: Iterable[tuple[str, Announced | None]], lease: Lease) -> list[Found]:
        """Entries of a feed or sitemap, each with what is said of its dates: pages to keep, in a site's crawl to follow
        as well.
        """
        found, role = [], "site" if self.follow else "page"
        for url, said in entries:
            at, is_published = announced_at(said)
            if self.window.excludes(url, at, is_published=is_published):
                self._dropped["outside_dates"] += 1
            elif (one := self._one(url, lease, role, lease.hops + 1)) is not None:
                found.append(replace(one, announced=said))
        return found

    def guides(self, urls: Iterable[str], role: str, lease: Lease) -> list[Found]:
        """Feeds and sitemaps to read, each once."""
        hops = lease.hops + (1 if lease.role == role == "sitemap" else 0)
        if role == "sitemap" and hops > MAX_SITEMAP_DEPTH:
            self.drop("too_deep", len(list(urls)))
            return []
        found = (self._one(url, lease, role, hops) for url in urls)
        return [one for one in found if one is not None]

    def older(self, url: str | None, lease: Lease) -> list[Found]:
        """The page of a feed that follows this one (RFC 5005, JSON Feed), on the same host; `MAX_OLDER` of a host."""
        if url is None:
            return []
        if self._older[lease.host] >= MAX_OLDER:
            self.drop("too_deep")
            return []
        found = self._one(url, lease, "older", lease.hops)
        if found is None or found.host != lease.host:
            self.drop("off_host", int(found is not None))
            return []
        self._older[lease.host] += 1
        return [found]

    def part(self, url: str, lease: Lease) -> list[Found]:
        """The page on which an article goes on: as deep as the article, whatever else is followed."""
        found = self._one(url, lease, lease.role, lease.hops)
        return [replace(found, prio=PART_PRIO)] if found else []

    def _one(self, url: str, lease: Lease, role: str, hops: int) -> Found | None:
        try:
            place = untracked(url)
        except BadUrl as error:
            self._dropped[error.reason] += 1
            return None
        is_guide = role in LISTS
        reason = self.guided.verdict(place, hops=hops) or (None if is_guide else self._too_deep(place, hops))
        if reason and not (is_guide and reason == "not_a_page"):
            self._dropped[reason] += 1
            return None
        prio = GUIDE_PRIO if is_guide else _prio(place)
        return Found(fp=fp_of(place), url=place, host=authority(place), role=role, prio=prio, via=lease.fp, hops=hops)

    def requisites(self, urls: Iterable[str], lease: Lease) -> list[Found]:
        """Stylesheets and pictures of a page, from any host: soon, so that they are what the page was served with."""
        found = []
        for url in urls:
            try:
                name = canonical(url)
                if name not in self._known:
                    self._remember(name)
                    one = Found(fp=_fp(name), url=clean(url), host=authority(url), role=REQUISITE, prio=REQUISITE_PRIO)
                    found.append(replace(one, via=lease.fp, hops=lease.hops))
            except BadUrl as error:
                self._dropped[error.reason] += 1
        return found

    def _remember(self, name: str) -> None:
        if len(self._known) >= KNOWN_LINKS:
            self._known.clear()
        self._known.add(name)
