"""What the wheel must hold, and what it must not. In: a wheel. Out: complaints. Never: changes.

python -m tests.wheel dist/newsvault-*.whl    prints the files; exit 1 and the complaints if something is wrong
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

NEEDED = (
    "archiver/__init__.py",
    "archiver/py.typed",
    "archiver/cli/job.toml",
    "archiver/demo/articles.toml",
    "archiver/project/__init__.py",
    "archiver/project/settings.py",
    "archiver/project/scrapy.cfg",
    "archiver/project/spiders/__init__.py",
)


def files(wheel: Path) -> list[str]:
    """The names in the wheel, sorted."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


def complaints(names: list[str], spiders: list[str]) -> list[str]:
    """What is wrong with a wheel that holds `names`; `spiders` are the files of the checkout's spiders folder."""
    wrong = [f"missing: {name}" for name in (*NEEDED, *(f"archiver/project/spiders/{s}" for s in spiders))]
    wrong = [line for line in wrong if line.removeprefix("missing: ") not in names]
    tops = {name.split("/")[0] for name in names}
    wrong += [f"top-level name: {top}" for top in tops if top != "archiver" and not top.endswith(".dist-info")]
    wrong += [f"does not belong: {name}" for name in names if _stray(name)]
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        wrong.append("missing: LICENSE in dist-info")
    return wrong


def _stray(name: str) -> bool:
    return any(part.startswith(("test_", "tests")) or part in ("__pycache__", "benchmarks") for part in name.split("/"))


def main() -> int:
    names = files(Path(sys.argv[1]))
    print("\n".join(names))
    wrong = complaints(names, [path.name for path in Path("spiders").glob("*.py")])
    print("\n".join(wrong) or f"{len(names)} files, all of them belong")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
