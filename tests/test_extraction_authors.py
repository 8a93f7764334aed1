"""Bylines: people apart from organisations, names without what surrounds them."""

from __future__ import annotations

import json

import pytest

from archiver import extract
from archiver.extraction.authors import names_in
from archiver.model import Article

PROSE = "<p>The council met on Tuesday evening and agreed to mend the old stone bridge before winter comes.</p>" * 4


def article(*, head: str = "", byline: str = "", ld: object = None) -> Article:
    script = f'<script type="application/ld+json">{json.dumps(ld)}</script>' if ld else ""
    page = (
        f"<html><head><title>Bridge to be mended</title>{head}{script}</head>"
        f"<body><h1>Bridge to be mended</h1>{byline}{PROSE}</body></html>"
    )
    found = extract(page.encode(), "https://norwick.example/bridge").article
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("byline", "names"),
    [
        ("By Nora Whitlock", ["Nora Whitlock"]),
        ("Von Anna Berg und Jörg Maier", ["Anna Berg", "Jörg Maier"]),
        ("By NORA WHITLOCK, Senior Political Editor", ["NORA WHITLOCK"]),
        ("Nora Whitlock | nora@norwick.example", ["Nora Whitlock"]),
        ("Nora Whitlock Dec 12, 2016", ["Nora Whitlock"]),
        ("Whitlock, Nora", ["Nora Whitlock"]),
        ("https://www.facebook.com/nora", []),
        ("Staff", []),
    ],
)
def test_a_byline_is_cut_down_to_its_names(byline, names):
    assert names_in(byline) == names


def test_authors_behind_a_reference_are_found():
    ld = {
        "@graph": [
            {"@type": "NewsArticle", "headline": "Bridge to be mended", "author": {"@id": "#p"}},
            {"@type": "Person", "@id": "#p", "name": "Nora Whitlock"},
        ]
    }
    assert article(ld=ld).authors == ("Nora Whitlock",)


def test_organisations_stand_apart():
    ld = {
        "@type": "NewsArticle", "headline": "Bridge to be mended",
        "author": [{"@type": "Organization", "name": "Reuters"}, {"@type": "Person", "name": "Nora Whitlock"}],
    }  # fmt: skip
    found = article(ld=ld)
    assert found.authors == ("Nora Whitlock",)
    assert found.organisations == ("Reuters",)
    assert found.extra["wire"] == "Reuters"


def test_a_link_to_an_authors_page_names_the_author():
    found = article(byline='<div><a href="/authors/nora-whitlock">Nora Whitlock</a></div>')
    assert found.authors == ("Nora Whitlock",)


def test_a_section_is_no_author():
    found = article(
        head='<meta name="author" content="Local Life"><meta property="article:section" content="Local Life">'
    )
    assert found.authors == ()
