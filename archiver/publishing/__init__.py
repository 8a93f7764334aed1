"""Publishing: search, tables, indexes as files beside the data. In: an archive. Out: objects. Never: a new record.

`publish` is the flow; each kind of file has a maker.
"""

from archiver.publishing.publish import Publication, publish

__all__ = ["Publication", "publish"]
