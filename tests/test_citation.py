"""Citations: what reference managers read is what was cited, and that version only."""

from __future__ import annotations

import json
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

import archiver
from archiver import cli
from archiver.citation import STYLES, Name, cite, cite_dataset
from archiver.citation.reference import name_of, parts_of
from archiver.errors import BadInput, TakenDown
from archiver.export import export
from archiver.model import Article, Record, Takedown
from archiver.record import make_record, tombstone
from tests.made import START, capture, put, reading

TITLE = "Müller & Sons: 100 % of {profits} cost $5_000 #1"


def record(**changes: Any) -> Record:
    read = reading()
    facts = {
        "title": TITLE,
        "authors": ("Ada Example", "Ludwig van der Berg"),
        "organisations": ("Reuters",),
        "published": "2026-11-01T09:30:00+01:00",
        "site_name": "The Test Courier",
        "language": "de",
    }
    assert isinstance(read.article, Article)
    article = replace(read.article, **{**facts, **changes})
    page = capture("https://news.example/a_b?x=1&y=2")
    return make_record(page, reading=replace(read, article=article), crawl="c", collection="d")


def test_bibtex_is_read_by_bibtexparser() -> None:
    from bibtexparser import parse_string

    made = record()
    (entry,) = parse_string(cite(made)).entries
    fields = entry.fields_dict
    assert entry.key == f"example2026-{made.id[:8]}"
    assert fields["author"].value == "Example, Ada and van der Berg, Ludwig and {Reuters}"
    assert fields["title"].value == r"{Müller \& Sons: 100 \% of \{profits\} cost \$5\_000 \#1}"
    assert fields["year"].value == "2026"
    assert fields["month"].value == "nov"
    assert fields["url"].value == "https://news.example/a_b?x=1&y=2"
    assert fields["urldate"].value == "2026-11-02"
    assert made.html is not None
    assert fields["note"].value == f"snapshot {made.id}, captured 2026-11-02T08:30:00Z, sha256:{made.html.sha256}"


def test_ris_is_read_by_rispy() -> None:
    import rispy

    (entry,) = rispy.loads(cite(record(), "ris"))
    assert entry["type_of_reference"] == "NEWS"
    assert entry["authors"] == ["Example, Ada", "van der Berg, Ludwig", "Reuters"]
    assert entry["title"] == TITLE
    assert entry["secondary_title"] == "The Test Courier"
    assert (entry["year"], entry["date"]) == ("2026", "2026/11/01")
    assert entry["urls"] == ["https://news.example/a_b?x=1&y=2"]


def test_csl_json_is_formatted_by_citeproc() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # citeproc's own, about names of variables
        from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON

        made = record(title="Bridge to stay open", organisations=())
        items = json.loads(cite(made, "csl-json"))
        style = CitationStylesStyle("harvard-cite-them-right", validate=False)
        bibliography = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
        bibliography.register(Citation([CitationItem(made.id)]))
        (line,) = map(str, bibliography.bibliography())
    assert line.startswith(
        "Example, A. and van der Berg, L. (2026) “Bridge to stay open”, The Test Courier, 1 November. Available"
    )
    assert items[0]["accessed"] == {"date-parts": [[2026, 11, 2]]}


def test_cff_is_yaml_with_what_version_1_2_asks_for() -> None:
    told = yaml.safe_load(cite(record(), "cff"))
    assert {"cff-version", "message", "title", "authors"} <= told.keys()
    assert told["title"] == TITLE
    assert told["authors"][1] == {"family-names": "van der Berg", "given-names": "Ludwig"}
    assert told["preferred-citation"]["type"] == "newspaper-article"
    assert told["preferred-citation"]["date-accessed"] == "2026-11-02"


def test_apa() -> None:
    made = record(title="Bridge to stay open.", authors=("Ada B. Example", "Jean-Luc Other"), organisations=())
    assert made.html is not None
    assert cite(made, "apa") == (
        "Example, A. B., & Other, J.-L. (2026, November 1). Bridge to stay open. The Test Courier. Retrieved November "
        f"2, 2026, from https://news.example/a_b?x=1&y=2 [snapshot {made.id}, captured 2026-11-02T08:30:00Z, "
        f"sha256:{made.html.sha256}]\n"
    )
    nobody = cite(record(title="Bridge", authors=(), organisations=(), published=None), "apa")
    assert nobody.startswith("Bridge. (n.d.). The Test Courier.")


@pytest.mark.parametrize("style", STYLES)
def test_a_page_of_which_little_is_known_can_be_cited(style: str) -> None:
    bare = make_record(capture(), crawl="c", collection="d")
    text = cite(bare, style)
    assert "https://news.example/a" in text
    assert "None" not in text
    assert "https://archive.example/x" in cite(bare, style, archived_at="https://archive.example/x")


@pytest.mark.parametrize("style", STYLES)
def test_no_page_can_break_out_of_its_citation(style: str) -> None:
    evil = 'x\n}\nER  - \nTY  - BOOK\n"\n- evil: true\r\n@misc{y,'
    text = cite(record(title=evil, authors=(evil,), site_name=evil), style)
    assert sum(line.startswith(("TY  -", "@misc", "- evil", "ER  -")) for line in text.splitlines()) <= 2
    if style == "cff":
        assert yaml.safe_load(text)["title"] == " ".join(evil.split())
    if style == "csl-json":
        assert json.loads(text)[0]["title"] == " ".join(evil.split())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ada Example", Name(family="Example", given="Ada")),
        ("Ursula von der Leyen", Name(family="von der Leyen", given="Ursula")),
        ("Martin Luther King Jr.", Name(family="King", given="Martin Luther, Jr.")),
        ("Example, Ada", Name(family="Example", given="Ada")),
        ("Madonna", Name(literal="Madonna")),
        ("山田太郎", Name(literal="山田太郎")),
        ("de Gaulle", Name(family="Gaulle", given="de")),
    ],
)
def test_names_are_parted_where_they_can_be(text: str, name: Name) -> None:
    assert name_of(text) == name


def test_dates_are_as_precise_as_the_page() -> None:
    assert [parts_of(date) for date in ("2026", "2026-11", "2026-11-01T10:00Z", None, "soon")] == [
        (2026,), (2026, 11), (2026, 11, 1), (), (),
    ]  # fmt: skip
    assert "DA  - 2026/11/\r\n" in cite(record(published="2026-11"), "ris")


def test_what_was_taken_down_and_an_unknown_style_are_refused() -> None:
    with pytest.raises(TakenDown):
        cite(tombstone(record(), Takedown(reason="court order", at=START)))
    with pytest.raises(BadInput, match="known are bibtex"):
        cite(record(), "chicago")


def test_the_command_cites_snapshots_and_data_sets(tmp_path: Path) -> None:
    with archiver.open(str(tmp_path / "a")) as archive:
        id = put(archive, title="Bridge").id
        done = export(archive, tmp_path / "set", form="jsonl")

    def run(*words: str) -> Any:
        return CliRunner().invoke(cli.cli, ["cite", *words])

    where = ("--archive", str(tmp_path / "a"))
    assert run(id, *where).stdout == run("https://news.example/a@2026", *where).stdout
    assert run(id, "--style", "ris", *where).stdout.startswith("TY  - NEWS")
    for style in STYLES:
        assert done.identifier in run("--dataset", str(tmp_path / "set"), "--style", style).stdout
    assert cite_dataset(tmp_path / "set", "cff") == (tmp_path / "set" / "CITATION.cff").read_text()
    assert run("--dataset", str(tmp_path / "set"), "--style", "apa").stdout.startswith("newsvault. (20")
    assert isinstance(run(*where).exception, BadInput)
    assert isinstance(run("--dataset", str(tmp_path)).exception, BadInput)
