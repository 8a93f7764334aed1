"""Which settings a crawl finds, wherever it is started."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ASK = "from archiver.project import find; p = find(); print(p.origin, p.settings.BOT_NAME, p.spiders)"


def ask(
    folder: Path, *, env: dict[str, str] | None = None, site: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """What a process started in `folder` finds; `site` is a folder that stands for site-packages."""
    more = {"PYTHONPATH": os.pathsep.join(map(str, filter(None, [site, ROOT])))}
    return subprocess.run(
        [sys.executable, "-P", "-c", ASK], cwd=folder, env={**os.environ, **more, **(env or {})},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def theirs(tmp_path) -> Path:
    """Somebody's own Scrapy project."""
    project = tmp_path / "theirs"
    (project / "deep" / "er").mkdir(parents=True)
    (project / "scrapy.cfg").write_text("[settings]\ndefault = settings\n")
    (project / "settings.py").write_text('BOT_NAME = "theirs"\n')
    return project


def test_an_empty_folder_gets_our_own_settings(tmp_path):
    assert "newsvault's own settings newsvault" in ask(tmp_path).stdout


def test_the_checkout_gets_our_own_settings_too():
    assert "newsvault's own settings newsvault spiders" in ask(ROOT).stdout


def test_a_project_is_found_from_its_folder_and_from_below(theirs):
    for folder in (theirs, theirs / "deep" / "er"):
        assert f"{theirs / 'scrapy.cfg'} theirs" in ask(folder).stdout


def test_a_foreign_settings_module_in_site_packages_is_not_taken_for_one(tmp_path, theirs):
    foreign = tmp_path / "site-packages"
    foreign.mkdir()
    (foreign / "settings.py").write_text('BOT_NAME = "foreign"\n')
    assert " newsvault " in ask(tmp_path, site=foreign).stdout
    assert " theirs " in ask(theirs, site=foreign).stdout


def test_the_environment_wins(tmp_path, theirs):
    (tmp_path / "mine.py").write_text('BOT_NAME = "mine"\n')
    assert "SCRAPY_SETTINGS_MODULE=mine mine" in ask(tmp_path, env={"SCRAPY_SETTINGS_MODULE": "mine"}).stdout


def test_settings_that_do_not_load_are_named(tmp_path):
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = not_there\n")
    assert "'not_there', which fails to load" in ask(tmp_path).stderr


def test_asking_needs_no_scrapy(tmp_path):
    text = textwrap.dedent("""
        import sys
        from archiver.project import find
        find()
        assert "scrapy" not in sys.modules
    """)
    subprocess.run([sys.executable, "-c", text], cwd=tmp_path, check=True)
