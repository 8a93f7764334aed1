"""Charset: which encoding a page is written in. In: bytes and what the server said. Out: UTF-8 bytes and a name. Never: raising.

Order, after the WHATWG Encoding Standard with one deviation: a BOM, valid UTF-8 (a page that *is* UTF-8 is read as
such even where a header says otherwise: the most common misconfiguration there is), the header, the meta element,
detection. Labels mean what browsers make of them: `gb2312` is GBK, `iso-8859-1` is windows-1252.
"""

from __future__ import annotations

import codecs
import re

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Labels that Python does not know, or to which browsers give a wider meaning (Encoding Standard, 4.2).
_LABELS = {
    **dict.fromkeys(
        ("iso-8859-1", "iso8859-1", "latin1", "latin-1", "l1", "ascii", "us-ascii", "iso_8859-1", "x-cp1252", "ansi"),
        "cp1252",
    ),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "chinese", "csgb2312", "euc-cn"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji", "windows-31j", "csshiftjis"), "cp932"),
    **dict.fromkeys(
        ("euc-kr", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601", "ksc_5601", "korean", "windows-949"), "cp949"
    ),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5", "csbig5"), "big5hkscs"),
    **dict.fromkeys(("x-euc-jp", "euc-jp", "cseucpkdfmtjapanese"), "euc_jp"),
    **dict.fromkeys(("iso-8859-9", "latin5", "l5"), "cp1254"),
    **dict.fromkeys(("tis-620", "iso-8859-11", "windows-874", "dos-874"), "cp874"),
    **dict.fromkeys(("utf8", "unicode-1-1-utf-8", "x-unicode20utf8", "unicode11utf8"), "utf-8"),
    **dict.fromkeys(("koi8", "koi", "koi8-r", "cskoi8r"), "koi8-r"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    "koi8-ru": "koi8-u",
    "x-mac-roman": "mac-roman",
}
_NEVER = {
    "utf-7",
    "utf7",
    "unicode-1-1-utf-7",
    "x-user-defined",
    "unicode_escape",
    "raw_unicode_escape",
    "idna",
    "punycode",
}
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,100}encoding\s*=\s*[\"']([\w.:-]{1,40})")
_HEADER = re.compile(r"charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.I)
_LANG = re.compile(rb"<html[^>]{0,300}?\slang\s*=\s*[\"']?([a-zA-Z]{2})", re.I)
# What a page without a declaration is most likely written in, by its language (Encoding Standard, 4.2, locale table).
_BY_LANGUAGE = {
    **dict.fromkeys(("pl", "cs", "sk", "hu", "hr", "sl", "ro"), "cp1250"),
    **dict.fromkeys(("et", "lt", "lv"), "cp1257"),
    "tr": "cp1254", "el": "cp1253", "he": "cp1255", "ar": "cp1256", "fa": "cp1256", "th": "cp874", "vi": "cp1258",
}  # fmt: skip
_CONTROLS = bytes(set(range(32)) - {9, 10, 13}) + b"\x7f"
_SAMPLE = 60_000  # bytes; detection needs no more, and looks at nothing else


def to_utf8(body: bytes, content_type: str | None) -> tuple[bytes, str]:
    """Return the body as clean UTF-8 (no BOM, no control characters) and the name of the charset it was read in."""
    name = charset_of(body, content_type)
    if name.startswith("utf-16"):
        body = body.decode(name, "replace").encode("utf-8", "replace")
    elif name == "utf-8":
        if not _is_utf8(body):
            body = body.decode("utf-8", "replace").encode("utf-8")
    else:
        body = body.decode(name, "replace").encode("utf-8", "replace")
    return body.removeprefix(b"\xef\xbb\xbf").translate(None, _CONTROLS), name


def charset_of(body: bytes, content_type: str | None) -> str:
    """Name the charset of `body` (a Python codec's name); `utf-8` for plain ASCII."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return name
    declared = [label for label in (_from_header(content_type), _from_meta(body)) if label]
    if body.isascii() and not any(label.startswith("iso2022") for label in declared):
        return "utf-8"
    if _is_utf8(body):
        return "utf-8"
    for label in declared:
        if _fits(body, label):
            return label
    return _detect(body)


def codec(label: str) -> str | None:
    """Return the Python codec a page's charset label means, or None for labels that are unknown or unsafe (UTF-7)."""
    label = label.strip().lower()
    if label in _NEVER:
        return None
    name = _LABELS.get(label, label)
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return found.name if getattr(found, "_is_text_encoding", True) else None


def _from_header(content_type: str | None) -> str | None:
    match = _HEADER.search(content_type or "")
    return codec(match[1]) if match else None


def _from_meta(body: bytes) -> str | None:
    match = _META.search(body, 0, 8192) or _XML.search(body, 0, 256)
    name = codec(match[1].decode("ascii")) if match else None
    # A page whose meta could be read is not UTF-16 (HTML, 13.2.3.2).
    return "utf-8" if name and name.startswith("utf-16") else name


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _fits(body: bytes, name: str) -> bool:
    """Does `body` read as `name` with less than 5 % of the characters beyond ASCII broken?"""
    sample = body[:_SAMPLE] if name.startswith("utf") else _high_sample(body)
    text = sample.decode(name, "replace")
    beyond = sum(character > "\x7f" for character in text)
    return text.count("\ufffd") <= 3 + beyond // 20


def _high_sample(body: bytes) -> bytes:
    """The part of the body from the first byte beyond ASCII on: a head full of scripts says nothing about a charset."""
    high = re.search(rb"[\x80-\xff]", body)
    start = body.rfind(b"<", 0, high.start()) if high else 0
    return body[max(start, 0) : max(start, 0) + _SAMPLE]


def _mostly_utf8(sample: bytes) -> bool:
    """UTF-8 with a few broken places: whole sequences outnumber them."""
    text = sample.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    return sum(character > "\x7f" for character in text) - broken > 4 * broken


def _detect(body: bytes) -> str:
    """Guess an undeclared charset: multi-byte encodings prove themselves, Cyrillic by its commonest letters."""
    sample = _high_sample(body)
    if _mostly_utf8(sample):
        return "utf-8"
    language = _LANG.search(body, 0, 4096)
    hint = language[1].decode().lower() if language else ""
    if hint in _BY_LANGUAGE:
        return _BY_LANGUAGE[hint]
    best = max(((_score(sample, name, hint), name) for name in _CANDIDATES), default=(0.0, "cp1252"))
    if best[0] > 0.5:
        return best[1]
    return "cp1252"


_CANDIDATES = ("euc_jp", "cp932", "cp949", "big5", "gb18030", "cp1251", "koi8-r", "iso8859-5", "cp1253")
_COMMON = {
    "cyrillic": frozenset("оеаинтсрвлкмдпуяызбг"),
    "greek": frozenset("αοιετσνηυρπκμλςάίόέή"),
    "chinese": frozenset("的一是在不了有和人这这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行学法所民得经"
                         "這個國來們時說對會發動過產種後經"),
}  # fmt: skip
_HINTS = {"ja": ("euc_jp", "cp932"), "ko": ("cp949",), "zh": ("gb18030", "big5"), "ru": ("cp1251", "koi8-r")}


def _score(sample: bytes, name: str, hint: str) -> float:
    """How much the decoded sample looks like the script that `name` was made for: 0 to about 1, 0.2 more for a hint."""
    text = sample.decode(name, "ignore")
    lost = sample.decode(name, "replace").count("\ufffd")
    beyond = [character for character in text if character > "\x7f"]
    if not beyond or lost > len(beyond) // 40:
        return 0.0
    return _share(beyond, name) + (0.2 if name in _HINTS.get(hint, ()) else 0.0)


def _share(beyond: list[str], name: str) -> float:
    if name in ("euc_jp", "cp932"):  # kana are half of running Japanese; half-width ones are a sign of a wrong guess
        hits = sum(2.0 * ("\u3041" <= c <= "\u30fe") - 2.0 * ("\uff61" <= c <= "\uff9f") for c in beyond)
        hits += sum(0.2 * ("\u4e00" <= c <= "\u9fff") for c in beyond)
    elif name == "cp949":
        hits = sum("\uac00" <= c <= "\ud7a3" for c in beyond) - 0.5 * sum("\u4e00" <= c <= "\u9fff" for c in beyond)
    elif name in ("gb18030", "big5"):
        hits = 4.0 * sum(c in _COMMON["chinese"] for c in beyond)
    else:
        common = _COMMON["greek" if name == "cp1253" else "cyrillic"]
        hits = 1.1 * sum(c in common for c in beyond)
    return min(1.0, hits / len(beyond))
