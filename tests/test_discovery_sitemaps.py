"""Sitemaps: all of their URLs are found, and neither size nor damage brings a crawl down."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from datetime import UTC, datetime

import pytest

from archiver.discovery import Sitemap, parse_sitemap
from archiver.model import Announced

URL = "http://news.example/sitemap.xml"
A, B = "http://news.example/a", "http://news.example/b"
HEAD = '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def urlset(*urls: str) -> str:
    return HEAD + "".join(f"<url><loc>{url}</loc><lastmod>2024-03-05</lastmod></url>" for url in urls) + "</urlset>"


def read(text: str | bytes) -> Sitemap:
    return parse_sitemap(text if isinstance(text, bytes) else text.encode(), URL)


def urls(sitemap: Sitemap) -> list[str]:
    return [entry.url for entry in sitemap.entries]


def bomb(start: bytes, unit: bytes, mebibytes: int) -> bytes:
    """A gzip file of `start` and `unit` again and again; a megabyte of it inflates to a gigabyte."""
    packer = zlib.compressobj(9, wbits=31)
    block = unit * (1024 * 1024 // len(unit))
    return packer.compress(start) + b"".join(packer.compress(block) for _ in range(mebibytes)) + packer.flush()


def test_a_urlset_gives_urls_and_dates():
    sitemap = read(urlset(A, "/b"))
    assert (sitemap.kind, urls(sitemap), sitemap.error) == ("urlset", [A, B], None)
    assert sitemap.entries[0].lastmod == datetime(2024, 3, 5, tzinfo=UTC)
    assert sitemap.entries[0].announced == Announced(source="sitemap", modified="2024-03-05")


def test_the_news_extension_gives_title_date_and_language():
    extension = (
        '<news:news xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><news:publication><news:name>N</news:name>'
        "<news:language>en</news:language></news:publication><news:publication_date>2024-03-05T10:00:00+01:00"
        "</news:publication_date><news:title>Storm &amp; tide</news:title></news:news>"
        '<image:image xmlns:image="x"><image:loc>http://news.example/photo.jpg</image:loc></image:image>'
    )
    (entry,) = read(f"{HEAD}<url>{extension}<loc>{A}</loc></url></urlset>").entries
    assert (entry.url, entry.title, entry.language) == (A, "Storm & tide", "en")
    assert entry.published == datetime(2024, 3, 5, 9, tzinfo=UTC)
    assert entry.announced == Announced(source="sitemap", published="2024-03-05T10:00:00+01:00")


def test_an_index_gives_sitemaps():
    sitemap = read(
        "<sitemapindex><sitemap><loc>/1.xml</loc></sitemap><sitemap><loc>/2.xml.gz</loc></sitemap></sitemapindex>"
    )
    assert (sitemap.kind, urls(sitemap)) == ("index", ["http://news.example/1.xml", "http://news.example/2.xml.gz"])


def test_text_and_feeds_may_be_sitemaps():
    assert (read(f"\ufeff{A}\r\n\r\n{B}\n").kind, urls(read(f"{A}\n{B}"))) == ("text", [A, B])
    assert urls(read(f"<rss><channel><item><link>{A}</link></item></channel></rss>")) == [A]


def test_gzip_is_known_by_its_bytes_also_in_several_members():
    half = len(urlset(A, B)) // 2
    members = gzip.compress(urlset(A, B)[:half].encode()) + gzip.compress(urlset(A, B)[half:].encode())
    assert urls(read(members)) == [A, B]


@pytest.mark.parametrize("cut", [len("</urlset>"), 20])
def test_a_sitemap_cut_short_keeps_what_is_whole(cut):
    sitemap = read(urlset(A, B)[:-cut])
    assert (urls(sitemap), sitemap.error) == ([A, B], "parse_error")


def test_a_gzip_file_cut_short_keeps_what_is_whole():
    names = [f"http://news.example/{number * 7919}" for number in range(2000)]
    found = urls(read(gzip.compress(urlset(*names).encode())[:-200]))
    assert 0 < len(found) < 2000
    assert found == names[: len(found)]


def test_more_urls_than_the_protocol_allows_are_cut_and_flagged():
    sitemap = read("\n".join(f"http://news.example/{number}" for number in range(50_001)))
    assert (len(sitemap.entries), sitemap.error) == (50_000, "too_many_urls")


def test_links_that_cannot_be_archived_are_counted_with_a_reason():
    sitemap = read(urlset(A, "file:///etc/passwd", "http://[", ""))
    assert urls(sitemap) == [A]
    assert sitemap.refused == (("file:///etc/passwd", "bad_scheme"), ("http://[", "bad_url"), ("", "no_url"))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "empty"),
        ("<html><p>404</html>", "not_a_sitemap"),
        ("no such page", "not_a_sitemap"),
        ("\x1f\x8bjunk", "empty"),
    ],
)
def test_what_is_no_sitemap_says_why(body, error):
    sitemap = parse_sitemap(body.encode("latin-1"), URL)
    assert (sitemap.entries, sitemap.error) == ((), error)


BOMBS = {
    "zeros": (b"", b"\0"),
    "elements": (HEAD.encode() + b"<url><loc>http://news.example/a</loc></url>", b"<a/>"),
    "attributes": (HEAD.encode() + b"<url><loc>http://news.example/a</loc></url><x ", b"a='1' "),
    "cdata": (HEAD.encode() + b"<url><loc>http://news.example/a</loc></url><x>", b"<![CDATA["),
    "text": (HEAD.encode() + b"<url><loc>http://news.example/a</loc></url><x>", b"x"),
}
CHILD = """
import resource, sys
from archiver.discovery import parse_sitemap
resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
sitemap = parse_sitemap(sys.stdin.buffer.read(), "http://news.example/sitemap.xml.gz")
# the child's own peak: what getrusage says began with that of the process which forked it
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(sitemap.error, len(sitemap.entries), int(peak) // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kind", BOMBS)
def test_a_gzip_bomb_costs_neither_memory_nor_the_urls_before_it(kind):
    start, unit = BOMBS[kind]
    child = subprocess.run(
        [sys.executable, "-c", CHILD],
        input=bomb(start, unit, 300),
        capture_output=True,
        check=True,
    )
    error, found, peak = child.stdout.decode().split()
    assert (error, int(found)) == ("too_large", 1 if start else 0)
    assert int(peak) < 300
