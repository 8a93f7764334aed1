"""The strict check of a WACZ: what `wacz validate` leaves out. In: a file. Out: what is wrong. Never: extraction.

Besides digests: what must be stored is stored, each index line points at its record, pages.jsonl names captured pages.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NEEDED = ("datapackage.json", "datapackage-digest.json", "pages/pages.jsonl")
_FOLDERS = ("archive", "indexes", "pages", "fuzzy")
_LIMIT = 64 * 1024 * 1024  # of a description, a block or a record that is read whole


def check_wacz(path: Path) -> list[str]:
    """Return what is wrong with the package, in sentences; empty if nothing is."""
    try:
        with zipfile.ZipFile(path) as package:
            return list(_findings(package))
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError, zlib.error) as error:
        return [f"not readable as WACZ: {error}"]


def _findings(package: zipfile.ZipFile) -> Iterator[str]:
    names = package.namelist()
    missing = [name for name in NEEDED if name not in names]
    yield from (f"missing: {name}" for name in missing)
    if len(names) != len(set(names)):
        yield "two entries have one name"
    yield from _folders(names)
    for info in package.infolist():
        if info.filename.endswith(".gz") and info.compress_type != zipfile.ZIP_STORED:
            yield f"{info.filename} is compressed twice; it must be stored"
    if missing:
        return
    yield from _resources(package, names)
    keys: set[tuple[str, str]] = set()
    yield from _index(package, names, keys)
    yield from _pages(package, keys)


def _folders(names: list[str]) -> Iterator[str]:
    for name in names:
        parts = name.split("/")
        if len(parts) > 2 or (len(parts) == 2 and parts[0] not in _FOLDERS):
            yield f"{name} lies where nothing of WACZ does"
    if not any(name.startswith("archive/") and name.endswith((".warc.gz", ".warc")) for name in names):
        yield "no WARC in archive/"


def _resources(package: zipfile.ZipFile, names: list[str]) -> Iterator[str]:
    description = _read(package, "datapackage.json")
    digest = json.loads(_read(package, "datapackage-digest.json"))
    if digest.get("path") != "datapackage.json" or digest.get("hash") != _sha256(description):
        yield "datapackage-digest.json does not fit datapackage.json"
    members = json.loads(description)
    if members.get("wacz_version") != "1.1.1" or members.get("profile") != "data-package":
        yield "datapackage.json names neither WACZ 1.1.1 nor its profile"
    listed = {one["path"]: one for one in members["resources"]}
    for name in names:
        if name not in listed and not name.startswith("datapackage"):
            yield f"{name} is no resource of datapackage.json"
    for name, one in listed.items():
        if name not in names:
            yield f"{name} is a resource, but not in the package"
        elif (found := _measured(package, name)) != (one["hash"], one["bytes"]):
            yield f"{name}: {found[0]}, {found[1]} bytes; datapackage.json says {one['hash']}, {one['bytes']}"


def _index(package: zipfile.ZipFile, names: list[str], keys: set[tuple[str, str]]) -> Iterator[str]:
    lines = list(_lines(package, names))
    problems = [line for line in lines if line.startswith("!")]
    yield from (problem.removeprefix("!") for problem in problems)
    lines = [line for line in lines if not line.startswith("!")]
    if lines != sorted(lines):
        yield "the index is not sorted by bytes"
    if not lines:
        yield "the index is empty"
    for line in lines:
        key, stamp, text = line.split(" ", 2)
        members = json.loads(text)
        keys.add((members["url"], stamp))
        if problem := _record_problem(package, members):
            yield f"index line {key} {stamp}: {problem}"


def _lines(package: zipfile.ZipFile, names: list[str]) -> Iterator[str]:
    """The index lines; what is wrong with the blocks as lines that begin with `!`."""
    if "indexes/index.idx" not in names:
        for name in names:
            if name.startswith("indexes/") and name.endswith((".cdx", ".cdxj")):
                yield from _split(_read(package, name))
        return
    idx = _split(_read(package, "indexes/index.idx"))
    meta = json.loads(idx[0].partition("!meta 0 ")[2])
    blocks = _read(package, f"indexes/{meta['filename']}")
    for line in idx[1:]:
        key, where = line[: line.index("{")].strip(), json.loads(line[line.index("{") :])
        block = blocks[where["offset"] : where["offset"] + where["length"]]
        if _sha256(block) != where["digest"]:
            yield f"!block {key}: its digest does not fit"
            continue
        found = _split(zlib.decompress(block, 31))
        if " ".join(found[0].split(" ", 2)[:2]) != key:
            yield f"!block {key} begins with another line"
        yield from found


def _record_problem(package: zipfile.ZipFile, members: dict[str, Any]) -> str | None:
    offset, length = int(members["offset"]), int(members["length"])
    if length > _LIMIT:
        return f"a record of {length:,} bytes"
    packed = _stored(package, f"archive/{members['filename']}", offset, length)
    unpacker = zlib.decompressobj(31)
    record = unpacker.decompress(packed, _LIMIT)
    if not unpacker.eof or unpacker.unused_data:
        return "its place is not one gzip member"
    if "recordDigest" in members and members["recordDigest"] != _sha256(packed):
        return "its record's digest does not fit"
    head = record.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").split("\r\n")
    fields = dict(line.split(": ", 1) for line in head[1:])
    if fields.get("WARC-Target-URI") != members["url"]:
        return "its record is of another URL"
    return None if fields.get("WARC-Type") in ("response", "revisit", "resource") else "its record is no response"


def _pages(package: zipfile.ZipFile, keys: set[tuple[str, str]]) -> Iterator[str]:
    header, *lines = _split(_read(package, "pages/pages.jsonl"))
    if json.loads(header).get("format") != "json-pages-1.0":
        yield "pages.jsonl has no header"
    if not lines:
        yield "pages.jsonl names no page"
    for page in map(json.loads, lines):
        stamp = "".join(filter(str.isdigit, page["ts"].partition(".")[0]))
        if (page["url"], stamp) not in keys:
            yield f"pages.jsonl names {page['url']} at {page['ts']}, which is not in the index"


def _read(package: zipfile.ZipFile, name: str) -> bytes:
    if package.getinfo(name).file_size > _LIMIT:
        raise ValueError(f"{name} is larger than {_LIMIT:,} bytes")
    return package.read(name)


def _split(data: bytes) -> list[str]:
    """Lines end with a line feed and nothing else: a text may hold other line separators."""
    return data.decode().removesuffix("\n").split("\n")


def _stored(package: zipfile.ZipFile, name: str, offset: int, length: int) -> bytes:
    """Return bytes of a stored entry by their place in the zip, as a reader over Range does it."""
    info, file = package.getinfo(name), package.fp
    assert file is not None
    file.seek(info.header_offset)
    head = file.read(30)
    start = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little") + 30
    file.seek(info.header_offset + start + offset)
    return file.read(min(length, max(0, info.file_size - offset)))


def _measured(package: zipfile.ZipFile, name: str) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with package.open(name) as file:
        while piece := file.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
    return f"sha256:{digest.hexdigest()}", size


def _sha256(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
