"""The example notebook: each cell runs, in order, on the demo archive, and shows something that is safe to show."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "docs" / "examples").glob("*.ipynb"))


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    command = [sys.executable, "-m", "archiver", "demo", "--into", "demo-archive"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_cell_of_the_notebook_runs(path: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(demo)
    names: dict[str, Any] = {}
    cells = json.loads(path.read_text("utf-8"))["cells"]
    shown = [_run("".join(cell["source"]), names) for cell in cells if cell["cell_type"] == "code"]
    assert "<td>snapshots</td>" in shown[0]._repr_html_()
    found = names["found"]
    assert "<mark>harbour</mark>" in found._repr_html_().lower()
    assert {hit.row.language for hit in found.hits} == {"en"}
    assert names["snapshot"].text in (names["snapshot"].record.article.text,)
    assert len(names["frame"]) == names["articles"].count() > 5
    assert (demo / "articles.parquet").exists()
    assert all(cell["outputs"] == [] for cell in cells if cell["cell_type"] == "code"), "commit it without outputs"


def _run(source: str, names: dict[str, Any]) -> Any:
    """Run a cell and return what a notebook would show: the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), names)
    return None if last is None else eval(compile(ast.Expression(last.value), "cell", "eval"), names)
