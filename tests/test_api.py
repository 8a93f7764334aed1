"""The public API: small, complete, and free to import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import archiver
from tests.made import capture, reading

HEAVY = ("scrapy", "twisted", "boto3", "botocore", "trafilatura", "lxml", "sqlite3", "click", "rich", "tldextract")


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after `code`."""
    code = f"import sys\n{code}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


def test_importing_the_library_loads_nothing_heavy() -> None:
    assert modules_after("import archiver").isdisjoint(HEAVY)


def test_a_reader_of_a_folder_never_loads_scrapy_boto3_or_trafilatura(tmp_path: Path) -> None:
    code = f"import archiver\nwith archiver.open({str(tmp_path)!r}) as a: print(list(a.find()), list(a.verify()))"
    loaded = modules_after(code)
    assert "sqlite3" in loaded
    assert loaded.isdisjoint(("scrapy", "twisted", "boto3", "botocore", "trafilatura", "lxml", "click", "rich"))


@pytest.mark.parametrize("name", archiver.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(archiver, name)
    assert name in dir(archiver)
    assert isinstance(value, str) or value.__doc__


def test_every_error_of_the_tree_is_public() -> None:
    tree = [
        name
        for name, value in vars(archiver.errors).items()
        if isinstance(value, type) and issubclass(value, archiver.ArchiveError)
    ]
    assert set(tree) <= set(archiver.__all__)


def test_a_name_that_is_not_public_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'opne'"):
        _ = archiver.opne


def test_open_gives_an_archive_that_reads_back_what_was_put() -> None:
    with archiver.open("memory://api") as archive:
        assert isinstance(archive, archiver.Archive)
        receipt = archive.put(capture(), reading=reading())
        assert archive.get(receipt.id).body == capture().body
        assert [row.title for row in archive.find("news.example")] == ["A headline"]


def test_extract_reads_an_article_from_bytes() -> None:
    page = b"<html><head><title>Harbour reopens</title></head><body><article><h1>Harbour reopens</h1>" + (
        b"<p>The harbour opened again on Monday after a year of repairs, the city said.</p>" * 8
    )
    found = archiver.extract(page, "https://news.example/harbour", content_type="text/html; charset=utf-8")
    assert isinstance(found, archiver.Reading)
    assert found.article is not None
    assert "opened again on Monday" in found.article.text
