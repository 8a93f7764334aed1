"""archiver crawl --dry-run: what a job would do. In: a job. Out: text, or JSON. Never: asking anybody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from archiver.cli.output import dumps, safe, say
from archiver.project import find

if TYPE_CHECKING:
    from archiver.crawl.dry_run import Judged, Plan

_MOST = 50  # seeds shown; --json has them all


def show(
    spider: str, arguments: Mapping[str, Any], settings: Mapping[str, Any], *, urls: Sequence[str], as_json: bool
) -> None:
    """Print the plan."""
    from archiver.crawl.dry_run import plan  # Scrapy loads here

    made = plan(find(), spider, arguments, settings, urls=urls)
    say(dumps(asdict(made), indent=1) if as_json else "\n".join(map(safe, _lines(made))))


def _lines(made: Plan) -> Iterator[str]:
    holds = f", {made.running} works on it" if made.running else ""
    told = f", told to {made.told}" if made.told != "run" else ""
    yield f"job {made.job}: nothing is asked for, this is a dry run"
    yield f"  archive     {made.archive}, records at {made.records}"
    yield f"  state       {made.state} ({'there' if made.has_ledger else 'not there yet'}{holds}{told})"
    yield _row("scope", made.scope)
    if any(made.dates.values()):
        yield f"  dates       from {made.dates['since'] or 'ever'} to {made.dates['until'] or 'ever'}"
    for table in ("politeness", "limits", "network", "storage"):
        yield _row(table, made.options[table])
    for host, own in made.options["hosts"].items():
        yield _row(host, own)
    yield f"  recrawl     {made.options['']['recrawl']}, workers {made.options['']['workers']}"
    yield from _judged("seeds", made.seeds[:_MOST])
    if len(made.seeds) > _MOST:
        yield f"  … and {len(made.seeds) - _MOST:,} more seeds; --json has them all"
    yield from _judged("URLs", made.urls)


def _judged(title: str, judged: Sequence[Judged]) -> Iterator[str]:
    if judged:
        yield f"\n{title}"
    for one in judged:
        role = f", as {one.spider}" if one.spider else ""
        why = f": {one.reason} ({one.why})" if one.why else f": {one.reason}" if one.reason else ""
        known = f"; the ledger has it: {one.known}" if one.known else ""
        yield f"  {one.url}"
        yield f"      {one.decision}{role}{why}{known}"
        if one.asked and one.asked != one.url:
            yield f"      asked for as {one.asked}"
        if one.canonical and one.canonical != (one.asked or one.url):
            yield f"      known as {one.canonical}"


def _row(title: str, values: Mapping[str, Any]) -> str:
    """One table of what is in force, as wide as a terminal."""
    said = "; ".join(
        f"{name} {_said(name, value)}" for name, value in values.items() if value not in ((), [], "", None)
    )
    return "\n".join(wrap(said or "-", 116, initial_indent=f"  {title:<11} ", subsequent_indent=" " * 14))


def _said(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if name.startswith("max_") and value == 0:
        return "no limit"
    return f"{value:g}" if isinstance(value, float) else str(value)
