"""The generated articles of the test site, the same for the same number. In: a number. Out: a page. Never: I/O."""

from __future__ import annotations

import functools
import random

SECTIONS = ("harbour", "council", "culture", "sport")

_VOCABULARY = (
    "harbour council tide bridge market school ferry budget winter library village river station garden "
    "report street meeting plan worker teacher farmer boat storm repair season museum bakery concert "
    "election hospital railway quay money visitor morning signal letter forest window paper winner island "
    "account question answer summer history"
)
_WORDS = tuple(_VOCABULARY.split())


def article_path(i: int) -> str:
    """Where article `i` lives."""
    return f"/{SECTIONS[i % len(SECTIONS)]}/2026/{1 + i % 12:02d}/story-{i}.html"


def title(i: int) -> str:
    """The headline of article `i`."""
    words = random.Random(i).sample(_WORDS, 4)
    return f"{words[0].capitalize()} {words[1]} brings {words[2]} to {words[3]} ({i})"


def paragraphs(i: int, count: int = 5) -> list[str]:
    """The text of article `i`, free of mark-up."""
    dice = random.Random(f"text {i}")

    def sentence() -> str:
        return "The " + " ".join(dice.choices(_WORDS, k=dice.randint(9, 16))) + "."

    return [" ".join(sentence() for _ in range(4)) for _ in range(count)]


@functools.lru_cache(maxsize=4096)
def article(i: int, *, total: int = 0, note: str = "") -> bytes:
    """The page of article `i` of a site of `total`, with links to three neighbours. `note` changes the bytes."""
    near = [k for k in (i + 1, i + 7, i * 2 + 1) if k < total]
    links = "".join(f'<li><a href="{article_path(k)}">{title(k)}</a></li>' for k in near)
    body = "".join(f"<p>{text}</p>\n" for text in paragraphs(i))
    section = SECTIONS[i % len(SECTIONS)]
    return html_page(
        title(i),
        f'<nav><a href="/">Home</a> <a href="/{section}">{section}</a></nav>\n<main><article><h1>{title(i)}</h1>\n'
        f'<p class="byline">By <span class="author">Mara Field</span></p>\n{body}{note}</article></main>\n'
        f"<aside><h2>Related Posts</h2><ul>{links}</ul></aside>",
        head=f'<meta property="og:type" content="article">'
        f'<meta property="article:published_time" content="2026-{1 + i % 12:02d}-{1 + i % 28:02d}T08:00:00+00:00">',
    )


def html_page(heading: str, body: str, *, head: str = "") -> bytes:
    page_head = f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{heading}</title>{head}</head>'
    return f"{page_head}\n<body>\n{body}\n</body></html>\n".encode()
