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

from archiver.frontier import Known, Outcome
from archiver.model import Capture, Record, Verdict

POLICIES = ("never", "always", "adaptive")
HOUR, DAY = 3600.0, 86400.0
CHECKS = (HOUR, DAY - HOUR, 7 * DAY - DAY)  # between the visits to a page: 1 hour, 1 day, 7 days after the first
WEEKLY = 7 * DAY
SOONEST, LATEST = 300.0, DAY  # between two polls of a feed
WANTED_NEW = 0.25  # of a feed's items at each poll: a burst of four times the usual is still seen whole
MOST_ITEMS = 500  # of a feed, remembered; two polls overlap in its newest items if at all
CUT_SHORT = frozenset(
    {"truncated", "cut", "decode_error", "length_conflict", "content_length_invalid", "no_content_length"}
)


def known_of(record: Record, before: Known | None) -> Known | None:
    """What `record` leaves for the next visit; None for an answer that is no version of the page."""
    capture, checks = record.capture, before.checks + 1 if before else 0
    if before is not None and record.verdict is Verdict.UNCHANGED:
        return replace(before, checks=checks)
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
    if record.article is None:
        return None
    seen = "\n".join((record.article.title or "", record.article.text))
    return hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()[:16]


def page_again(policy: str, *, seed: bool, outcome: str, known: Known | None, before: Known | None) -> float | None:
    """Seconds until a page is due again; None: not before somebody asks for everything."""
    if policy == "always" or (known is not None and known.verdict == Verdict.INDEX):
        return 0.0
    if policy == "never":
        return 0.0 if seed else None
    if known is None:  # no good answer: a page that was seen before may come back, one that never was is given up
        return (DAY if before else None) if not seed else 0.0
    if known.checks < len(CHECKS):
        return CHECKS[known.checks]
    changed = outcome != Outcome.UNCHANGED and (before is None or known.text != before.text)
    return WEEKLY if changed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """One look at a feed or sitemap: what to remember, when to look again, and whether items may have been missed."""

    known: Known
    again: float
    gap: bool = False


def polled(policy: str, role: str, items: Collection[int], capture: Capture, before: Known | None) -> Poll:
    """Compare a feed's items (fp, newest first) with those of the last poll.

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
    return Poll(known=known, again=every if policy == "adaptive" else 0.0, gap=gap)


def not_polled(policy: str, before: Known) -> Poll:
    """A feed that says 304: nothing new, so there is time."""
    every = min(LATEST, 2 * (before.every or HOUR))
    known = replace(before, checks=before.checks + 1, every=every)
    return Poll(known=known, again=every if policy == "adaptive" else 0.0)
