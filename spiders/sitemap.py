"""sitemap: archives what sitemaps list. In: sitemaps, indexes, also .gz. Out: snapshots. Never: other links."""

from __future__ import annotations

from typing import ClassVar

from archiver.crawl.seeded import SeededSpider


class SitemapSpider(SeededSpider):
    """Arguments: `url`, `file`, and the scope arguments of `site`."""

    name = "sitemap"
    role: ClassVar[str] = "sitemap"
