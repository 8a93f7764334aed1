"""The archive: put captures in, get snapshots out. In: captures. Out: snapshots, proved. Never: overwriting."""

from archiver.archive.archive import Archive
from archiver.archive.prepared import Packed, Prepared, Receipt, prepare

__all__ = ["Archive", "Packed", "Prepared", "Receipt", "prepare"]
