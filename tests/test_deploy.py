"""What `deploy/` holds: files that parse, commands and options that exist, metrics that are there, no secret."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from archiver.archive import Archive
from archiver.cli import cli
from archiver.job import read_job
from archiver.web.metrics import Metrics
from tests.weed import find_weed

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
YAML = sorted([*DEPLOY.rglob("*.yaml"), *DEPLOY.rglob("*.yml")])
UNITS = sorted((DEPLOY / "systemd").iterdir())
OURS = "newsvault:latest"
WEED = "chrislusf/seaweedfs"
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|ACCESS_KEY")


def documents() -> Iterator[tuple[Path, Any]]:
    for path in YAML:
        for one in yaml.safe_load_all(path.read_text("utf-8")):
            yield path, one


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every mapping within a document, from the outside in."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from tables(one)


def containers() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.name, table) for path, one in documents() for table in tables(one) if isinstance(table.get("image"), str)
    ]


def commands() -> list[list[str]]:
    """The words after `archiver` wherever a file starts it."""
    found = [
        list(map(str, table.get("args") or table["command"]))
        for _, table in containers()
        if table["image"] == OURS and ("args" in table or "command" in table)
    ]
    for path in UNITS:
        for line in re.findall(r"^ExecStart=\S+/archiver (.*)$", path.read_text("utf-8"), re.MULTILINE):
            found.append(shlex.split(line.replace("%i", "press")))
    return found


def test_every_command_is_one_with_options_that_exist():
    found = commands()
    assert {words[0] for words in found} == {"crawl", "serve", "verify"}
    assert len(found) == 9, "three each in Compose, Kubernetes and systemd"
    for name, *words in found:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        command.make_context(name, words)  # raises what the command line would say


def test_the_bucket_is_started_with_options_that_exist():
    weed = find_weed()
    assert weed, "it comes with the extra `test`"
    known = set(
        re.findall(r"^ +-([\w.]+)", subprocess.run([weed, "mini", "-h"], capture_output=True, text=True).stderr, re.M)
    )
    started = [table.get("args") or table["command"] for _, table in containers() if WEED in table["image"]]
    assert len(started) == 2
    for words in started:
        assert words[0] == "mini"
        assert "-bucket=press" in words, "a crawl asks for the job's bucket and makes none"
        assert {word[1:].partition("=")[0] for word in words[1:]} <= known
        assert "-master.telemetry=false" in words, "it would tell its makers of the cluster"


def test_the_database_is_asked_over_the_network_whether_it_is_there():
    """While the image makes the database, its server answers on the socket alone, and workers would be refused."""
    probes = [
        list(map(str, words))
        for _, one in documents()
        for table in tables(one)
        for words in (table.get("test"), table.get("command"))
        if isinstance(words, list) and "pg_isready" in words
    ]
    assert len(probes) == 3
    assert all(words[words.index("-h") + 1] == "127.0.0.1" for words in probes)


def test_only_the_port_of_the_bucket_that_asks_for_a_key_can_be_reached():
    policies = [one for _, one in documents() if one.get("kind") == "NetworkPolicy"]
    (bucket,) = [one["spec"] for one in policies if one["spec"]["podSelector"]["matchLabels"] == {"app": "bucket"}]
    assert bucket["policyTypes"] == ["Ingress"]
    assert [port["port"] for rule in bucket["ingress"] for port in rule["ports"]] == [8333]


def test_the_job_can_be_read():
    job = read_job(DEPLOY / "job.toml")
    assert job.options["uri"].startswith("s3://")
    assert "layout" not in job.options, "workers without a disk of their own cannot keep a spool"


def exposed(tmp_path: Path) -> set[str]:
    """The names of all metrics, as a server and a crawl expose them."""
    with Archive.open(str(tmp_path)) as archive:
        metrics = Metrics(archive)
        metrics.answered("home", "GET", 200, 0.1)
        server = set(re.findall(r"^(newsvault_\w+)[ {]", metrics.text().decode(), re.MULTILINE))
    source = (ROOT / "archiver" / "report" / "metrics.py").read_text("utf-8")
    return server | {f"newsvault_crawl_{name}" for name in re.findall(r'yield "(\w+)", "', source)}


def test_every_metric_of_the_board_and_the_rules_exists(tmp_path):
    known = exposed(tmp_path)
    board = json.loads((DEPLOY / "grafana" / "newsvault.json").read_text("utf-8"))
    shown = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    rules = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text("utf-8"))
    watched = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    assert len(shown) > 15
    assert len(watched) > 5
    for expression in [*shown, *watched]:
        assert expression.count("(") == expression.count(")"), expression
        named = set(re.findall(r"\bnewsvault_\w+", expression))
        assert named <= known, expression
    on_board = set(re.findall(r"\bnewsvault_crawl_\w+", "\n".join(shown)))
    assert {name for name in known if name.startswith("newsvault_crawl_")} <= on_board, (
        "nothing is left to be overlooked"
    )


def test_no_file_holds_a_secret():
    for _, one in documents():
        for table in tables(one):
            for name, value in table.items():  # Compose: NAME: value
                if SECRET.search(name) and isinstance(value, str):
                    assert re.fullmatch(r"\$\{\w+:[?-][^}]*\}", value), name
            if SECRET.search(str(table.get("name", ""))):  # Kubernetes: {name: NAME, valueFrom: …}
                assert "value" not in table, table
            assert table.get("kind") != "Secret"
    for path in [path for path in DEPLOY.rglob("*") if path.is_file()]:
        text = path.read_text("utf-8")
        assert not re.search(r"://[^/\s@]*:[^/\s@]+@", text), path
        assert not re.search(r"^Environment=.*(?:PASSWORD|SECRET|TOKEN|ACCESS_KEY)", text, re.MULTILINE), path


def test_every_variable_of_ours_is_one_that_the_program_reads():
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "archiver").rglob("*.py"))
    for path in [path for path in DEPLOY.rglob("*") if path.is_file()]:
        for name in re.findall(r"\bNEWSVAULT_[A-Z_]+\b", path.read_text("utf-8")):
            assert f'"{name}"' in source, f"{path}: {name}"


def test_every_container_in_the_cluster_has_limits_and_what_runs_has_probes():
    held = [(name, table) for name, table in containers() if (DEPLOY / "kubernetes" / name).exists()]
    assert len(held) == 6
    for name, table in held:
        assert table["resources"]["limits"].keys() == {"cpu", "memory"}, name
        assert table["securityContext"]["allowPrivilegeEscalation"] is False
        if table["name"] not in ("verify", "metrics"):
            assert "livenessProbe" in table, name


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze; Debian's package `systemd`")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path):
    program = shutil.which("true")
    for path in UNITS:
        text = path.read_text("utf-8").replace("/opt/newsvault/bin/archiver", str(program))
        (tmp_path / path.name.replace("@.", "@press.")).write_text(text, encoding="utf-8")
    run = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(map(str, tmp_path.iterdir()))],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert [line for line in run.stderr.splitlines() if "newsvault" in line] == []


def test_what_the_image_is_built_from_makes_the_wheel(tmp_path):
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    kept = [line[1:] for line in lines if line.startswith("!")]
    assert "*" in lines
    for name in kept:
        source = ROOT / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, tmp_path / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=tmp_path, check=True, capture_output=True
    )
    assert any(fnmatch(path.name, "newsvault-*.whl") for path in (tmp_path / "dist").iterdir())
    container = (DEPLOY / "Containerfile").read_text("utf-8")
    extras = re.search(r"'\.\[([\w,]+)\]'", container)
    assert extras
    assert set(extras[1].split(",")) == {"postgres", "remote", "web"}
