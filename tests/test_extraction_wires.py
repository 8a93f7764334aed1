"""Agency markers: found where agencies sign, in their own words, and nowhere else."""

from __future__ import annotations

import pytest

from archiver.extraction import extract
from archiver.extraction.wires import agencies_in, wire_of

REST = " The council met on Tuesday and agreed to mend the old bridge before the winter comes."
DATELINES = {
    "BERLIN (dpa) - Der Rat": "dpa",
    "Hamburg (dpa/lno) - Der Rat": "dpa",
    "WASHINGTON (AP) — The council": "AP",
    "LONDON, Nov 3 (Reuters) - The council": "Reuters",
    "PARIS, 3 nov 2026 (AFP) - Le conseil": "AFP",
    "Madrid, 3 nov (EFE).- El consejo": "EFE",
    "(ANSA) - ROMA, 03 NOV - Il consiglio": "ANSA",
    "ROMA (ITALPRESS) – Il consiglio": "Italpress",
    "Bruxelles (Belga) - Le conseil": "Belga",
    "BEIJING, Nov. 3 (Xinhua) -- The council": "Xinhua",
    "NEW DELHI, Nov 3 (PTI) : The council": "PTI",
    "МОСКВА, 3 ноября. /ТАСС/. Совет": "TASS",
    "МОСКВА, 3 ноя - РИА Новости. Совет": "RIA Novosti",
    "新华社北京11月3日电 市议会": "Xinhua",
    "【ロンドン=共同】市議会": "Kyodo",
    "【北京時事】市議会": "Jiji",
    "(서울=연합뉴스) 홍길동 기자 = 시의회": "Yonhap",
    "Wien (APA/dpa) - Der Rat": "APA",
}
CREDITS = {
    "Quelle: dpa": "dpa",
    "Source: Reuters": "Reuters",
    "Źródło: PAP": "PAP",
    "Источник: Интерфакс": "Interfax",
    "来源：新华社": "Xinhua",
    "© AFP": "AFP",
    "© dpa-infocom, dpa:261103-99-123456/2": "dpa",
    "(apa/dpa)": "dpa",
    "(dpa)": "dpa",
    "AP": "AP",
    "--IANS": "IANS",
    "(Reporting by Ada Example in Kiel; Editing by Bo Other)": "Reuters",
}


@pytest.mark.parametrize(("start", "agency"), DATELINES.items())
def test_a_dateline_names_the_agency(start: str, agency: str) -> None:
    found = wire_of((), (), start + REST)
    assert found["wire"] == agency
    assert found["wire_evidence"][0]["where"] == "dateline"


@pytest.mark.parametrize(("end", "agency"), CREDITS.items())
def test_a_credit_names_the_agency(end: str, agency: str) -> None:
    found = wire_of((), (), f"{REST * 3}\n{end}")
    assert found["wire"] == agency
    assert {one["where"] for one in found["wire_evidence"]} == {"credit"}


@pytest.mark.parametrize(
    ("names", "agency"),
    [
        (("Reuters",), "Reuters"),
        (("dpa/AFP",), "dpa"),
        (("By The Associated Press",), "AP"),
        (("ロイター",), "Reuters"),
        (("afp",), "AFP"),
    ],
)
def test_an_author_can_be_an_agency(names: tuple[str, ...], agency: str) -> None:
    assert wire_of(names, (), REST)["wire"] == agency


@pytest.mark.parametrize(
    "text",
    [
        "PITTSBURGH (PA) - The council" + REST,
        "The agency (AFP) had reported that the council would meet." + REST,
        "Sid Example (SID Bank) said the council" + REST,
        REST + "\nHe ended his AP exam with a smile.",
        REST + "\nSource: the ministry of transport",
        REST + "\nAPA style is used in this article.",
        "A talk about TT races (in German) - and more." + REST,
    ],
)
def test_what_only_looks_like_an_agency_is_none(text: str) -> None:
    assert wire_of((), ("Ada Example",), text) == {}


@pytest.mark.parametrize(
    ("end", "agency"),
    [
        ("The Associated Press contributed to this report.", "AP"),
        ("With files from The Canadian Press", "The Canadian Press"),
        ("Mit Material von dpa", "dpa"),
        ("(avec AFP)", "AFP"),
        ("mit dpa", "dpa"),
    ],
)
def test_a_contribution_is_evidence_but_makes_no_wire_story(end: str, agency: str) -> None:
    found = wire_of((), ("Ada Example",), f"{REST}\n{end}")
    assert [(one["agency"], one["where"]) for one in found.pop("wire_evidence")] == [(agency, "contribution")]
    assert found == {}


def test_several_agencies_are_all_kept() -> None:
    assert agencies_in("APA/dpa/Reuters") == ["APA", "dpa", "Reuters"]
    assert agencies_in("the ministry of transport, and others, too") == []


def test_structured_data_names_its_source() -> None:
    found = wire_of((), (), REST, {"sourceOrganization": {"name": "Reuters"}})
    assert found["wire_evidence"] == [{"agency": "Reuters", "where": "source", "text": "sourceOrganization: Reuters"}]


def test_a_record_keeps_the_marker_and_the_digests() -> None:
    body = (
        f"<html><body><article><h1>Bridge</h1><p>BERLIN (dpa) - {REST * 3}</p><p>{REST * 4}</p></article></body></html>"
    )
    article = extract(body.encode(), "https://news.example/a").article
    assert article is not None
    assert article.extra["wire"] == "dpa"
    assert article.extra["wire_evidence"][0]["text"] == "BERLIN (dpa)"
    assert len(article.extra["text_digest"]) == 32
    assert len(article.extra["simhash"]) == 16
    assert len(article.extra["minhash"]) == 8
