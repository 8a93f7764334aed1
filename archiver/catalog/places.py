"""Where the catalog's file is. In: an archive's URI. Out: a path. Never: creating anything.

Beside the data in a folder we may write to, so that it travels with them; else in the user's cache.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from archiver.keys import CATALOG

_NAME = "catalog.sqlite"


def catalog_path(uri: str) -> Path | None:
    """Return where the catalog of the archive at `uri` belongs; None for one in memory, which needs no file to stay."""
    if uri.startswith("memory:"):
        return None
    if uri.startswith("file:"):
        folder = Path(unquote(urlsplit(uri).path))
        if _is_writable(folder):
            return folder / CATALOG / _NAME
    return cache_folder() / hashlib.sha256(uri.encode()).hexdigest()[:32] / _NAME


def cache_folder() -> Path:
    """Return $NEWSVAULT_CACHE, or `newsvault` in the cache folder of the XDG base directory specification."""
    if named := os.environ.get("NEWSVAULT_CACHE"):
        return Path(named).expanduser()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "newsvault"


def _is_writable(folder: Path) -> bool:
    """Whether a catalog can be kept in `folder`, or in the nearest folder above that exists."""
    for path in (folder / CATALOG / _NAME, folder / CATALOG, folder, *folder.parents):
        if path.exists():
            return os.access(path, os.W_OK)
    return False
