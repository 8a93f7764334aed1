"""Crawl: the rooms that know Scrapy. In: seeds and settings. Out: snapshots in an archive. Never: business rules.

ArchiveAddon     ADDONS = {"archiver.crawl.ArchiveAddon": 100}: keep every page of an existing project
ArticleSpider    the base of our spiders: leases from the ledger, one Page for each URL
"""

from archiver.crawl.addon import ArchiveAddon

__all__ = ["ArchiveAddon"]
