"""Reading archived pages again: equal to a fresh crawl, nothing overwritten, nothing asked, nothing lost on the way."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import archiver
from archiver import cli
from archiver.archive import Archive
from archiver.errors import BadInput, StoreError
from archiver.extraction import engine, extract
from archiver.extraction.rules import are_todays, todays
from archiver.generations import Outcome, process_shard, reextract
from archiver.generations.changes import alike
from archiver.keys import generation_key, kind_of
from archiver.model import Record, Verdict
from archiver.record import key_of, to_json
from archiver.storage.memory import MemoryStore
from tests.crawling import crawl
from tests.made import capture, reading
from tests.site import Site

OLD = {"engine": "trafilatura", "version": "1.0", "settings": {"rules": "0" * 16}, "flags": []}


PAGE = f"<html><body><h1>Bridge</h1><p>{'The council met and mended the bridge. ' * 20}</p></body></html>"
READER = "tests.readers:poisonous"


@dataclass(frozen=True)
class Fresh:
    """A crawl of today."""

    folder: Path
    site: Site

    def emptied(self, to: Path) -> Path:
        """A copy of its archive as an older program would have left it: nothing read, other rules."""
        shutil.copytree(self.folder, to, ignore=shutil.ignore_patterns("catalog", "crawls"))
        with archiver.open(str(to)) as archive:
            for record in list(archive.records()):
                facts = record.capture
                old = replace(
                    record, verdict=Verdict.EMPTY, article=None, evidence=(), flags=(), extraction=OLD,
                    capture=replace(facts, flags=()), html=record.html and replace(record.html, charset="latin-1"),
                )  # fmt: skip
                archive.store.replace(key_of(old), to_json(old))
        return to


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fresh]:
    folder = tmp_path_factory.mktemp("fresh")
    with Site(articles=30) as site:
        done = crawl(site.url, uri=str(folder / "a"), state=folder / "s")
        assert done.code == 0, done.said
        yield Fresh(folder / "a", site)


def members(folder: Path) -> dict[str, dict[str, Any]]:
    """Every snapshot's newest record, without what must differ: its number and the digest over it."""
    with archiver.open(str(folder)) as archive:
        found = {record.id: json.loads(to_json(record)) for record in archive.records()}
    return {id: {k: v for k, v in one.items() if k not in ("generation", "digest")} for id, one in found.items()}


def objects(folder: Path, kind: str) -> dict[str, bytes]:
    with archiver.open(str(folder)) as archive:
        return {info.key: archive.store.get(info.key) for info in archive.store.list() if kind_of(info.key) == kind}


def run(*words: str) -> Any:
    return CliRunner().invoke(cli.cli, list(words))


def test_what_is_read_again_equals_a_fresh_crawl_and_touches_nothing(fresh: Fresh, tmp_path: Path) -> None:
    old = fresh.emptied(tmp_path / "old")
    before, bodies, asked = objects(old, "record"), objects(old, "body"), len(fresh.site.log)
    done = run("reextract", "--archive", str(old), "--json", "--workers", "2")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert members(old) == members(fresh.folder)
    assert len(fresh.site.log) == asked
    assert objects(old, "body") == bodies
    after = objects(old, "record")
    assert {key: after[key] for key in before} == before
    assert report["outcomes"]["changed"] == report["snapshots"] == len(before) == len(after) - len(before)
    assert report["fields"]["article.text"] == 30
    assert {"before": "empty", "after": "article", "snapshots": 30} in report["verdicts"]
    assert report["texts"]["below"] == report["texts"]["changed"] == 30
    with archiver.open(str(old)) as archive:
        assert list(archive.verify()) == []
        assert {row.generation for row in archive.find()} == {2}
        archive.store.delete(next(archive.find()).record_key)
        assert [damage.problem for damage in archive.verify()] == ["missing"]  # the run's manifest promises it


def test_a_dry_run_reports_the_same_and_writes_nothing(fresh: Fresh, tmp_path: Path) -> None:
    old = fresh.emptied(tmp_path / "old")
    before = objects(old, "record")
    dry = run("reextract", "--archive", str(old), "--json", "--dry-run", "--limit", "6", "--changed", f"{tmp_path}/ids")
    assert objects(old, "record") == before
    assert objects(old, "manifest") == objects(old, "file") == {}
    report = json.loads(dry.stdout)
    assert report["snapshots"] == 6
    assert (tmp_path / "ids").read_text().split() == report["changed"]
    wet = json.loads(run("reextract", "--archive", str(old), "--json", "--limit", "6").stdout)
    assert {**report, "dry_run": False} == wet


def test_a_killed_run_goes_on_and_ends_as_one_that_was_not(fresh: Fresh, tmp_path: Path) -> None:
    old = fresh.emptied(tmp_path / "old")
    command = [sys.executable, "-m", "archiver", "reextract", "--archive", str(old), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(old.glob("records/**/*.2.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    written = len(list(old.glob("records/**/*.2.json")))
    total = len(members(fresh.folder))
    assert 0 < written < total
    with archiver.open(str(old)) as archive:
        changes = reextract(archive, workers=2)
        assert changes.outcomes == {"changed": total}
        assert {row.generation for row in archive.find()} == {2}
    assert members(old) == members(fresh.folder)
    with archiver.open(str(old)) as archive:
        assert reextract(archive, workers=1).as_json() == changes.as_json()  # a third run finds everything done
    assert len(objects(old, "manifest")) == 2  # and promises the same, in two copies


def kept(store: MemoryStore, body: str, *, minute: int = 0) -> str:
    page = f"<html><head><title>Bridge</title></head><body><article><p>{body * 30}</p></article></body></html>"
    archive = Archive(store)
    receipt = archive.put(capture(minute=minute, body=page.encode()), reading=replace(reading(), **_old()))
    return receipt.record_key


def _old() -> dict[str, Any]:
    return {"version": "1.0", "settings": {}}


def shard(keys: list[str], store: MemoryStore, **more: Any) -> list[Any]:
    told: list[Any] = []
    process_shard(keys, store, more.pop("target", store), rules=todays(), told=told.append, reader=READER, **more)
    return told


def test_a_poison_page_is_quarantined_and_its_old_reading_stays() -> None:
    store = MemoryStore("memory://poison")
    keys = [kept(store, "The council met and mended the bridge. "), kept(store, "This is poison. ", minute=1)]
    told = shard(keys, store)
    assert [one.outcome for one in told] == [Outcome.CHANGED, Outcome.QUARANTINED]
    assert told[1].reason == "worker_died"
    again = shard(keys, store)
    assert [one.outcome for one in again] == [Outcome.CHANGED, Outcome.QUARANTINED]
    assert Archive(store).row(keys[1][-25:-5]).generation == 1
    told = []
    process_shard(keys, store, store, rules=todays(), told=told.append, retry=True)  # with a reader that it cannot kill
    assert [one.outcome for one in told] == [Outcome.CHANGED, Outcome.CHANGED]
    assert list(store.list("crawls/reextract-")) != []
    assert not any("quarantine" in info.key for info in store.list())
    assert list(Archive(store).verify()) == []


def test_a_shard_may_go_to_another_store_and_twice_is_once() -> None:
    source, target = MemoryStore("memory://source"), MemoryStore("memory://target")
    keys = [kept(source, "The council met and mended the bridge. ", minute=n) for n in range(3)]
    before = sorted(info.key for info in source.list())
    first = shard(keys, source, target=target, workers=2)
    found = {info.key: target.get(info.key) for info in target.list()}
    assert shard(keys, source, target=target) == first
    assert {info.key: target.get(info.key) for info in target.list()} == found
    assert sorted(info.key for info in source.list()) == before
    assert [kind_of(key) for key in sorted(found)] == ["manifest", "manifest", "record", "record", "record"]


def test_two_readings_by_other_rules_become_two_generations() -> None:
    store = MemoryStore("memory://race")
    (key,) = [kept(store, "The council met and mended the bridge. ")]
    archive = Archive(store)

    class Faster(MemoryStore):
        """Another worker, with other rules, writes the second generation just before ours is written."""

        def put_new(self, key: str, data: bytes, **more: Any) -> bool:
            if key.endswith(".2.json") and self.head(key) is None:
                other = replace(archive.record(first), generation=2, verdict=Verdict.INDEX)
                super().put_new(key, to_json(other))
            return super().put_new(key, data, **more)

    first = key
    faster = Faster("memory://faster")
    for info in store.list():
        faster.put_new(info.key, store.get(info.key))
    (one,) = shard([key], faster)
    assert one.record_key.endswith(".3.json")
    assert one.verdicts == ("index", "article")


def test_damage_is_told_and_a_store_that_fails_is_raised() -> None:
    store = MemoryStore("memory://damaged")
    keys = [kept(store, "One sentence. "), kept(store, "Another sentence. ", minute=1)]
    record = Archive(store).record(keys[0])
    assert record.html is not None
    store.delete(record.html.key)
    told = shard(keys, store)
    assert [one.outcome for one in told] == [Outcome.DAMAGED, Outcome.CHANGED]
    assert "nothing archived" in str(told[0].reason)

    class Down(MemoryStore):
        def get(self, key: str) -> bytes:
            raise StoreError(self.uri, "down")

    with pytest.raises(StoreError, match="down"):
        shard(keys, Down("memory://down"))
    with pytest.raises(BadInput, match="install the same version"):
        process_shard(keys, store, store, rules="trafilatura-0.1-other", told=told.append)


def test_every_reading_names_todays_rules() -> None:
    pages = (b"<html><body><p>Short.</p></body></html>", b"%PDF-1.4 x", b"", b"plain words " * 50)
    for body in pages:
        read = extract(body, "https://news.example/a", content_type="text/plain" if b"plain" in body else None)
        facts = {"engine": read.engine, "version": read.version, "settings": dict(read.settings)}
        assert are_todays(facts), body
        assert not are_todays({**facts, "settings": {}})
    assert todays().startswith(f"trafilatura-{engine.version()}-")


def test_how_alike_texts_are() -> None:
    text = "the council met on tuesday and agreed to mend the old bridge before winter"
    assert alike(text, text) == 1
    assert alike(text, "") == 0
    assert alike("", "") == 1
    assert 0.4 < alike(text, text.replace("tuesday", "friday")) < 0.9


def test_an_unchanged_reading_is_no_new_generation_unless_the_rules_differ() -> None:
    store = MemoryStore("memory://same")
    key = kept(store, "The council met and mended the bridge. ")
    shard([key], store)
    assert [one.outcome for one in shard([key], store, everything=True)] == [Outcome.CHANGED]
    assert len(list(store.list("records/"))) == 2
    newest = Archive(store).record(key.replace(".json", ".2.json"))
    emptied = replace(newest, article=None)
    store.replace(key_of(emptied), to_json(emptied))  # as a bug might have left it, under today's rules
    (one,) = shard([key], store, everything=True)
    assert one.record_key.endswith(".3.json")
    assert _text(Archive(store).record(one.record_key)) == _text(newest)


def _text(record: Record) -> str:
    return record.article.text if record.article else ""


def test_in_s3_the_same(s3_uri: str) -> None:
    with archiver.open(f"{s3_uri}/press") as archive:
        receipt = archive.put(capture(body=PAGE.encode()), reading=replace(reading(), **_old()))
        assert reextract(archive, workers=1).outcomes == {"changed": 1}
        assert reextract(archive, workers=1).outcomes == {"changed": 1}
    with archiver.open(f"{s3_uri}/press") as archive:
        assert [row.record_key for row in archive.find()] == [generation_key(receipt.record_key, 2)]
        assert list(archive.verify()) == []
