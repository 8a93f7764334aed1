"""Engine: trafilatura, asked for its opinion of a page. In: a tree that may be spent. Out: its text. Never: metadata.

The engine finds the region and the text; our layer (blocks, features, classifier) corrects it block by block. So its second
opinions (readability, jusText: 6 of 24 ms) are not asked for: what they add, the blocks have already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from lxml import etree, html

from archiver.extraction.kinds import by_kind

INVISIBLE = ("script", "style", "noscript", "template", "svg", "iframe", "head", "object", "select", "textarea", "canvas")  # fmt: skip
CHROME = ("nav", "footer", "dialog")  # never article text, and a part of the engine's time
MAX_CELLS = 1_500  # the engine's table code is quadratic: 9,000 cells cost 17 CPU s
MAX_ELEMENTS = 25_000


@cache
def version() -> str:
    """The engine's version; loads it and keeps its loggers quiet."""
    import trafilatura

    for name in ("trafilatura", "htmldate", "courlan", "justext"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return str(trafilatura.__version__)


def opinion(root: html.HtmlElement, menus: Iterable[html.HtmlElement] = (), *, elements: int) -> str | None:
    """Return the text the engine would extract, one block a line; "" where it finds none or fails, None where the page is
    too large to ask. Spends the tree. `menus` are emptied first: the engine would throw them away as well, but late. That
    spares a fifth of its time, and F1 is the same to .0003.
    """
    version()
    if elements > MAX_ELEMENTS:
        return None
    for menu in menus:
        menu.clear(keep_tail=True)
    etree.strip_elements(root, *INVISIBLE, *CHROME, with_tail=False)
    if sum(1 for _ in root.iter("td", "th")) > MAX_CELLS:
        etree.strip_elements(root, "table", with_tail=False)
    try:
        return _main_text(root)
    except Exception:  # the engine's own errors on odd pages are many and undocumented; it has only a vote here
        return ""


def _main_text(root: html.HtmlElement) -> str:
    """The engine's cleaning, conversion and main extractor, without copies and rescues: 7 ms instead of 14, and the same
    lines on 95 % of 240 pages. An engine whose parts have other names is asked as a whole.
    """
    try:
        from trafilatura.htmlprocessing import convert_tags, tree_cleaning
        from trafilatura.settings import Extractor
        from trafilatura.xml import xmltotxt

        extract_content = _extractor().extract_content
    except (ImportError, AttributeError):
        from trafilatura import bare_extraction

        document: Any = bare_extraction(root, fast=True, include_comments=False)
        return (document.text or "") if document is not None else ""
    options = Extractor(fast=True, comments=False, output_format="python")
    body, _ = extract_content(convert_tags(tree_cleaning(root, options), options), options)
    return str(xmltotxt(body, False))


@cache
def _extractor() -> ModuleType:
    """The engine's main extractor as a module of our own, so that its expressions may be asked by kind of element:
    2 of its 6 ms. Whoever uses the engine in the same process keeps it as it is.
    """
    spec = find_spec("trafilatura.main_extractor")
    if spec is None or spec.loader is None:
        raise ImportError("trafilatura.main_extractor")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in vars(module).items():
        if name.endswith("_XPATH") and isinstance(value, list):
            setattr(module, name, [by_kind(expression) for expression in value])
    return module
