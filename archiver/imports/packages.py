"""WACZ packages made by others. In: a zip file. Out: its WARC files as streams. Never: anything written to a disk.

A name that leads outside, a link, a bomb or a digest that does not fit: the whole package is refused, since whoever
made it did not make it with WACZ tools.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from archiver.errors import BadInput
from archiver.imports.inflating import FREE, RATIO

ENTRIES = 100_000
DESCRIPTION = 16 * 1024 * 1024  # bytes of datapackage.json

_STEP = 1024 * 1024


@contextmanager
def opened_package(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open the package at `path`, proved. Raises BadInput."""
    try:
        with zipfile.ZipFile(path) as package:
            check_names(package, path)
            _check_digests(package, path)
            yield package
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise BadInput(str(path), f"is no readable WACZ ({error})") from error


def warcs_in(package: zipfile.ZipFile) -> list[str]:
    """Return the names of the WARC files in the package, sorted."""
    names = package.namelist()
    return sorted(name for name in names if re.fullmatch(r"archive/[^/]+\.warc(\.gz)?", name))


def check_names(package: zipfile.ZipFile, path: Path) -> None:
    """Refuse names that lead outside, links, encryption, two entries of one name, and bombs. Raises BadInput."""
    infos = package.infolist()
    if len(infos) > ENTRIES:
        raise BadInput(str(path), f"has {len(infos):,} entries; {ENTRIES:,} are read at most")
    seen: set[str] = set()
    for info in infos:
        if problem := _problem(info, seen):
            shown = ascii(info.filename[:80])[1:-1]
            raise BadInput(str(path), f"refused: {shown} {problem}")
        seen.add(info.filename)


def _problem(info: zipfile.ZipInfo, seen: set[str]) -> str | None:
    name = info.orig_filename
    if PurePosixPath(name).is_absolute() or re.match(r"[A-Za-z]:", name) or name.startswith("\\"):
        return "is an absolute path"
    if ".." in re.split(r"[/\\]", name) or "\\" in name or "\0" in name:
        return "leads outside of the package"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link"
    if info.filename in seen:
        return "is there twice"
    if info.flag_bits & 1:
        return "is encrypted"
    if info.file_size > FREE and info.file_size > RATIO * max(info.compress_size, 1):
        return f"is a bomb: {info.compress_size:,} bytes become {info.file_size:,}"
    return None


def _check_digests(package: zipfile.ZipFile, path: Path) -> None:
    """Every resource has the sha256 that datapackage.json promises, and that has the one of its digest file."""
    description = _small(package, "datapackage.json", path)
    members = _json(description, path)
    if "datapackage-digest.json" in package.namelist():
        digest = _json(_small(package, "datapackage-digest.json", path), path).get("hash")
        if digest != f"sha256:{hashlib.sha256(description).hexdigest()}":
            raise BadInput(str(path), "refused: datapackage.json does not have the digest of datapackage-digest.json")
    resources = members.get("resources")
    promised = {one.get("path"): one.get("hash") for one in resources or () if isinstance(one, dict)}
    for name in package.namelist():
        if name.startswith("archive/") and not name.endswith("/") and name not in promised:
            raise BadInput(str(path), f"refused: datapackage.json does not name {ascii(name[:80])[1:-1]}")
    for path_in, promise in promised.items():
        name = str(path_in)
        if name not in package.namelist():
            raise BadInput(str(path), f"refused: {ascii(name[:80])[1:-1]} is named, but not there")
        if str(promise).startswith("sha256:") and (actual := _sha256(package, name)) != promise:
            shown = f"{ascii(name[:80])[1:-1]} has {actual[:19]}…, not the {str(promise)[:19]}… of datapackage.json"
            raise BadInput(str(path), f"refused: {shown}")


def _small(package: zipfile.ZipFile, name: str, path: Path) -> bytes:
    if name not in package.namelist():
        raise BadInput(str(path), f"is no WACZ: it has no {name}")
    if package.getinfo(name).file_size > DESCRIPTION:
        raise BadInput(str(path), f"refused: {name} is larger than {DESCRIPTION:,} bytes")
    return package.read(name)


def _json(data: bytes, path: Path) -> dict[str, Any]:
    try:
        members = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(str(path), f"is no WACZ: its description is no JSON ({error})") from error
    return members if isinstance(members, dict) else {}


def _sha256(package: zipfile.ZipFile, name: str) -> str:
    digest = hashlib.sha256()
    with package.open(name) as file:
        while piece := file.read(_STEP):
            digest.update(piece)
    return f"sha256:{digest.hexdigest()}"


def open_entry(package: zipfile.ZipFile, name: str) -> IO[bytes]:
    """Open an entry for reading; nothing is extracted."""
    return package.open(name)
