"""archiver stats: how much there is. In: an archive. Out: counts and sizes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from archiver.cli.options import archive_options, generation_option, opened, selected, selection_options
from archiver.cli.output import dumps, safe, say

TOP = 20


@click.command(epilog="Example:  archiver stats --archive press --collection elections")
@selection_options
@generation_option
@archive_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How.")
def stats(form: str, **given: Any) -> None:
    """Count snapshots, articles and bytes by collection, verdict, domain and day."""
    with opened(given) as archive:
        numbers = _count(selected(archive, given))
    say(dumps(numbers, indent=1) if form == "json" else _text(numbers))


def _count(rows: Any) -> dict[str, Any]:
    by: dict[str, Counter[str]] = {name: Counter() for name in ("collection", "verdict", "domain", "day")}
    sizes: dict[str, int] = {}
    total, first, last = 0, "", ""
    for row in rows:
        total += 1
        day = f"{row.captured_at:%Y-%m-%d}"
        first, last = min(first or day, day), max(last, day)
        for name, value in (
            ("collection", row.collection),
            ("verdict", row.verdict),
            ("domain", row.domain),
            ("day", day),
        ):
            by[name][value or "-"] += 1
        if row.sha256:
            sizes[row.sha256] = row.size
    return {
        "snapshots": total, "bodies": len(sizes), "bytes": sum(sizes.values()), "first_day": first or None,
        "last_day": last or None, **{name: dict(counts.most_common()) for name, counts in by.items()},
    }  # fmt: skip


def _text(numbers: dict[str, Any]) -> str:
    lines = [
        f"{numbers['snapshots']:,} snapshots, {numbers['bodies']:,} different bodies, {numbers['bytes'] / 1e6:,.1f} MB",
        f"captured {numbers['first_day'] or 'never'} to {numbers['last_day'] or 'never'}",
    ]
    for name in ("collection", "verdict", "domain", "day"):
        counts = list(numbers[name].items())
        counts = sorted(counts)[-TOP:] if name == "day" else counts[:TOP]
        widest = max((n for _, n in counts), default=1)
        lines += ["", f"by {name}"]
        lines += [f"  {safe(value):<40} {n:>9,}  {'█' * max(1, round(30 * n / widest))}" for value, n in counts]
    return "\n".join(lines)
