"""JSON-LD: what a page states about itself for machines. In: a tree. Out: plain values and its article node. Never: raising.

Pages break JSON in every way there is; each repair here answers one seen in the wild. Sizes and depths are bounded
before parsing: `json` recurses, and a record must stay small.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from lxml import html

MAX_SCRIPT = 1_000_000  # characters of one script element
MAX_KEPT = 200_000  # characters of JSON that go into a record
MAX_DEPTH = 60
MAX_NODES = 5_000
_WRAPPERS = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENTS = re.compile(rf"({_STRING})|//[^\n\"]*?(?=\n|-->|$)|/\*.*?\*/|<!--|-->", re.S)
_TRAILING = re.compile(rf"({_STRING})|,\s*(?=[}}\]])|;\s*$", re.S)
_BRACKETS = re.compile(rf"{_STRING}|[\[{{]+|[\]}}]+", re.S)
_BAD_ESCAPE = re.compile(r'\\(?!["\\/bfnrtu])')
_ASSIGNED = re.compile(r"^\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]*\s*=\s*(?=[{\[])")
_UNDEFINED = re.compile(rf"({_STRING})|(?<=[:\[,\s])undefined(?=\s*[,}}\]])", re.S)
_NO_COMMA = re.compile(r"([\"\d}\]el])(\s{0,40}\n\s{0,40})(?=[\"{])")
_INNER = re.compile(r'(?<![\[{,:\s\\])(?<![\[{,:]\s)"(?!\s*[\]},:])|(?<=[^\[{,:\s\\]\s)"(?!\s*[\]},:])')
_SINGLE = re.compile(r"(?<=[\[{,:])\s*'|'(?=\s*[\]},:])")
_TOKENS = re.compile(rf"{_STRING}|[\[\]{{}},]", re.S)
ARTICLE_TYPES = ("article", "blogposting", "report", "newsarticle", "liveblogposting", "review")


def scripts(root: html.HtmlElement) -> tuple[Any, ...]:
    """Parse every JSON-LD script of the page, repaired where need be; what cannot be read is left out."""
    found = []
    for script in root.iter("script"):
        if "ld+json" not in (script.get("type") or "").lower():
            continue
        text = script.text or ""
        if text.strip() and len(text) <= MAX_SCRIPT:
            found.extend(_parse(text))
    return tuple(found)


def _parse(text: str) -> list[Any]:
    text = text.strip("\ufeff \t\r\n")
    if not _shallow(text):
        return []
    for attempt in (_as_is, _unwrapped, _repaired, _unescaped):
        try:
            return [_load(attempt(text))]
        except (ValueError, RecursionError):
            continue
    if found := _prefix(_repaired(text)):
        return found
    for last in (_requoted, _closed):
        try:
            return [_load(last(_repaired(text)))]
        except (ValueError, RecursionError):
            continue
    return []


def _load(text: str, *, again: bool = True) -> Any:
    value = json.loads(text, strict=False, parse_int=_integer, parse_constant=lambda _: None)
    if again and isinstance(value, str) and value.lstrip()[:1] in ("{", "["):  # JSON in a string of JSON
        return _load(value, again=False) if _shallow(value) else value
    return value


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < 20 else digits[:40]


def _as_is(text: str) -> str:
    return text


def _unwrapped(text: str) -> str:
    return _WRAPPERS.sub("", _WRAPPERS.sub("", text)).strip().rstrip(";")


def _repaired(text: str) -> str:
    text = _COMMENTS.sub(lambda match: match[1] or "", _unwrapped(text))
    text = _TRAILING.sub(lambda match: match[1] or "", _ASSIGNED.sub("", text))
    text = _UNDEFINED.sub(lambda match: match[1] or "null", text)
    return _BAD_ESCAPE.sub(r"\\\\", text).strip()


def _unescaped(text: str) -> str:
    return _repaired(unescape(text))


def _requoted(text: str) -> str:
    """Quotes inside of strings escaped, single quotes around strings made double, commas between members put in.

    A quote is one of JSON's where it stands beside a bracket, a comma or a colon; any other belongs to the text.
    """
    if '"' not in text:
        text = _SINGLE.sub('"', text)
    text = _NO_COMMA.sub(r"\1,\2", text)
    return _INNER.sub(r'\\"', text)


def _closed(text: str) -> str:
    """A text that ends too early, up to its last whole member, with its brackets closed."""
    open_ones: list[str] = []
    last, needed = 0, ""
    for match in _TOKENS.finditer(text):
        token = match[0]
        if token in "[{":
            open_ones.append("}" if token == "{" else "]")
        elif token in "]}" and (not open_ones or open_ones.pop() != token):
            break
        if token in ",]}":
            last, needed = match.start() + (token != ","), "".join(reversed(open_ones))
    return text[:last] + needed


def _prefix(text: str) -> list[Any]:
    """The values at the start of a text that goes wrong later: a cut script, two objects without a list."""
    decoder = json.JSONDecoder(strict=False, parse_int=_integer, parse_constant=lambda _: None)
    found: list[Any] = []
    at = 0
    while at < len(text) and len(found) < 20:
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        found.append(value)
        while at < len(text) and text[at] in " \t\r\n,;":
            at += 1
    return found


def _shallow(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return True
    depth = 0
    for match in _BRACKETS.finditer(text):
        piece = match[0]
        if piece[0] in "[{":
            depth += len(piece)
            if depth > MAX_DEPTH:
                return False
        elif piece[0] in "]}":
            depth -= len(piece)
    return True


def nodes(values: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """Every object in the values, outer before inner, at most `MAX_NODES`."""
    queue: list[Any] = list(reversed(values))
    count = 0
    while queue and count < MAX_NODES:
        value = queue.pop()
        if isinstance(value, dict):
            count += 1
            yield value
            queue.extend(inner for inner in reversed(value.values()) if isinstance(inner, dict | list))
        elif isinstance(value, list):
            queue.extend(inner for inner in reversed(value[:500]) if isinstance(inner, dict | list))


def types(node: dict[str, Any]) -> tuple[str, ...]:
    """The node's types in lower case, without the schema's address."""
    value = node.get("@type")
    listed = value if isinstance(value, list) else [value]
    return tuple(item.rsplit("/", 1)[-1].lower() for item in listed if isinstance(item, str))


def article(values: tuple[Any, ...]) -> dict[str, Any]:
    """The node that describes the page's article: of its type, and the one that says most; {} if there is none."""
    best: dict[str, Any] = {}
    score = 0
    known: dict[str, dict[str, Any]] = {}
    parts: set[int] = set()  # entries of a live blog: what they say is not said of the whole
    for node in nodes(values):
        parts.update(id(update) for update in updates(node))
        if id(node) in parts:
            continue
        if isinstance(name := node.get("@id"), str) and len(node) > 1:
            known.setdefault(name, node)
        if not any(kind.endswith(ARTICLE_TYPES) for kind in types(node)):
            continue
        said = sum(bool(node.get(key)) for key in _TELLING) + 2 * bool(node.get("articleBody"))
        if said > score:
            best, score = node, said
    return best | {key: _resolved(best[key], known) for key in ("author", "publisher") if key in best}


def updates(node: dict[str, Any]) -> list[dict[str, Any]]:
    """The entries of a LiveBlogPosting."""
    value = node.get("liveBlogUpdate")
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]


def _resolved(value: Any, known: dict[str, dict[str, Any]]) -> Any:
    """References by @id replaced by what they refer to, one step deep."""
    if isinstance(value, list):
        return [_resolved(item, known) for item in value[:50]]
    if isinstance(value, dict) and not value.get("name") and isinstance(name := value.get("@id"), str):
        return known.get(name, value)
    return value


_TELLING = (
    "headline",
    "datePublished",
    "author",
    "description",
    "publisher",
    "dateModified",
    "mainEntityOfPage",
    "image",
)


def text(value: Any) -> str:
    """The text of a value that should be text: the first string in it, unescaped, on one line."""
    for _ in range(4):
        if isinstance(value, list):
            value = next((item for item in value if item), None)
        elif isinstance(value, dict):
            value = value.get("@value") or value.get("name") or value.get("@id")
    return " ".join(unescape(value).split()) if isinstance(value, str) else ""


def kept(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values as found, as many as fit into `MAX_KEPT` characters."""
    result = []
    room = MAX_KEPT
    for value in values:
        try:
            size = len(json.dumps(value, ensure_ascii=False))
        except (ValueError, RecursionError):
            continue
        if size <= room:
            result.append(value)
            room -= size
    return tuple(result)
