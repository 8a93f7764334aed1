"""The title: one headline out of the many forms that a page gives it."""

from __future__ import annotations

import json

import pytest

from archiver import extract
from archiver.extraction.titles import without_site
from archiver.model import Article

PROSE = "<p>The council met on Tuesday evening and agreed to mend the old stone bridge before winter comes.</p>" * 4
HEADLINE = "Council agrees to mend the bridge"
SOCIAL = "This bridge will be mended at last"


def article(
    *, title: str = "", og: str = "", twitter: str = "", ld: str = "", kind: str = "NewsArticle", shown: str = ""
) -> Article:
    script = json.dumps({"@type": kind, "headline": ld, "datePublished": "2026-03-01"}) if ld else "{}"
    page = (
        f"<html><head><title>{title}</title><meta property='og:site_name' content='Norwick Post'>"
        f'<meta property="og:title" content="{og}"><meta name="twitter:title" content="{twitter}">'
        f'<script type="application/ld+json">{script}</script></head><body>{shown}{PROSE}</body></html>'
    )
    found = extract(page.encode(), "https://norwick.example/bridge").article
    assert found is not None
    return found


@pytest.mark.parametrize(
    "title",
    [
        f"{HEADLINE} | Norwick Post",
        f"{HEADLINE} – The Norwick Post",
        f"Norwick Post: {HEADLINE}".replace(": ", " : "),
        f"{HEADLINE}：Norwick Post",
        f"{HEADLINE} * Norwick Post",
    ],
)
def test_the_sites_name_is_no_part_of_the_title(title):
    assert without_site(title, "Norwick Post") == HEADLINE


def test_what_follows_another_form_behind_a_separator_goes():
    found = article(title=f"{HEADLINE} | Town | News", og=f"{HEADLINE} – Town", shown=f"<h1>{HEADLINE}</h1>")
    assert found.title == HEADLINE
    assert found.extra["title_sources"] == ["h1", "og", "title"]
    assert "other_titles" not in found.extra


@pytest.mark.parametrize(("left", "expected"), [("x", HEADLINE), ("N/A", HEADLINE), ("地震速報", "地震速報")])
def test_a_leftover_of_a_template_is_no_headline_where_there_is_another(left, expected):
    assert article(ld=left, title=HEADLINE).title == expected
    assert article(ld=left, title="").title == left


def test_quotation_marks_are_no_separators():
    headline = "Le maire en garde sur « la gravité de la situation »"
    assert article(title=headline, og=headline).title == headline


def test_on_a_press_page_two_careful_sources_outvote_one():
    found = article(og=SOCIAL, ld=HEADLINE, shown=f"<h1>{HEADLINE}</h1>")
    assert found.title == HEADLINE
    assert found.extra["title_sources"] == ["json-ld", "h1"]
    assert found.extra["other_titles"] == {"og": SOCIAL}


def test_on_a_press_page_the_form_meant_for_sharing_leads_where_it_is_given_twice():
    assert article(og=SOCIAL, twitter=SOCIAL, ld=HEADLINE, shown=f"<h1>{HEADLINE}</h1>").title == SOCIAL


def test_elsewhere_the_shown_headline_leads():
    assert article(og=SOCIAL, title=SOCIAL, shown=f"<h1>{HEADLINE}</h1>").title == HEADLINE


def test_elsewhere_one_title_written_into_every_field_for_search_engines_counts_once():
    everywhere = {"title": SOCIAL, "og": SOCIAL, "ld": SOCIAL}
    shown = f"<h1>{HEADLINE}</h1>"
    assert article(**everywhere, kind="BlogPosting", shown=shown).title == HEADLINE
    assert article(**everywhere, kind="NewsArticle", shown=shown).title == SOCIAL
    written = everywhere | {"title": f"{SOCIAL} | Norwick Post"}  # two fields of their own beside the page's title
    assert article(**written, kind="BlogPosting", shown=shown).title == SOCIAL


def test_a_section_glued_before_the_sites_name_goes_where_another_form_is_what_remains():
    korean = "시의회, 낡은 다리 보수하기로 결정했다"
    shown = f"<h1>{korean}</h1>"
    assert article(title=f"{korean}-정치ㅣNorwick Post", og=f"{korean}-정치ㅣNorwick Post", shown=shown).title == korean
    assert article(title=f"{HEADLINE}-Town | Norwick Post", ld=HEADLINE).extra.get("other_titles") is None


def test_a_form_with_the_sites_name_is_a_copy_of_the_title_and_weighs_as_little():
    name = " | Norwick Post"
    assert article(og=SOCIAL + name, title=SOCIAL + name, ld=HEADLINE).title == HEADLINE


@pytest.mark.parametrize(
    "logo", ["<h1><a href='/'>Harbour pages</a></h1>", "<a href='https://a.example'><h1>Harbour pages</h1></a>"]
)
def test_a_logo_and_a_section_are_no_headlines(logo):
    assert article(title="", og=HEADLINE, shown=f"{logo}<h1>{HEADLINE}</h1>").title == HEADLINE
    assert article(title=SOCIAL, og=HEADLINE, shown="<h1>Markets</h1>").title == HEADLINE


def test_a_kicker_does_not_run_into_the_headline():
    shown = f"<h1><span>Harbour towns</span><span>{HEADLINE}</span></h1>"
    assert article(shown=shown).title == f"Harbour towns {HEADLINE}"


@pytest.mark.parametrize("level", ["h2", "h3"])
@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (HEADLINE, HEADLINE),
        (f"{HEADLINE} - Pictures", HEADLINE),
        (HEADLINE, f"{HEADLINE} before the winter comes"),
        (f"Norwick Post {HEADLINE}", HEADLINE),
    ],
)
def test_where_the_h1_names_a_section_the_headline_is_the_heading_below_that_the_page_declares(level, title, shown):
    found = article(
        title=title, shown=f"<h1>Our bridge blog</h1><{level}>Subscribe</{level}><{level}>{shown}</{level}>"
    )
    assert found.title == shown
    assert found.extra["title_sources"][0] == "heading"


def test_an_h1_that_the_page_declares_comes_before_the_headings_below_it():
    found = article(title=HEADLINE, og=SOCIAL, shown=f"<h1>{HEADLINE}</h1><h2>{SOCIAL}</h2>")
    assert found.extra["title_sources"][0] == "h1"


def test_where_a_page_declares_only_its_sites_name_the_h1_is_the_headline():
    assert article(title="Norwick Post", shown=f"<h1>{HEADLINE}</h1><h2>Norwick Post</h2>").title == HEADLINE


def test_a_blogs_name_before_a_colon_goes_where_the_rest_is_another_form():
    assert article(title=f"The Norwick Post: {HEADLINE}", shown=f"<h1>{HEADLINE}</h1>").title == HEADLINE
    kicker = f"Repairs: {HEADLINE}"
    assert article(title=kicker, og=kicker, twitter=kicker, ld=kicker, shown=f"<h1>{HEADLINE}</h1>").title == kicker


@pytest.mark.parametrize(("host", "name"), [("blog.gazette.co.example", "gazette"), ("gazette.example", "gazette")])
def test_a_host_names_the_site_where_nothing_better_does(host, name):
    assert without_site(f"{HEADLINE} | The {name.title()}", host) == HEADLINE


def test_a_word_alone_is_no_headline_where_the_shown_headline_holds_it():
    assert article(title="Bridge", og="Bridge", twitter="Bridge", shown=f"<h1>{HEADLINE}</h1>").title == HEADLINE


def test_entities_that_were_escaped_twice_are_read():
    assert (
        article(title="x", shown="<h1>Bread &amp;#x26; roses for the bridge</h1>").title
        == "Bread & roses for the bridge"
    )


def test_a_line_break_in_a_headline_is_a_space():
    assert (
        article(title="x", shown="<h1>COUNCIL AGREES<br>TO MEND <b>THE<br/>BRIDGE</b></h1>").title == HEADLINE.upper()
    )
