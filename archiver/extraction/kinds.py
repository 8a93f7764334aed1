"""Kinds: rules asked once for each kind of element. In: an XPath expression, a tree. Out: what it finds there.

The engine's rules look at an element's tag and attributes, with regular expressions that lxml hands to Python one by one;
and most elements of a page, and of a site, are alike. So a rule is put to one lone element of each kind and its answer
remembered. Never: an answer that the rule itself would not give; a rule that looks further is asked itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import islice
from typing import Any

from lxml import etree, html

REMEMBERED = 20_000  # kinds a rule, of some 300 bytes each; a page has about 150
Kind = tuple[tuple[str, str], ...]  # the attributes that a rule looks at, in the element's order
Rule = Callable[[html.HtmlElement], Any]

_LITERAL = re.compile(r"'[^']*'")
# `.//*[self::div or self::p][…]`, also `(…)[1]` and `…[1]`. What is asked looks at the element alone: no step to another,
# no position, no count.
_ALONE = r"(?:@[\w-]+|\b(?:or|and|not|contains|starts-with|translate)\b|re:test|''|[\s(),|=])+"
_RULE = re.compile(
    rf"\s*(?P<all>\()?\s*\.//\*(?:\[(?P<tags>\s*self::\w+(?:\s+or\s+self::\w+)*)\s*\])?\s*\[(?P<asked>{_ALONE})\]\s*"
    r"(?(all)\)\s*(?P<one>\[1\])|(?P<first>\[1\])?)\s*"
)
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def by_kind(expression: etree.XPath) -> Rule:
    """A rule like `.//*[self::div or self::p][contains(@class, 'menu')]`, asked once for each kind of element; any other as
    it is. Of a rule that ends with `[1]` only the first element is found.
    """
    rule = _RULE.fullmatch(_LITERAL.sub("''", str(expression.path)))
    if not rule:
        return expression
    tags = re.findall(r"self::(\w+)", rule["tags"] or "")
    names = frozenset(re.findall(r"@([\w-]+)", rule["asked"]))
    most = 1 if rule["one"] or rule["first"] else None

    @lru_cache(REMEMBERED)
    def finds(kind: Kind) -> bool:
        root = etree.Element("root")
        lone = etree.SubElement(root, tags[0] if tags else "div")
        for name, value in kind:
            lone.set(name, _NOT_XML.sub("\ufffd", value))
        return bool(expression(root))

    def found(tree: html.HtmlElement) -> list[html.HtmlElement]:
        below = tree.iterdescendants(*(tags or "*"))
        alike = (one for one in below if finds(tuple([pair for pair in one.items() if pair[0] in names])))
        return list(islice(alike, most))

    return found
