"""HTML: a crawl's report as one file. In: figures. Out: a page of its own. Never: scripts, requests to anywhere.

Each plot has its numbers in a table beside it. A Content-Security-Policy in the page itself forbids everything but its
own style, so that a report can be mailed and opened without a thought.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from archiver.frontier import Outcome
from archiver.report.charts import STYLE as CHART_STYLE
from archiver.report.charts import Series, bars, columns, lines
from archiver.report.figures import Figures, HostFigures
from archiver.report.status import spell
from archiver.report.text import ending, kept, megabytes

_MOST_BARS, _MOST_ROWS = 15, 200
COLOURS = {
    Outcome.ARCHIVED: 0, Outcome.REPEATED: 4, Outcome.UNCHANGED: 6, Outcome.KEPT: 1, Outcome.FOLLOWED: 2,
    Outcome.FAILED: 5, Outcome.SKIPPED: 7, Outcome.DEFERRED: 3,
}  # fmt: skip
_STYLE = """\
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5b6672;--paper:#fcfcfb;--edge:#dfe3e8;--box:#fff}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#a3adb8;--paper:#15181c;--edge:#2c333b;--box:#1b1f24}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:75rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:2.5rem 0 .75rem}
p{margin:.25rem 0}.soft{color:var(--soft)}.open{border-left:.25rem solid #c65d3a;padding-left:.75rem}
.pair>:first-child{overflow-x:auto}.chart{min-width:30rem}
.pair{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:1.5rem;align-items:start}
@media (max-width:60rem){.pair{grid-template-columns:minmax(0,1fr)}}
.table{max-height:22rem;overflow:auto;border:1px solid var(--edge);border-radius:.375rem;background:var(--box)}
table{border-collapse:collapse;width:100%;font-size:.875rem}
th,td{padding:.25rem .75rem;text-align:left;border-bottom:1px solid var(--edge)}
td:first-child{min-width:11rem;overflow-wrap:anywhere}
thead th{position:sticky;top:0;background:var(--box)}tr:last-child td{border-bottom:0}
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
"""


def report_page(figures: Figures) -> str:
    """The whole page."""
    title = f"Crawl {figures.crawl}"
    body = "".join(section for section in (_head(figures, title), *_sections(figures)) if section)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_STYLE}{CHART_STYLE}</style></head><body>{body}</body></html>\n"
    )


def _head(figures: Figures, title: str) -> str:
    job = f" of job {escape(figures.job)}" if figures.job else ""
    when = (
        f'<p class="soft">{escape(figures.first_at)} to {escape(figures.last_at or "")}: {spell(figures.seconds)}, '
        f"{figures.attempts:,} attempts</p>"
        if figures.first_at
        else ""
    )
    return (
        f'<h1>{escape(title)}</h1><p class="soft">{job.strip()} into {escape(figures.archive)}, read from the '
        f'{figures.source}</p>{when}<p class="{"done" if figures.complete else "open"}">{escape(ending(figures))}.</p>'
        f"<p>Kept: {escape(kept(figures))}.</p>"
    )


def _sections(figures: Figures) -> Iterable[str]:
    over = figures.over_time
    if over.at:
        yield _section(f"URLs per {_step(over.step_seconds)}, by outcome", _pages_over_time(figures), _times(figures))
        sizes = [Series("stored", [size / 1e6 for size in over.size])]
        yield _section(
            f"Bytes kept per {_step(over.step_seconds)}",
            lines(_labels(figures), sizes, title="Bytes kept over time", unit="MB"),
            _table(("from", "stored"), [(at, megabytes(size)) for at, size in zip(over.at, over.size, strict=True)]),
        )
    yield _counts("Outcomes", "outcome", figures.outcomes)
    errors = figures.reasons.get(Outcome.FAILED, {})
    yield _counts("Errors by reason", "reason", errors) if errors else _section("Errors by reason", "<p>None.</p>", "")
    others = {
        f"{outcome}: {reason}": n
        for outcome, reasons in figures.reasons.items()
        for reason, n in reasons.items()
        if outcome != Outcome.FAILED
    }
    yield _counts("Other reasons", "reason", dict(sorted(others.items(), key=lambda one: -one[1])))
    yield _counts("HTTP status", "status", figures.statuses)
    yield _counts("Links left out", "reason", figures.dropped or {})
    yield _hosts(figures.hosts)
    if figures.events:
        rows = [(one["at"], one["kind"], one["detail"]) for one in figures.events]
        yield _section("Events", _table(("at", "event", "detail"), rows, numbers=0), "")


def _pages_over_time(figures: Figures) -> str:
    outcomes = figures.over_time.outcomes
    colours = {str(outcome): colour for outcome, colour in COLOURS.items()}
    series = [Series(name, values, colours.get(name)) for name, values in outcomes.items()]
    return columns(_labels(figures), series, title="URLs that ended over time, by outcome", unit="URLs")


def _times(figures: Figures) -> str:
    names = list(figures.over_time.outcomes)
    rows = [
        (at, *(f"{figures.over_time.outcomes[name][place]:,}" for name in names))
        for place, at in enumerate(figures.over_time.at)
    ]
    return _table(("from", *names), rows)


def _labels(figures: Figures) -> list[str]:
    """Times as short as the plot allows: it never has more than 120 of them."""
    over = figures.over_time
    moments = [datetime.fromisoformat(at) for at in over.at]
    is_long = (moments[-1] - moments[0]).total_seconds() > 86400
    form = "%Y-%m-%d" if over.step_seconds >= 86400 else "%m-%d %H:%M" if is_long else "%H:%M"
    return [moment.strftime("%H:%M:%S" if over.step_seconds < 60 else form) for moment in moments]


def _step(seconds: int) -> str:
    return {60: "minute", 3600: "hour", 86400: "day", 7 * 86400: "week"}.get(seconds, spell(seconds))


def _counts(title: str, name: str, numbers: Mapping[str, int]) -> str:
    if not numbers:
        return ""
    shown = list(numbers.items())[:_MOST_BARS]
    return _section(
        title,
        bars(shown, title=title, unit=""),
        _table((name, "URLs"), [(one, f"{n:,}") for one, n in numbers.items()]),
    )


def _hosts(hosts: Sequence[HostFigures]) -> str:
    if not hosts:
        return ""
    rows = [
        (
            one.host,
            *(f"{n:,}" for n in (one.urls, one.articles, one.failed, one.skipped, one.left)),
            megabytes(one.size),
        )
        for one in hosts
    ]
    plot = bars([(one.host, one.urls) for one in hosts[:_MOST_BARS]], title="URLs by host", unit="URLs")
    names = ("host", "URLs", "articles", "failed", "skipped", "left", "stored")
    return _section("Hosts", plot, _table(names, rows))


def _section(title: str, plot: str, table: str) -> str:
    inner = f'<div class="pair"><div>{plot}</div>{table}</div>' if table else plot
    return f"<section><h2>{escape(title)}</h2>{inner}</section>"


def _table(names: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int | None = None) -> str:
    """A table whose last `numbers` columns are numbers; by default all but the first."""
    first_number = len(names) - (len(names) - 1 if numbers is None else numbers)
    head = "".join(_cell("th", name, place >= first_number) for place, name in enumerate(names))
    shown = [*rows[:_MOST_ROWS], *([(f"… and {len(rows) - _MOST_ROWS:,} more",)] if len(rows) > _MOST_ROWS else [])]
    body = "".join(
        f"<tr>{''.join(_cell('td', value, place >= first_number) for place, value in enumerate(row))}</tr>"
        for row in shown
    )
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(tag: str, value: str, is_number: bool) -> str:
    kind = ' class="n"' if is_number else ""
    return f"<{tag}{kind}>{escape(value)}</{tag}>"
