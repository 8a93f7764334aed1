"""Remembering: a page read before is not searched again, and is read as a fresh one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from archiver.extraction import read
from archiver.extraction.reading import read_capture
from archiver.extraction.remembering import Memory
from archiver.extraction.text import Text
from archiver.model import Capture
from tests.stories import article

PAGE = article(3)


def capture(url: str, body: bytes = PAGE, kind: str = "text/html") -> Capture:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    return Capture(url=url, captured_at=at, headers=(("Content-Type", kind),), body=body)


@pytest.mark.parametrize(
    "url",
    [
        "https://b.example/amp/2026/03/01/one", "http://c.example.de/2024-05-06/deep/er/two?x=1", "https://d.example/",
    ],
)  # fmt: skip
def test_the_same_bytes_at_another_address_read_as_a_fresh_reading_does(url):
    memory = Memory()
    read_capture(capture("https://a.example/one"), memory=memory)
    assert read_capture(capture(url), memory=memory) == read(capture(url))
    assert read(capture(url)) != read(capture("https://a.example/one")), "an address changes nothing of this page"


def test_the_same_bytes_are_searched_once():
    memory = Memory()
    for url in ("https://a.example/1", "https://a.example/2", "https://a.example/3"):
        read_capture(capture(url), memory=memory)
    assert memory.found == 2


def test_other_bytes_another_charset_or_another_headline_are_searched_anew():
    memory = Memory()
    body = (
        "<title>Grüße</title><article><h1>Grüße</h1><p>".encode() + 60 * "Worte über Brücken. ".encode() + b"</article>"
    )
    one = capture("https://a.example/1", body)
    others = [
        replace(one, body=body.replace("über".encode(), b"an")), replace(one, body=body.decode().encode("utf-16")),
        replace(one, body=body.replace("üße".encode(), b"uss")),
    ]  # fmt: skip
    read_capture(one, memory=memory)
    assert [read_capture(other, memory=memory) for other in others] == [read(other) for other in others]


def test_a_memory_keeps_what_has_room_the_last_used_longest():
    memory, made = Memory(room=5 * 4_000), []

    def find(name: str) -> Text:
        made.append(name)
        return Text("x" * 1000, "x" * 1000, ())

    for name in "abcaddddde":
        memory.text(name, lambda name=name: find(name))
    for name in "fgh":
        memory.text(name, lambda name=name: find(name))
    memory.text("a", lambda: find("a"))
    assert made == [*"abcdefgh", "a"]
