"""A difference as one HTML page that needs nothing else. In: a Difference. Out: HTML. Never: scripts, requests."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from archiver.compare.difference import Difference, Side
from archiver.compare.paragraphs import Kind
from archiver.compare.words import Piece, Way

_TAGS = {Way.SAME: "", Way.ADDED: "ins", Way.REMOVED: "del"}
_STYLE = """
:root { color-scheme: light dark; --ink: #1c1b19; --paper: #fdfcf9; --quiet: #66625a; --line: #e3dfd5;
  --new: #dff0dc; --new-ink: #14490f; --old: #f8dfdc; --old-ink: #7a1a10; --move: #e6e4f5; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e6df; --paper: #181715; --quiet: #a19c91; --line: #35322c;
  --new: #1d3a1a; --new-ink: #bfe8b8; --old: #45201b; --old-ink: #f3c1b9; --move: #2c2a45; } }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 42rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.6 Georgia, "Noto Serif", serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .5rem; }
.sides, .kind, footer { font: .85rem/1.5 system-ui, sans-serif; color: var(--quiet); }
.sides { border-bottom: 1px solid var(--line); padding-bottom: 1rem; margin-bottom: 1.5rem; }
.sides dt { float: left; clear: left; width: 4.5rem; } .sides dd { margin: 0 0 0 5rem; overflow-wrap: anywhere; }
ins { background: var(--new); color: var(--new-ink); text-decoration: underline; text-underline-offset: .2em; }
del { background: var(--old); color: var(--old-ink); text-decoration: line-through; }
section { border-inline-start: 3px solid transparent; padding-inline-start: .9rem; margin-inline-start: -1.05rem; }
section.added { border-color: var(--new-ink); } section.removed { border-color: var(--old-ink); }
section.moved, section.moved_and_edited { background: var(--move); }
.kind { display: block; } p { margin: 0 0 1rem; }
"""


def to_html(difference: Difference) -> str:
    """Return a whole page: both captures, what changed, and the text with its changes marked."""
    title = escape(difference.after.title or difference.before.title or difference.after.url)
    language = f' lang="{escape(difference.after.language)}"' if difference.after.language else ""
    return (
        f'<!DOCTYPE html>\n<html{language}>\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<h1 dir="auto">{pieces_to_html(difference.headline)}</h1>\n{_sides(difference)}\n<main dir="auto">\n'
        f"{paragraphs_to_html(difference)}\n</main>\n{_noise(difference)}</body>\n</html>\n"
    )


def paragraphs_to_html(difference: Difference) -> str:
    """Return the paragraphs alone, for a page of one's own: a `section` each, its kind as class."""
    return "\n".join(
        f'<section class="{one.kind}">{_label(one.kind)}<p dir="auto">{pieces_to_html(one.pieces)}</p></section>'
        for one in difference.paragraphs
    )


def pieces_to_html(pieces: Sequence[Piece]) -> str:
    """Return a text with `<ins>` and `<del>`."""
    tagged = ((_TAGS[piece.way], escape(piece.text)) for piece in pieces)
    return "".join(f"<{tag}>{text}</{tag}>" if tag else text for tag, text in tagged)


def _sides(difference: Difference) -> str:
    rows = [("before", _side(difference.before)), ("after", _side(difference.after))]
    byline = difference.byline
    names = [f"<del>{escape(name)}</del>" for name in byline.removed] + [
        f"<ins>{escape(n)}</ins>" for n in byline.added
    ]
    rows += [("authors", ", ".join(names))] if names else []
    rows += [
        (fact.name, f"<del>{escape(fact.before or '—')}</del> <ins>{escape(fact.after or '—')}</ins>")
        for fact in difference.facts
    ]
    rows.append(("changed", escape(difference.summary())))
    return '<dl class="sides">' + "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows) + "</dl>"


def _side(side: Side) -> str:
    return f"{side.captured_at:%Y-%m-%d %H:%M:%S} UTC · {side.id} · {escape(side.url)}"


def _label(kind: Kind) -> str:
    return "" if kind in (Kind.SAME, Kind.EDITED) else f'<span class="kind">{str(kind).replace("_", " ")}</span>'


def _noise(difference: Difference) -> str:
    if not difference.noise:
        return ""
    words = ", ".join(f"{number} {kind}" for kind, number in difference.noise.items())
    return f"<footer>Left out, because nobody wrote it: {words}.</footer>\n"
