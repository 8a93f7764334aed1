"""One hostile case: `python -m tests.acceptance.hostile KIND URL OUT STATE`. Appends a JSON line for each URL to OUT.

KIND is page, crawl, feed or sitemap; STATE a folder that stays the same when a case is repeated. The suite's own site
is on loopback, so its port is let through the network guard and nothing else is: HOSTILE_SITE names it, by default
http://127.0.0.1:8900. A site with a public-looking name needs no exception.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import archiver

SPIDERS = {"page": "urls", "crawl": "site", "feed": "feed", "sitemap": "sitemap"}
BUDGET = {"feed": ("--max-pages", "500"), "sitemap": ("--max-pages", "500")}  # of a job that has one minute
ARCHIVED = {"archived": [], "repeated": ["duplicate"], "unchanged": ["unchanged"]}
NOT_ARTICLES = {"empty": "empty", "not_html": "not_html"}


def main(kind: str, url: str, out: str, state: str) -> int:
    folder = Path(state)
    folder.mkdir(parents=True, exist_ok=True)
    site = urlsplit(os.environ.get("HOSTILE_SITE", "http://127.0.0.1:8900"))
    command = [
        *(sys.executable, "-m", "archiver", "crawl", url, "--spider", SPIDERS[kind]),
        *("--archive", str(folder / "archive"), "--state", str(folder / "job"), "--delay", "0", "--per-host", "8"),
        *(
            "--allow",
            f"127.0.0.0/8:{site.port or 80}",
            "--recrawl",
            "always",
            "--workers",
            "1",
            "--log-level",
            "WARNING",
        ),
        *BUDGET.get(kind, ()),
    ]
    if site.hostname and not site.hostname.startswith("127."):
        del command[command.index("--allow") : command.index("--allow") + 2]
    code = subprocess.run(command, check=False).returncode
    with open(out, "a", encoding="utf-8") as lines:
        for line in said(folder):
            lines.write(json.dumps(line, ensure_ascii=True) + "\n")
    return code


def said(folder: Path) -> list[dict[str, object]]:
    """The crawl log, with what the records say about each page."""
    log = folder / "job" / "log.jsonl"
    if not log.exists():
        return []
    archive = archiver.open(str(folder / "archive"))
    return [judged(json.loads(line), archive) for line in log.read_text(encoding="utf-8").splitlines()]


def judged(line: dict[str, object], archive: archiver.Archive) -> dict[str, object]:
    outcome, reason = str(line["outcome"]), str(line["reason"])
    record = archive.record(str(line["record"])) if line["record"] else None
    article = record.article if record else None
    archived = outcome in ARCHIVED
    return {
        "url": line["url"],
        "final_url": line["final_url"],
        "status": line["status"],
        "outcome": "archived" if archived else "skipped" if outcome in ("skipped", "followed") else "failed",
        "reason": None
        if archived
        else NOT_ARTICLES.get(reason, "not_article")
        if outcome == "kept"
        else reason or outcome,
        "title": article.title if article else None,
        "author": list(article.authors) if article else None,
        "date": article.published if article else None,
        "text": article.text if article and archived else "",
        "flags": [*ARCHIVED.get(outcome, []), *(record.flags if record else ())],
    }


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5]))
