"""XML's commonest mistakes, put right. In: a document's text, in pieces. Out: the same, readable. Never: a tree.

The text is mended before the parser sees it: libxml2's own recovery drops whole items after a bare `<`, and the next
parameter's name after a bare `&`.
"""

from __future__ import annotations

import re
from html import escape
from html.entities import html5

# What XML 1.0 does not allow as characters (section 2.2).
_FORBIDDEN = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])
# What was meant as text: a bare "<", bare "&"s, and entities that no DOCTYPE of ours declares.
_TO_MEND = re.compile(
    r"<+(?![A-Za-z_/!?<])|<+(?=<)"
    r"|&+(?=&)|&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)(?:[A-Za-z][A-Za-z0-9]{1,31};)?"
)
_MAYBE_BEGUN = re.compile(r"[<&\]]")
_LONGEST_TOKEN = 34  # "&", 32 letters, ";"
_LONGEST_PIECE = 256 * 1024  # characters without any "<"


class Mender:
    """Puts right bare `&` and `<`, HTML's entities and forbidden characters, piece by piece, as browsers would read
    them.
    """

    def __init__(self) -> None:
        self.mends = 0
        self._held = ""
        self._in_cdata = False

    def feed(self, piece: str) -> str:
        """Return what is certain by now; what may be the beginning of something waits for the next piece."""
        text = self._held + piece.translate(_FORBIDDEN)
        edge = _MAYBE_BEGUN.search(text, max(0, len(text) - _LONGEST_TOKEN))
        cut = edge.start() if edge else len(text)
        self._held = text[cut:]
        return self._mend(text[:cut])

    def is_one_token(self, text: str) -> bool:
        """Whether `text` is a big piece of one tag or one string: eight million attributes cost the parser 800 MB."""
        return len(text) > _LONGEST_PIECE and not self._in_cdata and "<" not in text

    def end(self) -> str:
        """Return the rest."""
        text, self._held = self._held, ""
        return self._mend(text)

    def _mend(self, text: str) -> str:
        done: list[str] = []
        at = 0
        while at < len(text):
            mark = "]]>" if self._in_cdata else "<![CDATA["
            found = text.find(mark, at)
            stop = len(text) if found < 0 else found + len(mark)
            done.append(text[at:stop] if self._in_cdata else self._mend_markup(text[at:stop]))
            self._in_cdata ^= found >= 0
            at = stop
        return "".join(done)

    def _mend_markup(self, text: str) -> str:
        mended, times = _TO_MEND.subn(_mended, text)
        self.mends += times
        return mended


def _mended(match: re.Match[str]) -> str:
    found = match[0]
    if not found.endswith(";"):
        return found.replace("&", "&amp;").replace("<", "&lt;")
    meant = html5.get(found[1:])  # &nbsp; &eacute; … are HTML's, not XML's
    return escape(meant) if meant else "&amp;" + found[1:]
