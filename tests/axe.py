"""axe-core, which finds what keeps people from using a page. In: a page in a browser. Out: what it found.

npm installs it into `.venv-tools/` once; it is no part of the project.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / ".venv-tools" / "axe"
_SCRIPT = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
_WANTED = "axe-core@4"
_SERIOUS = ("serious", "critical")


def install() -> str | None:
    """Make sure that axe-core is there; return why it cannot be, or None."""
    if _SCRIPT.exists():
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(FOLDER),
        _WANTED,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    return None if done.returncode == 0 else (done.stderr or done.stdout).strip()[-200:] or "npm failed"


def serious(page: Any, *, rules: tuple[str, ...] = ()) -> list[str]:
    """Return the serious violations on `page`: rule, what is wrong, where; of `rules` alone if any are named.

    Archived pages in frames are not ours.
    """
    page.evaluate(_SCRIPT.read_text("utf-8") + "\n;0")
    options: dict[str, Any] = {"iframes": False, "resultTypes": ["violations"]}
    if rules:
        options["runOnly"] = list(rules)
    found = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{one['id']}: {one['help']}: {[node['html'][:150] for node in one['nodes'][:5]]}"
        for one in found["violations"]
        if one["impact"] in _SERIOUS
    ]
