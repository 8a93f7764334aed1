"""feed: archives what feeds announce. In: RSS, Atom, RDF or JSON feeds. Out: snapshots. Never: other links."""

from __future__ import annotations

from typing import ClassVar

from archiver.crawl.seeded import SeededSpider


class FeedSpider(SeededSpider):
    """Arguments: `url`, `file`, and the scope arguments of `site`; items of other hosts are left out unless allowed."""

    name = "feed"
    role: ClassVar[str] = "feed"
