"""The Courier's pages, with the clutter real ones have. In: a Story. Out: HTML bytes. Never: a host name, a clock.

Links are relative to the root, so that a page has the same bytes on whichever port it is served.
"""

from __future__ import annotations

import json
from html import escape

from archiver.demo.stories import SECTIONS, Story, closed_stories, stories

NAME = "The Harbour Courier"
PER_PAGE = 4  # articles on one page of a section
DEAD_LINK = "/town/2023/old-pier.html"
MOVED_LINK = "/go/ferry"
COPY = "/print/steam-crane.html"  # the same bytes as the article of that name
TWIN_QUERY = "?utm_source=newsletter&utm_medium=email"

_NAV = "".join(f'<li><a href="/{name}/">{name.capitalize()}</a></li>' for name in SECTIONS)
_HEAD_LINKS = (
    '<link rel="alternate" type="application/rss+xml" title="RSS" href="/feed.xml">'
    '<link rel="alternate" type="application/atom+xml" title="Atom" href="/atom.xml">'
)
_STYLE = (
    "<style>body{font:17px/1.5 Georgia,serif;max-width:46em;margin:auto;padding:0 1em}nav ul{display:flex;gap:1em;"
    "list-style:none;padding:0}.newsletter,.sharedaddy,.jp-relatedposts{border:1px solid #ccc;padding:.5em 1em}"
    "figcaption,footer,.byline{color:#666;font-size:.85em}</style>"
)
_NEWSLETTER = (
    '<div class="newsletter"><h3>The Courier in your mailbox</h3><p>Sign up for our newsletter. Every morning at seven.'
    '</p><form action="/newsletter" method="post"><input name="email" placeholder="Your address"><button>Sign up'
    "</button></form></div>"
)
_SHARE = (
    '<div class="sharedaddy sd-sharing-enabled"><h3>Share this:</h3><ul><li><a href="mailto:?body=Read">Mail</a></li>'
    '<li><a href="javascript:print()">Print</a></li></ul><form action="/share/mail" method="post">'
    '<label>Send this to a friend <input name="to" placeholder="Your friend\'s address"></label><button>Send</button>'
    "</form></div>"
)


def article(story: Story, *, corrected: bool = False) -> bytes:
    """The page of one article; `corrected` adds the correction that a second visit finds."""
    note = story.correction if corrected else ""
    if story.style == "table":
        return _table(story)
    return _wordpress(story, note) if story.style == "wordpress" else _modern(story, note)


def front() -> bytes:
    """The front page: the newest of every section, a link that has moved, and the newsletter's twin of an article."""
    newest = "".join(_teaser(story) for story in stories()[:8])
    twin = next(story for story in stories() if story.slug == "evening-ferry")
    extra = (
        f'<aside><h2>Readers\' service</h2><ul><li><a href="{MOVED_LINK}">All about the evening ferry</a></li>'
        f'<li><a href="{twin.path}{TWIN_QUERY}">From the newsletter: {escape(twin.title)}</a></li>'
        f'<li><a href="{closed_stories()[0].path}">For members: a letter</a></li></ul></aside>'
    )
    return _page(NAME, f"<main><h1>{NAME}</h1>{newest}</main>{extra}{_NEWSLETTER}")


def section(name: str, number: int = 1) -> bytes | None:
    """Page `number` of a section's list, or None beyond its end."""
    mine = [story for story in stories() if story.section == name]
    shown = mine[(number - 1) * PER_PAGE : number * PER_PAGE]
    if number < 1 or not shown:
        return None
    newer = f'<a rel="prev" href="{_list_path(name, number - 1)}">Newer</a> ' if number > 1 else ""
    older = f'<a rel="next" href="{_list_path(name, number + 1)}">Older</a>' if number * PER_PAGE < len(mine) else ""
    teasers = "".join(map(_teaser, shown))
    heading = f"{name.capitalize()}, page {number}" if number > 1 else name.capitalize()
    return _page(f"{heading} | {NAME}", f"<main><h1>{heading}</h1>{teasers}<p>{newer}{older}</p></main>")


def about() -> bytes:
    """A page that is no article."""
    text = (
        "<p>The Harbour Courier does not exist. It is the demonstration site of newsvault; its town, its people and "
        "its news are made up.</p><p>Write to us at the old customs house. There is no old customs house.</p>"
    )
    return _page(f"About us | {NAME}", f"<main><h1>About us</h1>{text}</main>")


def not_found() -> bytes:
    """The page behind a 404."""
    return _page(f"Not found | {NAME}", "<main><h1>Not found</h1><p>This page has gone, or never was.</p></main>")


def picture(slug: str) -> bytes:
    """A calm grey-blue picture for an article."""
    hue = sum(slug.encode()) % 60 + 180
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 240"><rect width="640" height="240" '
        f'fill="hsl({hue},35%,85%)"/><path d="M0 170Q160 140 320 170T640 170V240H0Z" fill="hsl({hue},35%,55%)"/></svg>'
    ).encode()


def _list_path(name: str, number: int) -> str:
    return f"/{name}/" if number == 1 else f"/{name}/page/{number}/"


def _teaser(story: Story) -> str:
    return (
        f'<div class="teaser" lang="{story.language}"><h2><a href="{story.path}">{escape(story.title)}</a></h2>'
        f"<p>{escape(story.description or story.paragraphs[0][:120] + ' …')}</p></div>"
    )


def _page(title: str, body: str, *, head: str = "", language: str = "en") -> bytes:
    direction = ' dir="rtl"' if language == "ar" else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"{direction}>\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n{_HEAD_LINKS}\n{head}{_STYLE}\n</head>\n<body>\n"
        f'<header><a href="/">{NAME}</a><nav><ul>{_NAV}</ul></nav></header>\n'
        f"{body}\n"
        f'<footer><p>{NAME}, a site that does not exist. <a href="/about.html">About us</a></p></footer>\n'
        "</body>\n</html>\n"
    ).encode()


def _paragraphs(story: Story, note: str = "", after: str = "", *, at: int = 2) -> str:
    """The text as <p>s, with `after` put in behind paragraph `at`, as advertisements are."""
    parts = [f"<p>{escape(text)}</p>" for text in story.paragraphs]
    parts[at:at] = [after] if after else []
    return "\n".join(parts + ([f'<p class="correction">{escape(note)}</p>'] if note else []))


def _neighbours(story: Story, count: int = 3) -> list[Story]:
    every = stories()
    if story not in every:
        return list(every[:count])
    at = every.index(story)
    return [every[(at + step) % len(every)] for step in range(1, count + 1)]


def _meta(story: Story) -> str:
    lines = [f'<link rel="canonical" href="{story.path}">', '<meta property="og:type" content="article">']
    lines.append(f'<meta property="og:title" content="{escape(story.title)}">')
    lines.append(f'<meta property="og:site_name" content="{NAME}">')
    lines.append(f'<meta name="description" content="{escape(story.description)}">')
    lines.append(f'<meta property="article:published_time" content="{story.published}">')
    lines += [f'<meta property="article:tag" content="{escape(tag)}">' for tag in story.tags]
    return "\n".join(lines) + "\n"


def _json_ld(story: Story) -> str:
    data = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "headline": story.title,
        "datePublished": story.published,
        "dateModified": story.modified or story.published,
        "inLanguage": story.language,
        "articleSection": story.section,
        "keywords": list(story.tags),
        "author": [{"@type": "Person", "name": name} for name in story.authors],
        "publisher": {"@type": "NewsMediaOrganization", "name": NAME},
    }
    return f'<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>\n'


def _figure(story: Story) -> str:
    return (
        f'<figure><img src="/img/{story.slug}.svg" alt="" width="640" height="240">'
        f"<figcaption>{escape(story.caption)}</figcaption></figure>"
    )


def _modern(story: Story, note: str) -> bytes:
    names = ", ".join(f'<span itemprop="author">{escape(name)}</span>' for name in story.authors)
    links = "".join(f'<li><a href="{near.path}">{escape(near.title)}</a></li>' for near in _neighbours(story))
    body = (
        f'<main><article class="story"><h1>{escape(story.title)}</h1>\n<p class="byline">By {names} · '
        f'<time datetime="{story.published}">{story.published[:10]}</time></p>\n{_figure(story)}\n'
        f'<div class="story-body">\n{_paragraphs(story, note, _NEWSLETTER)}\n</div></article></main>\n'
        f'<aside class="read-on"><h2>Read on</h2><ul>{links}</ul></aside>'
    )
    head = _meta(story) + _json_ld(story)
    return _page(f"{story.title} | {NAME}", body, head=head, language=story.language)


def _wordpress(story: Story, note: str) -> bytes:
    """Related posts with teasers and the share form stand inside the article's own container."""
    related = "".join(
        f'<div class="jp-relatedposts-post"><h4><a href="{near.path}">{escape(near.title)}</a></h4>'
        f"<p>{escape(near.description or near.paragraphs[0][:90])}</p></div>"
        for near in _neighbours(story)
    )
    body = (
        f'<div id="content"><article class="post type-post"><header class="entry-header"><h1 class="entry-title">'
        f'{escape(story.title)}</h1><p class="byline">By <a rel="author" href="/about.html">'
        f'{escape(story.authors[0])}</a> on <time class="entry-date" datetime="{story.published}">'
        f'{story.published[:10]}</time></p></header>\n<div class="entry-content">\n{_figure(story)}\n'
        f'{_paragraphs(story, note)}\n{_SHARE}\n<div class="jp-relatedposts"><h3>Related Posts</h3>{related}'
        f'<p><a href="{DEAD_LINK}">The old pier: a history</a></p></div>\n</div></article></div>'
    )
    return _page(f"{story.title} | {NAME}", body, head=_meta(story), language=story.language)


def _table(story: Story) -> bytes:
    """A page as they were made twenty years ago: tables, <br><br>, the byline as plain text, everything in one cell."""
    links = "".join(f'<a href="{near.path}">{escape(near.title)}</a><br>' for near in _neighbours(story))
    text = "<br><br>\n".join(escape(part, quote=False) for part in story.paragraphs)
    day = story.published[:10]
    return (
        f"<html><head><title>{escape(story.title)} - {NAME}</title></head>\n"
        '<body bgcolor="#ffffff"><table width="760" border="0" align="center"><tr><td width="140" valign="top">'
        '<a href="/">Front page</a><br><a href="/harbour/">Harbour</a><br><a href="/town/">Town</a><br>'
        '<a href="/culture/">Culture</a></td>\n<td valign="top"><font size="5"><b>'
        f"{escape(story.title)}</b></font><br>\nBy {escape(story.authors[0])}<br>\n{day}<br><br>\n{text}<br><br>\n"
        f'<b>Related Posts</b><br>{links}<br><form action="/share/mail">Send this to a friend: <input name="to">'
        f'<input type="submit" value="Send"></form>\n<a href="{COPY}">Print this page</a></td></tr></table>'
        "</body></html>\n"
    ).encode()
