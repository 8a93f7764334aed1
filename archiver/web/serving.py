"""A server, from start to stop. In: an archive, an address. Out: answers. Never: a stale catalog for long."""

from __future__ import annotations

import logging
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from archiver.archive import Archive
from archiver.errors import ArchiveError, BadInput
from archiver.logs import in_json
from archiver.web.app import make_app
from archiver.web.site import Options, Site

logger = logging.getLogger(__name__)


def serve(
    archive: Archive,
    options: Options,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    refresh_seconds: float = 300.0,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve `archive` until a signal ends it. Raises BadInput if the address is not free.

    The catalog is made equal to the records at the start and every `refresh_seconds` (0: never again); what a crawl
    writes into the same folder is there at once. Port 0 is any free one; `ready` is told the address.
    """
    archive.synced_catalog()
    app = make_app(archive, options)
    site: Site = app.state.site
    site.metrics.synced()
    listener = _listener(host, port)
    ended = Event()
    refresher = Thread(target=_refresh, args=(site, refresh_seconds, ended), name="refresh", daemon=True)
    refresher.start()
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=10, lifespan="off",
        log_config=None if in_json() else LOGGING_CONFIG,
    )  # fmt: skip
    server = uvicorn.Server(config)
    before = signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))  # until uvicorn has its own
    if ready is not None:
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listener.getsockname()[1]}/")
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        ended.set()
        listener.close()
        refresher.join(timeout=10)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=512)
    except OSError as error:
        raise BadInput(f"--host {host} --port {port}", f"{error.strerror or error}; give another port") from error


def _refresh(site: Site, seconds: float, ended: Event) -> None:
    while seconds > 0 and not ended.wait(seconds):
        try:
            site.archive.sync()
            site.metrics.synced()
        except ArchiveError as error:  # what is there is still served; the next time may do better
            logger.warning("the catalog could not be refreshed: %s", error)
