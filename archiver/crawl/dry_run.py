"""Dry run: what a job would do, without asking anybody. In: a project, a spider, settings, URLs. Out: a plan.

Never: a request.

No page, no robots.txt, no feed, no name server and no store is asked, and nothing is made: what is said here follows
from the job alone, and from its ledger where it has one; a ledger on a server is asked for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from archiver.crawl.following import Follower, entry, fp_of, host_depths
from archiver.crawl.options import CrawlOptions
from archiver.crawl.run import settings_of, spider_of
from archiver.errors import BadUrl, FetchFailed, NotArchived
from archiver.fetch import Guard
from archiver.frontier import Line
from archiver.frontier.ledger import Ledger
from archiver.frontier.opening import Place, open_beside, working
from archiver.frontier.places import holder, job_name, state_folder
from archiver.job import KEYS
from archiver.keys import record_prefix
from archiver.model import Seed
from archiver.project import Project
from archiver.urls import authority, canonical, untracked, without_credentials

Look = Callable[[int], Line | None]  # what the ledger has of a URL
ASK, LEAVE, GUIDED = "ask", "leave out", "only if a feed or sitemap names it"
WHY: Mapping[str, str] = {
    "bad_scheme": "neither http nor https",
    "bad_url": "not a URL that can be asked for",
    "too_long": "longer than a URL may be",
    "blocked_address": "the network guard forbids this address or port",
    "off_host": "outside the hosts, domains and prefixes of the job",
    "not_a_page": "its name ends like a picture, a film, an archive …",
    "path_repeats": "the path repeats itself, as in a trap",
    "too_deep": "more links from a seed than the job allows, or a path without end",
    "excluded": "matches a pattern of exclude",
    "not_included": "matches no pattern of include",
    "outside_dates": "the date in its path lies outside the job's window",
    "seeds_only": "this job asks for its seeds and follows nothing",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What the job would do with one URL."""

    url: str  # as given
    asked: str | None  # as it would be asked for; None where it cannot be
    canonical: str | None  # as the job knows it: two with the same are one
    host: str | None  # the unit of politeness
    spider: str | None  # of a seed: site, feed, sitemap or page; None of another URL
    decision: str  # ask | leave out | only if a feed or sitemap names it
    reason: str  # a word of docs/reference/outcomes.md, or ""
    why: str  # the same as a sentence
    known: str | None  # what the ledger has of it: an outcome with its reason, pending, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A job as it would run."""

    job: str
    archive: str
    collection: str
    records: str  # where they would go, as a key
    state: str  # the folder of its ledger, or its server
    has_ledger: bool
    running: str | None
    told: str  # run | pause | stop
    spider: str
    scope: Mapping[str, Any]
    dates: Mapping[str, str | None]
    options: Mapping[str, Mapping[str, Any]]  # by table of the job file: what is in force
    seeds: Sequence[Judged]
    urls: Sequence[Judged]


def plan(
    project: Project, name: str, arguments: Mapping[str, Any], given: Mapping[str, Any], *, urls: Iterable[str] = ()
) -> Plan:
    """Say what `archiver.crawl.run.crawl` would do with the same, and what with each of `urls`. Raises BadInput."""
    settings = settings_of(project, given)
    options = CrawlOptions.from_settings(settings)
    spider = spider_of(project, settings, name)(**arguments)
    follower = spider.follower
    follower.host_depths = host_depths(options)
    entries = [entry(seed)[0] for seed in spider.seeds]
    job = job_name(options.job, uri=options.uri, collection=options.collection, seeds=[one.url for one in entries])
    folder = Path(options.state) if options.state else state_folder(options.uri, job)
    judge = _Judge(options, follower, {one.fp for one in entries}, {seed.spider for seed in spider.seeds})
    place = Place(folder=folder, name=job, frontier=options.frontier)
    try:
        ledger: Ledger | None = open_beside(place)
    except NotArchived:
        ledger = None
    try:
        look: Look = ledger.line if ledger is not None else lambda fp: None
        return Plan(
            job=job, archive=options.uri, collection=options.collection, state=str(place),
            records=f"{record_prefix(options.collection)}<yyyy>/<mm>/<dd>/<hhmmss>-<id>.json",
            has_ledger=ledger is not None, running=working(place, ledger) if ledger is not None else holder(folder),
            told=str(ledger.standing().state) if ledger is not None else "run", spider=name, scope=_scope(follower),
            dates={"since": _iso(follower.window.since), "until": _iso(follower.window.until)},
            options=_in_force(options), seeds=[judge.seed(seed, look) for seed in spider.seeds],
            urls=[judge.link(url, look) for url in urls],
        )  # fmt: skip
    finally:
        if ledger is not None:
            ledger.close()


class _Judge:
    """Says of a URL what the crawl would."""

    def __init__(self, options: CrawlOptions, follower: Follower, seeds: set[int], roles: set[str]) -> None:
        self._follower, self._seeds, self._roles = follower, seeds, roles
        self._guard = Guard(allow_private=options.allow_private, ports=frozenset(options.ports), allow=options.allow)

    def seed(self, seed: Seed, look: Look) -> Judged:
        found, problem = entry(seed)
        reason = problem or self._refused(found.url)
        asked = None if problem else found.url
        return _judged(seed.url, asked, (LEAVE if reason else ASK, reason), look, fp=found.fp, spider=seed.spider)

    def link(self, url: str, look: Look) -> Judged:
        try:
            place = untracked(url)
        except BadUrl as error:
            return _judged(url, None, (LEAVE, error.reason), look)
        fp = fp_of(place)
        verdict = (ASK, None) if fp in self._seeds else self._verdict(url, place)
        if verdict[0] != LEAVE and (refused := self._refused(place)):
            verdict = LEAVE, refused
        return _judged(url, place, verdict, look, fp=fp)

    def _verdict(self, url: str, place: str) -> tuple[str, str | None]:
        if not self._roles & {"site", "feed", "sitemap"}:
            return LEAVE, "seeds_only"
        guided = self._follower.entry_verdict(place, hops=1)
        if "site" not in self._roles:
            return (LEAVE, guided) if guided else (ASK, None)
        linked = self._follower.link_verdict(url, hops=1)
        if linked and not guided:
            return GUIDED, linked
        return (LEAVE, linked) if linked else (ASK, None)

    def _refused(self, url: str) -> str | None:
        try:
            self._guard.check_url(url)
        except FetchFailed as error:
            return error.reason
        return None


def _judged(
    url: str, asked: str | None, verdict: tuple[str, str | None], look: Look, *, fp: int | None = None,
    spider: str | None = None,
) -> Judged:  # fmt: skip
    decision, reason = verdict
    return Judged(
        url=without_credentials(url), asked=asked, canonical=canonical(asked) if asked else None,
        host=authority(asked) if asked else None, spider=spider, decision=decision, reason=reason or "",
        why=WHY.get(reason or "", ""), known=_known(look(fp)) if fp is not None else None,
    )  # fmt: skip


def _known(line: Line | None) -> str | None:
    if line is None:
        return None
    if line.ended_at is None and line.outcome == "deferred":
        return "pending"
    return f"{line.outcome}: {line.reason}" if line.reason else line.outcome


def _scope(follower: Follower) -> dict[str, Any]:
    scope = follower.scope
    return {
        "hosts": scope.hosts, "domains": scope.domains, "prefixes": scope.prefixes, "include": scope.include,
        "exclude": scope.exclude, "depth": scope.max_hops, "follow": follower.follow,
        "guided": follower.guided.hosts + follower.guided.domains or "anywhere",
    }  # fmt: skip


def _in_force(options: CrawlOptions) -> dict[str, dict[str, Any]]:
    known = {one.name for one in fields(CrawlOptions)}
    tables = {
        table: {key: getattr(options, key) for key in keys if key in known}
        for table, keys in KEYS.items()
        if table in ("politeness", "limits", "network", "storage")
    }
    tables["storage"] |= {key: value for key, value in options.store.items() if key in KEYS["storage"]}
    return tables | {"hosts": dict(options.hosts), "": {"recrawl": options.recrawl, "workers": options.worker_count}}


def _iso(moment: Any) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment is not None else None
