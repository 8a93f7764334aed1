"""Run: one crawl from its settings to its exit code. In: a project, a spider, settings. Out: how it ended."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scrapy.crawler import AsyncCrawlerProcess
from scrapy.settings import Settings
from scrapy.spiderloader import SpiderLoader

from archiver import logs
from archiver.crawl.addon import ArchiveAddon
from archiver.crawl.options import PREFIX
from archiver.crawl.running import RunningCrawl
from archiver.crawl.spider import ArticleSpider
from archiver.errors import ArchiveError
from archiver.frontier import Counts
from archiver.project import Project

ADDON = "archiver.crawl.ArchiveAddon"
INTERRUPTED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a crawl ended: the exit code, what ended it early if anything, and where the job stands."""

    code: int
    crawl: str
    problem: ArchiveError | None
    counts: Counts | None
    state: str


def crawl(project: Project, spider: str, arguments: Mapping[str, Any], given: Mapping[str, Any]) -> Ended:
    """Run one crawl to its end in this process. `given` are settings that win over the project's.

    A second SIGINT or SIGTERM leaves everything as it is: nothing is lost, as after kill -9. Raises BadInput, and
    ArchiveError for what breaks in a project's own code.
    """
    settings = settings_of(project, given)
    spider_class = spider_of(project, settings, spider)
    in_json = settings.get(f"{PREFIX}LOG_FORMAT") == "json"
    if "LOG_LEVEL" not in given:
        _speak_alone(settings, in_json=in_json)
    if in_json:
        logs.speak_json(settings["LOG_LEVEL"])
        settings.set("LOG_INSTALL_ROOT_HANDLER", False, "cmdline")
    process = AsyncCrawlerProcess(settings)
    logging.getLogger("scrapy").setLevel(settings["LOG_LEVEL"])  # else a record is made of each line that none writes
    crawler = process.create_crawler(spider_class)
    failures: list[BaseException] = []
    task = process.crawl(crawler, **arguments)
    task.add_done_callback(lambda done: failures.extend(filter(None, [done.exception()])))
    process.start()
    running = RunningCrawl.of(crawler)
    if failures and running.problem is None:
        failure = failures[0]
        if isinstance(failure, ArchiveError):
            raise failure
        raise ArchiveError(f"the crawl broke: {type(failure).__name__}: {failure}") from failure
    code = _code(running) if task.done() else INTERRUPTED
    return Ended(
        code=code, crawl=running.crawl_id, problem=running.problem, counts=running.counts,
        state=str(running.state.folder) if running.state else "",
    )  # fmt: skip


def _speak_alone(settings: Settings, *, in_json: bool) -> None:
    """Our own lines only: what Scrapy enables and counts is for --log-level INFO."""
    handler = logging.StreamHandler()
    plain = logging.Formatter(settings["LOG_FORMAT"], settings["LOG_DATEFORMAT"])
    handler.setFormatter(logs.JsonFormatter() if in_json else plain)
    ours = logging.getLogger("archiver")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
    settings.set("LOG_LEVEL", "WARNING", "cmdline")


def _code(running: RunningCrawl) -> int:
    """0 only when every URL has its outcome (docs/reference/exit-codes.md)."""
    if running.problem is not None:
        return running.problem.exit_code
    if running.counts is None:
        return 1
    return INTERRUPTED if running.counts.pending or running.counts.leased or not running.finished else 0


def settings_of(project: Project, given: Mapping[str, Any]) -> Settings:
    """The project's settings, with the archive's add-on, and `given` above them."""
    settings = Settings()
    settings.setmodule(project.settings, priority="project")
    addons = settings.getdict("ADDONS")
    if not any(key in (ADDON, ArchiveAddon) for key in addons):
        settings.set("ADDONS", {**addons, ADDON: 100}, "project")
    for name, value in given.items():
        settings.set(name, value, "cmdline")
    return settings


def spider_of(project: Project, settings: Settings, name: str) -> type[ArticleSpider]:
    """The project's own spider of that name if it is one of ours by kind, else ours."""
    own = importlib.import_module(f"{project.spiders}.{name}")
    ours: type[ArticleSpider] = next(
        value for value in vars(own).values() if isinstance(value, type) and getattr(value, "name", None) == name
    )
    loader = SpiderLoader.from_settings(settings)
    if name in loader.list():
        theirs = loader.load(name)
        if issubclass(theirs, ArticleSpider):
            return theirs
    return ours


def leave(code: int) -> None:
    """End the process although a put may hang in a thread: what it puts is not acknowledged, so nothing is lost."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
