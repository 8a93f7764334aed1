"""ArchiveAddon: switches the archive on in a Scrapy project with one line. In: settings. Out: settings. Never: I/O.

    ADDONS = {"archiver.crawl.ArchiveAddon": 100}

Every page that the project's own spiders fetch is then kept as a snapshot; their items and requests pass unchanged.
Spiders built on `ArticleSpider` also get the ledger: leases instead of a queue in memory, an outcome for every URL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.crawl.snapshots import SnapshotMiddleware

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

HANDLER = "archiver.crawl.handler.CaptureHandler"
REMOTES = {
    "TELNETCONSOLE_ENABLED": "scrapy.extensions.telnet.TelnetConsole",
    "REMOTE_CONTROL_ENABLED": "scrapy.extensions.remote_control.RemoteControl",
}


class ArchiveAddon:
    """Puts our download handler and the keeping of pages into a project's settings; the user's own settings win."""

    def update_settings(self, settings: BaseSettings) -> None:
        handlers = {**settings.getdict("DOWNLOAD_HANDLERS"), "http": HANDLER, "https": HANDLER}
        settings.set("DOWNLOAD_HANDLERS", handlers, "addon")
        settings.setdefault_in_component_priority_dict("SPIDER_MIDDLEWARES", SnapshotMiddleware, 50)
        # the handler undoes Content-Encoding itself and keeps the headers as they were
        settings.set("COMPRESSION_ENABLED", False, "addon")
        for remote, extension in REMOTES.items():
            settings.set(remote, False, "addon")  # a crawl listens to nobody
            if not settings.getbool(remote):  # Scrapy loads even what is off: aiohttp, 0.1 s
                settings["EXTENSIONS_BASE"].pop(extension, None)
