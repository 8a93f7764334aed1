"""Charts: numbers as SVG, drawn here. In: labels and values. Out: one `<svg>` as text. Never: scripts, requests.

    bars(rows, …)      one horizontal bar for each label: reasons, hosts
    columns(at, …)     stacked columns at equal distances: outcomes per minute
    lines(at, …)       one line for each series at the same places; None is a gap, not a zero

Own lines rather than a plotting library: three plain shapes do not earn one of 30 MB, and what comes out must work
under a Content-Security-Policy without inline styles. So there is no `style` attribute: colours come from the classes
in `STYLE`, which follow the reader's light or dark theme. Each shape says its value when pointed at (SVG `<title>`),
the whole says what it shows to those who do not see it (`aria-label`); a table beside it is the caller's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 720  # of the drawing's own units; the page scales it
COLOURS = 8  # series beyond begin again
_LEFT, _RIGHT, _TOP, _BOTTOM, _HEIGHT = 64, 12, 14, 26, 220
_ROW, _LABEL, _VALUE = 24, 200, 90  # of a horizontal bar: its height, the room for its label and its number
_CHARACTER = 6.6  # width of one at 12 units, as measured in common sans-serif faces
_MOST_TICKS = 8

# Hues that stay apart for colour-blind readers (after Okabe and Ito, 2008), softened for large areas.
STYLE = """\
.chart{width:100%;height:auto;max-width:720px;display:block;color:#4b5563;font:12px system-ui,sans-serif}
.chart text{fill:currentColor}
.chart .grid{stroke:currentColor;stroke-opacity:.18}
.chart .line{fill:none;stroke-width:2;stroke-linejoin:round}
.chart .c0{fill:#3b78a8;stroke:#3b78a8}.chart .c1{fill:#d79a2b;stroke:#d79a2b}
.chart .c2{fill:#3f9a7c;stroke:#3f9a7c}.chart .c3{fill:#c26b9b;stroke:#c26b9b}
.chart .c4{fill:#7fb2d9;stroke:#7fb2d9}.chart .c5{fill:#c65d3a;stroke:#c65d3a}
.chart .c6{fill:#8c8c8c;stroke:#8c8c8c}.chart .c7{fill:#b8ab3a;stroke:#b8ab3a}
.chart rect{stroke:none!important}.chart path{fill:none!important}
@media (prefers-color-scheme:dark){.chart{color:#b6bcc6}
.chart .c0{fill:#6ea6d3;stroke:#6ea6d3}.chart .c4{fill:#3d6c92;stroke:#3d6c92}
.chart .c2{fill:#5fb798;stroke:#5fb798}.chart .c5{fill:#d9805f;stroke:#d9805f}}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or one colour of the columns: a name and a value for each place; None where there is none."""

    name: str
    values: Sequence[float | None]
    colour: int | None = None  # 0 to 7; by default the series' own place

    def mark(self, place: int) -> str:
        """The class that colours it, as the series at `place`."""
        return f"c{(place if self.colour is None else self.colour) % COLOURS}"


def bars(rows: Sequence[tuple[str, float]], *, title: str, unit: str = "") -> str:
    """Horizontal bars, one a row, in the order given. `unit` follows each number."""
    most = max((value for _, value in rows), default=0) or 1
    room = WIDTH - _LABEL - _VALUE
    parts = []
    for place, (label, value) in enumerate(rows):
        y, width = place * _ROW, max(1.0, room * value / most) if value else 0.0
        said = f"{number(value)}{_unit(unit)}"
        parts.append(
            f"<g>{_tip(f'{label}: {said}')}"
            f'<text x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{_cut(label, _LABEL - 12)}</text>'
            f'<rect class="c0" x="{_LABEL}" y="{y + 4}" width="{width:.1f}" height="{_ROW - 8}" rx="2"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{y + 16}">{escape(said)}</text></g>'
        )
    return _svg(title, "".join(parts), height=max(1, len(rows)) * _ROW)


def columns(at: Sequence[str], series: Sequence[Series], *, title: str, unit: str = "") -> str:
    """Stacked columns: at each place of `at` the series' values on top of one another."""
    totals = [sum(one.values[place] or 0 for one in series) for place in range(len(at))]
    top, parts = _axes(at, max(totals, default=0), unit)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(at))
    for place, label in enumerate(at):
        below = 0.0
        for index, one in enumerate(series):
            value = one.values[place] or 0
            if not value:
                continue
            y, height = _y(below + value, top), _y(below, top) - _y(below + value, top)
            below += value
            parts.append(
                f'<rect class="{one.mark(index)}" x="{_LEFT + place * step + step * 0.08:.1f}" y="{y:.1f}" '
                f'width="{step * 0.84:.1f}" height="{height:.1f}">'
                f"{_tip(f'{label}, {one.name}: {number(value)}{_unit(unit)}')}</rect>"
            )
    return _with_legend(title, parts, series)


def lines(at: Sequence[str], series: Sequence[Series], *, title: str, unit: str = "") -> str:
    """Lines over the places of `at`; a None breaks the line, a value that stands alone is a dot."""
    top, parts = _axes(at, max((value for one in series for value in one.values if value is not None), default=0), unit)
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(at))
    for index, one in enumerate(series):
        path, colour, is_down = [], one.mark(index), False
        for place, value in enumerate(one.values):
            if value is None:
                is_down = False
                continue
            x, y = _LEFT + (place + 0.5) * step, _y(value, top)
            path.append(f"{'L' if is_down else 'M'}{x:.1f} {y:.1f}")
            is_down = True
            said = f"{at[place]}, {one.name}: {number(value)}{_unit(unit)}"
            parts.append(f'<circle class="{colour}" cx="{x:.1f}" cy="{y:.1f}" r="2">{_tip(said)}</circle>')
        parts.append(f'<path class="line {colour}" d="{" ".join(path)}"/>')
    return _with_legend(title, parts, series)


def number(value: float) -> str:
    """A number as people read it: 1,234 or 0.25."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:,.3g}"


def ticks(most: float) -> list[float]:
    """Round numbers from 0 to the first at or above `most`, a few of them: steps of 1, 2 or 5 times a power of ten."""
    if not most > 0 or math.isinf(most):
        return [0.0, 1.0]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999999)
    return [index * step for index in range(math.ceil(most / step - 1e-9) + 1)]


def _axes(at: Sequence[str], most: float, unit: str) -> tuple[float, list[str]]:
    """The value at the top, and grid and labels."""
    values = ticks(most)
    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{_y(value, values[-1]):.1f}" '
        f'y2="{_y(value, values[-1]):.1f}"/><text x="{_LEFT - 6}" y="{_y(value, values[-1]) + 4:.1f}" '
        f'text-anchor="end">{number(value)}</text>'
        for value in values
    ]
    if unit:
        parts.append(f'<text x="{_LEFT}" y="10">{escape(unit)}</text>')
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(at))
    longest = max((len(label) for label in at), default=1) * _CHARACTER + 12
    every = max(1, math.ceil(len(at) / _MOST_TICKS), math.ceil(longest / step))
    for place in range(0, len(at), every):
        x = _LEFT + (place + 0.5) * step
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(at[place])}</text>')
    return values[-1], parts


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * value / top


def _with_legend(title: str, parts: list[str], series: Sequence[Series]) -> str:
    """Names beside their colours, in as many lines as they need; a single series needs none: the title names it."""
    if len(series) < 2:
        return _svg(title, "".join(parts), height=_HEIGHT)
    x, y = float(_LEFT), _HEIGHT + 14
    for index, one in enumerate(series):
        width = 22 + len(one.name) * _CHARACTER + 10
        if x + width > WIDTH and x > _LEFT:
            x, y = float(_LEFT), y + 18
        parts.append(
            f'<rect class="{one.mark(index)}" x="{x:.1f}" y="{y - 9}" width="10" height="10" rx="2"/>'
            f'<text x="{x + 15:.1f}" y="{y}">{escape(one.name)}</text>'
        )
        x += width
    return _svg(title, "".join(parts), height=y + 8)


def _svg(title: str, inner: str, *, height: int) -> str:
    said = escape(title, quote=True)
    return (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'role="img" aria-label="{said}">{inner}</svg>'
    )


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>"


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""


def _cut(text: str, width: float) -> str:
    """The end of a long label makes room for an ellipsis; the tip keeps it whole."""
    most = int(width / _CHARACTER)
    return escape(text if len(text) <= most else text[: most - 1] + "…")
