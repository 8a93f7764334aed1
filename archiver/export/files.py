"""Files of a data set. In: a folder. Out: their digests; files written whole or not at all. Never: links followed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from archiver.export.work import FOLDER

MANIFEST = "manifest-sha256.txt"


def walk(folder: Path) -> Iterator[Path]:
    """Yield every file below `folder`, links too, but for the state of an unfinished export."""
    for path in sorted(folder.rglob("*")):
        if path.relative_to(folder).parts[0] != FOLDER and (path.is_symlink() or not path.is_dir()):
            yield path


def digests(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, str]:
    """Return path (with slashes, relative) → sha256 of every file, sorted by path."""
    names = {path.relative_to(folder).as_posix(): path for path in walk(folder)}
    return {name: sha256_of_file(names[name]) for name in sorted(names) if name not in but}


def sha256_of_file(path: Path) -> str:
    """Return the sha256 (hex) of a file, in little memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    write_bytes(path, text.encode("utf-8", "replace"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all, durably."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
