"""What others captured, imported, exported and replayed by pywb."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.archive import Archive
from archiver.export import export
from archiver.imports import import_file
from archiver.warc.writing import timestamp
from tests import pywb
from tests.site import Site
from tests.stories import article, article_path

pytestmark = pytest.mark.slow


def test_a_warc_of_wget_and_a_wacz_of_py_wacz_are_imported_and_replayed(tmp_path: Path):
    if shutil.which("wget") is None:
        pytest.skip("wget is not installed")
    pytest.importorskip("wacz")
    if why := pywb.install():
        pytest.skip(f"pywb cannot be installed: {why}")
    with Site(articles=4) as site:
        urls = [site.at(article_path(n)) for n in range(4)]
        for name, some in (("one", urls[:2]), ("two", urls[2:])):
            command = ["wget", "-q", "--no-config", f"--warc-file={name}", "-O", "/dev/null", *some]
            subprocess.run(command, cwd=tmp_path, check=True)
    command = [sys.executable, "-m", "wacz.main", "create", "-f", "two.warc.gz", "-o", "two.wacz"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    with Archive.open(f"file://{tmp_path}/archive") as archive:
        for name in ("one.warc.gz", "two.wacz"):
            done = import_file(tmp_path / name, archive)
            assert (done.kept, done.refused) == (2, {}), name
        export(archive, tmp_path / "pywb" / "collections" / "old", form="warc")
        stamps = {row.url: timestamp(row.captured_at) for row in archive.find()}
    with pywb.Pywb(tmp_path / "pywb") as engine:
        for number, url in enumerate(urls):
            status, _, body = engine.replay("old", stamps[url], url)
            assert (status, body) == (200, article(number, total=4))
