"""Export: snapshots as a frozen, citable data set. In: an archive and a query. Out: a folder. Never: changing it.

One file per format; `exporting` is the flow.
"""

from archiver.export.checking import check_dataset
from archiver.export.dataset import About
from archiver.export.exporting import Exported, LeftOut, Loaded, export, load
from archiver.export.forms import FORMS, Form
from archiver.export.listing import Change, Listed, compare_datasets, list_of
from archiver.export.wacz_check import check_wacz

__all__ = [
    "FORMS",
    "About",
    "Change",
    "Exported",
    "Form",
    "LeftOut",
    "Listed",
    "Loaded",
    "check_dataset",
    "check_wacz",
    "compare_datasets",
    "export",
    "list_of",
    "load",
]
