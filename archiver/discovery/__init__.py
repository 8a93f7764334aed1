"""Discovery: where articles are named. In: feeds, sitemaps, robots.txt as served. Out: URLs. Never: network."""

from archiver.discovery.dates import announced_at
from archiver.discovery.feeds import Feed, FeedItem, parse_feed
from archiver.discovery.guess import feeds_of, sitemaps_in_robots, sitemaps_of
from archiver.discovery.sitemaps import Sitemap, SitemapEntry, parse_sitemap
from archiver.discovery.stream import MAX_BYTES

__all__ = [
    "MAX_BYTES",
    "Feed",
    "FeedItem",
    "Sitemap",
    "SitemapEntry",
    "announced_at",
    "feeds_of",
    "parse_feed",
    "parse_sitemap",
    "sitemaps_in_robots",
    "sitemaps_of",
]
