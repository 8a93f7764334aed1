"""site: archives a news site. In: its front page or a section. Out: snapshots of its articles. Never: other sites.

Follows links within the scope, finds the site's feeds and sitemaps by itself and tells articles from index pages.
"""

from __future__ import annotations

from typing import ClassVar

from archiver.crawl.seeded import SeededSpider


class SiteSpider(SeededSpider):
    """Arguments: `url`, `file`, `domains`, `hosts`, `prefixes`, `include`, `exclude`, `narrow`, `since`, `until`."""

    name = "site"
    role: ClassVar[str] = "site"
