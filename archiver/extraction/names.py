"""Names: who is meant by a piece of a byline. In: text that a person formatted. Out: clean names, and what kind they are.

Never: a page.

A byline is cut at conjunctions, freed of "By" and of what follows a name (role, address, date), and each piece is weighed.
"""

from __future__ import annotations

import re
from html import unescape

from archiver.extraction.wires import AGENCIES

MAX_NAMES = 20
_BYLINE = 400  # characters of a byline that are read
# fmt: off
_BY = re.compile(
    r"^(?:(?:article |story |text |words |report |reporting )?(?:written |posted |published |reviewed |edited |compiled |submitted )?by"
    r"|von|vom|par|por|di|a cura di|door|av|af|od|autor[кы]?:|автор[ы:]?|от|text|texte|testo|tekst|redaktion|auteur|autore?|autor(?:in|a|es|zy)?|author|"
    r"written|著者|文|記者|作者|编辑|責任編輯|责任编辑|글|kirjoittaja|yazan|oleh|penulis|skrevet av|skriven av|geschreven door|escrito por|écrit par|geschrieben von|scritto da|napisał\w*)"
    r"(?:\s*[:：●]\s*|\s+|$)",
    re.I,
)
BY = re.compile(
    r"^\s*(?:(?:(?:written|story|words|text|report(?:ing)?|posted|published|article) )?by|von|par|por|di|door|av|af|autor(?:in|a|es)?|author|автор|"
    r"skrevet av|skriven av|geschreven door|escrito por|écrit par|geschrieben von|scritto da)(?:\s*:\s*|\s+)\S|^\s*(?:text:|著者\s*[：:]|文[／/：:●]|作者\s*[：:]|記者\s*[：:])\s*\S",
    re.I,
)
_SPLIT = re.compile(
    r"\s*(?:;|,|、|，|\||\s/\s|/|／|&|•|·|\s+and\s+|\s+und\s+|\s+et\s+|\s+y\s+|\s+e\s+|\s+og\s+|\s+och\s+|\s+en\s+|\s+oraz\s+|\s+with\s+|\s+mit\s+|\n)\s*"
)
_TAIL = re.compile(
    r"\s*(?:\(.*|\[.*|\bfor\s+[A-Z].*|\s[-–—⋅]\s.*|\s+@\w+.*|\d{1,2}:\d\d\s*(?:[ap]m\b)?.*|,?\s*(?:(?:last )?updated|published|posted|aktualisiert|mis à jour)\b.*)$",
    re.I | re.S,
)
_NOISE = re.compile(r"https?:|www\.|@|\.(?:com|de|net|org|fr)\b|[<>{}\[\]_=#%$€]|\d{3}", re.I)
_ROLE = re.compile(
    r"^(?:(?:senior|chief|staff|political|science|health|deputy|managing|contributing|foreign|national|sports?|business|editor|reporter|writer|correspondent|journalist|"
    r"columnist|contributor|author|photographer|intern|freelance\w*|redakteur\w*|reporter\w*|journaliste|periodista|editor-in-chief|reporters|correspondents|president|ceo|founder|director|"
    r"professor|lecturer|expert|specialist|strategist|analyst|consultant|coordinator|reviewer|astrologer|gardener|attorney|dietitian|nutritionist|engineer|developer|producer|"
    r"co-?founder|former|guest|event|trial|licensed|certified|registered|phd|md|m\.?d\.?|ph\.?d\.?|esq|jr\.?|sr\.?|ii|iii|of|the|in|at|for|and|a|digital|news|politics|world|us|u\.s\.|global|marketing|content|product|manager|head|lead)\b[\s.]*)+$",
    re.I,
)
_OTHERS = re.compile(r"^(?:illustrat\w*|photo\w*|photos|foto\w*|graphics?|video|design|code|images?|picture\w*|translat\w*|fact.check\w*|edited|reviewed)\b\s*(?:by|:|von|par|por)", re.I)
_AFTER_NAME = re.compile(
    r"\s+(?:on\s+)?(?:(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?\s+\d.*|\d.*|(?:mon|tues|wednes|thurs|fri|satur|sun)day\b.*|\bin\s+[A-Z].*|\bat\s+[A-Z].*)$",
    re.I,
)
_GLUED = re.compile(
    r"(?<=\w\s)(\w+[a-z])(?:January|February|March|April|May|June|July|August|September|October|November|December|Published|Updated|Posted|"
    r"Senior|Chief|Staff|Head|Editor|Founder|Co-Founder|Writer|Reporter|Author|Director|Contributor|CEO)\b.*$"
)  # "Matt CheckHead Winemaker": two elements run together
_ROLE_AFTER = re.compile(
    r"\s+(?:(?:senior|chief|staff|editor|reporter|writer|correspondent|journalist|columnist|contributor|founder|ceo|special to)\b.*|記者.*|기자.*)$", re.I
)
_ORGANISATION = re.compile(
    r"\b(?:news|staff|team|desk|agency|agencies|press|media|magazine|times|post|editors?|editorial|redaktion|rédaction|redacción|redazione|redakcja|redakce|redação|"
    r"onlineredaktion|newsroom|newsdesk|bureau|daily|weekly|tv|radio|online|group|inc|ltd|gmbh|corporation|company|institute|university|association|foundation|admin|"
    r"administrator|webmaster|guest|contributor|contributors|correspondent|network|journal|gazette|herald|tribune|zeitung|anzeiger|newspaper|community|office|ministry|"
    r"department|council|reporters?|wire|services?|submissions|publisher|редакция|agentur|agenturen|digital|web|blog)\b|編集部|新聞|通信|オンライン|新闻|通讯社|日报|報社|편집|뉴스|^the\s|\.com|^condé nast$|\.de\b",
    re.I,
)
_CALENDAR = re.compile(
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\.?", re.I
)  # what is left of "By Nora, Dec 3"; alone it is a name: April
_NOBODY = re.compile(r"undefined|null|none|unknown|amp|(?:\w+ )?comments?(?: so far)?", re.I)
_DEGREE = re.compile(r"(?:[A-Z]\.?){2,6}\*?")  # RDN, M.A.
_TRADE = re.compile(r"\b(?:expert|specialist|strategist|analyst|consultant|coordinator|reviewer|engineer|developer|attorney|dietitian|nutritionist|m\.?d|ph\.?d)\.?$", re.I)
_GLUED_BY = re.compile(r"^By(?=[A-Z])")
_TURNED = re.compile(r"([A-Z][\w'’-]*[a-z]),\s+([A-Z][\w'’-]*[a-z])")  # "Gillman, Steve"
_ADDRESS = re.compile(r"(?:https?:)?//|www\.", re.I)
_WORD = re.compile(r"[^\W\d_][\w'’.\-]*")
_SMALL = frozenset(["de", "da", "di", "do", "dos", "das", "du", "del", "della", "van", "von", "der", "den", "ten", "ter", "la", "le", "el", "al", "bin", "ibn", "y", "e", "af", "av", "zu", "zur"])
_NO_NAMES = re.compile(
    r"^(?:the|die|der|das|les|los)\s|\b(?:about|more|read|reading|follow|share|view|all|my|posts?|written|profile|contact|your|our|privacy|cookies?|sign|log|home|menu|search|subscribe|comments?|min|"
    r"minutes?|password|account|register|undefined|updated|published|by|january|february|march|april|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|advertisement|photo|image|share|email|facebook|twitter|linkedin|instagram|youtube)\b", re.I,
)
# fmt: on


def name_key(name: str) -> str:
    """A name as names are compared: one case, without punctuation around it."""
    return " ".join(re.sub(r"[^\w\s'.-]", " ", name).casefold().split()).strip(" .'-")


def looks_like_person(name: str) -> bool:
    """Whether two to five capitalised words stand there that name no organisation, role or button."""
    words = [word for word in _WORD.findall(name) if word not in _SMALL]
    if not 2 <= len(words) <= 5 or len(name) > 50 or "&" in name or is_organisation(name) or _NO_NAMES.search(name):
        return False
    return all(word[0].isupper() for word in words) and not any(character.isdigit() for character in name)


def is_organisation(name: str) -> bool:
    """Whether a name says that it is an agency, a desk, a company: anything but a person."""
    return name_key(name) in AGENCIES or bool(_ORGANISATION.search(name))


def is_agency_line(text: str) -> bool:
    """A line that begins with an agency's name and says little else: "AFP, MANILA"."""
    return len(text) < 40 and name_key(re.split(r"[,/|(–-]", text)[0]) in AGENCIES


def names_in(byline: str) -> list[str]:
    """The names in a byline, cleaned; what cannot be a name is left out."""
    byline = _GLUED_BY.sub("", unescape(byline[:_BYLINE]).strip())
    if _ADDRESS.match(byline):
        return []
    if turned := _TURNED.fullmatch(byline):
        byline = f"{turned[2]} {turned[1]}"
    found = [name for piece in _SPLIT.split(_BY.sub("", byline)) if (name := _clean(piece))]
    if len(found) > 1:
        found = [name for name in found if not _CALENDAR.fullmatch(name)] or found[:1]
        found = _without_trades(found) if looks_like_person(found[0]) else found
    return found[:MAX_NAMES]


def _without_trades(found: list[str]) -> list[str]:
    """Without what tells of a person named before: degrees, trades, and the single words that a trade begins with
    ("Nora Whitlock, RDN, Privacy and Security Expert"). An agency or a desk stands there in its own right."""
    trades = {name for name in found if _TRADE.search(name)}
    others = {name for name in found if name.isascii() and (_DEGREE.fullmatch(name) or (trades and " " not in name))}
    return [name for name in found if name not in trades | others or name_key(name) in AGENCIES]


def _clean(piece: str) -> str:
    piece = piece.strip(" \t.,:;|-–—•·●\"“”'\u200b")
    if _OTHERS.match(piece):
        return ""  # who drew, photographed or checked is credited, but did not write
    name = _AFTER_NAME.sub("", _TAIL.sub("", _BY.sub("", piece)))
    name = _GLUED.sub(r"\1", name)
    bare = _ROLE_AFTER.sub("", name)
    if len(bare.split()) > 1 or len(name) == len(bare) or not bare.isascii():
        name = bare  # "Nora Whitlock staff writer" is a person, "Gazette staff" is not one called Gazette
    name = " ".join(name.strip(' \t.,:;|-–—•·●"“”').split())
    if (
        not 2 <= len(name) <= 60
        or _NOISE.search(name)
        or _ROLE.match(name)
        or _NOBODY.fullmatch(name)
        or len(name.split()) > 6
    ):
        return ""
    return name if any(character.isalpha() for character in name) else ""
