"""The styles: BibTeX, CSL-JSON, CFF, RIS, APA. In: a Reference. Out: text, a line end at its end. Never: I/O.

Sources: BibTeX 0.99d (fields url, urldate as biblatex and natbib read them); CSL 1.0.2, "csl-data.json"; Citation File
Format 1.2.0; the RIS specification of 2012 (NEWS, DATA); APA 7th edition, 10.16 (newspaper) and 10.9 (data set).
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from archiver.citation.reference import Name, Reference, dataset_reference, snapshot_reference
from archiver.errors import BadInput
from archiver.model import Record

Style = Literal["bibtex", "csl-json", "cff", "ris", "apa"]
STYLES: tuple[Style, ...] = get_args(Style)

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip
_APA_MOST = 20  # authors; of more the first nineteen and the last are named


def cite(record: Record, style: str = "bibtex", *, archived_at: str = "") -> str:
    """Return how to cite a snapshot. `archived_at` is a URL where readers can see it.

    Raises BadInput for an unknown style, TakenDown for a tombstone.
    """
    return render(snapshot_reference(record, archived_at=archived_at), style)


def cite_dataset(folder: Path, style: str = "bibtex") -> str:
    """Return how to cite the data set in `folder`. Raises BadInput if there is none, or the style is unknown."""
    reference = dataset_reference(folder)
    file = folder / "CITATION.cff"
    return file.read_text("utf-8") if style == "cff" and file.exists() else render(reference, style)


def render(reference: Reference, style: str) -> str:
    """Return the reference in this style. Raises BadInput for an unknown one."""
    if style not in _RENDERERS:
        raise BadInput(f"style {style!r}", f"known are {', '.join(STYLES)}")
    return _RENDERERS[style](reference)


def _bibtex(one: Reference) -> str:
    fields = {
        "author": " and ".join(map(_bibtex_name, one.authors)),
        "title": f"{{{_tex(one.title)}}}",  # in braces of its own: a style must not change its capitals
        "howpublished": _tex(one.site),
        "year": str(one.issued[0]) if one.issued else "",
        "month": _MONTHS[one.issued[1] - 1][:3].lower() if len(one.issued) > 1 else "",
        "day": str(one.issued[2]) if len(one.issued) > 2 else "",
        "url": one.url,
        "urldate": f"{one.accessed:%Y-%m-%d}" if one.accessed else "",
        "version": one.version,
        "langid": one.language or "",
        "note": _tex(_note(one)),
    }
    bare = ("month",)  # a macro
    lines = [f"  {name} = {value if name in bare else f'{{{value}}}'}" for name, value in fields.items() if value]
    return f"@misc{{{_key(one)},\n" + ",\n".join(lines) + "\n}\n"


def _bibtex_name(name: Name) -> str:
    return f"{{{_tex(name.literal)}}}" if name.literal else _tex(name.turned)


def _tex(text: str) -> str:
    return "".join(_TEX.get(char, char) for char in " ".join(text.split()))


def _key(one: Reference) -> str:
    """A key of ASCII letters and digits: name, year, the beginning of the id."""
    name = (one.authors[0].family or one.authors[0].literal) if one.authors else one.site or one.title
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    word = re.sub(r"[^a-z0-9]", "", plain.lower())[:20] or "news"
    return f"{word}{one.issued[0] if one.issued else ''}-{one.id.removeprefix('sha256:')[:8]}"


def _csl(one: Reference) -> str:
    accessed = one.accessed
    item = {
        "id": one.id,
        "type": "article-newspaper" if one.kind == "article" else "dataset",
        "title": one.title,
        "author": [_csl_name(name) for name in one.authors],
        "container-title": one.site,
        "issued": {"date-parts": [list(one.issued)]} if one.issued else None,
        "accessed": {"date-parts": [[accessed.year, accessed.month, accessed.day]]} if accessed else None,
        "URL": one.url,
        "version": one.version,
        "language": one.language,
        "archive": "newsvault" if one.kind == "article" else None,
        "archive_location": one.archived_at or (one.id if one.kind == "article" else None),
        "note": _note(one),
    }
    return json.dumps([{name: value for name, value in item.items() if value}], ensure_ascii=False, indent=2) + "\n"


def _csl_name(name: Name) -> dict[str, str]:
    if name.literal:
        return {"literal": name.literal}
    return {"family": name.family, **({"given": name.given} if name.given else {})}


def _cff(one: Reference) -> str:
    authors = one.authors or (Name(literal=one.site or one.title),)  # CFF asks for one at least
    lines = ["cff-version: 1.2.0"]
    lines.append(f"message: {_yaml('If you use this snapshot, please cite it as below.')}")
    lines += [f"title: {_yaml(one.title)}", "type: dataset", *_cff_authors(authors, "")]
    lines += [f"version: {_yaml(one.version)}"] if one.version else []
    lines += [f"date-released: {_yaml(_iso(one))}"] if len(one.issued) == 3 else []
    lines += ["identifiers:", "  - type: other", f"    value: {_yaml(one.fixity or one.id)}"]
    if one.kind == "article":
        lines += ["preferred-citation:", "  type: newspaper-article", f"  title: {_yaml(one.title)}"]
        lines += _cff_authors(authors, "  ")
        lines += [f"  journal: {_yaml(one.site)}"] if one.site else []
        lines += [f"  date-published: {_yaml(_iso(one))}"] if len(one.issued) == 3 else []
        lines += [f"  year: {one.issued[0]}"] if one.issued else []
        lines += [f"  date-accessed: {_yaml(f'{one.accessed:%Y-%m-%d}')}"] if one.accessed else []
        lines += [f"  url: {_yaml(one.url)}"] if one.url.startswith(("http://", "https://")) else []
        lines += [f"  notes: {_yaml(_note(one))}"]
    return "\n".join(lines) + "\n"


def _cff_authors(authors: tuple[Name, ...], indent: str) -> list[str]:
    lines = [f"{indent}authors:"]
    for name in authors:
        if name.literal:
            lines.append(f"{indent}  - name: {_yaml(name.literal)}")
            continue
        lines.append(f"{indent}  - family-names: {_yaml(name.family)}")
        lines += [f"{indent}    given-names: {_yaml(name.given)}"] if name.given else []
    return lines


def _yaml(text: str) -> str:
    """A YAML string: JSON's are, and no page can break out of one."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


def _ris(one: Reference) -> str:
    tags = [("TY", "NEWS" if one.kind == "article" else "DATA"), ("ID", one.id)]
    tags += [("AU", name.turned) for name in one.authors]
    tags += [("TI", one.title), ("T2", one.site)]
    tags += [("PY", str(one.issued[0])), ("DA", _slashed(one.issued))] if one.issued else []
    tags += [("UR", one.url), ("L2", one.archived_at)]
    tags += [("Y2", f"{one.accessed:%Y/%m/%d}")] if one.accessed else []
    tags += [("LA", one.language or ""), ("ET", one.version), ("N1", _note(one))]
    lines = [f"{tag}  - {' '.join(value.split())}" for tag, value in tags if value]
    return "\r\n".join([*lines, "ER  - ", ""])


def _slashed(issued: tuple[int, ...]) -> str:
    """The date as RIS has it: year/month/day/, what is not known left empty."""
    parts = [f"{issued[0]:04d}", *(f"{part:02d}" for part in issued[1:])]
    return "/".join([*parts, *[""] * (3 - len(parts))]) if len(parts) < 3 else "/".join(parts)


def _apa(one: Reference) -> str:
    authors, date, title = _apa_authors(one.authors), _apa_date(one.issued), one.title.rstrip(".")
    if one.kind == "dataset":
        title += f" (Version {one.version}) [Data set]"
    lead = [f"{authors} ({date})." if authors else "", f"{title}." if authors else f"{title}. ({date})."]
    end = [f"{one.site}." if one.site else ""]
    if one.url and one.accessed:
        end.append(f"Retrieved {_apa_long(one)}, from {one.archived_at or one.url}")
    if one.kind == "article":
        end.append(f"[{_note(one)}]")
    return " ".join(part for part in (*lead, *end) if part) + "\n"


def _apa_authors(names: tuple[Name, ...]) -> str:
    short = [name.literal or ", ".join(filter(None, (name.family, name.initials))) for name in names]
    if len(short) > _APA_MOST:
        return f"{', '.join(short[:19])}, … {short[-1]}"
    text = f"{', '.join(short[:-1])}, & {short[-1]}" if len(short) > 1 else "".join(short)
    return text if text.endswith(".") or not text else f"{text}."


def _apa_date(issued: tuple[int, ...]) -> str:
    if not issued:
        return "n.d."
    month = f", {_MONTHS[issued[1] - 1]}" if len(issued) > 1 and 1 <= issued[1] <= 12 else ""
    return f"{issued[0]}{month}{f' {issued[2]}' if len(issued) > 2 else ''}"


def _apa_long(one: Reference) -> str:
    assert one.accessed is not None
    return f"{_MONTHS[one.accessed.month - 1]} {one.accessed.day}, {one.accessed.year}"


def _note(one: Reference) -> str:
    """Which bytes: what makes a citation of a page that changes a citation of this version."""
    if one.kind == "dataset":
        return one.fixity
    at = f"captured {one.accessed:%Y-%m-%dT%H:%M:%SZ}" if one.accessed else ""
    return ", ".join(filter(None, (f"snapshot {one.id}", at, one.fixity, one.archived_at)))


def _iso(one: Reference) -> str:
    return "-".join(f"{part:02d}" for part in one.issued)


_RENDERERS: dict[str, Callable[[Reference], str]] = {
    "bibtex": _bibtex,
    "csl-json": _csl,
    "cff": _cff,
    "ris": _ris,
    "apa": _apa,
}
