"""Noise: what changes on a page without anybody writing. In: a text. Out: its words, noise marked. Never: news.

Three kinds, each in the languages that news sites are written in most:

    ago      "5 hours ago", "vor 3 Stunden", "2時間前"
    counter  "12 comments", "Kommentare (7)", "1.2k views", "4 min read"
    stamp    a line of its own about when the page was made: "Updated 14:02 GMT", "Stand: 3. November 2026"

A time of day inside a sentence is no noise: that the meeting begins at 15:30 and not at 14:30 is news.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

NoiseKind = Literal["ago", "counter", "stamp"]

_N = r"(?:\d+(?:[.,]\d+)?|an?|one|two|three|few|several)"
_AGO = (
    rf"(?:(?:about|over|almost|around)\s+)?{_N}\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|weeks?|months?|years?)\s+ago",
    r"just\s+now",
    r"vor\s+(?:\d+|eine[rm]|wenigen)\s+(?:Sekunden?|Minuten?|Stunden?|Tag(?:en)?|Wochen?|Monat(?:en)?|Jahr(?:en)?)",
    r"il\s+y\s+a\s+(?:\d+|une?)\s+(?:secondes?|min(?:utes?)?|h(?:eures?)?|jours?|semaines?|mois|ans?)",
    r"hace\s+(?:\d+|una?)\s+(?:segundos?|minutos?|horas?|días?|semanas?|mes(?:es)?|años?)",
    r"há\s+(?:\d+|uma?)\s+(?:segundos?|minutos?|horas?|dias?|semanas?|m[eê]s(?:es)?|anos?)",
    r"(?:\d+|un[ao']?)\s*(?:second[oi]|minut[oi]|or[ae]|giorn[oi]|settiman[ae]|mes[ei]|ann[oi])\s+fa",
    r"(?:\d+|een)\s+(?:seconden?|minu(?:ut|ten)|uur|uren|dag(?:en)?|we(?:ek|ken)|maand(?:en)?|jaar)\s+geleden",
    r"för\s+(?:\d+|en|ett)\s+(?:sekund(?:er)?|minut(?:er)?|timm(?:e|ar)|dag(?:ar)?|veck(?:a|or)|månad(?:er)?|år)\s+sedan",
    r"for\s+(?:\d+|en|et|ett)\s+(?:sekund(?:er)?|minutt?(?:er)?|time(?:r)?|dag(?:e|er)?|uker?|uger?)\s+siden",
    r"\d+\s+(?:sekund\w*|minut\w*|godzin\w*|dni|dzień|tygod\w+|miesi\w+|lat\w*)\s+temu",
    r"(?:\d+\s+)?(?:секунд\w*|минут\w*|час\w*|дн\w+|день|недел\w+|месяц\w*|лет|год\w*)\s+назад",
    r"\d+\s+(?:saniye|dakika|saat|gün|hafta|ay|yıl)\s+önce",
    r"\d+\s*(?:秒|分钟|分鐘|分|小时|小時|時間|天|日|周|週間?|个月|個月|か月|ヶ月|年)前",
    r"\d+\s*(?:초|분|시간|일|주|개월|년)\s*전",
    r"(?:منذ|قبل)\s+(?:\d+\s+)?(?:ثاني\w+|ثوان\w*|دقيق\w+|دقائق|ساع\w+|يوم\w*|أيام|أسبوع\w*|شهر\w*|سن\w+)",
)
_COUNTED = (
    r"comments?|views?|shares?|likes?|reads?|readers?|reactions?|votes?|replies|retweets?|followers?|watching"
    r"|kommentare?|aufrufe|leser(?:innen)?|commentaires?|vues?|partages?|réactions?|comentarios?|visitas|vistas|compartidos?"
    r"|comentários?|visualizações|commenti|condivisioni|visualizzazioni|reacties|reaktioner|kommentarer|komentarz\w*|wyświetle\w+"
    r"|комментари\w+|просмотр\w*|yorum|görüntülenme|条?评论|則?留言|次?浏览|阅读|コメント|閲覧|件のコメント|댓글|조회"
)
_NUMBER = r"\d[\d.,\u00a0\u202f]*\d[km]?|\d[km]?"
_COUNTER = (
    rf"(?:{_NUMBER})\s*(?:{_COUNTED})\b",
    rf"\b(?:{_COUNTED})\s*(?:[:：]\s*(?:{_NUMBER})|[(（]\s*(?:{_NUMBER})\s*[)）])",
    r"\d+\s*[- ]?\s*min(?:ute)?s?\s+(?:read|Lesezeit|de lecture|de lectura|di lettura|leestijd)",
    r"Lesezeit:?\s+\d+\s+Min(?:uten?|\.)?",
)
_ALL = re.compile(
    "|".join((rf"(?P<ago>(?<!\w)(?:{'|'.join(_AGO)})(?!\w))", rf"(?P<counter>(?<![\w.,])(?:{'|'.join(_COUNTER)}))")),
    re.I,
)
_STAMP_WORDS = re.compile(
    r"^(?:(?:last\s+)?(?:updated|modified|published|posted|edited)|first\s+published|(?:zuletzt\s+)?aktualisiert|veröffentlicht|stand"
    r"|(?:dernière\s+)?mise?\s+à\s+jour|publié|modifié|(?:última\s+)?actualizaci[oó]n|actualizado|publicado|atualizado|aggiornato|pubblicato"
    r"|ultimo\s+aggiornamento|bijgewerkt|gepubliceerd|(?:senast\s+)?uppdaterad|publicerad|oppdatert|publisert|opdateret|aktualizacja"
    r"|opublikowano|обновлено|опубликовано|güncelleme|更新|公開|发布|發布|発表|수정|입력|نُ?شر|آخر\s+تحديث)(?!\w)",
    re.I,
)
_TIME_WORDS = re.compile(
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|mär|mai|okt|dez|janv|févr|avr|juin|juil|août|déc|ene"
    r"|abr|ago|dic|gen|mag|giu|lug|set|ott)\w*|[ap]\.?m|gmt|utc|[cew]es?t|bst|ist|[ecmp][sd]t|uhr|at|um|à|on|the|de|del|st|nd|rd|th|года?|г|年|月|日|時|分|년|월|일"
    r"|январ\w+|феврал\w+|март\w*|апрел\w+|ма[йя]|июн\w+|июл\w+|август\w*|сентябр\w+|октябр\w+|ноябр\w+|декабр\w+",
    re.I,
)
_LETTERS = re.compile(r"[^\W\d_]+")
_WIDE = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_TOKEN = re.compile(rf"[{_WIDE}]|[^\W{_WIDE}]+(?:['’.,\-][^\W{_WIDE}]+)*|\s+|[^\w\s]|.", re.S)
_LONGEST_STAMP = 120
_WORDS_OF_A_STAMP = 2  # besides those of time: a name, a place


@dataclass(frozen=True, slots=True)
class Token:
    """A word, a space, a sign, or a whole piece of noise. Two tokens are the same if their keys are."""

    key: str
    text: str
    noise: NoiseKind | None = None


def tokens_of(text: str) -> list[Token]:
    """The text in pieces that are compared whole: words and signs, characters of scripts without spaces, noise."""
    text = " ".join(text.split())
    if is_stamp(text):
        return [Token("\0stamp", text, "stamp")]
    found: list[Token] = []
    at = 0
    for match in _ALL.finditer(text):
        found += [Token(piece, piece) for piece in _TOKEN.findall(text[at : match.start()])]
        kind: NoiseKind = "ago" if match.lastgroup == "ago" else "counter"
        found.append(Token(f"\0{kind}", match[0], kind))
        at = match.end()
    return found + [Token(piece, piece) for piece in _TOKEN.findall(text[at:])]


def is_stamp(line: str) -> bool:
    """Whether a line only says when the page was made or changed."""
    if len(line) > _LONGEST_STAMP or not any(char.isdigit() for char in line):
        return False
    head = _STAMP_WORDS.match(line)
    rest = [word for word in _LETTERS.findall(line[head.end() :] if head else line) if not _TIME_WORDS.fullmatch(word)]
    return len(rest) <= (_WORDS_OF_A_STAMP if head else 0)


def is_noise(tokens: list[Token]) -> bool:
    """Whether nothing but noise, spaces and signs is in there."""
    return any(token.noise for token in tokens) and not any(
        token.noise is None and any(char.isalnum() for char in token.text) for token in tokens
    )
