"""A BagIt bag (RFC 8493) around a data set. In: a finished folder. Out: tag files beside `data/`. Never: payload."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from archiver.export.files import digests, sha256_of_file, write_text


def write_tags(bag: Path, *, at: datetime, about: Mapping[str, str]) -> None:
    """Write `bagit.txt`, `bag-info.txt` and the manifests of the payload in `bag/data`."""
    payload = digests(bag / "data")
    size = sum((bag / "data" / name).stat().st_size for name in payload)
    info = {**about, "Bagging-Date": f"{at:%Y-%m-%d}", "Payload-Oxum": f"{size}.{len(payload)}"}
    write_text(bag / "bagit.txt", "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n")
    write_text(bag / "bag-info.txt", "".join(f"{name}: {' '.join(value.split())}\n" for name, value in info.items()))
    write_text(bag / "manifest-sha256.txt", "".join(f"{digest}  data/{name}\n" for name, digest in payload.items()))
    tags = ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")
    write_text(bag / "tagmanifest-sha256.txt", "".join(f"{sha256_of_file(bag / name)}  {name}\n" for name in tags))
