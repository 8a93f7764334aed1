"""Prune: what stands inside an article without being it. In: a tree that may be spent. Out: the same tree, less. Never:
a long paragraph.

Related posts, "read also", share rows, "send to a friend" forms, newsletter and consent boxes, hidden text. What is cut
must be named as such, by its class or by a heading of its own, and must look like it: links, form fields or short lines.
"""

from __future__ import annotations

import re

from lxml import html

# class and id words of boxes that are never the article
_BOX = re.compile(
    r"(?:^|[\s_-])(?:related(?:[-_]?(?:posts?|articles?|stories|content|links?|news|items?|box))?|recommended|recommendations?"
    r"|read[-_]?(?:more|also|next)|more[-_]?(?:stories|news|from|on|articles)|also[-_]?like|you[-_]?may[-_]?(?:also[-_]?)?like"
    r"|jp-relatedposts|yarpp[\w-]*|outbrain[\w-]*|taboola[\w-]*|share(?:daddy|s|bar|-?buttons?|-?tools?)?|sharing|social(?:[-_]?\w+)?"
    r"|addthis[\w-]*|a2a_kit|sd-sharing[\w-]*|newsletter[\w-]*|subscribe[\w-]*|signup|sign-up|promo[\w-]*|cookie[\w-]*|consent[\w-]*"
    r"|gdpr[\w-]*|comments?(?:-?(?:list|area|form|section))?|respond|disqus[\w-]*|breadcrumbs?|tag-?(?:list|cloud|links)|post-tags"
    r"|author-?(?:bio|box)|teasers?|inline-?related|advert\w*|ad-?(?:slot|container|unit|box)|sponsored|email-?friend|tell-?a-?friend"
    r"|send-?(?:to-?)?(?:a-?)?friend)(?:$|[\s_-])",
    re.I,
)
_KEEP = re.compile(r"article-?body|entry-?content|post-?content|story-?body|main-?content|articletext", re.I)

_TAIL_WORDS = (
    r"related (?:posts?|articles?|stories|news|content|coverage|links?|reading|topics)|you (?:may|might) (?:also )?(?:like|enjoy|be interested in)"
    r"|(?:read|see|watch) (?:also|next|more|this next)|(?:more|other|latest|top|popular|recommended|similar|trending) (?:stories|news|articles|posts|headlines|reading)"
    r"|more (?:from|on|in|about) .{0,50}|recommended(?: for you)?|what to read next|don'?t miss|most (?:read|popular|viewed)|from our archives?|from around the web"
    r"|in case you missed it|keep reading|further reading|you may have missed|suggested (?:posts?|articles?)"
    r"|mehr zum thema|lesen sie auch|auch interessant|das könnte sie (?:auch )?interessieren|weitere (?:artikel|meldungen|themen)|verwandte (?:artikel|beiträge)"
    r"|lire aussi|à lire (?:aussi|également)|sur le même (?:sujet|thème)|articles (?:liés|similaires|associés)|(?:noticias|artículos|temas) relacionad[oa]s|te puede interesar|lea también|leer también"
    r"|leggi anche|articoli correlati|potrebbe interessarti|lees ook|gerelateerde artikelen|leia (?:também|mais)|(?:notícias|artigos) relacionad[oa]s|czytaj także|zobacz też|читайте также|по теме|関連記事|相关新闻|相关阅读"
)
_TAIL = re.compile(rf"^\W*(?:{_TAIL_WORDS})\W*$", re.I)
_SHARE = re.compile(
    r"(?:send|e-?mail|forward|recommend|tell|share) (?:this|it|us|an?|the|with|to)\b.{0,40}\b(?:friends?|article|story|page|post)|^\W*(?:share|tweet|pin|print|e-?mail)(?: (?:this|on|via|it)\b.{0,40})?\W*$"
    r"|share (?:this|on|via) |follow us on|click to (?:share|email|print)|your (?:friend'?s )?(?:name|e-?mail)|friend'?s (?:name|e-?mail)|sign up (?:for|to) (?:our|the)|subscribe to (?:our|the)|get (?:our|the) .{0,30}newsletter|enter your e-?mail"
    r"|artikel (?:teilen|versenden|drucken)|an (?:einen )?freund|envoyer (?:cet article )?à un ami|partager (?:cet|sur)|enviar a un amigo|compartir (?:en|esta)|invia (?:a|ad) un amico|condividi",
    re.I,
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_BLOCKS = ("div", "section", "aside", "ul", "ol", "dl", "table", "form", "nav", "footer", "header", "p", "td", "tr")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?:px)?\s*(?:;|$)", re.I)
MOST_BOX = 1500  # characters; a longer box without links is somebody's text, whatever it is called
LONG_LINE = 240  # characters without a link: a paragraph of somebody's prose, not a teaser


def prune(root: html.HtmlElement) -> None:
    """Cut what is not the article. The tree is changed."""
    _drop_all(root.iter("form", "nav", "button", "select", "dialog"), _harmless)
    _drop_all(root.iter("*"), _is_hidden)
    _drop_all(
        (one for one in root.iter(*_BLOCKS) if _BOX.search(_names(one)) and not _KEEP.search(_names(one))), _harmless
    )
    for element in list(root.iter(*_HEADINGS, "p", "div", "span", "strong", "b", "font", "td", "li", "center", "dt")):
        _tail(element)


def is_prompt(line: str) -> bool:
    """Whether a line of text asks the reader for something, or heads a list of other articles."""
    text = line.strip()
    return len(text) < 160 and bool(_TAIL.match(text) or (_SHARE.search(text) and len(text) < 100))


def _drop_all(elements: object, may: object) -> None:
    for element in list(elements):  # type: ignore[call-overload]  # an iterator of elements
        if element.getparent() is not None and may(element):  # type: ignore[operator]
            drop(element)


def drop(element: html.HtmlElement) -> None:
    """Take an element out; the text after it stays."""
    parent = element.getparent()
    if parent is not None:
        element.drop_tree()


def _names(element: html.HtmlElement) -> str:
    return f"{element.get('class', '')} {element.get('id', '')}"


def _is_hidden(element: html.HtmlElement) -> bool:
    if not isinstance(element.tag, str) or element.tag in ("html", "body"):
        return False
    hidden = (
        element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
        or _HIDDEN.search(element.get("style", ""))
    )
    return bool(hidden) and len(element.text_content()) < 5000


def _harmless(element: html.HtmlElement) -> bool:
    """Whether a box holds no prose of the article: no long paragraph outside links, or few words at all."""
    text = " ".join(element.text_content().split())
    if len(text) < 400:
        return True
    if len(text) > MOST_BOX and not _mostly_links(element, text):
        return False
    longest = max(
        (len(" ".join(p.text_content().split())) for p in element.iter("p", "div", "td") if not len(p)), default=0
    )
    return longest < LONG_LINE or _mostly_links(element, text)


def _mostly_links(element: html.HtmlElement, text: str) -> bool:
    return sum(len(" ".join(one.text_content().split())) for one in element.iter("a")) > 0.4 * len(text)


def _tail(element: html.HtmlElement) -> None:
    """A heading that announces other articles, or a share prompt: cut it and the list that follows it."""
    if element.getparent() is None:
        return
    if element.tag == "p" and next(element.iterchildren("br"), None) is not None and _TAIL.match(_first_line(element)):
        if _harmless(element):
            drop(element)
        return
    text = " ".join(element.text_content().split())
    if not text or len(text) > 90:
        return
    if _TAIL.match(text):
        _cut_following(_outermost(element, text))
    elif _SHARE.search(text) and len(text) < 80:
        drop(_outermost(element, text))


def _first_line(element: html.HtmlElement) -> str:
    """What stands before the first line break."""
    pieces = [element.text or ""]
    for child in element:
        if child.tag == "br":
            break
        pieces += [child.text_content(), child.tail or ""]
    return " ".join("".join(pieces).split())


def _outermost(element: html.HtmlElement, text: str) -> html.HtmlElement:
    """The highest element that says nothing but this."""
    parent = element.getparent()
    while parent is not None and parent.tag not in ("body", "html") and " ".join(parent.text_content().split()) == text:
        element, parent = parent, parent.getparent()
    return element


def _cut_following(heading: html.HtmlElement) -> None:
    """Cut the list or the run of teasers after a heading of other articles; a real paragraph ends it."""
    following = heading.getnext()
    parent = heading.getparent()
    alone = following is None and parent is not None and parent[0] is heading and not (parent.text or "").strip()
    if alone and _harmless(parent):
        drop(parent)  # a box with its heading and bare text: "<td><b>Related</b> text…</td>"
        return
    level = heading.tag if heading.tag in _HEADINGS else "h7"
    while following is not None:
        nxt = following.getnext()
        tag = following.tag if isinstance(following.tag, str) else ""
        if (tag in _HEADINGS and tag <= level) or not _teaser(following):
            break
        if following.tail and len(following.tail.strip()) > 60 and following.getnext() is not None and tag == "br":
            break
        if following.tail and len(following.tail) < LONG_LINE:
            following.tail = " "  # "<a>a headline</a> and its teaser"
        drop(following)
        following = nxt
    if heading.tail and heading.getnext() is None and len(heading.tail) < LONG_LINE:
        heading.tail = " "
    drop(heading)


def _teaser(element: html.HtmlElement) -> bool:
    """Whether an element looks like part of a list of other articles."""
    if not isinstance(element.tag, str):
        return True
    if element.tag in ("ul", "ol", "dl", "nav", "aside", "br", "hr", "img", "figure"):
        return _harmless(element)
    has_link = element.tag == "a" or next(element.iter("a"), None) is not None
    return has_link and _harmless(element)
