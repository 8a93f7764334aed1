"""The measure of extraction: tiny sets of our own in the formats that it reads."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "extraction.py"
PROSE = [
    f"The harbour board met on the {day} of the month and agreed that the old quay is to be mended before winter, "
    "because the masons who looked at it found the lowest courses worn by the tide."
    for day in ("first", "second", "third", "fourth")
]
PAGE = (
    "<!DOCTYPE html><html lang='en'><head><title>Quay to be mended | Norwick Post</title>"
    "<meta name='author' content='Nora Whitlock'>"
    "<meta property='article:published_time' content='2024-03-05T10:00:00Z'></head>"
    "<body><nav><a href='/'>Home</a> <a href='/news'>News</a></nav><article><h1>Quay to be mended</h1>"
    + "".join(f"<p>{one}</p>" for one in PROSE)
    + "</article><footer>All rights reserved.</footer></body></html>"
)


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
    )


def zipped(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(PAGE.encode()))


@pytest.fixture
def checkout(tmp_path):
    """A folder laid out like a checkout of the article-extraction-benchmark."""
    for name in ("one", "two"):
        zipped(tmp_path / "html" / f"{name}.html.gz")
    answer = {"articleBody": "\n".join(PROSE), "url": "https://norwick.example/quay"}
    (tmp_path / "ground-truth.json").write_text(json.dumps({"one": answer, "two": answer}))
    return tmp_path


def test_predictions_for_the_public_benchmark_are_in_its_format(checkout, tmp_path):
    done = run("--aeb", checkout, "-o", tmp_path / "newsvault.json", "--gate")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "newsvault.json").read_text())
    assert found == {name: {"articleBody": "\n".join(PROSE)} for name in ("one", "two")}
    assert "F1 1.0000" in done.stdout


def test_below_the_floor_the_gate_is_shut(checkout, tmp_path):
    other = {"articleBody": "Quite another text that is nowhere to be seen on the page.", "url": ""}
    (checkout / "ground-truth.json").write_text(json.dumps({"one": other, "two": other}))
    assert run("--aeb", checkout, "-o", tmp_path / "out.json", "--gate").returncode == 1
    assert run("--aeb", checkout, "-o", tmp_path / "out.json").returncode == 0


def test_a_set_is_measured_against_its_floors(tmp_path):
    folder = tmp_path / "fundus"
    item = {
        "url": "https://norwick.example/quay", "text": "\n".join(PROSE), "title": "Quay to be mended",
        "author": ["Nora Whitlock"], "date": "2024-03-05",
    }  # fmt: skip
    for name in ("a", "b", "c"):
        zipped(folder / "pages" / f"{name}.html.gz")
    lines = [json.dumps(item | {"id": name}) for name in ("a", "b", "c")]
    (folder / "gold.jsonl").write_text("\n".join(lines))
    done = run(tmp_path, "--sets", "fundus")
    assert done.returncode == 0, done.stderr
    names, figures = (line.split() for line in done.stdout.splitlines()[:2])
    assert {"f1": "1.0000", "lead": "1.0000", "title": "1.0000", "author": "1.0000", "date": "1.0000"}.items() <= (
        dict(zip(names, figures, strict=True)).items()
    )
    (folder / "gold.jsonl").write_text("\n".join(line.replace("Nora Whitlock", "Finn Lund") for line in lines))
    shut = run(tmp_path, "--sets", "fundus", "--gate")
    assert shut.returncode == 1
    assert "below the floor: fundus: author 0.0000, floor 0.97" in shut.stdout
