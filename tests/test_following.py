"""Which address a crawl asks for, and in which order."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archiver.crawl.following import MAX_OLDER, Follower
from archiver.frontier import Lease
from archiver.urls import Scope, canonical, is_twin, turns_page, untracked

LEASE = Lease(
    fp=1, url="https://n.example/", host="n.example", role="site", epoch=1, tries=0, hops=0, via=None, seed=True
)


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("https://n.example/a?utm_source=x&utm_medium=email", "https://n.example/a"),
        ("https://n.example/a?z=1&fbclid=q&b=%2e", "https://n.example/a?z=1&b=%2e"),
        ("https://n.example/a?PHPSESSID=0123456789abcdef0123456789abcdef&p=2", "https://n.example/a?p=2"),
        ("https://n.example/a/..%2fb?x=1&x=2", "https://n.example/a/..%2fb?x=1&x=2"),
        ("https://n.example/a", "https://n.example/a"),
    ],
)
def test_what_tracks_is_not_asked_for_and_the_rest_stays_as_written(written, asked):
    assert untracked(written) == asked
    assert untracked(asked) == asked
    assert canonical(written) == canonical(asked)


@pytest.mark.parametrize(
    ("url", "twin"),
    [
        ("https://n.example/amp/2026/story.html", True),
        ("https://m.n.example/story", True),
        ("https://n.example/story?amp=1", True),
        ("https://www.n.example/2026/story.html", False),
        ("https://n.example/story/?page=2", False),
        ("https://n.example/champions/", False),
    ],
)
def test_amp_and_mobile_editions_are_known(url, twin):
    assert is_twin(url) is twin


@pytest.mark.parametrize("way", ["feed", "page"])
def test_an_article_is_asked_for_by_its_own_address_wherever_it_was_named_first(way):
    follower = Follower(scope=Scope(hosts=("n.example",)), guided=Scope(hosts=("n.example",)), follow=True)
    tracked = "https://n.example/2026/02/harbour-story.html?utm_source=feed"
    amp = "https://n.example/amp/2026/02/harbour-story.html"
    if way == "feed":
        found = follower.entries([(tracked, None), (amp, None)], LEASE)
    else:
        found = follower.links([(tracked, canonical(tracked)), (amp, canonical(amp))], LEASE)
    assert [one.url for one in found] == ["https://n.example/2026/02/harbour-story.html", amp]
    assert found[0].prio > found[1].prio


@pytest.mark.parametrize(
    ("here", "there", "turned"),
    [
        ("/news", "/news?page=2", True),
        ("/news?a=b&page=2", "/news?a=b&page=3", True),
        ("/news?a=b", "/news?a=b&p=2", True),
        ("/news?z=1", "/news?page=2&z=1", True),
        ("/news/", "/news/page/2/", True),
        ("/news", "/news/2", True),
        ("/2026/page/9", "/2026/page/10", True),
        ("/news?page=3", "/news?page=2", False),
        ("/news?page=2", "/news?page=4", False),
        ("/news", "/sport?page=2", False),
        ("/news", "/news/story-2", False),
        ("/news", "/news?page=21", False),
        ("/2026/11/24/a", "/2026/11/25/b", False),
    ],
)
def test_the_next_page_of_a_list_is_known(here, there, turned):
    assert turns_page(canonical("https://n.example" + here), canonical("https://n.example" + there)) is turned


def test_turning_the_pages_of_a_list_is_no_depth_as_long_as_it_names_something_new():
    follower = Follower(scope=Scope(hosts=("n.example",)))

    def hops(number, *others):
        here = replace(LEASE, url=f"https://n.example/list?p={number}", hops=3)
        links = [f"https://n.example/list?p={number + 1}", *others]
        return {one.url: one.hops for one in follower.links(((url, canonical(url)) for url in links), here)}

    assert hops(1, "https://n.example/story-a") == {"https://n.example/list?p=2": 3, "https://n.example/story-a": 4}
    assert hops(7, "https://n.example/story-a") == {"https://n.example/list?p=8": 4}, "nothing new"


def test_older_pages_of_a_feed_stay_on_its_host_and_end():
    follower = Follower(guided=Scope(hosts=("n.example", "m.example")))
    here = replace(LEASE, url="https://n.example/feed", host="n.example", role="feed", hops=0)
    found = [one for n in range(MAX_OLDER + 5) for one in follower.older(f"https://n.example/feed?page={n}", here)]
    assert [(one.role, one.hops) for one in found] == [("older", 0)] * MAX_OLDER
    assert follower.older("https://m.example/feed?page=1", replace(here, host="n2.example")) == []
    assert follower.older(None, here) == []
    assert follower.take_dropped() == {"too_deep": 5, "off_host": 1}
