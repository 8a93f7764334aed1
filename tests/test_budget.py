"""Budgets of a host: pages, bytes and seconds, for all hosts or for one."""

from __future__ import annotations

import time
from dataclasses import replace
from types import SimpleNamespace

import pytest

from archiver.crawl.budget import Budget
from archiver.crawl.options import CrawlOptions
from archiver.errors import BadInput
from archiver.frontier import Lease, Outcome
from tests.crawling import crawl
from tests.site import Site

LEASE = Lease(
    fp=1, url="https://a.example/", host="a.example", role="site", epoch=1, tries=0, hops=0, via=None, seed=True
)
OTHER = replace(LEASE, host="b.example")


def page(lease: Lease, size: int) -> SimpleNamespace:
    """What the budget looks at of a page."""
    return SimpleNamespace(
        work=object(), capture=SimpleNamespace(body=bytes(size)), lease=lease, outcome=(Outcome.ARCHIVED, "")
    )


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        ({"max_host_pages": 2}, "max_host_pages of a.example = 2"),
        ({"max_host_bytes": 100}, "max_host_bytes of a.example = 100"),
        ({"hosts": {"a.example": {"max_bytes": 50}}}, "max_host_bytes of a.example = 50"),
        ({"max_host_pages": 1, "hosts": {"a.example": {"max_pages": 2}}}, "max_host_pages of a.example = 2"),
    ],
)
def test_a_host_has_its_share_and_the_others_go_on(options, limit):
    budget = Budget(CrawlOptions(**options))
    budget.asked(LEASE)
    budget.kept(page(LEASE, 49))
    assert budget.host_spent("a.example") is None
    budget.asked(LEASE)
    budget.kept(page(LEASE, 51))
    assert limit in str(budget.host_spent("a.example"))
    assert budget.host_spent("b.example") is None


def test_a_hosts_time_runs_from_its_first_request():
    budget = Budget(CrawlOptions(max_host_seconds=0.05, hosts={"b.example": {"max_seconds": 0}}))
    budget.asked(LEASE)
    budget.asked(OTHER)
    time.sleep(0.06)
    assert "max_host_seconds of a.example = 0.05" in str(budget.host_spent("a.example"))
    assert budget.host_spent("b.example") is None, "0 is no limit, of one host too"
    assert budget.host_spent("c.example") is None, "it was never asked"


def test_an_unknown_option_of_a_host_is_refused():
    with pytest.raises(BadInput, match="known are max_pages"):
        CrawlOptions(hosts={"a.example": {"max_page": 1}})


def test_a_job_file_says_more_of_one_host(tmp_path):
    with Site(articles=30) as site, Site(articles=6, host="127.0.0.2") as other:
        (tmp_path / "job.toml").write_text(
            f'name = "two"\n[[seeds]]\nurl = "{site.url}"\n[[seeds]]\nurl = "{other.url}"\n'
            f'[hosts."127.0.0.1:{site.port}"]\nmax_pages = 9\n'
            f'[hosts."127.0.0.2:{other.port}"]\ndepth = 0\n'
        )
        done = crawl(str(tmp_path / "job.toml"), uri=str(tmp_path / "a"), state=tmp_path / "s")
        assert done.code == 8, done.said
        assert f"max_host_pages of 127.0.0.1:{site.port} = 9" in done.said
        assert len([hit for hit in site.log if hit.path != "/robots.txt"]) == 9
        assert not [hit for hit in other.log if hit.path.rsplit("-", 1)[-1].isdigit()], "no link was followed there"
    assert "too_deep" in done.said
