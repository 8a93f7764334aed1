"""What makes an export a data set: who, what, from where, and proofs. In: a finished folder. Out: five files beside the
data. Never: the data.

    snapshots.tsv           the frozen list, sorted: id, sha256 of the record, sha256 of the body, time, URL
    datapackage.json        Frictionless Data: every file with its sha256 and size
    CITATION.cff            how to cite it
    query.json              what was asked, of which archive, when, and what was left out
    README.md               the same for people
    manifest-sha256.txt     the digest of everything above, for `sha256sum -c`; written last

The identifier is the sha256 of `snapshots.tsv`: two exports of the same snapshots have the same one, in any format.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from archiver.export.articles import COLUMNS
from archiver.export.files import MANIFEST, digests, sha256_of_file, write_text

LIST = "snapshots.tsv"
NAMES = ("datapackage.json", "CITATION.cff", "query.json", "README.md")

_MEDIA_TYPES = {
    ".jsonl.gz": "application/gzip",
    ".warc.gz": "application/warc",
    ".cdx.gz": "application/gzip",
    ".wacz": "application/wacz",
    ".parquet": "application/vnd.apache.parquet",
    ".sqlite": "application/vnd.sqlite3",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """Who made the data set, and what it is."""

    title: str = "News articles"
    description: str = ""
    creator: str = "newsvault"
    contact: str = ""
    licence: str = ""  # an SPDX id or a URL; empty where nothing can be said about other people's articles


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the export found."""

    form: str
    archive: str
    query: dict[str, Any]
    created: datetime
    identifier: str
    snapshots: int
    left_out: list[dict[str, str]]
    software: str


def describe(folder: Path, about: About, facts: Facts) -> None:
    """Write the files that make `folder` a data set; the manifest last."""
    found = digests(folder, but=(*NAMES, MANIFEST))
    write_text(folder / "query.json", _json(_query(facts)))
    write_text(folder / "CITATION.cff", citation(about, facts))
    write_text(folder / "README.md", _readme(list(found), about, facts))
    write_text(folder / "datapackage.json", _json(_datapackage(folder, about, facts, found)))
    found |= {name: sha256_of_file(folder / name) for name in NAMES}
    write_text(folder / MANIFEST, "".join(f"{found[name]}  {name}\n" for name in sorted(found)))


def slug(text: str) -> str:
    """Return a name that is safe in a path and in a data package."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60] or "articles"


def citation(about: About, facts: Facts) -> str:
    """Return the text of CITATION.cff, version 1.2.0."""
    lines = {
        "cff-version": "1.2.0",
        "message": _quoted("If you use this data set, please cite it as below."),
        "title": _quoted(about.title),
        "type": "dataset",
        "authors": f"\n  - name: {_quoted(about.creator)}",
        "date-released": f'"{facts.created.astimezone(UTC):%Y-%m-%d}"',
        "version": _quoted(facts.identifier),
        "identifiers": f"\n  - type: other\n    value: {_quoted(facts.identifier)}\n"
        f"    description: {_quoted('sha256 of the sorted list of snapshots, ' + LIST)}",
    }
    return "".join(f"{name}:{value if value.startswith(chr(10)) else ' ' + value}\n" for name, value in lines.items())


def _query(facts: Facts) -> dict[str, Any]:
    return {
        "identifier": facts.identifier,
        "form": facts.form,
        "archive": facts.archive,
        "query": facts.query,
        "created": _time(facts.created),
        "software": facts.software,
        "snapshots": facts.snapshots,
        "left_out": facts.left_out,
    }


def _datapackage(folder: Path, about: About, facts: Facts, found: dict[str, str]) -> dict[str, Any]:
    contributor = {"title": about.creator, "role": "author", **({"email": about.contact} if about.contact else {})}
    licence = {"licenses": [_licence(about.licence)]} if about.licence else {}
    return {
        "profile": "data-package",
        "name": slug(about.title),
        "id": facts.identifier,
        "title": about.title,
        "description": about.description or f"{facts.snapshots:,} snapshots of news articles",
        "version": facts.identifier,
        "created": _time(facts.created),
        "contributors": [contributor],
        **licence,
        "resources": [_resource(folder, name, digest) for name, digest in sorted(found.items())],
    }


def _resource(folder: Path, name: str, digest: str) -> dict[str, Any]:
    """A file. `"type": "file"` keeps readers from parsing what is no plain table, lists in Parquet above all."""
    ending = next((ending for ending in _MEDIA_TYPES if name.endswith(ending)), "")
    return {
        "name": slug(name),
        "path": name,
        "type": "file",
        "format": ending.lstrip(".") or "txt",
        "mediatype": _MEDIA_TYPES.get(ending, "text/plain"),
        "bytes": (folder / name).stat().st_size,
        "hash": f"sha256:{digest}",
    }


def _readme(files: list[str], about: About, facts: Facts) -> str:
    listed = "\n".join(f"- `{name}`" for name in files)
    columns = "\n".join(f"| `{name}` | {kind} | {meaning} |" for name, (kind, meaning) in COLUMNS.items())
    has_table = any("articles" in name for name in files)
    table = f"\n## The columns\n\n| column | kind | meaning |\n|---|---|---|\n{columns}\n" if has_table else ""
    left = f", {len(facts.left_out):,} left out (see `query.json`)" if facts.left_out else ""
    return (
        f"# {about.title}\n\n{about.description or 'News articles, frozen for research.'}\n\n"
        f"{facts.snapshots:,} snapshots{left}, exported on {facts.created.astimezone(UTC):%Y-%m-%d} by "
        f"{facts.software} as {facts.form}.\n\n"
        f"Identifier: `{facts.identifier}`, the sha256 of `{LIST}`. `query.json` says what was asked, `CITATION.cff` "
        f"how to cite it.\n\n## The files\n\n{listed}\n\n"
        f"Check them with `sha256sum -c {MANIFEST}` or `archiver verify .`\n{table}"
    )


def _licence(text: str) -> dict[str, str]:
    return {"path": text} if "://" in text else {"name": text}


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quoted(text: str) -> str:
    """A YAML string: JSON's are."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _json(members: Any) -> str:
    return json.dumps(members, ensure_ascii=False, indent=2) + "\n"
