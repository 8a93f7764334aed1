"""Moments: reading one date as pages write it. In: a string. Out: ISO 8601 exactly as precise as it was. Never: guessing a zone.

Understands ISO 8601 and its near misses, RFC 5322 dates, epoch seconds, day-month-year in figures and with month names
in some thirty languages, and the year-month-day of China, Japan and Korea.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, timezone

UTC_ZONES = ("Z", "+00:00")
EARLIEST = date(1995, 1, 1)  # before news sites; epoch zero, 1900 and 0000 are defaults of broken systems


@dataclass(frozen=True, slots=True)
class Moment:
    """A date, its ISO form, its precision (day, minute, second) and its zone ("+01:00", "Z", None if the page has none).

    `swapped` is the same date with day and month changed round, where figures leave open which is which.
    """

    iso: str
    day: date
    precision: str
    zone: str | None
    swapped: date | None = None

    def turned(self) -> Moment:
        """The moment with day and month changed round; itself where their order is not open."""
        if self.swapped is None:
            return self
        return replace(self, iso=self.swapped.isoformat() + self.iso[10:], day=self.swapped, swapped=self.day)

    def in_zone_of(self, clock: Moment) -> Moment:
        """This instant as the clock of another moment shows it, if that has no zone and differs by a time zone's worth.

        A page that declares 22:04 UTC and shows 0:04 of the next day lies two hours to the east.
        """
        if self.zone not in UTC_ZONES or clock.zone or "day" in (self.precision, clock.precision):
            return self
        here = self.instant().astimezone(UTC)
        ahead = clock.instant().replace(second=0) - here.replace(second=0)
        minutes = round(ahead.total_seconds() / 60)
        if not minutes or minutes % 30 or not -12 * 60 <= minutes <= 14 * 60:
            return self
        local = here.astimezone(timezone(timedelta(minutes=minutes)))
        return _from_datetime(local, self.precision)

    def instant(self) -> datetime:
        """The earliest instant it can mean; a missing zone is taken as UTC."""
        text = self.iso if self.precision != "day" else f"{self.iso}T00:00:00"
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_MONTHS = {
    1: "january jan januar jänner janvier janv enero ene janeiro gennaio gen januari styczeń stycznia sty leden ledna január január "
    "ianuarie ian ocak tammikuuta januára sausio января январь янв січня ιανουαρίου ιαν janúar yanvar tháng1 siječnja",
    2: "february feb februar feber février févr fév febrero fevereiro fev febbraio febbr februari luty lutego lut únor února február "
    "februarie şubat helmikuuta vasario февраля февраль фев лютого φεβρουαρίου φεβ febrúar fevral veljače",
    3: "march mar märz mrz maerz mars marzo março maart mrt marzec marca březen března március martie mart maaliskuuta kovo marts "
    "марта март мар березня μαρτίου μαρ ožujka",
    4: "april apr avril avr abril abr aprile april kwiecień kwietnia kwi duben dubna április apríl aprilie nisan huhtikuuta balandžio "
    "апреля апрель апр квітня απριλίου απρ aprel travnja",
    5: "may mai mayo maio mag maggio mei maj maja květen května május máj mayıs toukokuuta gegužės мая май травня μαΐου μαι maí "
    "svibnja",
    6: "june jun juni juin junio junho giugno giu czerwiec czerwca cze červen června június jún iunie haziran kesäkuuta birželio июня "
    "июнь июн червня ιουνίου ιουν júní iyun lipnja",
    7: "july jul juli juillet juil julio julho luglio lug lipiec lipca červenec července július júl iulie temmuz heinäkuuta liepos "
    "июля июль июл липня ιουλίου ιουλ júlí iyul srpnja",
    8: "august aug août aout agosto ago augustus sierpień sierpnia sie srpen srpna augusztus ağustos elokuuta rugpjūčio августа "
    "август авг серпня αυγούστου αυγ ágúst avqust kolovoza",
    9: "september sep sept septembre septiembre setiembre setembro set settembre wrzesień września wrz září szeptember septembrie eylül "
    "syyskuuta rugsėjo сентября сентябрь сен вересня σεπτεμβρίου σεπ sentyabr rujna",
    10: "october oct oktober okt octobre octubre outubro out ottobre ott październik października paź říjen října október octombrie "
    "ekim lokakuuta spalio октября октябрь окт жовтня οκτωβρίου οκτ oktyabr listopada",
    11: "november nov novembre noviembre novembro listopad listopadu lis noiembrie kasım marraskuuta lapkričio ноября ноябрь ноя "
    "листопада νοεμβρίου νοε nóvember noyabr studenoga",
    12: "december dec dezember dez décembre déc diciembre dic dezembro dicembre desember grudzień grudnia gru prosinec prosince "
    "decembrie aralık joulukuuta gruodžio декабря декабрь дек грудня δεκεμβρίου δεκ dekabr prosinca",
}  # fmt: skip
_MONTH = {name: number for number, names in _MONTHS.items() for name in names.split()}
_MONTH["listopada"] = 11  # Polish and Ukrainian outnumber Croatian, where it is October
_NAMES = "|".join(sorted(map(re.escape, _MONTH), key=len, reverse=True))
_ZONES = {
    "utc": "Z", "gmt": "Z", "z": "Z", "est": "-05:00", "edt": "-04:00", "cdt": "-05:00", "mst": "-07:00", "mdt": "-06:00",
    "pst": "-08:00", "pdt": "-07:00", "et": None, "cet": "+01:00", "cest": "+02:00", "mez": "+01:00", "mesz": "+02:00",
    "eet": "+02:00", "eest": "+03:00", "msk": "+03:00", "jst": "+09:00", "kst": "+09:00", "hkt": "+08:00", "sgt": "+08:00",
    "wib": "+07:00", "aest": "+10:00", "aedt": "+11:00", "nzst": "+12:00", "nzdt": "+13:00", "sast": "+02:00", "trt": "+03:00",
}  # fmt: skip
_TIME = r"(?P<h>[0-2]?\d)[:.h](?P<mi>[0-5]\d)(?::(?P<s>[0-5]?\d)(?:[.,]\d{1,9})?)?\s*(?P<ap>[ap]\.?m\b\.?)?\s*(?P<z>z\b|[+-]\d{2}:?\d{2}\b|[+-]\d{2}\b|(?:utc|gmt)[+-]\d{1,2}(?::?\d{2})?\b|[a-z]{2,4}\b)?"
_GAP = r"(?:[^\w]|\b(?:at|um|à|às|a las|alle|o|kl|om|в|saat|ore|στις|godz|uhr|и|den|klo)\b|\bt\b|t(?=\d)){1,12}?"
_ISO = re.compile(
    rf"(?<![\d.])(?P<y>(?:19|20)\d\d)[-/.]\s?(?P<m>1[0-2]|0?[1-9])[-/.]\s?(?P<d>3[01]|[12]\d|0?[1-9])(?!\d)(?:(?:t|{_GAP}){_TIME})?",
    re.I,
)
_COMPACT = re.compile(
    r"(?<!\d)(?P<y>(?:19|20)\d\d)(?P<m>1[0-2]|0[1-9])(?P<d>3[01]|[12]\d|0[1-9])(?:t?(?P<h>[01]\d|2[0-3]):?(?P<mi>[0-5]\d):?(?P<s>[0-5]\d)?(?P<z>z)?)?(?!\d)",
    re.I,
)
_CJK = re.compile(
    r"(?P<y>(?:19|20)\d\d)\s*[年년]\s*(?P<m>1[0-2]|0?[1-9])\s*[月월]\s*(?P<d>3[01]|[12]\d|0?[1-9])\s*[日일号]?(?:\D{0,12}?(?P<h>[0-2]?\d)[:：时時시]\s*(?P<mi>[0-5]\d)(?:[:：分분](?P<s>[0-5]\d))?)?"
)
_FIGURES = re.compile(
    rf"(?<![\d./])(?P<a>[0-3]?\d)\s?[./-]\s?(?P<b>[0-3]?\d)\s?[./-]\s?(?P<y>(?:19|20)\d\d|\d\d(?![\w/]))(?!\d)(?:{_GAP}{_TIME})?",
    re.I,
)
_DAY_NAME = re.compile(
    rf"(?<!\d)(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th|er|º|°)?[\s.,/-]*(?:de\s+|of\s+|ta'\s+)?(?P<m>{_NAMES})\b[\s.,/-]*(?:de\s+|del\s+)?(?P<y>(?:19|20)\d\d)(?!\d)(?:{_GAP}{_TIME})?",
    re.I,
)
_NAME_DAY = re.compile(
    rf"\b(?P<m>{_NAMES})\b[\s.,-]*(?P<d>3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?(?!\d)[\s.,-]+(?P<y>(?:19|20)\d\d)(?!\d)(?:{_GAP}{_TIME})?",
    re.I,
)
_EPOCH = re.compile(r"\s*(\d{10})(?:\d{3})?\s*")
_LEADING_TIME = re.compile(rf"{_TIME}\W{{1,4}}$", re.I)
MAX_STRING = 200  # characters looked at


def read_moment(text: str, *, day_first: bool = True) -> Moment | None:
    """Read the first date in `text`; `day_first` decides 03/04/2024. None where there is none or it cannot be."""
    text = text[:MAX_STRING].strip()
    if not text:
        return None
    if epoch := _EPOCH.fullmatch(text):
        return _from_epoch(int(epoch[1]))
    for pattern in (_ISO, _CJK, _DAY_NAME, _NAME_DAY, _FIGURES, _COMPACT):
        match = pattern.search(text)
        if match and (moment := _build(match, text, day_first=day_first)):
            return moment
    return None


def _from_datetime(moment: datetime, precision: str) -> Moment:
    iso = moment.isoformat(timespec="seconds" if precision == "second" else "minutes")
    return Moment(iso, moment.date(), precision, iso[-6:])


def _from_epoch(seconds: int) -> Moment | None:
    moment = datetime.fromtimestamp(seconds, UTC)
    if moment.date() < EARLIEST:
        return None
    return Moment(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), moment.date(), "second", "Z")


def _build(match: re.Match[str], text: str, *, day_first: bool) -> Moment | None:
    parts = match.groupdict()
    day = _day(parts, day_first=day_first)
    if day is None:
        return None
    if not parts.get("h") and (before := _LEADING_TIME.search(text[: match.start()])):
        parts |= before.groupdict()  # "10:30, 5 March 2024"
    moment = _with_time(day, parts)
    open_order = "a" in parts and day.day <= 12 and day.day != day.month
    return replace(moment, swapped=day.replace(month=day.day, day=day.month)) if open_order else moment


def _day(parts: dict[str, str | None], *, day_first: bool) -> date | None:
    year = int(parts["y"] or 0)
    year += 2000 if year < 70 else 1900 if year < 100 else 0
    if "a" in parts:
        first, second = int(parts["a"] or 0), int(parts["b"] or 0)
        month, day = (second, first) if (day_first or first > 12) and second <= 12 else (first, second)
    else:
        name = (parts["m"] or "").lower()
        month, day = int(name) if name.isdigit() else _MONTH.get(name, 0), int(parts["d"] or 0)
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _with_time(day: date, parts: dict[str, str | None]) -> Moment:
    if not parts.get("h") or int(parts["h"] or 0) > 23:
        return Moment(day.isoformat(), day, "day", None)
    hour, minute, second = int(parts["h"] or 0), int(parts["mi"] or 0), parts.get("s")
    half = (parts.get("ap") or "").lower()
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    zone = _zone(parts.get("z"))
    clock = f"{hour:02}:{minute:02}" + (f":{second:0>2}" if second else "")
    return Moment(f"{day.isoformat()}T{clock}{zone or ''}", day, "second" if second else "minute", zone)


def _zone(text: str | None) -> str | None:
    if not text:
        return None
    text = text.lower()
    if text in _ZONES:
        return _ZONES[text]
    match = re.fullmatch(r"(?:utc|gmt)?([+-])(\d{1,2}):?(\d{2})?", text)
    if not match or int(match[2]) > 14:
        return None
    return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}"
