"""Re-extraction of many pages by each runner. In: a number of pages. Out: CPU, memory, start-up, faults; equal or not.

    python benchmarks/runners.py 5000
    python benchmarks/runners.py 5000 --runners local,ray

Pages of the demo site's generator, kept as an older program would have left them, one of them such that it kills its
reader. Each runner works on a copy of the archive, two workers at once; the first worker that is seen at work longer
than a few seconds is killed (kill -9). Start-up is the same for one page. CPU is that of the command and of all that it
started, memory the most that they held together (PSS), both sampled from /proc: Linux only.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import archiver
from archiver.archive import Archive
from archiver.batch import Batch
from archiver.demo.pages import article
from archiver.demo.stories import stories
from archiver.generations import reextract
from archiver.model import Capture, Reading, Verdict

ROOT = Path(__file__).parent.parent
START = datetime(2026, 1, 1, tzinfo=UTC)
TICKS = os.sysconf("SC_CLK_TCK")
MARK = "NEWSVAULT_RUNNERS_BENCHMARK"
READER = "tests.readers:poisonous"
AT_WORK = 0.8  # CPU seconds of a child, when it is killed: it has begun its shard, and is not at its end


def make(folder: Path, pages: int) -> None:
    """Keep so many pages, read by nobody yet."""
    known = stories()
    with Archive.open(str(folder), fsync=False) as archive:
        for n in range(pages):
            story = known[n % len(known)]
            turned = story.paragraphs[n % len(story.paragraphs) :] + story.paragraphs[: n % len(story.paragraphs)]
            body = article(replace(story, title=f"{story.title}, {n}", paragraphs=(*turned, f"Edition {n}.")))
            body += b"<!-- poison -->" if n == pages // 2 else b""
            page = Capture(url=f"https://courier.example{story.path}?{n}", captured_at=START + timedelta(seconds=n),
                           headers=(("Content-Type", "text/html; charset=utf-8"),), body=body)  # fmt: skip
            archive.put(page, reading=Reading(verdict=Verdict.EMPTY, engine="none"), crawl="c", collection="daily")


def work(runner: str, folder: Path, limit: int | None) -> None:
    """Read the archive again, and print what came of it."""
    with archiver.open(str(folder)) as archive:
        batch = Batch(archive=archive.uri, runner=runner, workers=2)
        reads = batch.reads("reextract", write=True, everything=False, retry=False, reader=READER)
        print(
            json.dumps(reextract(archive, where={"limit": limit} if limit else None, reads=reads).as_json()["outcomes"])
        )


def marked(value: str) -> list[int]:
    """The processes that inherited the mark."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            if place.name.isdigit() and f"{MARK}={value}".encode() in (place / "environ").read_bytes():
                found.append(int(place.name))
        except OSError:  # ended meanwhile, or another user's
            continue
    return found


def cpu_of(pid: int) -> float:
    """CPU seconds of a process until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_of(pid: int) -> float:
    """MB of a process, shared ones divided among those who share them."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.split("Pss:")[1].split()[0]) / 1024


def measured(runner: str, folder: Path, *, limit: int | None = None, kill: bool = False) -> dict[str, Any]:
    """Run one; return seconds, CPU, the most memory, what it said."""
    value = f"{os.getpid()}-{time.monotonic_ns()}"
    environment = {**os.environ, MARK: value, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder.parent)}
    words = ["--one", runner, "--folder", str(folder), *(["--limit", str(limit)] if limit else [])]
    began, spent, most, killed, at = time.monotonic(), dict[int, float](), 0.0, 0, 0
    with subprocess.Popen(
        [sys.executable, __file__, *words], env=environment, stdout=subprocess.PIPE, text=True
    ) as run:
        while run.poll() is None:
            memory, at = 0.0, at + 1
            for pid in marked(value):
                try:
                    spent[pid] = max(spent.get(pid, 0.0), cpu_of(pid))
                    memory += pss_of(pid) if at % 5 == 1 else 0.0
                    if kill and not killed and spent[pid] > AT_WORK:
                        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                        if any("archiver.batch.child" in word for word in words):
                            os.kill(pid, signal.SIGKILL)
                            killed = pid
                except OSError:
                    continue
            most = max(most, memory)
            time.sleep(0.2)
        assert run.stdout is not None
        said = run.stdout.read()
    assert run.returncode == 0, run.returncode
    figures = {
        "seconds": round(time.monotonic() - began, 1),
        "cpu_seconds": round(sum(spent.values()), 1),
        "memory_mb": round(most),
    }
    return {
        **figures,
        "killed": bool(killed),
        "outcomes": {k: v for k, v in json.loads(said.splitlines()[-1]).items() if v},
    }


def digest(folder: Path) -> str:
    """The sha256 of every object but the catalog, names with it."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "catalog" not in path.relative_to(folder).parts:
            found.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return found.hexdigest()


def main() -> None:
    ask = argparse.ArgumentParser(description="Re-extraction by each runner.")
    ask.add_argument("pages", type=int, nargs="?", default=5000)
    ask.add_argument("--runners", default="local,spark,ray")
    for hidden in ("--one", "--folder"):
        ask.add_argument(hidden, help=argparse.SUPPRESS)
    ask.add_argument("--limit", type=int, help=argparse.SUPPRESS)
    given = ask.parse_args()
    if given.one:
        work(given.one, Path(given.folder), given.limit)
        return
    with tempfile.TemporaryDirectory(prefix="runners-") as name:
        folder = Path(name)
        make(folder / "made", given.pages)
        digests = set()
        for runner in given.runners.split(","):
            copy = folder / f"for-{runner}"
            shutil.copytree(folder / "made", copy)
            one = measured(runner, copy, limit=1)
            all_of = measured(runner, copy, kill=True)
            digests.add(digest(copy))
            shutil.rmtree(copy)
            print(json.dumps({"runner": runner, "start_up": one, "all": all_of}), flush=True)
        print(f"equal: {len(digests) == 1}")


if __name__ == "__main__":
    main()
