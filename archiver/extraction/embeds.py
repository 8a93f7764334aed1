"""Embeds: what a page shows from elsewhere. In: an `iframe` element. Out: a name and an address. Never: loading it.

Only from places that show something to readers: most other frames are advertisements and counters.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from lxml import html

_HOSTS = re.compile(
    r"(?:^|\.)(?:youtube(?:-nocookie)?\.com|youtu\.be|vimeo\.com|dailymotion\.com|twitch\.tv|streamable\.com|rutube\.ru|bilibili\.com|twitter\.com|x\.com"
    r"|facebook\.com|instagram\.com|tiktok\.com|bsky\.app|reddit\.com|t\.me|soundcloud\.com|spotify\.com|podcasts\.apple\.com|acast\.com|podigee\.io|bandcamp\.com"
    r"|datawrapper\.de|dwcdn\.net|flourish\.studio|infogram\.com|arcgis\.com|openstreetmap\.org|documentcloud\.org|scribd\.com|slideshare\.net|archive\.org)$"
    r"|^(?:www\.|maps\.)google\.\w{2,3}(?:\.\w\w)?$"
)
_SOURCES = ("src", "data-src", "data-lazy-src", "data-original", "data-cookieblock-src")
MAX_URL = 2_000

Embed = tuple[str, str]  # what it calls itself, or where it is from; its address


def embed_of(frame: html.HtmlElement) -> Embed | None:
    """Return what a frame shows; None where it is not known to be for readers."""
    for name in _SOURCES:
        url = (frame.get(name) or "").strip()
        if url.startswith("//"):
            url = f"https:{url}"
        if not url.startswith(("http://", "https://")) or len(url) > MAX_URL or any(map(str.isspace, url)):
            continue
        try:
            host = urlsplit(url).hostname or ""
        except ValueError:
            continue
        if _HOSTS.search(host):
            return " ".join((frame.get("title") or "").split())[:200] or host, url
    return None
