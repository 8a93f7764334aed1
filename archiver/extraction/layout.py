"""Layout: old pages made readable to an engine. In: a tree that may be spent. Out: the same tree in paragraphs. Never: text
lost.

Tables that only place things become divisions, and text set apart by `<br><br>` becomes paragraphs.
"""

from __future__ import annotations

from lxml import html

_INLINE = frozenset(
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
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "mark",
        "q",
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
        "br",
        "wbr",
    ]
)
_CELL_TEXT = 400  # characters; a cell with more, or with paragraphs of its own, is a place and not a datum
_CELLS = ("td", "th")


def modernise(root: html.HtmlElement) -> None:
    """Turn layout tables into divisions and runs of `<br>` into paragraphs. The tree is changed."""
    for table in list(root.iter("table")):
        if _is_layout(table):
            for part in table.iter("table", "tbody", "thead", "tfoot", "tr", "td", "th", "center"):
                if next(part.iterancestors("table"), table) is table or part is table:
                    part.tag = "div"
    for element in list(
        root.iter("div", "td", "body", "section", "article", "main", "font", "center", "blockquote", "span")
    ):
        if _double_breaks(element):
            _into_paragraphs(element)


def _is_layout(table: html.HtmlElement) -> bool:
    for cell in table.iter(*_CELLS):
        if cell.find(".//p") is not None or cell.find(".//table") is not None or cell.find(".//h1") is not None:
            return True
        if len(cell.text_content()) > _CELL_TEXT:
            return True
    return False


def _double_breaks(element: html.HtmlElement) -> bool:
    return any(_is_gap(child) for child in element.iterchildren("br"))


def _is_gap(br: html.HtmlElement) -> bool:
    """Whether this line break is followed by another one and nothing between."""
    after = br.getnext()
    return after is not None and after.tag == "br" and not (br.tail or "").strip()


def _into_paragraphs(element: html.HtmlElement) -> None:
    children = list(element)
    paragraph = html.Element("p")
    paragraph.text, element.text = element.text, None
    for child in children:
        element.remove(child)
    made: list[html.HtmlElement] = []

    def flush() -> None:
        nonlocal paragraph
        if len(paragraph) or (paragraph.text or "").strip():
            made.append(paragraph)
        paragraph = html.Element("p")

    for child in children:
        tail, child.tail = child.tail, None
        if child.tag == "br":
            if _ends_with_break(paragraph):
                paragraph.remove(paragraph[-1])
                flush()
                paragraph.text = tail
                continue
            paragraph.append(child)
            child.tail = tail
        elif isinstance(child.tag, str) and child.tag in _INLINE:
            paragraph.append(child)
            child.tail = tail
        else:
            flush()
            made.append(child)
            paragraph.text = tail
    flush()
    element.extend(made)


def _ends_with_break(paragraph: html.HtmlElement) -> bool:
    return len(paragraph) > 0 and paragraph[-1].tag == "br" and not (paragraph[-1].tail or "").strip()
