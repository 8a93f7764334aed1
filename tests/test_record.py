"""Records: what is known about a capture survives JSON, and a changed byte does not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from archiver.errors import BadInput, BadRecord, NewerSchema
from archiver.keys import kind_of
from archiver.model import (
    Announced,
    Article,
    Capture,
    Failure,
    Hop,
    Reading,
    Record,
    Request,
    Right,
    Tls,
    Update,
    Usual,
    Verdict,
)
from archiver.record import from_json, key_of, make_record, record_id, to_json
from archiver.seal import digest, layout, seal, unseal

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
SCHEMA = json.loads((REFERENCE / "record.schema.json").read_text("utf-8"))
NOW = datetime(2026, 11, 2, 8, 30, 15, 123456, tzinfo=UTC)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
any_text = st.text(st.characters(), max_size=20)
names = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
times = st.datetimes(timezones=st.just(UTC))
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)


def objects(of: Any) -> Any:
    return st.dictionaries(text, of, max_size=3)


def many(of: Any) -> Any:
    return st.lists(of, max_size=3).map(tuple)


def optional(of: Any) -> Any:
    return st.none() | of


rights = st.builds(
    Right, name=text, value=optional(text), to=optional(text), where=st.sampled_from(["robots.txt", "header", "meta"])
)
announced = st.builds(
    Announced, source=st.sampled_from(["feed", "sitemap"]), published=optional(text), modified=optional(text)
)
usual = st.builds(Usual, articles=st.integers(20, 200), words=st.integers(0, 9999), few=st.integers(0, 9999))
seconds = optional(st.floats(0, 1e6))
headers = many(st.tuples(text, text))
hops = st.builds(Hop, url=text, status=st.integers(300, 399), reason=text, headers=headers, location=text, at=times)
tls = st.builds(Tls, version=text, cipher=text, verified=st.booleans(), subject=text, sha256=text)


def captures(text: Any = text) -> Any:
    return st.builds(
        Capture,
        **dict.fromkeys(("url", "requested_url", "reason", "http_version", "discovery"), text),
        **dict.fromkeys(("via", "peer", "robots"), optional(text)),
        **dict.fromkeys(("first_byte_seconds", "total_seconds"), seconds),
        captured_at=times,
        status=optional(st.integers(100, 599)),
        headers=headers,
        body=st.binary(max_size=50),
        request=st.builds(Request, method=text, target=text, headers=headers),
        redirects=many(hops),
        tls=optional(tls),
        hops=st.integers(0, 99),
        flags=many(text),
        rights=many(rights),
        announced=optional(announced),
        usual=optional(usual),
        failure=optional(st.builds(Failure, reason=text, detail=text)),
    )


def readings(text: Any = text) -> Any:
    article = st.builds(
        Article,
        **dict.fromkeys(("title", "published", "language", "canonical"), optional(text)),
        **dict.fromkeys(("authors", "tags", "images"), many(text)),
        dates=objects(objects(json_values)),
        text=text,
        markdown=text,
        updates=many(st.builds(Update, time=optional(text), heading=optional(text), shown=text, text=text)),
        json_ld=many(json_values),
        extra=objects(json_values),
    )
    return st.builds(
        Reading,
        verdict=st.sampled_from(Verdict),
        article=optional(article),
        evidence=many(text),
        flags=many(text),
        rights=many(rights),
        engine=text,
        version=text,
        settings=objects(json_values),
        error=optional(text),
        charset=optional(text),
        media_type=optional(text),
    )


records = st.builds(
    make_record,
    captures(),
    reading=optional(readings()),
    crawl=names,
    collection=names,
    repeats=optional(st.just("a" * 20)),
)
wild_records = st.builds(make_record, captures(any_text), reading=readings(any_text), crawl=names, collection=names)


def a_record(**changes: Any) -> Record:
    capture = Capture(
        url="https://news.example/a",
        captured_at=NOW,
        reason="OK",
        headers=(("Content-Type", "text/html; charset=utf-8"), ("Set-Cookie", "a"), ("set-cookie", "b")),
        body="<html>Grüße aus Łódź</html>".encode(),
        redirects=(Hop(url="http://news.example/a", status=301, location="https://news.example/a", at=NOW),),
        tls=Tls(version="TLSv1.3", cipher="TLS_AES_128_GCM_SHA256", verified=True),
        total_seconds=0.25,
    )
    article = Article(title="Grüße 👋", authors=("Ada Łącka",), text="Body text.", published="2026-11-01")
    reading = Reading(verdict=Verdict.ARTICLE, article=article, engine="trafilatura", version="2.3.1", charset="utf-8")
    return make_record(capture, **{"reading": reading, "crawl": "c1", "collection": "daily", **changes})


@given(records)
def test_a_record_survives_json(record: Record) -> None:
    data = to_json(record)
    assert from_json(data, "key") == record
    assert to_json(from_json(data, "key")) == data


@settings(max_examples=50)
@given(records)
def test_every_record_fits_the_published_schema(record: Record) -> None:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())
    assert [error.message for error in validator.iter_errors(json.loads(to_json(record)))] == []


@settings(max_examples=50)
@given(wild_records)
def test_lone_surrogates_become_replacement_characters(record: Record) -> None:
    data = to_json(record)
    assert "\\ud" not in data.decode("utf-8").replace("\\\\", "")
    assert to_json(from_json(data, "key")) == data


def test_the_schema_describes_every_member_and_refuses_what_is_missing() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert [name for name, kind in _members(SCHEMA["properties"]) if not kind["description"]] == []
    members = json.loads(to_json(a_record()))
    for name in list(members):
        assert not Draft202012Validator(SCHEMA).is_valid({k: v for k, v in members.items() if k != name}), name


def test_the_written_members_are_the_described_ones_in_that_order() -> None:
    members = json.loads(to_json(a_record()))
    assert list(members) == list(SCHEMA["properties"])
    for name in ("html", "article", "request", "response", "times", "tls"):
        assert list(members[name]) == list(SCHEMA["properties"][name]["properties"]), name
    assert list(members["redirects"][0]) == list(SCHEMA["properties"]["redirects"]["items"]["properties"])


def test_the_reference_page_lists_every_member_of_the_schema() -> None:
    page = (REFERENCE / "record.md").read_text("utf-8").partition("## The digest")[0]
    assert re.findall(r"^\| `([^`]+)`", page, re.MULTILINE) == [name for name, _ in _members(SCHEMA["properties"])]


def _members(properties: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found = []
    for name, kind in properties.items():
        found.append((prefix + name, kind))
        found += _members(kind.get("properties", {}), f"{prefix}{name}.")
        found += _members(
            kind.get("items", {}).get("properties", {}) if kind.get("items") else {}, f"{prefix}{name}[]."
        )
    return found


def test_a_flipped_bit_is_found_wherever_it_is() -> None:
    data = to_json(a_record())
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 1 << (position % 8)
        with pytest.raises(BadRecord):
            from_json(bytes(flipped), "key")


def test_a_cut_record_is_bad_at_every_length() -> None:
    data = to_json(a_record())
    for length in range(0, len(data) - 1, 7):
        with pytest.raises(BadRecord, match=r"it is empty|cut off, or not JSON"):
            from_json(data[:length], "key")


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_other_bytes_are_a_bad_record_and_no_other_error(data: bytes) -> None:
    with pytest.raises(BadRecord):
        from_json(data, "key")


@pytest.mark.parametrize("name", [name for name in SCHEMA["properties"] if name != "digest"])
def test_a_wrong_value_under_a_right_digest_is_a_bad_record_and_no_other_error(name: str) -> None:
    members = {name: value for name, value in json.loads(to_json(a_record())).items() if name != "digest"}
    without = seal({key: value for key, value in members.items() if key != name})
    if name in (
        "generation",
        "rights",
        "announced",
        "usual",
        "parts",
        "part_of",
        "takedown",
    ):  # the first records had none
        record = from_json(without, "key")
        assert (record.generation, record.rights, record.takedown, record.capture.announced) == (1, (), None, None)
        assert record.capture.usual is None
    else:
        with pytest.raises(BadRecord):
            from_json(without, "key")
    wrong = [value for value in (None, 1, "x", [], {}, [[]], True, [1], ["x"], 1.5) if not _fits(name, value)]
    for value in wrong:
        with pytest.raises(BadRecord):
            from_json(seal({**members, name: value}), "key")
    assert len(wrong) >= 6


def _fits(name: str, value: Any) -> bool:
    if name in ("flags", "evidence") and value in ([1], [[]]):  # read as text: not worth refusing a record for
        return True
    if name == "extraction" and value == {}:
        return True
    loose = {key: rule for key, rule in SCHEMA["properties"][name].items() if key not in ("pattern", "minimum")}
    strict = name in ("id", "captured_at", "collection", "crawl")
    return Draft202012Validator(SCHEMA["properties"][name] if strict else loose).is_valid(value)


def test_json_nested_too_deep_is_a_bad_record() -> None:
    with pytest.raises(BadRecord):
        from_json(b'{"digest":' + b"[" * 200_000, "key")


def test_a_newer_schema_names_the_cure() -> None:
    members = json.loads(to_json(a_record()))
    data = seal({**members, "schema": 9})
    with pytest.raises(NewerSchema, match="record schema 9 is newer than 1; upgrade with `pip install -U newsvault`"):
        from_json(data, "records/x.json")


def test_a_byte_flipped_in_the_schema_number_is_damage_and_no_newer_schema() -> None:
    data = to_json(a_record()).replace(b'"schema": 1', b'"schema": 9')
    with pytest.raises(BadRecord, match="digest does not fit") as caught:
        from_json(data, "key")
    assert not isinstance(caught.value, NewerSchema)


def test_members_of_a_later_version_are_passed_over() -> None:
    members = json.loads(to_json(a_record()))
    members["article"]["mood"] = "calm"
    assert from_json(seal({**members, "later": [1]}), "key") == a_record()


def test_the_digest_is_the_one_the_reference_page_computes() -> None:
    page = (REFERENCE / "record.md").read_text("utf-8")
    code = page.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    data = to_json(a_record())
    assert names["is_whole"](data)
    assert not names["is_whole"](data.replace(b"Body text", b"body text"))


def test_the_file_is_utf8_one_member_a_line_with_the_digest_last() -> None:
    data = to_json(a_record())
    members = json.loads(data)
    assert "Grüße 👋".encode() in data
    assert data.endswith(b'"\n}\n')
    assert list(members)[-1] == "digest"
    assert layout(members) == data
    assert digest(members) == members["digest"] == unseal(data, "key")["digest"]


def test_numbers_without_a_json_word_become_null_and_huge_ones_text() -> None:
    article = Article(
        json_ld=(
            float("nan"),
            {"price": float("inf"), "big": 2**64, "sub": (1, {2})},
        )
    )
    reading = Reading(verdict=Verdict.ARTICLE, article=article)
    members = json.loads(to_json(a_record(reading=reading)))
    assert members["article"]["json_ld"] == [None, {"price": None, "big": "0x10000000000000000", "sub": [1, [2]]}]


def test_structured_data_without_end_is_cut() -> None:
    deep: Any = "core"
    for _ in range(5000):
        deep = [deep]
    reading = Reading(verdict=Verdict.ARTICLE, article=Article(json_ld=(deep,)))
    assert from_json(to_json(a_record(reading=reading)), "key").article is not None


def test_an_id_is_the_same_again_and_differs_by_each_of_its_parts() -> None:
    assert record_id("u", NOW, "x") == record_id("u", NOW, "x")
    others = {record_id("v", NOW, "x"), record_id("u", NOW.replace(microsecond=0), "x"), record_id("u", NOW, "y")}
    assert len(others | {record_id("u", NOW, "x")}) == 4
    assert re.fullmatch("[0-9a-f]{20}", record_id("u", NOW, "x"))


def test_a_failure_is_a_record_without_body_or_article() -> None:
    failed = Capture(url="https://x.example/", captured_at=NOW, status=None, failure=Failure(reason="timeout"))
    record = make_record(failed, crawl="c1", collection="daily")
    assert (record.verdict, record.html, record.article) == (Verdict.ERROR, None, None)
    assert record.id == record_id("https://x.example/", NOW, "timeout")
    assert json.loads(to_json(record))["failure"] == {"reason": "timeout", "detail": ""}


@pytest.mark.parametrize(
    ("status", "body", "verdict"), [(404, b"gone", "error"), (200, b"", "empty"), (200, b"%PDF", "not_html")]
)
def test_without_a_reading_the_verdict_follows_from_the_answer(status: int, body: bytes, verdict: str) -> None:
    capture = Capture(url="https://x.example/", captured_at=NOW, status=status, body=body)
    assert make_record(capture, crawl="c1", collection="daily").verdict == verdict


def test_flags_of_capture_and_reading_are_joined_once_each() -> None:
    capture = Capture(url="https://x.example/", captured_at=NOW, flags=("truncated", "a"))
    reading = Reading(verdict=Verdict.ARTICLE, flags=("paywalled", "a"))
    record = make_record(capture, reading=reading, crawl="c1", collection="daily")
    assert record.flags == ("truncated", "a", "paywalled")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(BadInput, match="aware"):
        make_record(Capture(url="u", captured_at=NOW.replace(tzinfo=None)), crawl="c1", collection="daily")


def test_the_body_is_named_by_what_it_is_and_never_lies_in_the_record() -> None:
    record = a_record()
    assert record.html is not None
    assert record.html.media_type == "text/html"
    assert record.html.charset == "utf-8"
    assert record.capture.body == b""
    assert kind_of(record.html.key) == "body"
    assert kind_of(key_of(record)) == "record"


def test_a_body_key_that_names_another_body_is_a_bad_record() -> None:
    members = json.loads(to_json(a_record()))
    members["html"]["key"] = f"html/00/{'0' * 64}.html.gz"
    with pytest.raises(BadRecord, match="does not name"):
        from_json(seal(members), "key")


def test_a_repeat_names_what_it_repeats() -> None:
    first = a_record()
    again = a_record(repeats=first.id)
    assert from_json(to_json(again), "key").repeats == first.id
    assert replace(again, repeats=None) == first
