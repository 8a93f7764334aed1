"""urls: archives a list of pages. In: URLs, a file of them, or stdin. Out: their snapshots. Never: following links."""

from __future__ import annotations

from typing import ClassVar

from archiver.crawl.seeded import SeededSpider


class UrlsSpider(SeededSpider):
    """Arguments: `url` (several by spaces or commas), `file` (one URL a line, `-` is stdin)."""

    name = "urls"
    role: ClassVar[str] = "page"
