"""Duplicates: articles that say the same. In: an archive's records. Out: clusters. Never: all texts in memory."""

from archiver.duplicates.clusters import Cluster, Kind, Member, find_duplicates, sketch_at
from archiver.duplicates.sketches import Sketch, Sketches, sketch_of

__all__ = ["Cluster", "Kind", "Member", "Sketch", "Sketches", "find_duplicates", "sketch_at", "sketch_of"]
