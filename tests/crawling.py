"""What the crawl tests share: `crawl(...)` runs the command as a user would, and reads back what it kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import archiver

QUICK = ("--delay", "0", "--per-host", "4", "--workers", "1", "--allow-private")


@dataclass
class Crawled:
    """One finished crawl: exit code, what it printed, its crawl log by path, its archive."""

    code: int
    said: str
    uri: str
    options: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def outcomes(self) -> dict[str, str]:
        """URL → "outcome" or "outcome:reason"."""
        return {line["url"]: line["outcome"] + (f":{line['reason']}" if line["reason"] else "") for line in self.lines}

    def records(self) -> list[archiver.Record]:
        with archiver.open(self.uri, **self.options) as archive:
            return list(archive.records())

    def articles(self) -> list[archiver.Record]:
        return [record for record in self.records() if record.verdict == "article"]


def command(*arguments: str, uri: str, state: Path, quick: tuple[str, ...] = QUICK) -> list[str]:
    where = ("--archive", uri, "--state", str(state))
    return [sys.executable, "-m", "archiver", "crawl", *arguments, *where, *quick]


def crawl(
    *arguments: str, uri: str, state: Path, quick: tuple[str, ...] = QUICK, timeout: float = 120, **options: Any
) -> Crawled:
    """Run `archiver crawl` to its end."""
    run = subprocess.run(
        command(*arguments, uri=uri, state=state, quick=quick),
        capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, check=False, env=environment(state),
    )  # fmt: skip
    return Crawled(code=run.returncode, said=run.stderr + run.stdout, uri=uri, options=options, lines=log_of(state))


def environment(state: Path) -> dict[str, str]:
    return {**os.environ, "NEWSVAULT_CACHE": str(state / "cache"), "PYTHONWARNINGS": "ignore"}


def log_of(state: Path) -> list[dict[str, Any]]:
    log = state / "log.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []
