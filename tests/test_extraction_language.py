"""The language of an article: what the page declares, unless its text says otherwise."""

from __future__ import annotations

import pytest

from archiver.extraction.language import language_of

ENGLISH = "The council met on Tuesday evening and agreed that the old bridge is to be mended before the winter. " * 4
POLISH = "Rada zebrała się we wtorek wieczorem i postanowiła naprawić stary kamienny most przed nadejściem zimy. " * 4


@pytest.mark.parametrize(
    ("declared", "text", "language"),
    [
        ("en-GB", ENGLISH, "en"),
        ("deu", "Der Rat tagt.", "de"),
        ("en, sv", ENGLISH, "en"),
        ("nb_NO", "Rådet møttes tirsdag kveld.", "nb"),
        ("", POLISH, "pl"),
        ("und", POLISH, "pl"),
        ("en", POLISH, "pl"),  # the claim that templates come with
        ("ru", ENGLISH, "en"),
        ("en", "気象庁は13日、日向灘を震源とする地震があったと発表した。津波注意報が出ている。", "ja"),
        ("fr", "", "fr"),
    ],
)
def test_language(declared, text, language):
    assert language_of(declared, text) == language


def test_nothing_said_and_nothing_written_is_no_language():
    assert language_of("", " ") is None
