"""Facets: how often each value occurs among some snapshots. In: names, a source of rows. Out: SQL, counts. Never: rows.

Counted by SQLite: of 5,000 rows, each would take Python's lock on its way here, and wait for it where others read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, get_args

FacetName = Literal["domain", "language", "month", "author", "crawl", "collection", "verdict"]
FACETS: tuple[FacetName, ...] = get_args(FacetName)
VALUES = 50  # of a facet, the most frequent ones

Facets = dict[FacetName, tuple[tuple[str, int], ...]]  # value and count, the most frequent first

_COLUMNS = {"month": "substr(published_at, 1, 7) AS month", "author": "authors AS author"}


def kept(names: Sequence[FacetName], source: str) -> str:
    """Return the common table expression `kept`: what facets read of the rows of `source`, a FROM of `snapshots`."""
    return f"kept AS MATERIALIZED (SELECT {', '.join(_COLUMNS.get(name, name) for name in names)} {source})"


def counts(names: Sequence[FacetName]) -> str:
    """Return the SELECT of names, values and how often each is in `kept`."""
    return " UNION ALL ".join(f"SELECT * FROM ({_counted(name)})" for name in names)


def gathered(found: Iterable[tuple[Any, Any, Any]], names: Sequence[FacetName]) -> Facets:
    """Return the facets that are in the rows of `counts`."""
    values: dict[FacetName, list[tuple[str, int]]] = {name: [] for name in names}
    for name, value, count in found:
        values[name].append((value, count))
    return {name: tuple(some) for name, some in values.items()}


def _counted(name: FacetName) -> str:
    value, source = (name, "kept") if name != "author" else ("one.value", "kept, json_each(author) AS one")
    known = f"length({value}) = 7" if name == "month" else f"{value} <> ''"
    return (
        f"SELECT '{name}', {value}, count(*) FROM {source} WHERE {known} GROUP BY 2 ORDER BY 3 DESC, 2 LIMIT {VALUES}"
    )
