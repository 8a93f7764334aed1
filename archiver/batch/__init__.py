"""Batch work in shards: the same results on this machine, on Spark, on Ray. In: record keys. Out: what each says, in
order. Never: a site, a second way of doing what a command does.

keys → shard files → runner → supervised child process per shard → result files → read in the order of the keys

A shard's child does exactly what the command without a runner does in this process. So a runner only chooses where.
"""

from archiver.batch.batch import Batch
from archiver.batch.runners import RUNNERS
from archiver.batch.shards import SHARD_RECORDS, process_shard

__all__ = ["RUNNERS", "SHARD_RECORDS", "Batch", "process_shard"]
