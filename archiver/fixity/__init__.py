"""Fixity: are the bytes still the bytes? In: an archive. Out: one Damage per damaged object. Never: repairing."""

from archiver.fixity.audit import HasStore, Pace, Progress, verify
from archiver.fixity.checks import Measured, Proved, measured, proved
from archiver.fixity.manifests import Entry, read_manifest, write_manifest

__all__ = [
    "Entry",
    "HasStore",
    "Measured",
    "Pace",
    "Progress",
    "Proved",
    "measured",
    "proved",
    "read_manifest",
    "verify",
    "write_manifest",
]
