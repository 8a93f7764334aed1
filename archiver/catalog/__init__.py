"""The catalog: one row per snapshot, in SQLite. In: records. Out: rows, found fast. Never: the only place of any fact.

It is made of the records alone and can be deleted at any time: the next `sync` makes it again.
"""

from archiver.catalog.database import Catalog
from archiver.catalog.places import catalog_path
from archiver.catalog.queries import Query, Target, target
from archiver.catalog.rebuilding import rebuild
from archiver.catalog.rows import Row, row_of
from archiver.catalog.syncing import Synced, sync

__all__ = ["Catalog", "Query", "Row", "Synced", "Target", "catalog_path", "rebuild", "row_of", "sync", "target"]
