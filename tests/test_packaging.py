"""The wheel: one top-level name, the Scrapy project inside it, nothing of the tests; and what an import costs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from archiver.demo import DemoSite
from tests.wheel import complaints, files

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, built without a network by the installed hatchling."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("newsvault-*.whl"))


def test_the_wheel_holds_what_it_must_and_nothing_else(wheel: Path):
    assert complaints(files(wheel), [path.name for path in (ROOT / "spiders").glob("*.py")]) == []


def test_a_wheel_with_a_stray_file_or_without_its_project_is_complained_about(wheel: Path):
    names = [name for name in files(wheel) if name != "archiver/project/settings.py"]
    assert complaints([*names, "settings.py", "archiver/test_x.py"], []) == [
        "missing: archiver/project/settings.py",
        "top-level name: settings.py",
        "does not belong: archiver/test_x.py",
    ]


def test_the_packaged_project_is_the_checkouts(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("archiver/project/settings.py") == (ROOT / "settings.py").read_bytes()
        assert archive.read("archiver/project/scrapy.cfg") == (ROOT / "scrapy.cfg").read_bytes()


def test_the_metadata_names_the_command_the_licence_and_the_python(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        facts = Parser().parsestr(archive.read(name).decode())
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert (facts["Name"], facts["License-Expression"], facts["Requires-Python"]) == (
        "newsvault",
        "Apache-2.0",
        ">=3.11",
    )
    assert "archiver = archiver.cli:main" in scripts


def test_importing_archiver_loads_neither_scrapy_nor_what_takes_long():
    heavy = "{'scrapy', 'twisted', 'trafilatura', 'boto3', 'botocore', 'lxml'}"
    code = f"import archiver, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_no_module_outside_the_crawl_loads_scrapy():
    folder = ROOT / "archiver"
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))]
    names = [name.removesuffix(".__init__") for name in names if not name.startswith("archiver.crawl")]
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    importlib.import_module(name)\n"
        "    loaded = {'scrapy', 'twisted'} & set(sys.modules)\n"
        "    assert not loaded, (name, loaded)\n"
    )
    command = [sys.executable, "-c", code, *(name for name in names if name != "archiver.__main__")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_wheel_crawls_from_an_empty_folder_without_the_checkout(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    (tmp_path / "empty").mkdir()
    code = (
        f"import sys; sys.path = [path for path in sys.path if path not in ('', {str(ROOT)!r})]\n"
        "import archiver, archiver.cli\n"
        f"assert archiver.__file__.startswith({str(tmp_path)!r}), archiver.__file__\n"
        "archiver.cli.main()\n"
    )
    with DemoSite() as site:
        words = ["crawl", site.url, "--archive", "kept", "--allow-private", "--delay", "0", "--max-pages", "5"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(tmp_path / "site")}
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=tmp_path / "empty",
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 8, done.stderr  # the limit of five pages
    assert list((tmp_path / "empty" / "kept" / "records").rglob("*.json"))
