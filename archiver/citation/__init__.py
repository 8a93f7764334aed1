"""Citing: a snapshot or a data set, in the style a reference manager reads. In: a record, a folder. Out: text.
Never: what a page does not say."""

from archiver.citation.reference import Name, Reference, dataset_reference, snapshot_reference
from archiver.citation.styles import STYLES, Style, cite, cite_dataset, render

__all__ = [
    "STYLES",
    "Name",
    "Reference",
    "Style",
    "cite",
    "cite_dataset",
    "dataset_reference",
    "render",
    "snapshot_reference",
]
