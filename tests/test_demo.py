"""The demo site: what it serves, and that it is the same every time."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urljoin, urlsplit
from xml.etree import ElementTree

import pytest

import archiver
from archiver.demo import DemoSite
from archiver.model import Record


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as response:
        return response.read()


def test_every_article_has_the_bytes_of_the_manifest():
    with DemoSite() as site:
        assert len(site.articles) >= 12
        for url, sha256 in site.articles.items():
            assert hashlib.sha256(fetch(url)).hexdigest() == sha256


def test_articles_have_the_same_bytes_on_another_port():
    with DemoSite() as one, DemoSite() as other:
        assert one.url != other.url
        assert list(one.articles.values()) == list(other.articles.values())


def test_every_article_is_reached_by_links_from_the_front_page():
    with DemoSite() as site:
        found = set(_walk(site.url))
        assert set(site.articles) <= found


def test_the_second_visit_of_one_article_finds_a_correction():
    with DemoSite() as site:
        (url, later) = next(iter(site.corrected.items()))
        assert hashlib.sha256(fetch(url)).hexdigest() == site.articles[url]
        assert hashlib.sha256(fetch(url)).hexdigest() == later != site.articles[url]


def test_the_second_edition_is_corrected_at_the_first_visit():
    with DemoSite(edition=2) as site:
        (url, later) = next(iter(site.corrected.items()))
        assert site.articles[url] == later == hashlib.sha256(fetch(url)).hexdigest()


def test_the_duplicate_has_the_bytes_of_an_article():
    with DemoSite() as site:
        assert hashlib.sha256(fetch(site.duplicate)).hexdigest() in site.articles.values()


def test_feeds_and_sitemaps_are_xml_and_name_articles_of_this_port():
    with DemoSite() as site:
        for name in ("feed.xml", "atom.xml", "sitemap-pages.xml", "sitemap-news.xml"):
            body = fetch(site.url + name)
            ElementTree.fromstring(body)
            named = set(re.findall(re.escape(site.url) + r"[a-z]+/\d{4}/[a-z0-9-]+\.html", body.decode()))
            assert named, name
            assert named <= set(site.articles), name
        index = fetch(site.url + "sitemap.xml").decode()
        assert re.findall(r"<loc>(.*?)</loc>", index) == [
            site.url + "sitemap-pages.xml",
            site.url + "sitemap-news.xml",
        ]


def test_the_closed_section_is_named_by_robots_txt_and_is_not_in_the_manifest():
    with DemoSite() as site:
        assert b"Disallow: /members/" in fetch(site.url + "robots.txt")
        assert not [url for url in site.articles if "/members/" in url]
        assert b"/members/" in fetch(site.url)


def test_a_link_leads_nowhere_and_one_has_moved():
    with DemoSite() as site:
        with pytest.raises(urllib.error.HTTPError, match="404") as caught:
            fetch(site.url + "town/2023/old-pier.html")
        caught.value.close()
        with urllib.request.urlopen(site.url + "go/ferry", timeout=10) as response:
            assert response.url in site.articles


def test_the_log_keeps_every_request_in_order():
    with DemoSite() as site:
        fetch(site.url)
        fetch(site.url + "about.html?x=1")
        assert [(hit.target, hit.status) for hit in site.log] == [("/", 200), ("/about.html?x=1", 200)]
        assert site.log[0].at <= site.log[1].at


def test_a_port_in_use_is_replaced_by_a_free_one():
    with DemoSite() as first:
        port = int(first.url.rstrip("/").rsplit(":", 1)[1])
        with DemoSite(port=port) as second:
            assert second.url != first.url
            assert fetch(second.url)


def test_the_languages_and_makes_of_pages_differ():
    with DemoSite() as site:
        pages = [fetch(url).decode() for url in site.articles]
    assert any('lang="ja"' in page for page in pages)
    assert any('lang="ar" dir="rtl"' in page for page in pages)
    assert any("application/ld+json" in page for page in pages)
    assert any("jp-relatedposts" in page for page in pages)
    assert any("<br><br>" in page for page in pages)


def _walk(start: str) -> list[str]:
    """Every page of the site that links lead to, in the order of finding."""
    queue, seen = [start], {start}
    for url in queue:
        try:
            body = fetch(url).decode()
        except urllib.error.HTTPError as error:
            error.close()
            continue
        for link in re.findall(r'href="([^"#?]+)', body):
            target = urljoin(url, link)
            if target.startswith(start) and target.endswith((".html", "/")) and target not in seen:
                seen.add(target)
                queue.append(target)
    return queue


# ------------------------------------------------------------------ the command


def run_demo(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`archiver demo` as a newcomer runs it, in `folder`."""
    command = [sys.executable, "-m", "archiver", "demo", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.slow
def test_two_demos_keep_every_article_and_both_versions_of_the_one_that_changed(tmp_path: Path):
    with DemoSite() as site:
        wanted, changed = set(site.articles.values()), set(site.corrected.values())

    first = run_demo(tmp_path)
    assert first.returncode == 0, first.stderr
    for words in ("archiver list", "archiver show", "archiver verify"):
        assert f"{words} " in first.stdout
    bodies = _sha256s(tmp_path)
    assert wanted <= bodies
    assert not changed & bodies

    second = run_demo(tmp_path)
    assert second.returncode == 0, second.stderr
    assert "articles that changed since │ 1 " in second.stdout
    assert _sha256s(tmp_path) == bodies | changed

    records = _records(tmp_path)
    assert not [record.url for record in records if "/members/" in record.url]
    assert len({urlsplit(record.url).port for record in records}) == 1


def test_a_demo_refuses_a_folder_with_other_files(tmp_path: Path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "one.txt").write_text("dear")
    done = run_demo(tmp_path, "--into", "letters")
    assert done.returncode == 2
    assert done.stderr == "archiver: letters: is not empty and is no archive; name another folder with --into\n"
    assert [path.name for path in (tmp_path / "letters").iterdir()] == ["one.txt"]


def _records(folder: Path) -> list[Record]:
    with archiver.open(str(folder / "demo-archive"), sync=False) as archive:
        return list(archive.records())


def _sha256s(folder: Path) -> set[str]:
    """Of the bodies that the records name, each read again and proved."""
    with archiver.open(str(folder / "demo-archive"), sync=False) as archive:
        return {hashlib.sha256(archive.body(record) or b"").hexdigest() for record in archive.records() if record.html}
