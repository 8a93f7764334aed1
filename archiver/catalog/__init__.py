"""The catalog: one row per snapshot, in SQLite. In: records. Out: rows, found fast. Never: the only place of any fact.

It is made of the records alone and can be deleted at any time: the next `sync` makes it again.
"""

from archiver.catalog.database import Catalog
from archiver.catalog.facets import FACETS, FacetName
from archiver.catalog.lengths import usual_at
from archiver.catalog.places import catalog_path
from archiver.catalog.queries import Query, Target, target
from archiver.catalog.rebuilding import rebuild
from archiver.catalog.rows import Card, Row, card_of, row_of
from archiver.catalog.searching import RANKED, Found, Hit, Marked, Sort, search
from archiver.catalog.syncing import Synced, card_at, sync

__all__ = [
    "FACETS",
    "RANKED",
    "Card",
    "Catalog",
    "FacetName",
    "Found",
    "Hit",
    "Marked",
    "Query",
    "Row",
    "Sort",
    "Synced",
    "Target",
    "card_at",
    "card_of",
    "catalog_path",
    "rebuild",
    "row_of",
    "search",
    "sync",
    "target",
    "usual_at",
]
