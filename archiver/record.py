"""The record: JSON about one capture. In: a capture and its reading. Out: a Record, its JSON. Never: I/O, the clock."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

from archiver.bodies import sha1_base32, sha256_hex
from archiver.errors import ArchiveError, BadInput, BadRecord, NewerSchema, TakenDown
from archiver.keys import LAST_GENERATION, body_key, checked_name, record_key
from archiver.model import (
    Announced,
    Article,
    Capture,
    Failure,
    Headers,
    Hop,
    Html,
    Part,
    Reading,
    Record,
    Request,
    Right,
    Takedown,
    Tls,
    Update,
    Usual,
    Verdict,
)
from archiver.rights import bounded, of_headers
from archiver.seal import plain, seal, unseal
from archiver.timestamps import iso, parse
from archiver.urls import surt

SCHEMA = 1

_Json = dict[str, Any]


def record_id(url: str, captured_at: datetime, content: str) -> str:
    """Return the 20 hex digits that name a capture, the same ones whenever they are asked for.

    `content` is the body's sha256, or the failure's reason where there is no answer. A million records collide with a
    chance of 10^-12.
    """
    return hashlib.sha256("\n".join((url, iso(captured_at), content)).encode("utf-8", "replace")).hexdigest()[:20]


def make_record(
    capture: Capture,
    *,
    crawl: str,
    collection: str,
    reading: Reading | None = None,
    verdict: Verdict | None = None,
    html: Html | None = None,
    repeats: str | None = None,
) -> Record:
    """Return the record of `capture` and what was read from it.

    `verdict` overrides the reading's; without either it follows from the status. `html` saves hashing the body again.
    `repeats` is the id of an earlier record with the same body. Raises BadInput for a bad name, or a time with no zone.
    """
    if capture.captured_at.tzinfo is None:
        raise BadInput(f"captured_at {capture.captured_at}", "give an aware time, as in datetime.now(UTC)")
    flags = _flags(capture.flags, reading)
    html = html or (make_html(capture, reading) if capture.body else None)
    content = capture.failure.reason if capture.failure else sha256_hex(capture.body) if html is None else html.sha256
    facts = replace(
        capture,
        body=b"",
        flags=flags,
        rights=_rights((*capture.rights, *of_headers(capture.headers)), reading),
        requested_url=capture.requested_url or capture.url,
        captured_at=capture.captured_at.astimezone(UTC),
    )
    return Record(
        schema=SCHEMA,
        id=record_id(capture.url, capture.captured_at, content),
        capture=facts,
        verdict=verdict or (reading.verdict if reading else _verdict_of(capture)),
        crawl=checked_name(crawl, what="crawl"),
        collection=checked_name(collection),
        html=html,
        article=reading.article if reading else None,
        extraction=_extraction(reading, capture.flags),
        evidence=reading.evidence if reading else (),
        flags=flags,
        repeats=repeats,
    )


def read_again(record: Record, reading: Reading) -> Record:
    """Return the next generation of `record`: the same capture, and what was now read from its body."""
    own = own_flags(record)
    flags = _flags(own, reading)
    rights = _rights(_own_rights(record), reading)
    again = replace(
        record,
        capture=replace(record.capture, flags=flags, rights=rights),
        verdict=reading.verdict,
        html=replace(record.html, **_as_read(record.capture, reading)) if record.html else None,
        article=reading.article,
        extraction=_extraction(reading, own),
        evidence=reading.evidence,
        flags=flags,
        generation=record.generation + 1,
    )
    return as_part(again, of=record.part_of, generation=again.generation) if record.part_of else again


def reading_of(record: Record) -> Reading:
    """Return what `record` says was read from its body, without links and feeds, which no record keeps."""
    extraction, html = record.extraction, record.html
    own = own_flags(record)
    return Reading(
        verdict=record.verdict,
        article=record.article,
        evidence=record.evidence,
        flags=tuple(flag for flag in record.flags if flag not in own),
        rights=tuple(right for right in record.capture.rights if right not in _own_rights(record)),
        charset=html.charset if html else None,
        media_type=html.media_type if html else None,
        engine=extraction.get("engine", ""),
        version=extraction.get("version", ""),
        settings=extraction.get("settings", {}),
        error=extraction.get("error"),
    )


def as_part(record: Record, *, of: str, generation: int | None = None) -> Record:
    """Return the next generation of `record`, a further page of the article in the record `of`: its words are there."""
    number = record.generation + 1 if generation is None else generation
    return replace(record, verdict=Verdict.PART, article=None, part_of=of, generation=number)


def _rights(own: Iterable[Right], reading: Reading | None) -> tuple[Right, ...]:
    """What is known without the page, then what the page says."""
    return bounded([*own, *(reading.rights if reading else ())])


def _own_rights(record: Record) -> list[Right]:
    """What is known without the page."""
    return [right for right in record.capture.rights if right.where in ("robots.txt", "header")]


def tombstone(record: Record, takedown: Takedown) -> Record:
    """Return the last generation of `record`: that it was, when, where and with which digest, and why it is gone."""
    own = own_flags(record)
    return replace(
        record,
        capture=replace(record.capture, flags=own, rights=_rights(_own_rights(record), None)),
        verdict=Verdict.TAKEN_DOWN,
        article=None,
        extraction=_extraction(None, own),
        evidence=(),
        flags=own,
        parts=(),
        part_of=None,
        takedown=takedown,
        generation=record.generation + 1,
    )


def refuse_tombstone(record: Record) -> None:
    """Raise TakenDown if the content of `record` was deleted."""
    if record.takedown is not None:
        raise TakenDown(record.url, record.takedown.reason, f"{record.takedown.at:%Y-%m-%d}")


def own_flags(record: Record) -> tuple[str, ...]:
    """Return the flags that the capture itself earned; those of the reading are named in `extraction`."""
    read = record.extraction.get("flags", ())
    return tuple(flag for flag in record.flags if flag not in read)


def make_html(capture: Capture, reading: Reading | None = None, *, digests: tuple[str, str, int] | None = None) -> Html:
    """Return where the capture's body belongs and what proves it.

    `digests` are sha256 (hex), sha1 (base32) and size of the body, where they are known already.
    """
    body = capture.body
    sha256, sha1, size = digests or (sha256_hex(body), sha1_base32(body), len(body))
    return Html(key=body_key(sha256), sha256=sha256, sha1=sha1, size=size, **_as_read(capture, reading))


def key_of(record: Record) -> str:
    """Return the key under which `record` is kept."""
    return record_key(record.collection, record.captured_at, record.id, generation=record.generation)


def to_json(record: Record) -> bytes:
    """Return the record as JSON: UTF-8, members in a fixed order, one per line, `digest` last, a newline at the end.

    Lone surrogates, which no UTF-8 can hold, become U+FFFD; numbers that JSON has no word for become null.
    """
    return seal(_members(record))


def from_json(data: bytes, key: str) -> Record:
    """Return the record that `data`, read from `key`, holds. Raises BadRecord or NewerSchema, and nothing else."""
    members = unseal(data, key)
    if (schema := members.get("schema")) != SCHEMA:
        if isinstance(schema, int) and schema > SCHEMA:
            raise NewerSchema(key, schema, SCHEMA)
        raise BadRecord(key, f"schema {schema!r} is none")
    try:
        return _record(members)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, ArchiveError) as error:
        what = f"no member {error}" if isinstance(error, KeyError) else str(error)
        raise BadRecord(key, what) from error


def rights_to_json(rights: Iterable[Right]) -> list[_Json]:
    """Return the members of each right."""
    return [_named(right, Right) or {} for right in rights]


def rights_from_json(members: Iterable[Mapping[str, Any]]) -> tuple[Right, ...]:
    """Return the rights again. Raises KeyError, TypeError."""
    return tuple(
        Right(
            name=_take(one, "name", str),
            value=_optional(one, "value", str),
            to=_optional(one, "to", str),
            where=_take(one, "where", str),
        )
        for one in members
    )


def announced_to_json(announced: Announced | None) -> _Json | None:
    """Return the members of what a feed or sitemap said."""
    return _named(announced, Announced)


def announced_from_json(members: Mapping[str, Any] | None) -> Announced | None:
    """Return it again. Raises KeyError, TypeError."""
    if members is None:
        return None
    dates = {name: _optional(members, name, str) for name in ("published", "modified")}
    return Announced(source=_take(members, "source", str), **dates)


def usual_to_json(usual: Usual | None) -> _Json | None:
    """Return the members of how long a host's articles were."""
    return _named(usual, Usual)


def usual_from_json(members: Mapping[str, Any] | None) -> Usual | None:
    """Return it again. Raises KeyError, TypeError."""
    return (
        None if members is None else Usual(**{field.name: _take(members, field.name, int) for field in fields(Usual)})
    )


def article_to_json(article: Article) -> _Json:
    """Return the article's members, in the order of the class."""
    members: _Json = plain(_article(article))
    return members


def _article(article: Article) -> _Json:
    values = {field.name: getattr(article, field.name) for field in fields(Article)}
    return {**values, "updates": [_named(one, Update) for one in article.updates]}


def article_from_json(members: Mapping[str, Any]) -> Article:
    """Return the article again. Members that a later version added are passed over. Raises KeyError, TypeError."""
    texts: _Json = {name: _optional(members, name, str) for name in _ARTICLE_TEXTS}
    lists: _Json = {name: tuple(_take(members, name, list)) for name in _ARTICLE_LISTS}
    dicts: _Json = {name: _take(members, name, dict) for name in ("dates", "extra")}
    text, markdown = _take(members, "text", str), _take(members, "markdown", str)
    updates = tuple(
        _update(one) for one in _take({"updates": [], **members}, "updates", list)
    )  # the first records had none
    return Article(text=text, markdown=markdown, updates=updates, **texts, **lists, **dicts)


def _update(members: Mapping[str, Any]) -> Update:
    texts: _Json = {name: _optional(members, name, str) for name in ("time", "precision", "zone", "source", "heading")}
    return Update(shown=_take(members, "shown", str), text=_take(members, "text", str), **texts)


_ARTICLE_TEXTS = ("title", "published", "modified", "language", "site_name", "description", "image", "canonical")
_ARTICLE_LISTS = ("authors", "categories", "tags", "images", "organisations", "json_ld")


def _verdict_of(capture: Capture) -> Verdict:
    if capture.status is None or capture.failure or not 200 <= capture.status < 300:
        return Verdict.ERROR
    return Verdict.EMPTY if not capture.body else Verdict.NOT_HTML


def _as_read(capture: Capture, reading: Reading | None) -> _Json:
    named = (capture.content_type or "").partition(";")[0].strip().lower() or None
    sniffed, charset = (reading.media_type, reading.charset) if reading else (None, None)
    return {"media_type": sniffed or named, "charset": charset}


def _flags(own: tuple[str, ...], reading: Reading | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *(reading.flags if reading else ()))))


def _extraction(reading: Reading | None, own: tuple[str, ...]) -> _Json:
    if reading is None:
        return {"engine": "", "version": "", "settings": {}, "flags": []}
    facts: _Json = {"engine": reading.engine, "version": reading.version, "settings": dict(reading.settings)}
    facts["flags"] = [flag for flag in dict.fromkeys(reading.flags) if flag not in own]
    return facts if reading.error is None else {**facts, "error": reading.error}


def _members(record: Record) -> _Json:
    capture = record.capture
    return {
        "schema": record.schema,
        "id": record.id,
        "generation": record.generation,
        "url": capture.url,
        "surt": surt(capture.url),
        "requested_url": capture.requested_url or capture.url,
        "captured_at": iso(capture.captured_at),
        "collection": record.collection,
        "crawl": record.crawl,
        "status": capture.status,
        "verdict": str(record.verdict),
        "flags": record.flags,
        "evidence": record.evidence,
        "repeats": record.repeats,
        "failure": _named(capture.failure, Failure),
        "parts": [_named(part, Part) for part in record.parts],
        "part_of": record.part_of,
        "takedown": _takedown_members(record.takedown),
        "html": _named(record.html, Html),
        "response": {"http_version": capture.http_version, "reason": capture.reason},
        "headers": capture.headers,
        "request": _named(capture.request, Request),
        "redirects": [{**(_named(hop, Hop) or {}), "at": iso(hop.at)} for hop in capture.redirects],
        "times": {"first_byte_seconds": capture.first_byte_seconds, "total_seconds": capture.total_seconds},
        "peer": capture.peer,
        "tls": _named(capture.tls, Tls),
        "via": capture.via,
        "hops": capture.hops,
        "discovery": capture.discovery,
        "announced": announced_to_json(capture.announced),
        "usual": usual_to_json(capture.usual),
        "robots": capture.robots,
        "rights": rights_to_json(capture.rights),
        "article": _article(record.article) if record.article else None,  # `seal` makes it plain
        "extraction": record.extraction,
    }


def _takedown_members(takedown: Takedown | None) -> _Json | None:
    if takedown is None:
        return None
    return {"reason": takedown.reason, "at": iso(takedown.at), "records": takedown.records}


def _named(value: Any, kind: type) -> _Json | None:
    return None if value is None else {field.name: getattr(value, field.name) for field in fields(kind)}


def _record(members: _Json) -> Record:
    article, html, flags = members["article"], members["html"], _texts(members, "flags")
    _take(members, "surt", str)  # follows from the URL, so it is not kept here; a record without it is none of ours
    return Record(
        schema=_take(members, "schema", int),
        id=_id(members),
        capture=_capture(members, flags),
        verdict=Verdict(members["verdict"]),
        crawl=checked_name(_take(members, "crawl", str), what="crawl"),
        collection=checked_name(_take(members, "collection", str)),
        html=None if html is None else _html(html),
        article=None if article is None else article_from_json(article),
        extraction=_take(members, "extraction", dict),
        evidence=_texts(members, "evidence"),
        flags=flags,
        repeats=_optional(members, "repeats", str),
        parts=tuple(map(_part, _take({"parts": [], **members}, "parts", list))),  # the first records had none
        part_of=_optional({"part_of": None, **members}, "part_of", str),
        takedown=_takedown(members.get("takedown")),
        generation=_generation(members),
    )


def _part(members: _Json) -> Part:
    return Part(**{field.name: _take(members, field.name, str) for field in fields(Part)})


def _takedown(members: _Json | None) -> Takedown | None:
    if members is None:
        return None
    records = {str(number): str(sha256) for number, sha256 in _take(members, "records", dict).items()}
    return Takedown(reason=_take(members, "reason", str), at=parse(_take(members, "at", str)), records=records)


def _generation(members: _Json) -> int:
    number: int = _take({"generation": 1, **members}, "generation", int)  # records of before had none
    if not 1 <= number <= LAST_GENERATION:
        raise ValueError(f"generation {number} is none")
    return number


def _id(members: _Json) -> str:
    id = _take(members, "id", str)
    record_key("any", parse(members["captured_at"]), id)  # an id is part of a key: raises BadInput if it cannot be
    return str(id)


def _capture(members: _Json, flags: tuple[str, ...]) -> Capture:
    failure, tls, times, response = members["failure"], members["tls"], members["times"], members["response"]
    return Capture(
        url=_take(members, "url", str),
        requested_url=_take(members, "requested_url", str),
        captured_at=parse(_take(members, "captured_at", str)),
        status=_optional(members, "status", int),
        reason=_take(response, "reason", str),
        http_version=_take(response, "http_version", str),
        headers=_headers(members),
        request=_request(members["request"]),
        redirects=tuple(_hop(hop) for hop in _take(members, "redirects", list)),
        first_byte_seconds=_optional(times, "first_byte_seconds", float),
        total_seconds=_optional(times, "total_seconds", float),
        peer=_optional(members, "peer", str),
        tls=None if tls is None else Tls(**{field.name: tls[field.name] for field in fields(Tls)}),
        via=_optional(members, "via", str),
        hops=_take(members, "hops", int),
        discovery=_take(members, "discovery", str),
        announced=announced_from_json(members.get("announced")),  # the first records had none
        usual=usual_from_json(members.get("usual")),  # the first records had none
        flags=flags,
        failure=None if failure is None else Failure(reason=failure["reason"], detail=failure["detail"]),
        robots=_optional(members, "robots", str),
        rights=rights_from_json(_take({"rights": [], **members}, "rights", list)),  # the first records had none
    )


def _html(members: _Json) -> Html:
    html = Html(
        key=_take(members, "key", str),
        sha256=_take(members, "sha256", str),
        sha1=_take(members, "sha1", str),
        size=_take(members, "size", int),
        media_type=_optional(members, "media_type", str),
        charset=_optional(members, "charset", str),
    )
    if html.key != body_key(html.sha256):
        raise ValueError("html.key does not name html.sha256")
    return html


def _request(members: _Json) -> Request:
    texts = {name: _take(members, name, str) for name in ("method", "target", "http_version")}
    return Request(**texts, headers=_headers(members))


def _hop(members: _Json) -> Hop:
    return Hop(
        url=_take(members, "url", str),
        status=_take(members, "status", int),
        reason=_take(members, "reason", str),
        headers=_headers(members),
        location=_take(members, "location", str),
        at=parse(_take(members, "at", str)),
        peer=_optional(members, "peer", str),
    )


def _headers(members: _Json) -> Headers:
    return tuple((str(name), str(value)) for name, value in _take(members, "headers", list))


def _texts(members: _Json, name: str) -> tuple[str, ...]:
    return tuple(str(text) for text in _take(members, name, list))


def _take(members: Mapping[str, Any], name: str, kind: type) -> Any:
    value = members[name]
    kinds = (int, float) if kind is float else kind
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} is {value!r:.40}, not of type {kind.__name__}")
    return value


def _optional(members: Mapping[str, Any], name: str, kind: type) -> Any:
    return None if members[name] is None else _take(members, name, kind)
