"""The Python API: what a researcher does with an archive. In: a URI. Out: snapshots, tables. Never: changing it.

One file per noun; pandas, pyarrow, polars and duckdb (the extra `data`) are imported by the method that needs them.
"""

from archiver.api.asynchronous import AsyncArchive, aopen
from archiver.api.facts import CrawlFacts, Info
from archiver.api.opened import OpenArchive, Results
from archiver.api.selected import Selected
from archiver.api.snapshot import ArchivedSnapshot

__all__ = ["ArchivedSnapshot", "AsyncArchive", "CrawlFacts", "Info", "OpenArchive", "Results", "Selected", "aopen"]
