"""The add-on in somebody else's Scrapy project: one line, and every page is kept; nothing else changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import archiver
from tests.site import Site

SPIDER = """
import scrapy


class Theirs(scrapy.Spider):
    name = "theirs"

    async def start(self):
        yield scrapy.Request(self.url, self.parse)

    def parse(self, response):
        yield {"title": response.css("title::text").get(), "encoding": response.headers.get("Content-Encoding")}
        for link in response.css("a::attr(href)").getall():
            yield response.follow(link, self.parse)
"""
SETTINGS = """
BOT_NAME = "theirs"
SPIDER_MODULES = ["theirspiders"]
ADDONS = {"archiver.crawl.ArchiveAddon": 100}
ARCHIVE_URI = "kept"
ARCHIVE_ALLOW_PRIVATE = True
"""


@pytest.fixture
def project(tmp_path) -> Path:
    (tmp_path / "theirspiders").mkdir()
    (tmp_path / "theirspiders" / "__init__.py").write_text(SPIDER)
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (tmp_path / "settings.py").write_text(SETTINGS)
    return tmp_path


def run(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONWARNINGS": "ignore"}
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=project, capture_output=True, text=True, check=False, env=env, timeout=90
    )


def test_their_spider_keeps_working_and_its_pages_are_kept(project):
    with Site(articles=6) as site:
        done = run(project, "scrapy", "crawl", "theirs", "-a", f"url={site.url}", "-O", "items.json")
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        with archiver.open(str(project / "kept")) as archive:
            kept = {record.url: record.html.sha256 for record in archive.records() if record.html}
            assert list(archive.verify()) == [] or all(one.problem == "unreferenced" for one in archive.verify())
        manifest = site.manifest()
        assert {url: kept.get(url) for url in manifest} == manifest
    assert '"title"' in (project / "items.json").read_text(), "their items pass unchanged"


def test_archiver_crawl_finds_their_settings_and_still_has_our_spiders(project):
    with Site(articles=2) as site:
        done = run(project, "archiver", "crawl", site.url, "--delay", "0", "--workers", "1")
        assert done.returncode == 0, done.stderr
    with archiver.open(str(project / "kept")) as archive:
        assert {record.url for record in archive.records() if record.verdict == "article"} == set(site.manifest())


def test_scrapy_crawl_site_works_from_the_checkout(tmp_path):
    root = Path(__file__).resolve().parent.parent
    with Site(articles=2) as site:
        done = run(
            root, "scrapy", "crawl", "site", "-a", f"url={site.url}", "-s", f"ARCHIVE_URI={tmp_path / 'a'}",
            "-s", "ARCHIVE_ALLOW_PRIVATE=1", "-s", "ARCHIVE_DELAY_SECONDS=0", "-s", f"ARCHIVE_STATE={tmp_path / 's'}",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    with archiver.open(str(tmp_path / "a")) as archive:
        assert {record.url for record in archive.records() if record.verdict == "article"} == set(site.manifest())
