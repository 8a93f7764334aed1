"""Storage: objects under keys, in memory, in a folder, on S3, on the web. In: a URI. Out: a Store. Never: crawls.

s3://bucket[/prefix][?option=value…]    S3 or a server that speaks it; options: see `archiver.storage.s3_options`
file:///path, or a plain path           a folder
https://host/path                       a web server, read only
memory://name                           this process's memory
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import unquote

from archiver.errors import BadInput
from archiver.storage.store import ObjectInfo, Store, check_key

__all__ = ["ObjectInfo", "Store", "check_key", "open_store"]

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


def open_store(uri: str, **options: object) -> Store:
    """Open the store at `uri`. Asks no server and creates no folder; `Store.check` says whether it works.

    Options for S3 are the fields of `S3Options` (`endpoint_url=…`, `region=…`); for a folder `fsync=False` trades
    safety at power loss for speed. Raises BadInput for a URI or an option that cannot be used.
    """
    match = _SCHEME.fullmatch(uri)
    scheme, rest = (match[1].lower(), match[2]) if match else ("", uri)
    opener = _OPENERS.get(scheme)
    if opener is None:
        raise BadInput(
            f"{scheme}://", "an archive is at s3://bucket/prefix, https://host/path, file:///path or a plain path"
        )
    return opener(rest, options)


def _open_s3(rest: str, options: dict[str, object]) -> Store:
    from archiver.storage.s3 import S3Store  # here, not above: boto3 costs 0.2 s, and a folder needs none of it

    return S3Store.from_uri(f"s3://{rest}", **options)


def _open_file_uri(rest: str, options: dict[str, object]) -> Store:
    host, slash, path = rest.partition("/")
    if host not in ("", "localhost") or not slash:
        raise BadInput(f"file://{rest}", "a file URI has three slashes, as in file:///srv/archive")
    return _open_folder("/" + unquote(path), options)


def _open_folder(path: str, options: dict[str, object]) -> Store:
    from archiver.storage.folder import FolderStore

    fsync = options.pop("fsync", True)
    _refuse(options, "a folder")
    if not path or "\0" in path:
        raise BadInput(repr(path), "this is no path; name a folder")
    return FolderStore(path, fsync=bool(fsync))


def _open_memory(name: str, options: dict[str, object]) -> Store:
    from archiver.storage.memory import open_memory

    _refuse(options, "memory")
    if not name:
        raise BadInput("memory://", "a store in memory needs a name, as in memory://try")
    return open_memory(name)


def _refuse(options: dict[str, object], kind: str) -> None:
    for name in options:
        raise BadInput(name, f"not an option of a store in {kind}")


def _open_http(scheme: str) -> Callable[[str, dict[str, object]], Store]:
    def opener(rest: str, options: dict[str, object]) -> Store:
        from archiver.storage.https import HttpStore

        options.pop("anonymous", None)  # it always is
        _refuse(options, "a web server")
        return HttpStore(f"{scheme}://{rest}")

    return opener


_OPENERS: dict[str, Callable[[str, dict[str, object]], Store]] = {
    "s3": _open_s3,
    "file": _open_file_uri,
    "https": _open_http("https"),
    "http": _open_http("http"),
    "memory": _open_memory,
    "": _open_folder,
}
