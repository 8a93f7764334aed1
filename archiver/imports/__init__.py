"""Imports: WARC and WACZ made by others. In: a file, an archive. Out: snapshots. Never: trust in the file."""

from archiver.imports.importing import Imported, import_file

__all__ = ["Imported", "import_file"]
