"""Verdict: what a page turned out to be. In: its text, links, head. Out: a verdict, the evidence, flags. Never: a guess
without a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lxml import html

from archiver.extraction.blocks import TAGS, Block
from archiver.model import Usual, Verdict

_BOT = re.compile(
    r"checking your browser|just a moment|verify(?:ing)? (?:that )?you are (?:a )?human|enable (?:javascript and )?cookies to continue"
    r"|attention required|access denied|unusual traffic|are you a robot|captcha|ddos protection|please stand by, while we are checking",
    re.I,
)
_SOFT_404 = re.compile(
    r"(?:page|article|story|url|file) (?:you (?:are looking for|requested) )?(?:(?:was|could|can) ?not|cannot|can't|couldn't|no longer|isn't|doesn't|does not)(?: be)? ?(?:found|exist|available|be found)?"
    r"|page not found|\b404\b|not found|nothing (?:was )?found|seite nicht gefunden|page introuvable|página no encontrada|pagina non trovata|страница не найдена|ページが見つかりません",
    re.I,
)
_CONSENT = re.compile(
    r"we (?:and our (?:\d+ )?partners )?(?:use|store|value) .{0,40}(?:cookies|privacy)|accept (?:all )?(?:cookies )?(?:to|and) continue|before you continue|cookie (?:consent|settings|preferences)|agree to (?:the use of )?cookies"
    r"|wir (?:und unsere partner )?(?:verwenden|nutzen) cookies|nous utilisons des cookies",
    re.I,
)
# Each by words it cannot do without: a page's whole text is searched for them at a tenth of the cost.
_PAYWALL = {
    "subscribe": r"subscribe (?:now )?to (?:continue|keep|read)|already a subscriber|this (?:article|content|story) is (?:only )?(?:for|available to) (?:our )?subscribers"
    r"|subscribers only",
    " reading": r"(?:to|continue) reading,? (?:please )?(?:subscribe|log in|sign in|register)",
    "become a ": r"become a (?:subscriber|member) to",
    "unlock this": r"unlock this article",
    "weiterlesen mit": r"weiterlesen mit",
    "nur für": r"nur für abonnenten",
    "réservé aux": r"réservé aux abonnés",
    "solo para": r"solo para suscriptores",
}
_PAYWALLS = {words: re.compile(pattern, re.I) for words, pattern in _PAYWALL.items()}
_NEEDS_JS = re.compile(
    r"(?:enable|requires?|need|activate|turn on).{0,20}javascript|javascript.{0,30}(?:enable|required|disabled)", re.I
)
_ARTICLE_TYPES = frozenset(
    {
        "article",
        "newsarticle",
        "reportagenewsarticle",
        "blogposting",
        "opinionnewsarticle",
        "analysisnewsarticle",
        "liveblogposting",
    }
)
BRIEF, LONG, PARAGRAPH = 25, 120, 80  # words of a brief, of an article nobody doubts; characters of a paragraph
SHORT = 3  # an article that is short for its host has less than one part in so many of what is usual there
MANY = 4  # teasers that make a list
TEASED = 60  # words; what a teaser says of its article is shorter


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict and what it rests on."""

    verdict: Verdict
    evidence: tuple[str, ...]
    flags: tuple[str, ...]
    marked: bool = False  # whether the page says that it is an article, or shows its title above


@dataclass(frozen=True, slots=True)
class Facts:
    """What a verdict needs of the page beside the text, taken before the tree is spent."""

    shown: str  # all visible text
    teasers: frozenset[str]  # headings that are nothing but a link
    link_share: float  # of the text outside navigation
    shell: bool  # scripts would fill it
    has_article: bool  # an `article` element


def facts_of(root: html.HtmlElement, blocks: Sequence[Block]) -> Facts:
    """Gather what the verdict rests on."""
    shown = " ".join(block.text for block in blocks)
    return Facts(
        shown=shown,
        teasers=frozenset(_teasers(root)),
        link_share=_link_share(blocks),
        shell=_shell(root, shown),
        has_article=next(root.iter("article"), None) is not None,
    )


def judge(facts: Facts, *, title: str, text: str, links: int, og_type: str, free: bool | None, ld_types: Sequence[str], dated: bool, among: int, headed: bool) -> Judged:  # fmt: skip
    """Tell an article from an index, a wall, an error page said with status 200, and an empty shell.

    `among` is how many teasers stand between the text's first block and its last; `headed`, whether the page shows its title;
    `free`, what `is_free` says.
    """
    shown = facts.shown
    words = _words(text)
    flags = ("paywalled",) if free is False or _asks_to_pay(shown) else ()
    top = f"{title} {shown[:600]}"
    if words < LONG and _BOT.search(top) and len(shown) < 3000:
        return Judged(Verdict.BOT_WALL, ("bot_wall_words",), (*flags, "bot_wall"))
    if words < LONG and _SOFT_404.search(title + " " + shown[:200]) and len(shown) < 3000 and not dated:
        return Judged(Verdict.SOFT_404, ("not_found_words",), (*flags, "soft404"))
    if words < 200 and _CONSENT.search(top) and len(shown) < 4000 and not dated:
        return Judged(Verdict.CONSENT, ("consent_words",), (*flags, "consent"))
    if words < BRIEF and "paywalled" in flags:
        return Judged(Verdict.PAYWALL, ("paywall_words",), flags)
    if words < BRIEF and facts.shell and (links < 3 or len(shown) < 600):
        return Judged(Verdict.NEEDS_JS, ("scripts_without_text",), (*flags, "needs_js"))
    if not shown or (words == 0 and links == 0):
        return Judged(Verdict.EMPTY, ("no_text",), flags)
    declared = any(kind.lower() in _ARTICLE_TYPES for kind in ld_types) or og_type.lower() == "article"
    marked = declared or dated or headed
    judged = _article_or_index(facts, text, words=words, links=links, marked=marked, among=among, flags=flags)
    return replace(judged, marked=marked)


def _article_or_index(
    facts: Facts, text: str, *, words: int, links: int, marked: bool, among: int, flags: tuple[str, ...]
) -> Judged:
    paragraphs = sum(len(line) >= PARAGRAPH for line in text.splitlines())
    if among >= MANY and words < TEASED * among:
        return Judged(Verdict.INDEX, (f"{among}_teasers",), flags)
    if paragraphs >= 3 or (paragraphs >= 1 and words >= LONG):
        return Judged(Verdict.ARTICLE, (f"{paragraphs}_paragraphs",), flags)
    if words >= BRIEF and paragraphs and (marked or facts.link_share < 0.5 or facts.has_article):
        return Judged(Verdict.ARTICLE, ("prose",), flags)
    if _is_cjk(text) and len(text) > 80 and (marked or facts.link_share < 0.7):
        return Judged(Verdict.ARTICLE, ("prose",), flags)
    if links >= 1 or facts.teasers:
        return Judged(Verdict.INDEX, ("links_without_prose",), flags)
    return Judged(Verdict.EMPTY, ("too_little_text",), flags)


def is_short(words: int, usual: Usual) -> bool:
    """Whether an article is so short that its host had hardly one like it: below the shortest twentieth, and below a
    third of what is usual. Where a site changes its template, or puts up a wall that no word gives away, all are.
    """
    return words < usual.few and words * SHORT < usual.words


def _words(text: str) -> int:
    return len(
        re.findall(
            r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]+",
            text,
        )
    )


def _is_cjk(text: str) -> bool:
    return len(re.findall(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]", text[:2000])) > 0.3 * len(
        text[:2000]
    )


def is_free(ld: dict[str, Any], tier: str) -> bool | None:
    """Whether a page says that all may read it: in its JSON-LD, of itself or of a part, or by `article:content_tier`.

    None where it does not say. A metered page is free, for a time.
    """
    parts = ld.get("hasPart")
    nodes = [ld, *(parts if isinstance(parts, list) else [parts])]
    said = [str(node["isAccessibleForFree"]).lower() for node in nodes if isinstance(node, dict) and "isAccessibleForFree" in node]  # fmt: skip
    if tier.lower() == "locked" or any(word in ("false", "0", "no") or word.endswith("/false") for word in said):
        return False
    return True if said or tier.lower() in ("free", "metered") else None


def _asks_to_pay(shown: str) -> bool:
    folded = shown.casefold().replace("ı", "i").replace("i\u0307", "i")  # what re.I takes for one letter
    return any(words in folded and pattern.search(shown) for words, pattern in _PAYWALLS.items())


def _shell(root: html.HtmlElement, shown: str) -> bool:
    """A page whose article only a script would show."""
    if len(shown) > 5000:
        return False
    scripts = sum(len(one.text or "") + 500 * bool(one.get("src")) for one in root.iter("script"))
    mounts = root.xpath("//*[@id='root' or @id='app' or @id='__next' or @id='__nuxt' or @id='main-app']")
    return (
        (scripts > 500 and bool(mounts))
        or bool(_NEEDS_JS.search(f"{shown} {_noscript(root)}"))
        or (scripts > 1500 and len(shown) < 200)
    )


def _teasers(root: html.HtmlElement) -> set[str]:
    """The texts of headings that are nothing but a link."""
    found = set()
    for heading in root.iter("h2", "h3", "h4"):
        text = " ".join(heading.text_content().split())
        link = heading.find(".//a")
        above = any(parent.tag == "a" for parent in islice(heading.iterancestors(), 3))
        linked = link is not None and len(link.text_content().strip()) > 0.8 * len(text)
        if len(text) > 15 and (linked or above):
            found.add(text)
    return found


def _link_share(blocks: Iterable[Block]) -> float:
    """How much of the text lies in links, navigation left out."""
    chrome = TAGS["nav"] | TAGS["header"] | TAGS["footer"]
    own = [block for block in blocks if not block.ancestors & chrome]
    total = sum(len(block.text) for block in own)
    return sum(block.linked for block in own) / total if total else 0.0


def _noscript(root: html.HtmlElement) -> str:
    return " ".join(str(element.text_content())[:300] for element in root.iter("noscript"))
