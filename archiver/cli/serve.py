"""archiver serve: the archive in a browser. In: an archive, an address. Out: a server until Ctrl-C. Never: a write,
unless there is a token."""

from __future__ import annotations

import os
from typing import Any

import click

from archiver import logs
from archiver.cli.options import archive_options, opened
from archiver.cli.output import log_format_option, note
from archiver.errors import BadInput


@click.command(epilog="Example:  archiver serve --archive press --port 8080")
@archive_options
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for every network.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0 for any free port.")
@click.option("--public-url", default="", metavar="URL", help="Where readers find it, if a proxy stands in front.")
@click.option("--title", default="newsvault", show_default=True, help="What the archive is called on its pages.")
@click.option(
    "--refresh",
    type=click.FloatRange(0),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="Look for new records so often; 0: only at the start.",
)
@click.option(
    "--download-limit", type=click.IntRange(1), default=10_000, show_default=True, help="Snapshots in one download."
)
@click.option("--user-agent", metavar="TEXT", help="With a token: who asks for a page, with an address for questions.")
@click.option("--allow", multiple=True, metavar="HOST[:PORT]", help="With a token: an exception to the network guard.")
@log_format_option
def serve(
    host: str,
    port: int,
    public_url: str,
    title: str,
    refresh: float,
    download_limit: int,
    user_agent: str | None,
    allow: tuple[str, ...],
    log_format: str | None,
    **given: Any,
) -> None:
    """Serve an archive: search, read, replay, compare, download; Memento, CDX and a JSON API.

    Read-only. Who has the token in NEWSVAULT_TOKEN may ask for a capture. Needs `pip install newsvault[web]`.
    """
    try:
        from archiver import web
    except ModuleNotFoundError as error:
        raise BadInput(f"archiver serve ({error.name} is missing)", "pip install newsvault[web]") from error

    if log_format == "json":
        logs.speak_json(others="WARNING")
    options = web.Options(
        title=title,
        public_url=public_url,
        token=os.environ.get("NEWSVAULT_TOKEN", ""),
        download_limit=download_limit,
        allow=allow,
        **({"user_agent": user_agent} if user_agent else {}),
    )
    with opened(given) as archive:
        web.serve(archive, options, host=host, port=port, refresh_seconds=refresh, ready=_ready)


def _ready(address: str) -> None:
    note(f"serving at {address}")
