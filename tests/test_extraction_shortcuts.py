"""Shortcuts of the extraction: what is found the short way is what the long way finds."""

from __future__ import annotations

import random
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.extraction import classwords, prompts, similarity, verdict, wording

LETTERS = "abcdefghijklmnopqrstuvwxyzABCXYZ-_0"
TOKENS = st.lists(
    st.one_of(
        st.sampled_from([word for words in classwords.WORDS.values() for word in words.split()]),
        st.text(LETTERS, max_size=3),
    ),
    max_size=6,
).map(lambda parts: "".join(parts)[:60])  # as much of a token as is looked at


@given(TOKENS)
def test_class_words_found_by_their_start_are_all_that_are_substrings(token):
    plain = token.lower().replace("-", "").replace("_", "")
    named = {name for name, words in classwords.WORDS.items() if any(word in plain for word in words.split())}
    parts = token.lower().replace("_", "-").split("-")
    whole = {"ad": "ad", "ads": "ad", "bio": "bio", "dek": "lead", "box": "box", "tabs": "nav"}
    named |= {whole[part] for part in parts if part in whole}
    assert classwords.word_bits(token) == sum(classwords.WORD[name] for name in named)


@given(st.text(max_size=60))
def test_capitals_are_counted_as_python_counts_them(text):
    assert wording.capitals(text) == sum(map(str.isupper, text))


@pytest.mark.parametrize(
    "line",
    [
        "Already a SUBSCRIBER? Log in", "please subscribe now to read on", "To continue reading, please register",
        "Become a member to go on", "Unlock this article", "Weiterlesen mit Plus", "NUR FÜR ABONNENTEN",
        "Réservé aux abonnés", "Solo para suscriptores", "This content is only available to our subscribers",
    ],
)  # fmt: skip
def test_words_of_a_paywall_are_found_anywhere_in_a_page(line):
    assert verdict._asks_to_pay("\n".join(["a", line, "b"]))
    assert not verdict._asks_to_pay("We were reading about solo artists who subscribe and unlock.")


def test_no_way_to_speak_of_outside_content_is_without_its_word():
    for alternative in re.split(r"\|(?![^(]*\))", prompts._OUTSIDE.pattern):
        shortest = re.sub(r"\(\?:([^|()]*)(?:\|[^()]*)?\)\??", r"\1", alternative)
        plain = re.sub(r"\[(.)[^\]]*\]|(.)\?|\\w\+", lambda match: match[1] or "", shortest)
        assert any(word in plain for word in prompts._ABOUT_OUTSIDE), alternative


def test_minhash_bins_hold_the_lowest_hash_of_their_shingles():
    rng = random.Random(4)
    words = [
        rng.choice(["tide", "brücke", "議会", "harbour", "the", "of", "\ud800"]) + str(rng.randrange(40))
        for _ in range(500)
    ]
    expected: list[int | None] = [None] * 24
    for shingle in zip(words, words[1:], words[2:], words[3:], strict=False):
        value = zlib.crc32(" ".join(shingle).encode("utf-8", "replace"))
        value = (value ^ value >> 15) * 0x85EBCA6B & 0xFFFFFFFF
        value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
        lowest = expected[value % 24]
        expected[value % 24] = value if lowest is None else min(lowest, value)
    assert similarity._lowest(words) == expected
