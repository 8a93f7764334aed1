"""Text: a crawl's figures in words. In: figures. Out: lines for a terminal or a mail. Never: colours, I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from archiver.report.figures import Figures, HostFigures
from archiver.report.status import in_words, spell


def report_lines(figures: Figures, *, most_hosts: int = 20) -> Iterator[str]:
    """The report, one line each."""
    yield f"crawl {figures.crawl}{f' of job {figures.job}' if figures.job else ''} into {figures.archive}"
    yield f"  {ending(figures)}"
    if figures.first_at:
        pace = f", {figures.per_minute:,.1f} a minute" if figures.per_minute is not None else ""
        took = f"{spell(figures.seconds)}{pace}, {figures.attempts:,} attempts"
        yield f"  {figures.first_at} to {figures.last_at}: {took}"
    yield f"  kept: {kept(figures)}"
    yield ""
    yield f"outcomes   {in_words(figures.outcomes) or 'none'}"
    for outcome, reasons in figures.reasons.items():
        yield f"  {outcome:<10}{in_words(reasons)}"
    if figures.statuses:
        yield f"statuses   {in_words(figures.statuses)}"
    if figures.dropped:
        yield f"left out   {in_words(figures.dropped)}"
    yield from _event_lines(figures.events or ())
    if figures.hosts:
        yield from _host_lines(figures.hosts, most_hosts)


def ending(figures: Figures) -> str:
    """How the crawl stands, as a sentence."""
    if figures.complete:
        return f"complete: each of {figures.urls:,} URLs has its outcome"
    return f"not complete: {figures.left:,} of {figures.urls:,} URLs are left"


def kept(figures: Figures) -> str:
    """How much is kept, in words."""
    records = f"{figures.records:,} records ({megabytes(figures.record_bytes)})"
    return f"{records}, {figures.bodies:,} different bodies ({megabytes(figures.body_bytes)} as stored)"


def megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


def _event_lines(events: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if events:
        yield "events"
    for one in events:
        yield f"  {one['at']}  {one['kind']}{f': {detail}' if (detail := one['detail']) else ''}"


def _host_lines(hosts: Sequence[HostFigures], most: int) -> Iterator[str]:
    width = max(4, *(min(40, len(one.host)) for one in hosts[:most]))
    names = f"{'URLs':>8} {'articles':>9} {'failed':>7} {'skipped':>8} {'left':>7} {'MB':>9}"
    yield ""
    yield f"{'host':<{width}} {names}"
    for one in hosts[:most]:
        yield (
            f"{one.host[:40]:<{width}} {one.urls:>8,} {one.articles:>9,} {one.failed:>7,} {one.skipped:>8,} "
            f"{one.left:>7,} {one.size / 1e6:>9,.1f}"
        )
    if len(hosts) > most:
        yield f"… and {len(hosts) - most:,} more hosts"
