"""Text, block by block: what is chosen, how it is rendered, what the classifier's file promises."""

from __future__ import annotations

import json

import numpy as np
import pytest
from lxml import html

from archiver import extract
from archiver.extraction import engine
from archiver.extraction.blocks import Cutter, cut
from archiver.extraction.classifier import load, model
from archiver.extraction.features import NAMES, Hints, Rows, rows
from archiver.extraction.markdown import markdown_of
from archiver.extraction.prompts import unwanted
from archiver.extraction.similarity import bands, simhash, similarity_of, words_of
from archiver.extraction.text import best_f1, choose
from archiver.extraction.tree import MAX_DEPTH, parse

SENTENCE = "The harbour board met on Tuesday and agreed to dredge the northern channel before the winter storms arrive."
STANDFIRST = "Pilots have asked for a deeper channel since a coaster ran aground in March, and now they will get one."
PAGE = f"""<!DOCTYPE html><html lang="en"><head><title>Board to dredge the channel | Norwick Post</title>
<meta name="description" content="{STANDFIRST}">
</head><body><nav><ul><li><a href="/">Home</a></li><li><a href="/sport">Sport</a></li></ul></nav><main><article>
<h1>Board to dredge the channel</h1>
<p class="standfirst">{STANDFIRST}</p>
<p>{SENTENCE} {SENTENCE}</p><h2>What it costs</h2><p>Second. {SENTENCE} {SENTENCE}</p>
<ul><li>Two dredgers from the yard at Hale will work in turns until the end of May.</li>
<li>The sand goes to the beaches that lost theirs in the storm of last November.</li></ul>
<table><tr><th>Year</th><th>Depth in metres</th></tr>
<tr><td>2025</td><td>6.5</td></tr><tr><td>2026</td><td>8.0</td></tr></table>
<blockquote>
<p>"We shall sleep better with two metres more below the keel," said the pilot of the night watch.</p></blockquote>
<p>Last. {SENTENCE} {SENTENCE}</p></article></main>
<footer><p>Copyright Norwick Post. All rights reserved.</p></footer></body></html>"""


@pytest.fixture(scope="module")
def article():
    found = extract(PAGE.encode(), "https://norwick.example/board").article
    assert found is not None
    return found


def test_the_text_holds_standfirst_body_and_quote_but_not_the_headline_or_the_chrome(article):
    lines = article.text.splitlines()
    assert lines[0].startswith("Pilots have asked for a deeper channel")
    assert "Second." in article.text
    assert "said the pilot of the night watch" in article.text
    assert lines[-1].startswith("Last.")
    assert "Board to dredge the channel" not in article.text
    assert "Copyright" not in article.text
    assert "Sport" not in article.text


def test_markdown_keeps_headings_lists_tables_and_quotes(article):
    assert "## What it costs" in article.markdown
    assert "- Two dredgers from the yard at Hale" in article.markdown
    assert "| Year | Depth in metres |\n| --- | --- |\n| 2025 | 6.5 |" in article.markdown
    assert '> "We shall sleep better' in article.markdown


def test_text_that_looks_like_markup_stays_text_in_markdown():
    blocks = cut(html.document_fromstring("<body><p># not a heading, *not* [a link](x) &lt;b&gt;</p></body>"))
    assert markdown_of(blocks) == r"\# not a heading, \*not\* \[a link\](x) \<b\>"


def test_blocks_part_at_double_breaks_and_keep_single_ones():
    blocks = cut(html.document_fromstring("<body><p>one<br>two<br><br>three</p><div>four<br>five</div></body>"))
    assert [block.text for block in blocks] == ["one\ntwo", "three", "four", "five"]


def test_hidden_text_is_out_unless_everything_is_hidden():
    secret = "<p style='display:none'>IGNORE what was said. " + SENTENCE + "</p>"
    shown = extract(PAGE.replace("</article>", secret + "</article>").encode(), "https://norwick.example/a").article
    assert shown is not None
    assert "IGNORE" not in shown.text
    veiled = extract(PAGE.replace("<main>", "<main style='visibility:hidden'>").encode(), "https://norwick.example/a")
    assert veiled.article is not None
    assert "Second." in veiled.article.text


def test_the_model_asks_only_for_features_that_are_computed_and_says_how_it_was_made():
    assert max(int(features.max()) for features, _ in model().levels) < len(NAMES)
    assert 0 < model().threshold < 1
    with pytest.raises(ValueError, match="moonlight"):
        load(json.dumps({"base": 0, "threshold": 0.5, "trees": [["moonlight", 1, 0.5, -0.5]]}).encode())


def test_a_tree_is_walked_as_it_is_written():
    trees = [["size", 5.0, ["linked", 0.5, 2.0, -2.0], 4.0], 0.25]
    small = load(json.dumps({"base": 0.0, "threshold": 0.5, "trees": trees}).encode())
    size, linked = NAMES.index("size"), NAMES.index("linked")

    def chance(a: float, b: float) -> float:
        table = np.zeros((2, len(NAMES)), dtype=np.float32)
        table[1, size], table[1, linked] = a, b
        return small.probabilities(Rows([3, 7], table))[7]

    assert chance(5.0, 0.5) == pytest.approx(1 / (1 + 2.718281828**-2.25))
    assert chance(5.0, 0.6) == pytest.approx(1 / (1 + 2.718281828**1.75))
    assert chance(5.1, 0.0) == pytest.approx(1 / (1 + 2.718281828**-4.25))


def test_every_row_has_a_number_for_every_name():
    blocks = cut(html.document_fromstring(PAGE))
    measured = rows(blocks, SENTENCE, Hints(titles=("Board to dredge the channel",)))
    assert measured.table.shape == (len(measured.at), len(NAMES))
    assert measured.at
    assert np.isfinite(measured.table).all()


@pytest.mark.parametrize(
    "page", ["<p>", "<p>One.</p>", "<h1>Only</h1><h2>Headings</h2>", "<ul><li><a href='/a'>One</a></ul>"]
)
def test_a_page_of_hardly_anything_is_measured_too(page):
    blocks = cut(html.document_fromstring(f"<body>{page}</body>"))
    measured = rows(blocks, "", Hints())
    assert measured.table.shape == (len(measured.at), len(NAMES))
    assert np.isfinite(measured.table).all()
    assert rows([], "", Hints()).at == []
    assert model().probabilities(rows([], "", Hints())) == {}


def test_a_page_of_which_nothing_is_sure_asks_for_less():
    clear, dim = [(0.98, 100), (0.02, 100)], [(0.4, 100), (0.35, 100), (0.02, 100)]
    assert best_f1(clear) == pytest.approx(2 * 98 / 200)
    assert best_f1(dim) == pytest.approx(2 * 75 / (200 + 77))
    assert best_f1([]) == 0


def test_a_paragraph_above_the_text_needs_half_the_chance_only():
    story = [f"{at}. {SENTENCE}" for at in range(10)]
    blocks = cut(html.document_fromstring(f"<body>{''.join(f'<p>{words}</p>' for words in story)}</body>"))
    sure = dict.fromkeys(range(3, 6), 0.95)
    chosen, _ = choose(blocks, {**sure, 2: 0.35, 7: 0.35}, Hints(), threshold=0.5)
    assert chosen == {2, 3, 4, 5}


def test_a_tree_too_deep_to_walk_is_flattened_and_keeps_its_paragraphs():
    page = parse(f"<body>{'<div>' * 3000}<p>{SENTENCE}</p>{'</div>' * 3000}</body>".encode())
    assert page is None or "depth" in page.limits or page.elements < MAX_DEPTH
    boxes = parse(f"<body>{'<b>' * 600}x{'</b>' * 600}<p>{SENTENCE}</p></body>".encode())
    assert boxes is not None
    assert SENTENCE in boxes.root.text_content()


def test_near_copies_share_digests_and_other_texts_do_not():
    words = words_of(" ".join(f"{SENTENCE} number {i}" for i in range(20)))
    changed = [*words[:50], "suddenly", *words[51:]]
    other = [f"{word}{at % 7}" for at, word in enumerate(words)]
    distance = (int(simhash(words), 16) ^ int(simhash(changed), 16)).bit_count()
    assert distance <= 6
    assert (int(simhash(words), 16) ^ int(simhash(other), 16)).bit_count() > 12
    assert set(bands(words)) & set(bands(changed))
    assert not set(bands(words)) & set(bands(other))


def test_a_text_without_words_has_no_digest():
    assert similarity_of("") == {"word_count": 0, "text_digest": "", "simhash": "", "minhash": ()}


def test_what_the_classifier_is_sure_of_is_not_condemned_by_the_name_of_its_box():
    page = html.document_fromstring(
        "<body><div class='teaser'><p>A standfirst of some length that tells what the story is about.</p></div>"
        "<div class='share-box'><p>Tell others what you think about the harbour board.</p></div></body>"
    )
    assert unwanted(cut(page), [0, 1], {0: 0.9, 1: 0.5}) == {1}


def test_embeds_captions_and_small_print_are_no_words_of_the_article():
    story = "".join(f"<p>{count}. {SENTENCE} {SENTENCE}</p>" for count in ("First", "Second", "Third"))
    extra = (
        "<blockquote class='twitter-tweet'><p>We are glad that the channel will be dredged at last, said nobody.</p>"
        "<p>Norwick Port (@norwickport) 5 March 2024</p></blockquote><figure><img src='a.jpg'>"
        "<figcaption>The channel at low tide, seen from the old pier in the morning.</figcaption></figure>"
        "<p>An dieser Stelle finden Sie einen externen Inhalt. Ich bin damit einverstanden, dass er gezeigt wird.</p>"
        "<div class='disclaimer'><p>Nothing here is advice of any kind, and readers act at their own risk.</p></div>"
    )
    page = f"<html><body><article><h1>Channel</h1>{story}{extra}<p>Last. {SENTENCE}</p></article></body></html>"
    found = extract(page.encode(), "https://norwick.example/channel").article
    assert found is not None
    for words in ("glad", "low tide", "externen Inhalt", "advice of any kind"):
        assert words not in found.text
    assert "low tide" in found.markdown
    assert "First." in found.text
    assert "Last." in found.text


def shown(body: str) -> str:
    """The Markdown between two paragraphs of an article."""
    page = f"<html lang='en'><head><title>Board to dredge</title></head><body><main><article><h1>Board to dredge</h1><p>{SENTENCE} {SENTENCE}</p>{body}<p>Last. {SENTENCE} {SENTENCE}</p></article></main></body></html>"  # fmt: skip  # noqa: E501
    found = extract(page.encode(), "https://norwick.example/board").article
    assert found is not None
    return "\n\n".join(found.markdown.split("\n\n")[1:-1])


def test_numbered_lists_keep_their_numbers_and_lists_inside_lists_their_place():
    first, second = "The dredger comes from the yard at Hale in May.", "The sand goes to the beaches that lost theirs."
    assert shown(f"<ol><li>{first}</li><li>{second}</li></ol>") == f"1. {first}\n2. {second}"
    assert shown(f"<ol><li>{first}<ul><li>{second}</li></ul></li></ol>") == f"1. {first}\n   - {second}"
    assert shown(f"<ul><li>{first}<ul><li>{second}</li></ul></li></ul>") == f"- {first}\n  - {second}"


def test_embedded_players_are_linked_where_they_stand_and_advertisements_are_not():
    player = "<iframe src='https://www.youtube.com/embed/abc' title='The dredger [live]'></iframe>"
    assert shown(player) == r"[The dredger \[live\]](<https://www.youtube.com/embed/abc>)"
    assert shown("<div><iframe data-src='//player.vimeo.com/video/12'></iframe></div>") == (
        "[player.vimeo.com](<https://player.vimeo.com/video/12>)"
    )
    for other in (
        "https://ads.example/frame",
        "javascript:alert(1)",
        "https://youtube.com.evil.example/x",
        "/own.html",
    ):
        assert shown(f"<iframe src='{other}'></iframe>") == ""
    assert "youtube" not in shown(f"<div hidden>{player}</div>")


def test_lines_of_code_stay_lines():
    lines = ["for depth in soundings_of(channel, since=spring):", "    print(depth.at, depth.metres, depth.tide)"]
    assert shown("<pre>" + "\n".join(lines) + "</pre>") == "\n".join(["```", *lines, "```"])


def test_captions_quotes_and_posts_from_elsewhere_are_in_the_markdown():
    caption = "The dredger at work in the northern channel last spring."
    assert shown(f"<figure><img src='/a.jpg'><figcaption>{caption}</figcaption></figure>") == f"*{caption}*"
    post = (
        "<blockquote class='twitter-tweet'><p>The channel is open again, and a coaster is on its way.</p></blockquote>"
    )
    assert shown(post) == "> The channel is open again, and a coaster is on its way."
    quote = "<blockquote>We shall sleep better with two metres more below the keel, said the pilot.</blockquote>"
    assert shown(quote).startswith("> We shall sleep better")


def test_a_menu_is_found_and_the_engine_does_not_see_it():
    links = "".join(f"<li><a href='/{n}'>Another story, number {n}</a></li>" for n in range(5))
    text = "The council has decided that the harbour is to be rebuilt, and nobody was against it. " * 3
    page = html.document_fromstring(
        f"<body><div id=a><ul>{links}</ul></div><div id=b><p>{text}</p><ul>{links}</ul></div></body>"
    )
    cutter = Cutter()
    assert len(cutter.cut(page)) == 11
    assert [menu.get("id") or menu.tag for menu in cutter.menus] == ["a", "ul"]
    told = engine.opinion(page, cutter.menus, elements=20)
    assert text.strip() in (told or "")
    assert not any(len(menu) for menu in cutter.menus)
