"""A data set, checked: is it what was exported? In: a folder. Out: one Damage per finding. Never: links followed.

Every file against the manifest, every file in the manifest, the identifier against the list, a WACZ and a bag from
inside. The folder may come from anyone: its manifest cannot make us look outside.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from archiver.errors import NotArchived
from archiver.export.dataset import LIST, NAMES
from archiver.export.files import MANIFEST, sha256_of_file, walk
from archiver.export.wacz_check import check_wacz
from archiver.export.work import FOLDER, is_unfinished
from archiver.model import Damage

_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


def check_dataset(path: Path) -> Iterator[Damage]:
    """Yield what is wrong with the data set in the folder `path`. Raises NotArchived if there is none."""
    if (path / "bagit.txt").is_file():
        yield from _manifest(path, "tagmanifest-sha256.txt", complete=False)
        yield from _manifest(path, MANIFEST, complete=True, below="data")
        path = path / "data"
    if is_unfinished(path):
        yield Damage(key=FOLDER, problem="unreadable", detail="the export is not finished; repeat its command")
        return
    if not (path / MANIFEST).is_file():
        raise NotArchived(f"a data set in {path}: it has no {MANIFEST}; an archive is named by --archive")
    damaged = list(_manifest(path, MANIFEST, complete=True))
    yield from damaged
    broken = {one.key for one in damaged}
    if not broken & {LIST, *NAMES}:
        yield from _identity(path)
    for package in sorted(path.glob("*.wacz")):
        if package.name not in broken:
            yield from (Damage(key=package.name, problem="altered", detail=why) for why in check_wacz(package))


def _manifest(path: Path, name: str, *, complete: bool, below: str = "") -> Iterator[Damage]:
    """Compare files with a manifest; `complete`: no other file may be there (`below` a folder of it)."""
    promised: dict[str, str] = {}
    text = (path / name).read_text("utf-8", "replace") if (path / name).is_file() else ""
    if not text:
        yield Damage(key=name, problem="missing", detail="or empty")
        return
    for line in text.removesuffix("\n").split("\n"):
        match = _LINE.fullmatch(line)
        if match is None or not _is_inside(match[2]):
            yield Damage(key=name, problem="altered", detail=f"no line of a manifest: {line[:80]!r}")
        else:
            promised[match[2]] = match[1]
    for one, sha256 in promised.items():
        yield from _file(path, one, sha256)
    if complete:
        for found in walk(path / below):
            one = found.relative_to(path).as_posix()
            if one not in promised and one != name:
                yield Damage(key=one, problem="unreferenced", detail=f"not in {name}")


def _file(path: Path, name: str, sha256: str) -> Iterator[Damage]:
    file = path / name
    if any(one.is_symlink() for one in (file, *file.parents) if path in one.parents):
        yield Damage(key=name, problem="altered", detail="a link instead of a file")
    elif not file.is_file():
        yield Damage(key=name, problem="missing", detail="the manifest names it")
    elif (actual := sha256_of_file(file)) != sha256:
        yield Damage(key=name, problem="altered", detail=f"sha256 {actual[:12]}, the manifest says {sha256[:12]}")


def _identity(path: Path) -> Iterator[Damage]:
    """The identifier is the digest of the list, and the same in every file that names it."""
    identifier = f"sha256:{sha256_of_file(path / LIST)}"
    lines, last = 0, b""
    with (path / LIST).open("rb") as listed:
        for line in listed:
            if line <= last:
                yield Damage(key=LIST, problem="altered", detail=f"not sorted, or twice: line {lines + 1}")
                return
            lines, last = lines + 1, line
    query, package = _json(path / "query.json"), _json(path / "datapackage.json")
    if (query.get("identifier"), query.get("snapshots")) != (identifier, lines):
        yield Damage(key="query.json", problem="altered", detail=f"another identifier or number than {LIST}'s")
    if package.get("id") != identifier:
        yield Damage(key="datapackage.json", problem="altered", detail=f"another identifier than {LIST}'s")
    for one in package.get("resources", ()):
        file = path / str(one.get("path"))
        if not _is_inside(str(one.get("path"))) or not file.is_file() or file.stat().st_size != one.get("bytes"):
            yield Damage(key="datapackage.json", problem="altered", detail=f"{one.get('path')!r} is not as it says")


def _json(path: Path) -> dict[str, Any]:
    try:
        members = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}


def _is_inside(name: str) -> bool:
    parts = PurePosixPath(name)
    return not parts.is_absolute() and ".." not in parts.parts and "\\" not in name and "\0" not in name
