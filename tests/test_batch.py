"""Batch work: the same by every runner and by none, whatever is killed."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from archiver import cli
from archiver.archive import Archive
from archiver.batch import RUNNERS, Batch, process_shard
from archiver.batch.shards import Work, cut, keys_of, quarantine_of, results, results_of, version_of
from archiver.batch.supervisor import supervise
from archiver.cli.options import runner_options
from archiver.errors import BadInput, Quarantined
from archiver.extraction.similarity import similarity_of
from archiver.keys import RECORDS, kind_of
from archiver.storage import open_store
from tests.made import capture, failed, reading

ROOT = Path(__file__).parent.parent
PAGES = 18
LOCAL = ("--runner", "local", "--workers", "2", "--shard", "7")
MISSING = {
    "spark": "" if importlib.util.find_spec("pyspark") and shutil.which("java") else "PySpark or Java is not installed",
    "ray": "" if importlib.util.find_spec("ray") else "Ray is not installed",
}


def text_of(n: int) -> str:
    said = " ".join(f"The council of town {n % 6} met on day {day} and mended bridge {n % 6}." for day in range(12))
    return f"{said} Signed {n}."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an archive: pages that an older program read, one that kills its reader, one that failed."""
    folder = tmp_path_factory.mktemp("made")
    with Archive.open(str(folder / "a"), fsync=False) as archive:
        for n in range(PAGES):
            poison = "poison" if n == 4 else ""
            body = f"<html><body><h1>Bridge {n}</h1><p>{text_of(n)}</p>{poison}</body></html>".encode()
            page = capture(f"https://s{n}.example/{n}", minute=n, body=body)
            archive.put(page, reading=reading(f"Bridge {n}", text=text_of(n)), collection="daily")
        archive.put(failed(minute=PAGES), collection="daily")
    assert similarity_of(text_of(0)) != similarity_of(text_of(6))
    return folder


def done_by(runner: str, made: Path, folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The reports, and every file that came of it: results without their names, the archive's objects."""
    shutil.copytree(made / "a", folder / "a")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.batch_engine", runner, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    files = {}
    for step, reports in told.items():
        for number, one in enumerate(reports):
            files[f"{step} {number}"] = (folder / "work" / one.pop("target")).read_bytes()
    for path in sorted((folder / "a").rglob("*")):
        if path.is_file() and kind_of(key := path.relative_to(folder / "a").as_posix()) != "catalog":
            files[key] = path.read_bytes()
    return told, files


@pytest.fixture(scope="module")
def by_children(made: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, bytes]]:
    return done_by("local", made, tmp_path_factory.mktemp("local"))


def test_a_page_that_always_kills_is_named_and_all_else_is_done(by_children: tuple[dict[str, Any], Any]) -> None:
    told, files = by_children
    fatal = told['["tests.batch_engine:KILLED", "fatal"]']
    assert [one["deaths"] for one in fatal] == [2, 2]
    assert [[*one["quarantined"].values()] for one in fatal] == [["SIGKILL"], ["SIGKILL"]]
    lines = [json.loads(line) for line in files['["tests.batch_engine:KILLED", "fatal"] 0'].splitlines()]
    assert ["value" in line for line in lines] == [number != 1 for number in range(13)]
    assert lines[1]["error"] == ["Quarantined", lines[1]["key"], "SIGKILL"]


def test_a_worker_that_is_killed_costs_its_shard_alone(by_children: tuple[dict[str, Any], Any]) -> None:
    told, files = by_children
    killed = told['["tests.batch_engine:KILLED", "once", "parent"]']
    assert sum(one["deaths"] for one in killed) == 1
    assert all(one["quarantined"] == {} and one["error"] is None for one in killed)
    kept = b"".join(data for name, data in files.items() if name.startswith('["tests.batch_engine:KILLED", "once"'))
    assert kept.count(b'"value"') == PAGES + 1


def test_a_page_that_kills_its_reader_is_quarantined_in_its_shard(by_children: tuple[dict[str, Any], Any]) -> None:
    files = by_children[1]
    changes = [
        json.loads(line)["value"] for name in files if '"reextract"' in name for line in files[name].splitlines()
    ]
    assert [one["outcome"] for one in changes if one["outcome"] not in ("changed", "same")] == [
        "quarantined",
        "no_body",
    ]
    assert sum("/quarantine/" in name for name in files) == 1


@pytest.mark.slow
@pytest.mark.parametrize("runner", ["spark", "ray"])
def test_every_runner_gives_the_same_bytes_whatever_dies(
    runner: str, made: Path, tmp_path: Path, by_children: tuple[dict[str, Any], dict[str, bytes]]
) -> None:
    """Of all steps, of both faults; and a worker of the engine itself is killed too."""
    if MISSING[runner]:
        pytest.skip(f"{MISSING[runner]}, so the runner {runner} is not tested")
    told, files = done_by(runner, made, tmp_path)
    engine = {name: data for name, data in files.items() if name.startswith('["tests.batch_engine:KILLED", "once"')}
    assert (tmp_path / "parent").exists()
    assert b"".join(engine.values()).count(b'"value"') == 2 * (PAGES + 1)
    rest = {name: data for name, data in files.items() if name not in engine}
    assert rest == {name: data for name, data in by_children[1].items() if name not in engine}
    assert sum(one["deaths"] for one in told['["tests.batch_engine:KILLED", "fatal"]']) == 4


def said(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli.cli, list(words))
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "--format", "jsonl"),
        ("duplicates", "--json"),
        ("reindex",),
        ("export", "--as", "jsonl", "-o", "DATA"),
        ("reextract", "--json"),
    ],
    ids=lambda words: words[0],
)
def test_a_command_says_and_writes_the_same_with_a_runner(words: tuple[str, ...], made: Path, tmp_path: Path) -> None:
    outcomes = []
    for way in ((), LOCAL):
        folder = tmp_path / f"a{len(way)}" / "a"
        shutil.copytree(made / "a", folder)
        if words[0] in ("verify", "export"):
            with open_store(str(folder)) as store:
                keys = sorted(info.key for info in store.list())
                store.replace(next(key for key in keys if key.startswith("html/")), b"damage")
                bad = next(key for key in keys if key.startswith(RECORDS))
                store.replace(bad, store.get(bad)[:-40])
        given = [str(folder.parent / "data") if word == "DATA" else word for word in words]
        code, out = said(*given, "--archive", str(folder), *way)
        with Archive.open(str(folder)) as archive:
            rows = [*archive.find()]
        table = folder.parent / "data" / "articles.jsonl.gz"
        outcomes.append((code, out, rows, table.read_bytes() if table.exists() else None))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == (1 if words[0] in ("verify", "export") else 0)


def test_packs_are_read_by_a_runner_as_objects_are(tmp_path: Path) -> None:
    with Archive.open(str(tmp_path / "a"), fsync=False, layout="packs") as archive:
        kept = [archive.put(capture(minute=n), reading=reading(f"Page {n}"), collection="daily") for n in range(5)]
        archive.flush()
    whole = [said("duplicates", "--captures", "--json", "--archive", str(tmp_path / "a"), *way) for way in ((), LOCAL)]
    assert whole[0] == whole[1]
    assert all(one.id in whole[1][1] for one in kept)
    assert said("verify", "--archive", str(tmp_path / "a"), *LOCAL) == (0, "")


def work_of(folder: Path, step: str, **options: Any) -> Work:
    return Work(archive=(folder / "a").as_uri(), place=(folder / "w").as_uri(), step=step, options=options)


def test_a_shard_that_is_done_is_not_done_again(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "a", tmp_path / "a")
    work, told = work_of(tmp_path, "reindex"), list[int]()
    with open_store(work.place) as place, open_store(work.archive) as store:
        keys = sorted(info.key for info in store.list(RECORDS))
        first, second = cut(work, keys, place, size=10)
        assert [first, second] == cut(work, keys, place, size=10)
        for _ in range(2):
            process_shard(
                keys_of(first), results_of(first), version_of("reindex"), work=work, told=lambda: told.append(1)
            )
        assert len(told) == 10
        assert [key for key, _ in results(first, place, "reindex")] == keys[:10]
        with pytest.raises(BadInput, match="same version everywhere"):
            process_shard(keys_of(second), results_of(second), "0.0", work=work)
        batch = Batch(archive=work.archive, work=work.place, shard_records=10, workers=2)
        assert [key for key, _ in batch.reads("reindex")(iter(keys))] == keys
        assert [*place.list()] == []


def test_a_page_without_end_and_one_that_eats_memory_are_left_out(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "a", tmp_path / "a")
    for step, limit, why in (
        ("tests.batch_engine:ENDLESS", {"wall_seconds": 4.0}, "SIGKILL"),
        ("tests.batch_engine:BURNING", {"cpu_seconds": 1}, "too much CPU"),
        ("tests.batch_engine:HUNGRY", {"memory_bytes": 400 << 20}, "out of memory"),
    ):
        work = work_of(tmp_path, step)
        with open_store(work.place) as place:
            (name,) = cut(work, ["a", "b", "c"], place, size=10)
            named = {"name": name, "source": keys_of(name), "target": results_of(name), "version": version_of(step)}
            about = {"archive": work.archive, "place": work.place, "step": step}
            report = json.loads(supervise(json.dumps({**named, **limit, "work": about})))
            assert report == {"deaths": 2, "quarantined": {"b": why}, "error": None}
            found = [value for _, value in results(name, place, step)]
            assert found[0] == "a"
            assert isinstance(found[1], Quarantined)
            assert found[2] == "c"
            assert json.loads(place.get(quarantine_of(name))) == {"key": "b", "why": why}


def test_an_object_that_is_not_there_is_told_and_nothing_is_left(made: Path, tmp_path: Path) -> None:
    batch = Batch(archive=(made / "a").as_uri(), work=str(tmp_path / "w"))
    with open_store(str(tmp_path / "w")) as place:
        read = batch.reads("reindex")(["records/none.json"])
        assert [type(value).__name__ for _, value in read] == ["NotArchived"]
        assert [*place.list()] == []


def test_what_no_runner_can_do_is_refused(made: Path, tmp_path: Path) -> None:
    where = ("--archive", str(made / "a"))
    for words in (
        ("verify", "--runner", "local", "--rate", "1"),
        ("verify", "--shard", "9"),
        ("export", "--runner", "local", "--as", "warc", "-o", str(tmp_path / "d")),
    ):
        assert isinstance(CliRunner().invoke(cli.cli, [*words, *where]).exception, BadInput)
    with pytest.raises(BadInput, match="memory"):
        Batch(archive="memory://a")
    with pytest.raises(BadInput, match="known are local, spark, ray"):
        Batch(archive="a", runner="dask")
    options: Callable[..., Any] = runner_options(lambda: None)
    (runner,) = [one for one in options.__click_params__ if one.name == "runner"]  # type: ignore[attr-defined]
    assert [*runner.type.choices] == [*RUNNERS]
