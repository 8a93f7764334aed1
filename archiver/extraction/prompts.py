"""Prompts: lines that ask the reader for something, and boxes of other articles. In: lines, blocks. Out: what is to go.

The classifier finds most of them by where they stand; these rules name the rest in the words of a dozen languages. A
paragraph of prose is never cut. Never: a decision about what is article text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from archiver.extraction.blocks import HEADINGS, Block
from archiver.extraction.classwords import WORD

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
_TAIL_START = re.compile(rf"^\W*(?:{_TAIL_WORDS})\s*[:：]", re.I)
_SHARE = re.compile(
    r"(?:send|e-?mail|forward|recommend|tell|share) (?:this|it|us|an?|the|with|to)\b.{0,40}\b(?:friends?|article|story|page|post)|^\W*(?:share|tweet|pin|print|e-?mail)(?: (?:this|on|via|it)\b.{0,40})?\W*$"
    r"|share (?:this|on|via) |follow us on|click to (?:share|email|print)|your (?:friend'?s )?(?:name|e-?mail)|friend'?s (?:name|e-?mail)|sign up (?:for|to) (?:our|the)|subscribe to (?:our|the)|get (?:our|the) .{0,30}newsletter|enter your e-?mail"
    r"|artikel (?:teilen|versenden|drucken)|an (?:einen )?freund|envoyer (?:cet article )?à un ami|partager (?:cet|sur)|enviar a un amigo|compartir (?:en|esta)|invia (?:a|ad) un amico|condividi",
    re.I,
)
_OUTSIDE = re.compile(
    r"(?:external|third[- ]party|embedded) content|extern(?:e[nrsm]?|al)? inhalte?|externe inhoud|contenus? (?:externe|tiers|bloqué)|contenido (?:externo|de terceros)"
    r"|contenut[oi] estern[oi]|conteúdo externo|zewnętrzn\w+ treści|empfohlener redaktioneller inhalt|we need your (?:consent|permission) (?:to|before)"
    r"|(?:accept|allow|enable) (?:all |marketing |the )?cookies to (?:view|see|watch|load)|personenbezogene daten an (?:drittplattformen|dritte)",
    re.I,
)
# Without one of these words `_OUTSIDE` cannot match; looking for them first costs a tenth.
_ABOUT_OUTSIDE = ("conten", "conteúdo", "inhal", "inhoud", "treści", "consent", "permission", "cookies", "an dritt")
_TO_READER = re.compile(
    r"\b(?:you|your|sie|ihnen|ihre|ich bin|vous|votre|usted|puede|lei|puoi|vedere|u|uw|je|você|aqui)\b", re.I
)
UNSURE = 0.6  # on hosts not seen, box names above this chance cost eight times the text that they saved
PROSE = 240  # characters without a link: somebody's paragraph, not a teaser
_BOXES = WORD["related"] | WORD["share"] | WORD["newsletter"] | WORD["consent"] | WORD["comment"]


def is_prompt(line: str) -> bool:
    """Whether a line of text asks the reader for something, or heads a list of other articles."""
    text = line.strip()
    if len(text) < 500 and _is_of_outside(text):
        return _asks(text)  # the box in place of an embedded post that is not loaded yet
    if len(text) >= 160:
        return False
    return bool(_TAIL.match(text) or _TAIL_START.match(text) or (len(text) < 100 and _SHARE.search(text)))


def _is_of_outside(text: str) -> bool:
    folded = text.casefold().replace("ı", "i").replace("i\u0307", "i")  # what re.I takes for one letter
    return any(word in folded for word in _ABOUT_OUTSIDE) and bool(_OUTSIDE.search(text))


def _asks(text: str) -> bool:
    """Whether a line about content from elsewhere speaks to the reader, as its button or its explanation does."""
    return len(text) < 60 or bool(_TO_READER.search(text))


def heads_others(block: Block) -> bool:
    """Whether a block is the heading of a list of other articles ("Related posts")."""
    return len(block.text) < 90 and bool(_TAIL.match(block.text))


def unwanted(blocks: Sequence[Block], chosen: Iterable[int], chances: Mapping[int, float]) -> set[int]:
    """The chosen blocks that a prompt, a heading of other articles or a box's name condemns; the last only where the
    classifier is unsure: standfirsts stand in places called teaser, whole articles in some called comment-open."""
    chosen = set(chosen)
    found = {
        at
        for at in chosen
        if is_prompt(blocks[at].text)
        or (blocks[at].own | blocks[at].near) & WORD["notes"]
        or (chances.get(at, 1.0) < UNSURE and _in_named_box(blocks[at]))
    }
    for at, block in enumerate(blocks):
        if heads_others(block):
            found.update(_below(blocks, at))
    return found


def _in_named_box(block: Block) -> bool:
    """Within two steps of an element named for something else, and no prose."""
    named = (block.own | block.near) & _BOXES
    return bool(named) and not (block.own | block.near) & WORD["strong"] and len(block.text) - block.linked < PROSE


def _below(blocks: Sequence[Block], at: int) -> list[int]:
    """The teasers under a heading: until the next heading of its rank, a paragraph of prose, or its box's end."""
    head = blocks[at]
    rank = head.tag if head.tag in HEADINGS else "h7"
    below = []
    linked = False
    for after in range(at + 1, min(len(blocks), at + 60)):
        block = blocks[after]
        if block.tag in HEADINGS and block.tag <= rank and not block.links:
            break
        if len(block.text) - block.linked >= PROSE:
            break
        shares = bool(set(head.parents[:2]) & set(block.parents))
        if not block.links and not block.linked and not (shares and (linked or after == at + 1)):
            break
        linked = linked or bool(block.links)
        below.append(after)
    return below if linked or len(below) == 1 else []
