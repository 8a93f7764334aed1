"""Packs: many captures in one object, a WARC file and a list of what is in it. In: captures. Out: the same objects.

store       shows what is in packs as the objects they would be: nothing above knows the difference
spool       fills packs on this machine's disk and puts the full ones
contents    what is in a pack, a line per capture        splice    a packed body inside a WARC record
index       where everything lies: this machine's cache  rewriting, compacting, checking
"""

from archiver.packs.checking import check_packs
from archiver.packs.compacting import Compacted, compact
from archiver.packs.splice import splicable
from archiver.packs.store import PackedStore

__all__ = ["Compacted", "PackedStore", "check_packs", "compact", "splicable"]
