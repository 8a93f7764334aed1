"""The forms of an export: what each collects and builds. In: what was collected. Out: the files. Never: the archive."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import archiver
from archiver.export import captures, csv, parquet, sqlite
from archiver.export.cdxj import write_cdxj, write_zipnum
from archiver.export.dataset import About, slug
from archiver.export.jsonl import read_rows
from archiver.export.wacz import WaczAbout, write_wacz
from archiver.export.warc_files import TARGET, WarcFiles
from archiver.export.work import FOLDER, Work
from archiver.timestamps import iso

TABLE = "articles.jsonl.gz"
PLAIN_INDEX = 100_000  # lines; a longer index is packed into blocks, so that a reader needs only one of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a form is made of."""

    name: str
    meaning: str
    has_table: bool = False  # of articles
    keeps_jsonl: bool = False  # the table stays as it is collected
    has_warcs: bool = False
    stands_alone: bool = False  # each WARC file without the others
    has_pages: bool = False
    has_captures: bool = False  # Common Crawl's index


FORMS = {
    form.name: form
    for form in (
        Form(name="jsonl", meaning="articles, one JSON object a line, gzip", has_table=True, keeps_jsonl=True),
        Form(name="csv", meaning="articles for spreadsheets, safe against formulas", has_table=True),
        Form(name="parquet", meaning="articles and Common Crawl's index", has_table=True, has_captures=True),
        Form(name="sqlite", meaning="articles in one SQLite file", has_table=True),
        Form(name="warc", meaning="WARC/1.1 files and their CDXJ index", has_warcs=True),
        Form(name="wacz", meaning="WACZ 1.1.1 for ReplayWeb.page", has_warcs=True, stands_alone=True, has_pages=True),
        Form(
            name="bagit",
            meaning="a bag of WARC files and articles for a repository",
            has_warcs=True,
            has_table=True,
            keeps_jsonl=True,
        ),
    )
}


def check_needs(form: str, *, with_captures: bool) -> None:
    """Raise BadInput, with the cure, where a library is missing; before anything is read."""
    if FORMS[form].has_captures or with_captures:
        parquet.need_pyarrow()


def warc_files(work: Work, form: Form, about: About, created: datetime, target: int | None) -> WarcFiles:
    """Return the WARC files of an export of this form."""
    agent = work.fact("user_agent")
    fields = {
        "software": f"newsvault/{archiver.__version__}",
        "isPartOf": about.title,
        "operator": " ".join(filter(None, (about.creator, f"<{about.contact}>" if about.contact else ""))),
        "robots": "see the metadata record of each capture",
        "hostname": "newsvault",
        "http-header-user-agent": agent,
        "description": about.description or "export of an archive of news articles",
    }
    return WarcFiles(
        work,
        folder=f"{FOLDER}/archive" if form.stands_alone else "archive",
        prefix=slug(about.title),
        at=created,
        about=tuple((name, value) for name, value in fields.items() if value),
        alone=form.stands_alone,
        target=target or TARGET,
    )


def build(
    form: Form,
    work: Work,
    warcs: WarcFiles | None,
    *,
    about: About,
    created: datetime,
    facts: Mapping[str, str],
) -> None:
    """Make the files of `form` in the export's folder; what an earlier attempt left is made again."""
    folder, parts = work.folder, work.path
    rows = parts / TABLE
    if form.name == "csv":
        _whole(lambda path: csv.write(read_rows(rows), path), parts / "articles.csv", folder / "articles.csv")
    elif form.name == "sqlite":
        path = folder / "articles.sqlite"
        _whole(lambda path: sqlite.write(read_rows(rows), path, about=facts), parts / path.name, path)
    elif form.name == "parquet":
        _whole(lambda path: parquet.write(read_rows(rows), path), parts / "articles", folder / "articles")
    if warcs is not None and form.stands_alone:
        _build_packages(work, warcs, about, created)
    elif warcs is not None:
        _build_index(work, warcs)


def build_captures(work: Work) -> None:
    """Write Common Crawl's index of each crawl."""

    def write(folder: Path) -> None:
        for (crawl,) in list(work.select("SELECT DISTINCT crawl FROM captures ORDER BY 1")):
            found = work.select("SELECT line FROM captures WHERE crawl = ? ORDER BY surt, at, line", crawl)
            captures.write((json.loads(line) for (line,) in found), folder, crawl=crawl)

    if next(work.select("SELECT 1 FROM captures"), None):
        _whole(write, work.path / "captures", work.folder / "captures")


def _build_index(work: Work, warcs: WarcFiles) -> None:
    def write(folder: Path) -> None:
        (count,) = next(work.select("SELECT count(*) FROM cdx"))
        if count > PLAIN_INDEX:
            write_zipnum(warcs.lines(), folder)
        else:
            folder.mkdir()
            write_cdxj(warcs.lines(), folder / "index.cdxj")

    _whole(write, work.path / "indexes", work.folder / "indexes")


def _build_packages(work: Work, warcs: WarcFiles, about: About, created: datetime) -> None:
    files = warcs.files()
    for serial, warc in enumerate(files):
        number = f"-{serial:05d}" if len(files) > 1 else ""
        description = WaczAbout(
            title=about.title,
            description=about.description or f"Exported on {iso(created)[:10]}",
            software=f"newsvault/{archiver.__version__}",
            created=created,
        )
        write_wacz(
            work.folder / f"{slug(about.title)}{number}.wacz",
            warc=warc,
            lines=warcs.lines(serial),
            pages=_pages(work, serial),
            about=description,
            work=work.path / "package",
        )


def _pages(work: Work, serial: int) -> Callable[[], Iterator[str]]:
    sql = "SELECT line FROM pages WHERE volume = ? ORDER BY rowid"
    return lambda: (line for (line,) in work.select(sql, serial))


def _whole(write: Callable[[Path], None], part: Path, path: Path) -> None:
    """Write a file or a folder beside its place and move it there when it is whole."""
    for leftover in (part, path):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        leftover.unlink(missing_ok=True)
    write(part)
    part.replace(path)
