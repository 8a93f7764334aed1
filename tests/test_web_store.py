"""Serving an archive in somebody else's bucket, read without credentials; and the command that serves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archiver.archive import Archive
from tests.gallery import COURIER, archive_at
from tests.serving import served
from tests.weed import Weed

STORY = f"{COURIER}/harbour/2026/evening-ferry.html"


def start(*words: str, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """Run `archiver serve` and return it with the address it prints."""
    command = [sys.executable, "-m", "archiver", "serve", "--port", "0", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("serving at http://"), line
    return process, line.split()[-1].rstrip("/")


def stop(process: subprocess.Popen[str]) -> int:
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert "Traceback" not in said
    return process.returncode


def test_an_archive_in_a_public_bucket_is_served_without_credentials(weed: Weed, s3_uri: str, tmp_path: Path):
    bucket = s3_uri.removeprefix("s3://")
    with archive_at(tmp_path / "archive"):
        pass
    for path in sorted((tmp_path / "archive").rglob("*")):
        key = str(path.relative_to(tmp_path / "archive"))
        if path.is_file() and not key.startswith("catalog/"):
            weed.client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    everybody = {"Effect": "Allow", "Principal": "*"}
    rights = [
        {**everybody, "Action": ["s3:ListBucket", "s3:GetBucketLocation"], "Resource": f"arn:aws:s3:::{bucket}"},
        {**everybody, "Action": ["s3:GetObject"], "Resource": f"arn:aws:s3:::{bucket}/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": rights})
    weed.client.put_bucket_policy(Bucket=bucket, Policy=policy)
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "NEWSVAULT_CACHE": str(tmp_path / "cache")}
    where = ["--archive", s3_uri, "--endpoint-url", weed.endpoint, "--no-sign-request"]
    process, url = start(*where, **nobody)
    try:
        for path, word in (
            ("/search?q=ferry", "Evening <mark>ferry</mark> returns"),
            (f"/web/20260921061500/{STORY}", "The last boat of the day"),
            (f"/web/20260921061500id_/{STORY}", "<title>Evening ferry"),
            ("/download?q=ferry&as=csv", "evening-ferry"),
        ):
            with urllib.request.urlopen(url + path, timeout=30) as answer:
                assert word in answer.read().decode()
    finally:
        assert stop(process) == 0


def test_the_store_may_go_away_and_come_back(tmp_path: Path):
    with archive_at(tmp_path / "archive") as archive, served(archive) as server:
        (tmp_path / "archive" / "html").rename(tmp_path / "html")
        assert server.get(f"/web/20260921061500id_/{STORY}").status in (404, 503)
        (tmp_path / "html").rename(tmp_path / "archive" / "html")
        assert server.get(f"/web/20260921061500id_/{STORY}").status == 200


def test_the_command_serves_a_folder_says_where_and_stops_in_order(tmp_path: Path):
    with archive_at(tmp_path / "archive"):
        pass
    process, url = start("--archive", str(tmp_path / "archive"), "--title", "Press")
    with urllib.request.urlopen(f"{url}/", timeout=30) as answer:
        assert "<title>Search the archive · Press</title>" in answer.read().decode()
    taken = [
        sys.executable,
        "-m",
        "archiver",
        "serve",
        "--archive",
        str(tmp_path / "archive"),
        "--port",
        url.rpartition(":")[2],
    ]
    second = subprocess.run(taken, capture_output=True, text=True, check=False)
    assert (second.returncode, "give another port" in second.stderr) == (2, True)
    assert stop(process) == 0


def test_what_was_taken_down_is_451_in_every_form(tmp_path: Path):
    takedown = pytest.importorskip("archiver.takedown")
    with archive_at(tmp_path / "archive") as archive:
        row = archive.row(STORY, at="20260921061500")
    with Archive.open(f"file://{tmp_path / 'archive'}") as archive:
        planned = takedown.plan(archive, row.id)
        takedown.take_down(archive, planned, reason="an order of a court", at=datetime.now(UTC))
        with served(archive) as server:
            for path in (f"/snapshot/{row.id}", f"/snapshot/{row.id}/raw", f"/snapshot/{row.id}/replay",
                         f"/web/20260921061500/{STORY}", f"/web/20260921061500id_/{STORY}"):  # fmt: skip
                answer = server.get(path)
                assert answer.status == 451, path
                assert "an order of a court" in answer.text
