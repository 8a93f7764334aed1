"""Generations: archived bodies read again with today's rules. In: records. Out: newer ones beside them, what changed.
Never: a body touched, a record overwritten, a request to a site.
"""

from archiver.generations.changes import Change, Changes, Outcome
from archiver.generations.reextract import reextract
from archiver.generations.shard import READER, process_shard

__all__ = ["READER", "Change", "Changes", "Outcome", "process_shard", "reextract"]
