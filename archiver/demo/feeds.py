"""What the Courier tells machines: feeds, sitemaps, robots.txt. In: the site's root URL. Out: bytes. Never: a clock."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from archiver.demo.pages import NAME
from archiver.demo.stories import SECTIONS, Story, stories

IN_FEED = 8  # the newest articles; older ones are found by links and sitemaps only
_SITEMAP = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def rss(root: str) -> bytes:
    """The newest articles as RSS 2.0."""
    items = "".join(
        f"<item><title>{escape(story.title)}</title><link>{_url(root, story)}</link><guid>{_url(root, story)}</guid>"
        f"<pubDate>{format_datetime(_moment(story))}</pubDate><description>{escape(story.description)}</description></item>"
        for story in stories()[:IN_FEED]
    )
    head = f"<title>{NAME}</title><link>{root}</link><description>News that never was</description>"
    return _xml(f'<rss version="2.0"><channel>{head}{items}</channel></rss>')


def atom(root: str) -> bytes:
    """The newest articles as Atom (RFC 4287)."""
    entries = "".join(
        f'<entry><title>{escape(story.title)}</title><link href="{_url(root, story)}"/><id>{_url(root, story)}</id>'
        f"<updated>{_moment(story).isoformat()}</updated><author><name>{escape(story.authors[0])}</name></author></entry>"
        for story in stories()[:IN_FEED]
    )
    updated = _moment(stories()[0]).isoformat()
    head = f'<title>{NAME}</title><id>{root}</id><updated>{updated}</updated><link href="{root}"/>'
    return _xml(f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>')


def sitemap_index(root: str) -> bytes:
    """The index that names the two sitemaps."""
    parts = "".join(f"<sitemap><loc>{root}{name}</loc></sitemap>" for name in ("sitemap-pages.xml", "sitemap-news.xml"))
    return _xml(f"<sitemapindex {_SITEMAP}>{parts}</sitemapindex>")


def sitemap_pages(root: str) -> bytes:
    """Every article and every section."""
    lists = "".join(f"<url><loc>{root}{name}/</loc></url>" for name in SECTIONS)
    pages = "".join(
        f"<url><loc>{_url(root, story)}</loc><lastmod>{story.modified or story.published}</lastmod></url>"
        for story in stories()
    )
    return _xml(f"<urlset {_SITEMAP}>{lists}{pages}</urlset>")


def sitemap_news(root: str) -> bytes:
    """The newest articles as a news sitemap."""
    pages = "".join(
        f"<url><loc>{_url(root, story)}</loc><news:news><news:publication><news:name>{NAME}</news:name>"
        f"<news:language>{story.language}</news:language></news:publication>"
        f"<news:publication_date>{story.published}</news:publication_date><news:title>{escape(story.title)}</news:title>"
        "</news:news></url>"
        for story in stories()[:IN_FEED]
    )
    return _xml(f"<urlset {_SITEMAP} {_NEWS}>{pages}</urlset>")


def robots(root: str) -> bytes:
    """robots.txt: one closed section, and where the sitemap is."""
    return f"User-agent: *\nDisallow: /members/\n\nSitemap: {root}sitemap.xml\n".encode()


def _url(root: str, story: Story) -> str:
    return root.rstrip("/") + story.path


def _moment(story: Story) -> datetime:
    moment = datetime.fromisoformat(story.published)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()
