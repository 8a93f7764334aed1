"""Rules asked by kind of element: what they find is what they find themselves."""

from __future__ import annotations

import pytest
from lxml import etree, html
from trafilatura import main_extractor

from archiver.extraction.kinds import by_kind

REGEXP = {"re": "http://exslt.org/regular-expressions"}
PAGE = html.document_fromstring(
    """<body><div class="nav-menu" id=top><p class=lead>one</p><p class="lead">two</p></div>
    <div id="menu" class="plain"><span class=plain id=menu>three</span></div>
    <section class="share-box"><div>four</div></section>
    <g:plusone class="menu" @click="x">five</g:plusone><div style="display:none" class="a&#x1;menu">six</div>
    <main class="article-body"><div class="article-body">seven</div></main><div role=navigation>eight</div></body>"""
)
RULES = (
    ".//*[self::div or self::p][contains(@class, 'lead') or starts-with(@id, 'me')]",
    ".//*[self::div or self::span][re:test(@id|@class, '^menu')]",
    ".//*[contains(@style, 'display:none') or re:test(@class, 'm[e]nu$')]",
    ".//*[contains(translate(@role, 'N', 'n'), 'nav')]",
    "(.//*[self::main or self::div][@class='article-body'])[1]",
)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_by_kind_finds_what_the_rule_finds(rule):
    expression = etree.XPath(rule, namespaces=REGEXP)
    asked = by_kind(expression)
    assert asked is not expression
    found = expression(PAGE)
    assert found
    assert asked(PAGE) == asked(PAGE) == found


@pytest.mark.parametrize(
    "rule",
    ["//div[@class]", ".//*[self::div][.//p]", ".//*[@class][position()=2]", "(.//article)[1]", ".//*[../@id='top']"],
)
def test_a_rule_that_looks_further_is_asked_itself(rule):
    expression = etree.XPath(rule)
    assert by_kind(expression) is expression


def test_most_of_the_engines_rules_are_asked_by_kind():
    rules = [*main_extractor.BODY_XPATH, *main_extractor.OVERALL_DISCARD_XPATH, *main_extractor.TEASER_DISCARD_XPATH]
    by_kinds = [rule for rule in rules if by_kind(rule) is not rule]
    assert len(by_kinds) >= len(rules) - 2
    for rule in by_kinds:
        assert by_kind(rule)(PAGE)[:1] == rule(PAGE)[:1]
