"""Bylines: people apart from organisations, names without what surrounds them."""

from __future__ import annotations

import json

import pytest

from archiver import extract
from archiver.extraction.names import looks_like_person, names_in
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
        ("Words by Nora Whitlock and Piet van der Berg", ["Nora Whitlock", "Piet van der Berg"]),
        ("Nora Whitlock ⋅ Review Editor", ["Nora Whitlock"]),
        ("Associated Press12:20pm", ["Associated Press"]),
        ("AFP, Manila", ["AFP", "Manila"]),
        ("Nora WhitlockNovember 3, 2024", ["Nora Whitlock"]),
        ("Nora WhitlockHead Winemaker", ["Nora Whitlock"]),
        ("Nora SubbaRao", ["Nora SubbaRao"]),
        ("Gazette staff", ["Gazette staff"]),
        ("文● 山田太郎／編集部", ["山田太郎", "編集部"]),
        ("Illustration by Clara Lund", []),
        ("https://www.facebook.com/nora", []),
        ("Staff", []),
        ("Nora Whitlock, Dec 3, 2 comments", ["Nora Whitlock"]),
        ("By April, April 3", ["April"]),
        ("April", ["April"]),
        ("Nora Whitlock, RDN, M.A.", ["Nora Whitlock"]),
        (
            "Nora Whitlock, Home and Privacy Expert & Finn Lund, Security Expert Last Updated on Feb 2",
            ["Nora Whitlock", "Finn Lund"],
        ),
        ("Nora Whitlock, Lead Reviewer, Co-Founder", ["Nora Whitlock"]),
        ("Nora Whitlock, AFP, Finn", ["Nora Whitlock", "AFP", "Finn"]),
        ("Marketing and Event Coordinator", []),
        ("Nora &amp; Finn", ["Nora", "Finn"]),
        ("ByNora Whitlock", ["Nora Whitlock"]),
        ("undefined", []),
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


@pytest.mark.parametrize("name", ["Nora Whitlock", "Piet van der Berg", "María José Ortega"])
def test_a_persons_name_looks_like_one(name):
    assert looks_like_person(name)


@pytest.mark.parametrize("name", ["of the article", "Read More", "The Storm", "Norwick Post", "Nora", "March Issue"])
def test_other_words_do_not(name):
    assert not looks_like_person(name)


@pytest.mark.parametrize(
    "byline",
    [
        "<p>By Nora Whitlock</p>",
        "<p class='meta'>von <a href='/n'>Nora Whitlock</a></p>",
        "<div class='post-hero__author'><span>Nora Whitlock</span></div>",
        "<div class='module__authorName'>Nora Whitlock</div>",
        "<p><span class='authorname-txt'>Nora Whitlock</span></p>",
        "<p>03/01/2026 by Nora Whitlock</p>",
        "<img alt='Headshot of Nora Whitlock, editor' src='n.jpg'><p>Nora Whitlock</p>",
        "<div class='credits'><a href='/editors/nora-whitlock/'>Nora Whitlock</a></div>",
    ],
)
def test_a_reader_who_sees_the_author_is_not_alone(byline):
    assert article(byline=byline).authors == ("Nora Whitlock",)


def test_an_agency_ends_the_search():
    ld = {"@type": "NewsArticle", "headline": "Bridge", "author": {"@type": "Person", "name": "The Associated Press"}}
    found = article(ld=ld, byline="<div class='author-name'>Nora Whitlock</div>")
    assert found.authors == ()
    assert found.organisations == ("The Associated Press",)


def test_beside_the_sites_own_name_a_byline_still_counts():
    ld = {
        "@type": "NewsArticle", "headline": "Bridge", "publisher": {"@type": "Organization", "name": "Norwick Post"},
        "author": {"@type": "Organization", "name": "Norwick Post"},
    }  # fmt: skip
    assert article(ld=ld, byline="<p class='meta'>By Nora Whitlock</p>").authors == ("Nora Whitlock",)
    assert article(ld=ld, byline="<div class='author'>Harbour View</div>").authors == ()


def test_a_company_keeps_its_whole_name():
    ld = {"@type": "NewsArticle", "headline": "Bridge", "author": {"@type": "Organization", "name": "Lund & Lund"}}
    assert article(ld=ld).organisations == ("Lund & Lund",)


def test_the_first_meta_element_that_names_a_person_counts():
    head = '<meta name="author" content="nwhit"><meta name="parsely-author" content="Nora Whitlock">'
    assert article(head=head).authors == ("Nora Whitlock",)


def test_the_sites_address_or_label_is_no_person():
    assert article(head='<meta name="author" content="The Post (www.norwick.example)">').authors == ()
    assert article(head='<meta name="author" content="NORWICK">').authors == ()


def test_many_names_in_places_alike_are_other_articles_authors():
    cards = "".join(
        f"<div class='author'>Nora Whit{end}</div>" for end in ("lock", "man", "field", "by", "more", "ley")
    )
    assert article(byline=cards).authors == ()


def test_a_link_to_the_claimed_author_page_names_the_author():
    head = '<meta property="article:author" content="https://norwick.example/about/nora">'
    links = '<a href="/about/nora/">Nora Whitlock</a><a href="/about/finn">Finn Lund</a>'
    assert article(head=head, byline=f"<div>{links}</div>").authors == ("Nora Whitlock",)


def test_who_posted_a_blog_entry_is_named_last():
    head = '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Finn Lund">'
    assert article(head=head).authors == ("Finn Lund",)
    assert article(head=head, byline="<p>By Nora Whitlock</p>").authors == ("Nora Whitlock",)


@pytest.mark.parametrize(
    "signature",
    [
        "<p>This post was written by Nora Whitlock, head of the town archive</p>",
        "<div><p>Written by</p><p>Nora Whitlock</p></div>",
        "<div><h3>Author</h3><p>Nora Whitlock</p></div>",
    ],
)
def test_a_signature_far_below_counts_where_it_names_the_only_person(signature):
    far = PROSE * 12
    assert article(byline=far + signature).authors == ("Nora Whitlock",)
    assert article(byline=far + signature + "<p>Written by Piet van der Berg</p>").authors == ()
    assert article(byline=f'{far}<nav class="menu">{signature}</nav>').authors == ()
    assert article(byline=f'{far}<div class="site-footer"><div><div>{signature}</div></div></div>').authors == ()


def test_a_menu_that_sorts_by_something_is_no_signature():
    menu = '<ul class="nav-list"><li>By Use Case</li></ul>'
    assert article(byline=PROSE * 12 + menu).authors == ()


def test_a_picture_of_a_thing_names_nobody_where_a_heading_repeats_it():
    assert article(byline='<img alt="Market Square"><h2>Market Square</h2>').authors == ()
    assert article(byline='<img alt="Nora Whitlock"><p>Nora Whitlock</p>').authors == ("Nora Whitlock",)


@pytest.mark.parametrize("login", ["nwhitlock", "nora.whitlock", "whitlock7"])
def test_an_account_yields_to_the_person_whose_name_is_in_it(login):
    head = f'<meta name="author" content="{login}">'
    assert article(head=head, byline="<p>By Nora Whitlock</p>").authors == ("Nora Whitlock",)
    assert article(head=head).authors == (login,)
    assert article(head=head, byline="<p>By Finn Lund</p>").authors == (login,)


def test_a_declared_first_name_stays_or_is_completed_by_the_shown_name():
    head = '<meta name="author" content="Nora">'
    assert article(head=head, byline="<p>By Finn Lund</p>").authors == ("Nora",)
    assert article(head=head, byline="<p>By Nora Whitlock</p>").authors == ("Nora Whitlock",)


def test_of_many_links_to_authors_pages_the_one_below_the_headline_names_the_author():
    own = '<a href="/authors/nora"><p>Nora Whitlock</p><p>Nov 15, 2025</p></a>'
    others = "".join(f'<p><a href="/authors/{n}">{n} Lund</a></p>' for n in ("Finn", "Piet", "Ada"))
    assert article(byline=own + PROSE + others).authors == ("Nora Whitlock",)
    assert article(byline=PROSE * 3 + others).authors == ()


@pytest.mark.parametrize("label", ["Autorin/Autor", "Autor:", "Autorin"])
def test_a_label_and_a_name_in_one_line_are_a_signature(label):
    assert article(byline=f"{PROSE * 12}<ul><li><b>{label}</b> Nora Whitlock</li></ul>").authors == ("Nora Whitlock",)
