"""Blocks: a page cut into its visible runs of text, in order. In: a tree. Out: blocks with their surroundings. Never: judging.

A block is what a reader sees as one paragraph, heading, list item, table row or caption. Each carries what can be said
cheaply about where it stands: tags and class words above it, how much of it is link. What is article and what is not
is decided later, from these facts.
"""

from __future__ import annotations

import re

from lxml import html

from archiver.extraction.classwords import word_bits
from archiver.extraction.embeds import Embed, embed_of

# Tags whose text a reader never sees as text.
_SKIP = frozenset(
    [
        "script",
        "style",
        "noscript",
        "template",
        "svg",
        "iframe",
        "object",
        "embed",
        "select",
        "option",
        "textarea",
        "canvas",
        "head",
        "video",
        "audio",
        "map",
        "datalist",
        "input",
        "meta",
        "link",
        "base",
        "title",
        "math",
        "applet",
        "frameset",
        "noframes",
        "progress",
        "meter",
    ]
)
INLINE = frozenset(
    [
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
        "nobr",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "time",
        "tt",
        "u",
        "var",
        "wbr",
        "img",
        "picture",
        "source",
        "button",
        "amp-img",
        "figure-inline",
    ]
)
_BOLD = frozenset({"b", "strong"})
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_OWN = HEADINGS | {"p", "li", "dt", "dd", "pre", "figcaption", "caption", "blockquote", "summary", "address", "legend"}
_WHOLE = HEADINGS | {"p", "li", "figcaption", "blockquote", "dt", "dd"}  # a single <br> does not end these

# What stands above a block, as bits.
TAGS = {
    name: 1 << bit
    for bit, name in enumerate(
        (
            "article",
            "main",
            "aside",
            "nav",
            "footer",
            "header",
            "form",
            "figure",
            "table",
            "list",
            "blockquote",
            "section",
        )
    )
}
_TAG_BITS = {
    **{name: TAGS[name] for name in ("article", "main", "aside", "nav", "footer", "header", "form", "figure", "section")},
    "table": TAGS["table"], "ul": TAGS["list"], "ol": TAGS["list"], "dl": TAGS["list"], "blockquote": TAGS["blockquote"],
}  # fmt: skip
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
MENU = 0.9  # of a run's characters: from here on it is a menu
_BREAK = "\x00"  # a <br>; the page itself holds no NUL any more


class Block:
    """One run of text and its surroundings. Internal, mutable, short-lived: made for the classifier's eyes."""

    __slots__ = (
        "ancestors",
        "bold",
        "button",
        "depth",
        "embeds",
        "far",
        "hidden",
        "level",
        "linked",
        "links",
        "near",
        "order",
        "own",
        "parents",
        "path",
        "row",
        "squeezed",
        "table",
        "tag",
        "tail",
        "text",
    )  # fmt: skip

    def __init__(self, text: str, squeezed: str, tag: str, frame: _Frame) -> None:
        self.text = text
        self.tag = tag
        self.squeezed = squeezed
        self.ancestors = frame.tags
        self.own, self.near, self.far = frame.own, frame.near, frame.far
        self.depth = frame.depth
        self.path = frame.path
        self.parents = frame.parents
        self.hidden = frame.hidden
        self.level = frame.level
        self.table = frame.table
        self.links = self.linked = self.bold = self.button = 0
        self.order = 0
        self.row = False
        self.embeds: tuple[Embed, ...] = ()  # shown between this block and the next
        self.tail = False


class _Frame:
    """What an element passes down to the text below it."""

    __slots__ = ("depth", "far", "hidden", "level", "near", "own", "parents", "path", "table", "tag", "tags", "whole")

    path: tuple[str, ...]
    tag: str
    tags: int
    own: int
    near: int
    far: int
    depth: int
    parents: tuple[int, int, int]
    hidden: bool
    level: int
    table: int
    whole: bool


class Cutter:
    """Walks a tree once and cuts it into blocks. `menus` are the elements, each within no other, that hold two blocks or
    more and hardly a word that is not part of a link.
    """

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.menus: list[html.HtmlElement] = []
        self._size = self._linked = 0  # characters of all blocks so far, and of those in links or buttons
        self._serial = 0
        self._parts: list[str] = []
        self._counts = [0, 0, 0, 0]  # characters in links, number of links, characters in bold, in buttons
        self._frame: _Frame | None = None

    def cut(self, root: html.HtmlElement) -> list[Block]:
        """Return the blocks of `root` in page order."""
        frame = _Frame()
        frame.tag, frame.tags, frame.own, frame.near, frame.far, frame.depth = "body", 0, 0, 0, 0, 0
        frame.path = ()
        frame.parents, frame.hidden, frame.level, frame.table, frame.whole = (0, 0, 0), False, 0, 0, False
        self._block(root, frame)
        self._flush(frame)
        for order, block in enumerate(self.blocks):
            block.order = order
        return self.blocks

    def _block(self, element: html.HtmlElement, outer: _Frame) -> None:
        """Cut a block-level element: its own text, then its children, each in turn."""
        tag = element.tag
        frame = self._enter(element, tag, outer)
        if self._parts:
            self._flush(outer)
        size, linked, blocks, menus = self._size, self._linked, len(self.blocks), len(self.menus)
        if tag == "tr" and self._is_row(element):
            self._row(element, frame)
        else:
            if element.text:
                self._parts.append(element.text)
            self._children(element, frame, 0)
        if self._parts:
            self._flush(frame)
        if len(self.blocks) > blocks + 1 and self._linked - linked > MENU * (self._size - size):
            self.menus[menus:] = [element]

    def _children(self, element: html.HtmlElement, frame: _Frame, marks: int) -> None:
        for child in element:
            tag = child.tag
            if tag == "br" or tag == "hr":
                self._break(frame, hard=tag == "hr")
            elif tag in INLINE:
                self._inline(child, tag, frame, marks)
            elif tag not in _SKIP and isinstance(tag, str):
                self._block(child, frame)
            elif tag == "iframe" and self.blocks and not frame.hidden and (embed := embed_of(child)):
                self.blocks[-1].embeds = (*self.blocks[-1].embeds, embed)
            if child.tail:
                self._add(child.tail, marks)

    def _inline(self, element: html.HtmlElement, tag: str, frame: _Frame, marks: int) -> None:
        if tag == "a" or tag == "button":
            marks |= 1 if tag == "a" else 4
            self._counts[1] += tag == "a"
        elif tag in _BOLD:
            marks |= 2
        elif (style := element.get("style")) and _HIDDEN_STYLE.search(style):
            return
        if element.text:
            self._add(element.text, marks)
        if len(element):
            self._children(element, frame, marks)

    def _add(self, text: str, marks: int) -> None:
        self._parts.append(text)
        if marks:
            size = len(text.strip())
            counts = self._counts
            if marks & 1:
                counts[0] += size
            if marks & 2:
                counts[2] += size
            if marks & 4:
                counts[3] += size

    def _break(self, frame: _Frame, *, hard: bool) -> None:
        parts = self._parts
        if hard or not frame.whole:
            self._flush(frame)
            return
        for part in reversed(parts):
            if part == _BREAK:
                self._flush(frame)
                return
            if not part.isspace():
                break
        parts.append(_BREAK)

    def _enter(self, element: html.HtmlElement, tag: str, outer: _Frame) -> _Frame:
        frame = _Frame()
        self._serial += 1
        named, frame.own, frame.hidden = "", 0, outer.hidden
        if attributes := element.items():  # one call of lxml's instead of ten
            get = dict(attributes).get
            named = get("class") or ""
            words = f"{named} {get('id') or ''} {get('role') or ''} {get('itemprop') or ''} {get('data-component') or get('data-testid') or ''}"
            frame.own = word_bits(words[:400]) if len(words) > 4 else 0
            style = get("style")
            frame.hidden = outer.hidden or get("hidden") is not None or bool(style and _HIDDEN_STYLE.search(style))
        frame.near = outer.own
        frame.far = outer.far | outer.near
        frame.tags = outer.tags | _TAG_BITS.get(tag, 0)
        frame.depth = outer.depth + 1
        frame.path = (f"{tag} {named}"[:80], *outer.path[:2])
        frame.parents = (self._serial, outer.parents[0], outer.parents[1])
        frame.tag = tag if tag in _OWN else outer.tag if outer.tag in _OWN and tag in ("div", "section") else "div"
        frame.whole = tag in _WHOLE
        frame.level = outer.level + (tag in ("ul", "ol"))
        frame.table = self._serial if tag == "table" else outer.table
        return frame

    def _flush(self, frame: _Frame) -> None:
        """End the current run of text and keep it as a block, if there is anything in it."""
        parts = self._parts
        if not parts:
            return
        raw = "".join(parts)
        self._parts = []
        counts, self._counts = self._counts, [0, 0, 0, 0]
        if frame.tag == "pre":
            text = "\n".join(line.rstrip() for line in raw.replace(_BREAK, "\n").splitlines() if line.strip())
            squeezed = "".join(text.split())
        elif _BREAK in raw:
            lines = [words for piece in raw.split(_BREAK) if (words := piece.split())]
            text = "\n".join(map(" ".join, lines))
            squeezed = "".join(map("".join, lines))
        else:
            words = raw.split()
            text, squeezed = " ".join(words), "".join(words)
        if not text:
            return
        block = Block(text, squeezed, frame.tag, frame)
        block.linked, block.links, block.bold, block.button = counts
        self._keep(block)

    @staticmethod
    def _is_row(element: html.HtmlElement) -> bool:
        """A row of a data table: two or more cells, none of which holds a paragraph's worth or a block of its own."""
        cells = [child for child in element if child.tag in ("td", "th")]
        if len(cells) < 2:
            return False
        return all(
            all(inner.tag in INLINE or inner.tag in ("br", "p", "div") for inner in cell.iterdescendants())
            and len(cell.text_content()) < 400
            for cell in cells
        )

    def _row(self, element: html.HtmlElement, frame: _Frame) -> None:
        """Keep a data row as one block, its cells parted by ` | `."""
        cells = []
        links = linked = 0
        for cell in element:
            if cell.tag not in ("td", "th"):
                continue
            for junk in cell.iter("script", "style"):
                junk.text = None
            cells.append(" ".join(cell.text_content().split()))
            for link in cell.iter("a"):
                links += 1
                linked += len(link.text_content())
        if not any(cells):
            return
        text = " | ".join(cells)
        block = Block(text, "".join(text.split()), "tr", frame)
        block.row, block.links, block.linked = True, links, linked
        self._keep(block)

    def _keep(self, block: Block) -> None:
        self.blocks.append(block)
        self._size += len(block.text)
        self._linked += block.linked + block.button


def cut(root: html.HtmlElement) -> list[Block]:
    """Cut a page into blocks."""
    return Cutter().cut(root)
