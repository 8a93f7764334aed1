"""Common Crawl's columnar index of our captures. In: a record and its place. Out: 30 columns. Never: one of our own.

Names, types and order are those of commoncrawl/cc-index-table, so that queries written for Common Crawl run unchanged.
The crawl is in the path only: `captures/crawl=<id>/subset=warc/part-00000.zstd.parquet`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from archiver.export.cdxj import Place
from archiver.export.languages import iso_639_3
from archiver.export.parquet import write_parts
from archiver.model import Record
from archiver.timestamps import iso
from archiver.urls import BadUrl, host, literal_address, surt
from archiver.warc.records import mime_of, truncation

if TYPE_CHECKING:
    import pyarrow
    from tldextract import TLDExtract

COLUMNS = {
    "url_surtkey": "string",
    "url": "string",
    "url_host_name": "string",
    "url_host_tld": "string",
    "url_host_2nd_last_part": "string",
    "url_host_3rd_last_part": "string",
    "url_host_4th_last_part": "string",
    "url_host_5th_last_part": "string",
    "url_host_registry_suffix": "string",
    "url_host_registered_domain": "string",
    "url_host_private_suffix": "string",
    "url_host_private_domain": "string",
    "url_host_name_reversed": "string",
    "url_protocol": "string",
    "url_port": "int32",
    "url_path": "string",
    "url_query": "string",
    "fetch_time": "timestamp",
    "fetch_status": "int16",
    "fetch_redirect": "string",
    "content_digest": "string",
    "content_mime_type": "string",
    "content_mime_detected": "string",
    "content_charset": "string",
    "content_languages": "string",
    "content_truncated": "string",
    "warc_filename": "string",
    "warc_record_offset": "int32",
    "warc_record_length": "int32",
    "warc_segment": "string",
}


def capture_row(record: Record, place: Place | None) -> dict[str, Any]:
    """Return the row of `record`, as JSON has it. `place` is None where the export has no WARC files."""
    capture, html = record.capture, record.html
    return {
        "url_surtkey": surt(record.url),
        "url": record.url,
        **_host_columns(_host(record.url)),
        **_url_columns(record.url),
        "fetch_time": iso(record.captured_at),
        "fetch_status": capture.status,
        "fetch_redirect": _location(record),
        "content_digest": html.sha1 if html else None,
        "content_mime_type": None if (mime := mime_of(capture.headers)) == "unk" else mime,
        "content_mime_detected": html.media_type if html else None,
        "content_charset": html.charset.upper() if html and html.charset else None,
        "content_languages": iso_639_3(record.article.language) if record.article else None,
        "content_truncated": truncation(capture),
        "warc_filename": place.filename if place else None,
        "warc_record_offset": place.offset if place else None,
        "warc_record_length": place.length if place else None,
        "warc_segment": None,
    }


def schema() -> pyarrow.Schema:
    """Return the 30 columns in their order."""
    import pyarrow as pa

    kinds = {
        "string": pa.string(),
        "int32": pa.int32(),
        "int16": pa.int16(),
        "timestamp": pa.timestamp("ms", tz="UTC"),
    }
    return pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])


def write(rows: Iterable[dict[str, Any]], folder: Path, *, crawl: str) -> None:
    """Write the rows of one crawl, sorted by `url_surtkey`, below `folder`."""
    below = folder / f"crawl={crawl}" / "subset=warc"
    write_parts(typed(rows), below, schema(), name="part-{:05d}.zstd.parquet", rows_of_a_part=1_000_000)


def typed(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows with times instead of texts."""
    for row in rows:
        yield {**row, "fetch_time": _milliseconds(row["fetch_time"])}


def _milliseconds(text: str) -> datetime:
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@lru_cache(maxsize=4096)
def _host_columns(name: str) -> dict[str, str | None]:
    """An address has no domain, so Common Crawl leaves those columns empty."""
    if not name or literal_address(name) is not None:
        parts: list[str] = []
        registry = private = None
    else:
        parts = name.split(".")[::-1]
        registry, private = _suffixes()[0](name), _suffixes()[1](name)
    numbers = ("2nd", "3rd", "4th", "5th")
    columns: dict[str, str | None] = {
        "url_host_name": name or None,
        "url_host_tld": parts[0] if parts else None,
        **{f"url_host_{n}_last_part": parts[i] if len(parts) > i else None for i, n in enumerate(numbers, 1)},
        "url_host_registry_suffix": registry.suffix if registry else None,
        "url_host_registered_domain": registry.top_domain_under_public_suffix if registry else None,
        "url_host_private_suffix": private.suffix if private else None,
        "url_host_private_domain": private.top_domain_under_public_suffix if private else None,
        "url_host_name_reversed": ".".join(parts) if parts else None,
    }
    return {name: value or None for name, value in columns.items()}


@cache
def _suffixes() -> tuple[TLDExtract, TLDExtract]:
    """Readers of the public suffix list that comes with tldextract: registries only, and with private suffixes."""
    from tldextract import TLDExtract

    return tuple(  # type: ignore[return-value]  # two of them
        TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=private)
        for private in (False, True)
    )


def _url_columns(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return dict.fromkeys(("url_protocol", "url_port", "url_path", "url_query"))
    return {
        "url_protocol": parts.scheme or None,
        "url_port": port,
        "url_path": parts.path,
        "url_query": parts.query or None,
    }


def _location(record: Record) -> str | None:
    capture = record.capture
    if capture.status is None or not 300 <= capture.status < 400:
        return None
    return next((value for name, value in capture.headers if name.lower() == "location"), None)


def _host(url: str) -> str:
    try:
        return host(url)
    except BadUrl:
        return ""
