"""Scope: every URL left out has a reason, and no pattern or path can hang the crawl."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import BadInput
from archiver.urls import Scope


def test_a_seed_implies_its_host_with_and_without_www():
    scope = Scope.around(["https://www.example.com/sport/football"])
    assert scope.verdict("http://example.com/politics") is None
    assert scope.verdict("https://www.example.com/") is None
    assert scope.verdict("https://blog.example.com/") == "off_host"
    assert scope.verdict("https://example.com.evil.test/") == "off_host"
    assert scope.verdict("https://example.com:8443/") == "off_host"


def test_a_narrow_scope_stays_in_the_seeds_folder():
    scope = Scope.around(["https://example.com/sport/"], narrow=True)
    assert scope.verdict("https://www.example.com/sport/a") is None
    assert scope.verdict("https://example.com/sports") == "off_host"
    assert scope.verdict("https://example.com/sport/../politics") == "off_host"


def test_domains_take_what_is_under_them():
    scope = Scope(domains=("example.com",))
    assert scope.verdict("https://a.b.example.com/") is None
    assert scope.verdict("https://notexample.com/") == "off_host"


def test_a_scope_without_places_is_the_whole_web():
    assert Scope().verdict("https://anything.example/") is None


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/", "bad_scheme"),
        ("http://[", "bad_url"),
        ("http://example.com/" + "a" * 3000, "too_long"),
        ("http://other.example/", "off_host"),
        ("http://example.com/photo.JPG", "not_a_page"),
        ("http://example.com/report.pdf?download=1", "not_a_page"),
        ("http://example.com/a/a/a/story", "path_repeats"),
        ("http://example.com/x/y/x/y/x/y", "path_repeats"),
        ("http://example.com/a/1/a/2/a/3/a/4/a/5", "path_repeats"),
        ("http://example.com/" + "/".join(map(str, range(30))), "too_deep"),
        ("http://example.com/private/a", "excluded"),
        ("http://example.com/about", "not_included"),
        ("http://example.com/news/2024/03/03/x", None),
        ("http://example.com/news/a/a", None),
        ("http://example.com/news/open.ai", None),
    ],
)
def test_every_url_left_out_has_a_reason(url, reason):
    scope = Scope(hosts=("example.com",), include=("/news/*", "http://example.com/private/*"), exclude=("*/private/*",))
    assert scope.verdict(url) == reason


def test_hops_are_counted_from_the_seed():
    scope = Scope(max_hops=2)
    assert scope.verdict("http://example.com/", hops=2) is None
    assert scope.verdict("http://example.com/", hops=3) == "too_deep"


@pytest.mark.parametrize("pattern", ["*a" * 40, "x" * 1000])
def test_a_pattern_that_could_be_slow_is_refused(pattern):
    with pytest.raises(BadInput, match="a pattern may have"):
        Scope(include=(pattern,))


def test_the_worst_allowed_pattern_ends():
    scope = Scope(include=("*a" * 20 + "b",))
    assert scope.verdict("http://example.com/" + "a" * 1900) == "not_included"


@given(st.lists(st.sampled_from("abc"), max_size=12))
def test_no_repetition_beyond_two_is_let_through(segments):
    path = "/".join(segments)
    thrice = any(
        segments[i : i + n] == segments[i + n : i + 2 * n] == segments[i + 2 * n : i + 3 * n]
        and segments[i + 2 * n : i + 3 * n]
        for n in (1, 2, 3)
        for i in range(len(segments) - 3 * n + 1)
    )
    often = any(segments.count(letter) > 4 for letter in "abc")
    assert (Scope().verdict(f"http://example.com/{path}") == "path_repeats") == bool(thrice or often)
