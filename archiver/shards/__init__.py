"""Published search: the catalog in files beside the data. In: a store. Out: hits, without a server. Never: writing.

`listing` says what is published, `remote` reads a shard by ranges, `searching` asks the shards that may hold an answer,
`pulling` brings them into a local catalog, `withdrawing` deletes them after a takedown.
"""

from archiver.shards.listing import Listing, Published, published_packs, read_listing
from archiver.shards.pulling import Pulled, pull
from archiver.shards.remote import Traffic
from archiver.shards.searching import search_shards
from archiver.shards.withdrawing import withdraw

__all__ = [
    "Listing",
    "Published",
    "Pulled",
    "Traffic",
    "published_packs",
    "pull",
    "read_listing",
    "search_shards",
    "withdraw",
]
