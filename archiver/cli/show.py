"""archiver show: one snapshot, as a person reads it. In: an id or URL. Out: text on stdout."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from archiver.cli.options import archive_options, generation_option, name_and_time, opened
from archiver.cli.output import dumps, give, safe, say, write
from archiver.errors import NotArchived
from archiver.model import Record, Snapshot
from archiver.record import to_json

WIDTH = 88
READING = ("generation", "engine", "version", "rules", "verdict", "words")


@click.command(epilog="Example:  archiver show https://news.example/a@2026-11 --archive press")
@click.argument("what", metavar="ID | URL[@TIME]")
@archive_options
@click.option("--text", "part", flag_value="text", help="The article's text only.")
@click.option("--markdown", "part", flag_value="markdown", help="The article as Markdown.")
@click.option("--html", "part", flag_value="html", help="The body, byte for byte as it was served.")
@click.option("--meta", "part", flag_value="meta", help="What is known about the article, as JSON.")
@click.option("--headers", "part", flag_value="headers", help="Status line and headers as received.")
@click.option("--json", "part", flag_value="json", help="The whole record.")
@click.option("--generations", "part", flag_value="generations", help="How often it was read, and by what.")
@generation_option
def show(what: str, part: str | None, generation: int | None, **given: Any) -> None:
    """Show one snapshot: the latest of a URL, or the one closest to a time.

    Its body is compared with its sha256 before anything is shown.
    """
    with opened(given) as archive:
        name, at = name_and_time(what)
        row = archive.row(name, at=at)
        if part == "generations":
            write(map(_reading, archive.generations(row)), READING, "table")
            return
        row = row if generation is None else archive.generation(row, generation)
        if part == "json":  # a tombstone can be shown, too
            give(archive.record_bytes(row.record_key))
            return
        snapshot = archive.snapshot(row.record_key)
    if part != "html":
        say(SHOWN[part or "page"](snapshot))
    elif snapshot.body is None:
        raise NotArchived(f"a body of {what}: this capture has none")
    else:
        give(snapshot.body)


def _reading(record: Record) -> dict[str, Any]:
    about = record.extraction
    words = len(record.article.text.split()) if record.article else 0
    values = (record.generation, about.get("engine"), about.get("version"), about.get("settings", {}).get("rules"))
    return dict(zip(READING, (*values, str(record.verdict), words), strict=True))


def _page(snapshot: Snapshot) -> str:
    record, article = snapshot.record, snapshot.record.article
    lines = [safe(article.title if article and article.title else record.url)]
    lines.append("=" * min(WIDTH, max(3, len(lines[0]))))
    facts = {
        "authors": ", ".join(article.authors) if article else "",
        "published": article.published if article else None,
        "modified": article.modified if article else None,
        "url": record.url,
        "captured": f"{record.captured_at:%Y-%m-%d %H:%M:%S} UTC, status {record.capture.status or 'none'}",
        "verdict": " ".join([str(record.verdict), *record.flags]),
        "failure": record.capture.failure.reason if record.capture.failure else None,
        "id": record.id,
        "sha256": record.html.sha256 if record.html else None,
        "parts": " ".join(part.id for part in record.parts),
        "part of": record.part_of,
        "repeats": record.repeats,
    }
    lines += [f"{name:<10} {safe(str(value))}" for name, value in facts.items() if value]
    text = article.text if article else ""
    lines += ["", *(textwrap.fill(safe(line), WIDTH) + "\n" for line in text.splitlines() if line.strip())]
    return "\n".join(lines).rstrip()


def _headers(snapshot: Snapshot) -> str:
    capture = snapshot.record.capture
    first = f"{capture.http_version} {capture.status or ''} {capture.reason}".rstrip()
    return "\n".join([first, *(f"{name}: {value}" for name, value in capture.headers)])


def _meta(snapshot: Snapshot) -> str:
    article = json.loads(to_json(snapshot.record))["article"] or {}
    return dumps({name: value for name, value in article.items() if name not in ("text", "markdown")}, indent=1)


SHOWN = {
    "page": _page,
    "text": lambda one: one.record.article.text if one.record.article else "",
    "markdown": lambda one: one.record.article.markdown if one.record.article else "",
    "headers": _headers,
    "meta": _meta,
}
