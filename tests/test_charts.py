"""Charts: what is drawn is what was given, and nothing in a label becomes markup."""

from __future__ import annotations

import re

import pytest
from lxml import etree

from archiver.report.charts import STYLE, Series, bars, columns, lines, ticks

SVG = "{http://www.w3.org/2000/svg}"


def drawn(svg: str) -> etree._Element:
    return etree.fromstring(svg.encode())


def test_bars_are_as_long_as_their_values_and_say_them():
    root = drawn(bars([("timeout", 40), ("http_404", 10), ("none", 0)], title="errors by reason"))
    widths = [float(rect.get("width")) for rect in root.iter(f"{SVG}rect")]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.2)
    assert widths[2] == 0
    assert [tip.text for tip in root.iter(f"{SVG}title")] == ["timeout: 40", "http_404: 10", "none: 0"]
    assert root.get("aria-label") == "errors by reason"


def test_columns_stand_on_one_another():
    root = drawn(columns(["10:00", "10:01"], [Series("a", [3, 0]), Series("b", [1, 4])], title="pages"))
    parts = [one for one in root.iter(f"{SVG}rect") if one.find(f"{SVG}title") is not None]
    place = {part.find(f"{SVG}title").text: (float(part.get("y")), float(part.get("height"))) for part in parts}
    lower, upper = place["10:00, a: 3"], place["10:00, b: 1"]
    assert upper[0] + upper[1] == pytest.approx(lower[0], abs=0.11)
    assert lower[1] == pytest.approx(3 * upper[1], abs=0.3)
    assert "10:01, a: 0" not in place, "nothing is drawn for nothing"


def test_a_missing_value_breaks_the_line_and_is_not_a_zero():
    root = drawn(lines(["1", "2", "3", "4"], [Series("rate", [5, None, 5, 6])], title="rate"))
    (path,) = root.iter(f"{SVG}path")
    assert re.findall("[ML]", path.get("d")) == ["M", "M", "L"]
    assert len(list(root.iter(f"{SVG}circle"))) == 3


@pytest.mark.parametrize(
    ("most", "last", "count"),
    [(1, 1, 3), (7, 8, 5), (40, 40, 5), (41, 60, 4), (0.03, 0.03, 4), (0, 1, 2), (1e9, 1e9, 3)],
)
def test_the_axis_ends_at_a_round_number_that_holds_everything(most, last, count):
    values = ticks(most)
    assert values[0] == 0
    assert values[-1] == pytest.approx(last)
    assert len(values) == count


def test_a_label_cannot_become_markup():
    evil = '<script>alert(1)</script>" onload="x'
    for svg in (
        bars([(evil, 1)], title=evil, unit=evil),
        columns([evil], [Series(evil, [1]), Series("b", [1])], title=evil, unit=evil),
        lines([evil], [Series(evil, [1]), Series("b", [2])], title=evil, unit=evil),
    ):
        root = drawn(svg)
        assert not list(root.iter(f"{SVG}script"))
        assert not [name for one in root.iter() for name in one.attrib if name.startswith(("on", "style"))]


def test_empty_and_single_data_are_drawn_all_the_same():
    for svg in (bars([], title="t"), columns([], [], title="t"), lines(["1"], [Series("a", [None])], title="t")):
        assert drawn(svg).tag == f"{SVG}svg"
    assert "prefers-color-scheme:dark" in STYLE
