"""Schedule: when a URL is asked for again. In: what was known and what came. Out: seconds. Never: I/O.

never       articles are settled; what leads to articles (seeds, feeds, sitemaps, index pages) is due at each round
always      everything is due at each round
adaptive    pages 1 hour, 1 day and 7 days after their first capture, then weekly while they change; feeds and
            sitemaps by their own rhythm; index pages and other seeds at each round
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, replace

from archiver.crawl.answers import may_pass
from archiver.frontier import Known, Outcome
from archiver.model import Capture, Record, Verdict

POLICIES = ("never", "always", "adaptive")
HOUR, DAY = 3600.0, 86400.0
CHECKS = (HOUR, DAY - HOUR, 7 * DAY - DAY)  # between the visits to a page: 1 hour, 1 day, 7 days after the first
WEEKLY = 7 * DAY
SOONEST, LATEST = 300.0, DAY  # between two polls of a feed
WANTED_NEW = 0.25  # of a feed's items at each poll: a burst of four times the usual is still seen whole
CHANCES = (HOUR, 4 * HOUR, 16 * HOUR, 64 * HOUR)  # after a failure that may pass
MOST_ITEMS = 500  # of a feed, remembered; two polls overlap in its newest items if at all
CUT_SHORT = frozenset(
    {"truncated", "cut", "decode_error", "length_conflict", "content_length_invalid", "no_content_length"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """What the ledger notes for the next visit: what is known by now, and in how many seconds it is due."""

    known: Known | None = None  # None: what was known stays
    again: float | None = None  # None: not before somebody asks for everything
    gap: bool = False  # of a feed: it shares no item with its last poll


def after_page(policy: str, record: Record, *, seed: bool, outcome: str, reason: str, before: Known | None) -> Next:
    """After a page's `record` was kept."""
    known = _known_of(record, before)
    if known is None:
        return after_failure(policy, reason, seed=seed, before=before)
    if policy == "always" or known.verdict == Verdict.INDEX or (policy == "never" and seed):
        return Next(known=known, again=0.0)
    if policy == "never":
        return Next(known=known)
    if known.checks < len(CHECKS):
        return Next(known=known, again=CHECKS[known.checks])
    changed = outcome != Outcome.UNCHANGED and (before is None or known.text != before.text)
    return Next(known=known, again=WEEKLY if changed else None)


def after_failure(policy: str, reason: str, *, seed: bool, before: Known | None, passing: bool = False) -> Next:
    """After a URL had no good answer. One that failed for a reason that may pass (or where the caller says so) has a
    few more chances in later rounds: a site that is down for an hour must not cost its articles of that hour.
    """
    fails = before.fails if before else 0
    known = replace(before or Known(verdict=Verdict.ERROR), fails=fails + 1)
    if policy == "always" or seed:
        return Next(known=known, again=0.0)
    if passing or may_pass(reason):
        return Next(known=known, again=CHANCES[fails] if fails < len(CHANCES) else None)
    return Next(known=known, again=DAY if policy == "adaptive" and known.record and fails < len(CHANCES) else None)


def _known_of(record: Record, before: Known | None) -> Known | None:
    """What `record` leaves for the next visit; None for an answer that is no version of the page."""
    capture, checks = record.capture, before.checks + 1 if before and before.record else 0
    if before is not None and record.verdict is Verdict.UNCHANGED:
        return replace(before, checks=checks, fails=0)
    if capture.status is None or not 200 <= capture.status < 300:
        return None
    etag, modified = _validators(capture)
    return Known(
        verdict=record.verdict, record=record.repeats or record.id, text=_text(record), checks=checks, etag=etag,
        last_modified=modified,
    )  # fmt: skip


def _validators(capture: Capture) -> tuple[str | None, str | None]:
    """ETag and Last-Modified of an answer that came whole, from the very URL that will be asked again."""
    if capture.redirects or CUT_SHORT.intersection(capture.flags):
        return None, None  # a 304 would confirm what we do not have
    headers = {name.lower(): value for name, value in reversed(capture.headers)}
    return headers.get("etag"), headers.get("last-modified")


def _text(record: Record) -> str | None:
    if record.article is None or not record.article.text:
        return None
    seen = "\n".join((record.article.title or "", record.article.text))
    return hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()[:16]


def after_poll(policy: str, role: str, items: Collection[int], capture: Capture, before: Known | None) -> Next:
    """After a feed or sitemap was read: its items (fp, newest first) are compared with those of the last poll.

    Two polls that share no item are a gap: what stood between them was never seen. The next poll then comes four times
    as soon; otherwise so soon that about a quarter of the items will be new.
    """
    latest = tuple(items)[:MOST_ITEMS]
    old = set(before.items) if before else set()
    new = len([item for item in latest if item not in old])
    gap = role == "feed" and bool(old and latest) and new == len(latest)
    every = (before.every if before else None) or HOUR
    if old and latest:
        factor = WANTED_NEW * len(latest) / max(new, 0.5)
        every *= 0.25 if gap else min(2.0, max(0.5, factor))
    every = min(LATEST, max(SOONEST, every))
    etag, modified = _validators(capture)
    known = Known(
        verdict=role, checks=before.checks + 1 if before else 0, every=every,
        items=latest or (before.items if before else ()), etag=etag, last_modified=modified,
    )  # fmt: skip
    if role == "older" and policy != "always":  # it only moves on what was seen already
        return Next(known=known)
    return Next(known=known, again=every if policy == "adaptive" else 0.0, gap=gap)


def after_unchanged_poll(policy: str, before: Known) -> Next:
    """After a feed or sitemap said 304: nothing new, so there is time."""
    every = min(LATEST, 2 * (before.every or HOUR))
    known = replace(before, checks=before.checks + 1, every=every, fails=0)
    return Next(known=known, again=every if policy == "adaptive" else 0.0)
