"""Wires: which agency a story comes from, and what says so. In: names, structured data, text. Out: evidence. Never: a guess.

Agencies sign in three places: as author, in the dateline ("BERLIN (dpa) -", "(서울=연합뉴스)", "新华社北京11月3日电") and in
the credit at the end ("Quelle: dpa", "© AFP", "(Reporting by …; Editing by …)"). A newspaper's own story that thanks an
agency for a part of it says so at the end too; that is a contribution and makes no wire story.

Short signs are read as they are written: `AP` and `dpa`, but no `ap`; `PA` only where it can be no state.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_TABLE = """
AP: AP; Associated Press; The Associated Press; Associated Press (AP)
Reuters: Reuters; REUTERS; Thomson Reuters; Reuters News; Рейтер; Рейтерс; ロイター; ロイター通信; 路透社; 路透; 로이터; رويترز
AFP: AFP; Afp; Agence France-Presse; Agence France Presse; AFP通信; AFP時事; 法新社; АФП; فرانس برس; أ ف ب
dpa: dpa; DPA; Deutsche Presse-Agentur; dpa-AFX; dpa-infocom; dpa-tmn; dpa/lsw; dpa/lby; dpa/lno; dpa/lnw; dpa/lhe; dpa-video
epd: epd; Evangelischer Pressedienst
KNA: KNA; Katholische Nachrichten-Agentur
SID: SID; Sport-Informations-Dienst
APA: APA; Austria Presse Agentur; apa-ots
Keystone-SDA: sda; SDA; Keystone-SDA; ATS; Keystone-ATS
ANSA: ANSA; Agenzia ANSA
Adnkronos: Adnkronos; ADNKRONOS
AGI: AGI; Agenzia Italia
Italpress: Italpress; ITALPRESS
LaPresse: LaPresse; LAPRESSE
EFE: EFE; Efe; Agencia EFE; EFE Verde
Europa Press: Europa Press; EUROPA PRESS
Lusa: Lusa; LUSA; Agência Lusa
Agência Brasil: Agência Brasil
Télam: Télam; Telam; TÉLAM
Notimex: Notimex
Belga: Belga; BELGA; Agence Belga
ANP: ANP
Ritzau: Ritzau; ritzau; /ritzau/
NTB: NTB; Norsk Telegrambyrå
TT: TT; TT Nyhetsbyrån
STT: STT; Suomen Tietotoimisto
BNS: BNS; Baltic News Service
LETA: LETA
PAP: PAP; Polska Agencja Prasowa
ČTK: ČTK; ČTK/AP; Česká tisková kancelář
TASR: TASR
MTI: MTI; Magyar Távirati Iroda
Agerpres: Agerpres; AGERPRES
BTA: БТА; BTA
Hina: Hina; HINA
Tanjug: Tanjug; Tanjug; Танјуг
ANA-MPA: ΑΠΕ-ΜΠΕ; ΑΠΕ; ANA-MPA
TASS: TASS; ТАСС; ИТАР-ТАСС
RIA Novosti: РИА Новости; RIA Novosti
Interfax: Interfax; Интерфакс; Interfax-Ukraine; Інтерфакс-Україна
Ukrinform: Ukrinform; Укрінформ; Укринформ
Anadolu: AA; Anadolu Agency; Anadolu Ajansı; Anadolu
DHA: DHA; Demirören Haber Ajansı
Xinhua: Xinhua; XINHUA; 新华社; 新華社; Xinhua News Agency
China News Service: 中新社; 中新网; China News Service
CNA: 中央社; Central News Agency
Kyodo: Kyodo; KYODO; Kyodo News; 共同; 共同通信; 共同通信社; 共同社
Jiji: Jiji; JIJI; Jiji Press; 時事; 時事通信; 時事通信社
Yonhap: Yonhap; 연합뉴스; 聯合ニュース; 韩联社; Yonhap News Agency
Newsis: 뉴시스; Newsis
News1: 뉴스1
PTI: PTI; Press Trust of India
IANS: IANS; Indo-Asian News Service
ANI: ANI; Asian News International
UNI: United News of India
APP: Associated Press of Pakistan
Antara: ANTARA; Antara; Antara News
Bernama: Bernama; BERNAMA
VNA: TTXVN; Vietnam News Agency
AAP: AAP; Australian Associated Press
PA Media: PA Media; Press Association; PA News Agency
UPI: UPI; United Press International
The Canadian Press: The Canadian Press; Canadian Press; THE CANADIAN PRESS; La Presse Canadienne; La Presse canadienne
Bloomberg: Bloomberg; Bloomberg News
SAPA: SAPA
NAN: News Agency of Nigeria
MENA: أ ش أ; وكالة أنباء الشرق الأوسط
SPA: واس; Saudi Press Agency
WAM: وام; WAM
QNA: قنا; QNA
Sputnik: Sputnik; Спутник
"""
_ROWS = [(name, [form.strip() for form in forms.split(";")]) for name, _, forms in
         (line.partition(": ") for line in _TABLE.strip().splitlines())]  # fmt: skip
_EXACT = {form: name for name, forms in _ROWS for form in forms}
_LOOSE = {form.casefold(): form_name for form_name, forms in _ROWS for form in forms if len(form) > 5}
AGENCIES = {form.casefold(): name for form, name in _EXACT.items()}
"""What an agency calls itself as author, in lower case → its name."""

_WIDE = sorted((form for form in _EXACT if re.match(r"[\u3040-\u9fff\uac00-\ud7af]", form)), key=len, reverse=True)
_BETWEEN = re.compile(r"\s*(?:[/,;&|+=]|\s[-–—]\s|\b(?:and|und|et|y|e|og|och|en|with|mit|via|ve|и)\b)\s*")
_BRACKETED = re.compile(r"[(（\[【/]([^()（）\[\]【】\n/]{2,40}(?:/[^()（）\[\]【】\n/]{2,20})*)[)）\]】/]")
_AFTER_DATELINE = re.compile(r"\s*(?:[-–—―:：=.]|$|\n)|[^\n]{0,20}=")
_DASHED = re.compile(r"^[^\n]{3,60}?\s[-–—]\s(?P<name>[^\n.,]{2,20})[.,]")
_CABLE = re.compile(r"^(?P<name>新华社|新華社|中新社|中央社|新华网)[^\n]{0,24}?[电電]")
_SOURCE = re.compile(
    r"(?:source|sources|quelle|quellen|fonte|fuente|fuentes|källa|kilde|bron|źródło|zdroj|forrás|πηγή|источник|джерело|kaynak|来源|來源|出典|출처|المصدر)"
    r"\s*[:：]\s*(?P<name>[^\n]{2,40})$",
    re.I,
)
_COPYRIGHT = re.compile(r"(?:©|\(c\)|copyright)\s*(?:\d{4}\s*)?(?P<name>[^\n,.:\d]{2,40})", re.I)
_CODE = re.compile(r"(?:© )?(?P<name>dpa)(?:-infocom, dpa)?:\d{6}-")
_REUTERS = re.compile(r"\((?:Additional )?[Rr]eporting by [^()]{3,300}?[Ee]diting by [^()]{3,200}\)")
_CONTRIBUTED = (
    re.compile(r"(?P<name>(?:The )?Associated Press|Reuters|AFP|Bloomberg)\b[^\n.]{0,120}\bcontributed to (?:this|the) (?:report|story|article)"),
    re.compile(r"\bwith (?:files|inputs?|material|reporting|information|additional reporting) (?:from|by) (?:the )?(?P<name>[^\n.()]{2,50})", re.I),
    re.compile(r"\bmit (?:Material|Informationen|Agenturmaterial) (?:von|der|des) (?P<name>[^\n.()]{2,50})", re.I),
    re.compile(r"\bavec (?:l['’])?(?P<name>AFP|Reuters|AP|Belga|ATS)\b"),
    re.compile(r"\bcon (?:información|informaciones|informazioni) (?:de|di) (?P<name>[^\n.()]{2,50})", re.I),
)  # fmt: skip
_WITH = re.compile(r"\(?(?:mit|with|avec|con|com|med|met)\s", re.I)  # … dpa: the paper's own story
_SOURCES = ("sourceOrganization", "creditText", "provider", "copyrightHolder")


def agencies_in(text: str) -> list[str]:
    """The agencies that `text` names, if it names nothing else: "dpa/AFP", "APA, Reuters"; empty otherwise."""
    found = [_agency(piece) for piece in _BETWEEN.split(text.strip(" .:-–—")) if piece.strip()]
    return [name for name in found if name] if any(found) and len(found) - found.count(None) >= len(found) / 2 else []


def wire_of(
    organisations: Iterable[str], people: Iterable[str], text: str, ld: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """What a record keeps: `wire`, the agency a story comes from, and `wire_evidence`: agency, where, the words.

    `where` is author, source (of structured data), dateline, credit or contribution. Nothing is returned where nothing
    speaks of an agency, and no `wire` where all that does is a contribution.
    """
    found: dict[tuple[str, str], str] = {}
    for where, words, names in (
        *_signed(organisations, people), *_declared(ld or {}), *_dateline(text), *_credit(text), *_contribution(text)
    ):  # fmt: skip
        for name in names:
            found.setdefault((name, where), " ".join(words.split())[:80])
    if not found:
        return {}
    evidence = [{"agency": name, "where": where, "text": words} for (name, where), words in found.items()]
    wire = next((one["agency"] for one in evidence if one["where"] != "contribution"), None)
    return {"wire": wire, "wire_evidence": evidence} if wire else {"wire_evidence": evidence}


Found = Iterator[tuple[str, str, list[str]]]


def _signed(organisations: Iterable[str], people: Iterable[str]) -> Found:
    for name in (*organisations, *people):
        yield "author", name, agencies_in(name) or ([AGENCIES[name.casefold()]] if name.casefold() in AGENCIES else [])


def _declared(ld: Mapping[str, Any]) -> Found:
    for member in _SOURCES:
        value = ld.get(member)
        for one in value if isinstance(value, list) else [value]:
            name = one.get("name") if isinstance(one, Mapping) else one
            if isinstance(name, str) and len(name) < 80:
                yield "source", f"{member}: {name}", agencies_in(name)


def _dateline(text: str) -> Found:
    for line in text[:1000].splitlines()[:3]:  # a headline and a standfirst may come first
        start = line[:160]
        if cable := _CABLE.match(start):
            yield "dateline", cable[0], agencies_in(cable["name"].replace("新华网", "新华社"))
        if bracket := _BRACKETED.search(start):
            before, after = start[: bracket.start()], start[bracket.end() : bracket.end() + 24]
            is_short = len(before.split()) <= 8 and len(before) <= 60 and (before + after).strip(" .")
            if is_short and (bracket[0][0] == "【" or _AFTER_DATELINE.match(after)):
                yield "dateline", before + bracket[0], _bracketed(bracket[1])
        if dashed := _DASHED.match(start):
            yield "dateline", dashed[0], agencies_in(dashed["name"])


def _bracketed(inside: str) -> list[str]:
    """`dpa`, `서울=연합뉴스`, `ロンドン=共同`, also without a sign between place and agency: `北京時事`."""
    return agencies_in(inside) or [_EXACT[form] for form in _WIDE if inside.endswith(form)][:1]


def _credit(text: str) -> Found:
    lines = [line.strip() for line in text[-600:].splitlines() if line.strip()][-3:]
    for line in lines:
        if found := _REUTERS.search(line):
            yield "credit", found[0], ["Reuters"]
        if found := _SOURCE.search(line):
            yield "credit", found[0], agencies_in(found["name"].strip(" )）"))
        if found := _CODE.search(line):
            yield "credit", line, ["dpa"]
        if len(line) <= 80 and (found := _COPYRIGHT.search(line)):
            yield "credit", line, agencies_in(found["name"])
        if len(line) <= 40:
            where = "contribution" if _WITH.match(line) else "credit"
            yield where, line, agencies_in(line.strip("()[]（）【】*-–—_ ./"))
    if lines and (last := _BRACKETED.search(lines[-1][-46:])) and lines[-1].rstrip(" .").endswith(last[0]):
        yield "credit", last[0], _bracketed(last[1])


def _contribution(text: str) -> Found:
    for pattern in _CONTRIBUTED:
        for found in pattern.finditer(text[-800:]):
            yield "contribution", found[0], agencies_in(found["name"])


def _agency(piece: str) -> str | None:
    piece = re.sub(r"^(?:the|von|by|par|por|di|av|af|från)\s+(?=\S)", "", piece.strip(" .:()'’\"„“”"), flags=re.I)
    return _EXACT.get(piece) or _LOOSE.get(piece.casefold())
