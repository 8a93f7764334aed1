"""The docs: every command, option, error, setting, reason and record member is in them, and every link resolves."""

from __future__ import annotations

import dataclasses
import inspect
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

import archiver
from archiver import errors, model
from archiver.crawl.answers import NEVER_ASKED
from archiver.crawl.dry_run import Judged, Plan
from archiver.crawl.options import PREFIX, CrawlOptions
from archiver.crawl.papers import log_line
from archiver.fetch import FLAGS
from archiver.frontier import HostCounts, Line, Outcome
from archiver.job import HOST_KEYS, KEYS, SEED_KEYS, job_of
from archiver.report.figures import Figures, HostFigures, OverTime
from archiver.report.status import Status, Storage
from archiver.storage.s3_options import S3Options
from tests import job_schema
from tests.cli_reference import commands, page

ROOT = Path(__file__).parent.parent
REFERENCE = {path.name: path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("*.md")}
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def missing(words: list[str], text: str) -> list[str]:
    """Which of `words` are not in `text` as `code`, alone or at the beginning of it."""
    return [word for word in words if not re.search(rf"`{re.escape(word)}(?![\w-])", text)]


def test_the_page_of_the_command_line_is_what_the_commands_say():
    assert REFERENCE["cli.md"] == page(), "run: python -m tests.cli_reference > docs/reference/cli.md"


def test_every_command_and_option_explains_itself():
    for name, command in commands():
        assert command.help, name
        for option in command.params:
            assert not isinstance(option, click.Option) or option.hidden or option.help, f"{name} {option.name}"


def test_every_error_is_documented_with_its_exit_code():
    classes = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, errors.ArchiveError)]
    for one in classes:
        row = re.search(rf"^\| `{one.__name__}` .*\| (\d+) \|$", REFERENCE["errors.md"], re.MULTILINE)
        assert row, f"{one.__name__} is not in errors.md"
        assert int(row[1]) == one.exit_code, one.__name__
        assert re.search(rf"^\| {one.exit_code} \|", REFERENCE["exit-codes.md"], re.MULTILINE), one.__name__


def test_every_error_that_another_room_defines_is_documented():
    known = "|".join(name for name, one in inspect.getmembers(errors, inspect.isclass))
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "archiver").rglob("*.py"))
    others = re.findall(rf"^class ([A-Z]\w+)\((?:{known})\):", source, re.MULTILINE)
    assert missing(others, REFERENCE["errors.md"]) == []


def test_every_setting_is_documented():
    wanted = [PREFIX + field.name.upper() for field in dataclasses.fields(CrawlOptions)]
    assert missing(wanted, REFERENCE["settings.md"]) == []


def test_every_setting_that_the_documentation_names_exists():
    known = {PREFIX + field.name.upper() for field in dataclasses.fields(CrawlOptions)}
    for path in PAGES:
        named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
        assert named - known == set(), path


def test_the_defaults_of_numbers_in_the_settings_page_are_the_programs():
    for field in dataclasses.fields(CrawlOptions):
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            row = re.search(
                rf"^\| `{PREFIX}{field.name.upper()}` \|[^|]*\| `([^`]*)`", REFERENCE["settings.md"], re.MULTILINE
            )
            assert row, field.name
            number, _, unit = row[1].partition(" ")
            assert float(number) * {"": 1, "KiB": 1024, "MiB": 1024**2}[unit] == field.default, field.name


def test_every_option_of_an_s3_store_is_documented():
    assert missing([field.name for field in dataclasses.fields(S3Options)], REFERENCE["layout.md"]) == []


def test_every_member_of_a_record_is_documented():
    articles = [f"article.{field.name}" for field in dataclasses.fields(model.Article)]
    bodies = [f"html.{field.name}" for field in dataclasses.fields(model.Html)]
    assert missing([*articles, *bodies, "digest", "schema"], REFERENCE["record.md"]) == []


def test_every_outcome_verdict_and_flag_is_documented():
    words = [*map(str, Outcome), *map(str, model.Verdict), *FLAGS]
    assert missing(words, REFERENCE["outcomes.md"]) == []


def test_every_member_of_the_crawl_log_is_documented():
    line = Line(**dict.fromkeys(field.name for field in dataclasses.fields(Line)))
    assert missing(list(log_line(line)), REFERENCE["layout.md"]) == []


def test_every_member_of_status_report_and_dry_run_is_documented():
    status, report, dry_run = re.split("## The (?:report|dry run)\n", REFERENCE["report.md"])
    known = (
        (status, (Status, Storage, HostCounts)),
        (report, (Figures, HostFigures, OverTime)),
        (dry_run, (Plan, Judged)),
    )
    for text, classes in known:
        members = [field.name for one in classes for field in dataclasses.fields(one)]
        assert missing(members, text) == []


def test_every_event_is_documented():
    folders = (ROOT / "archiver" / "crawl", ROOT / "archiver" / "cli")
    source = "\n".join(path.read_text("utf-8") for folder in folders for path in folder.rglob("*.py"))
    kinds = set(re.findall(r"\.note\(\s*\"(\w+)\"", source))
    assert {"began", "storage_down", "ended"} <= kinds
    assert missing(sorted(kinds), (ROOT / "docs" / "explanation" / "ledger.md").read_text("utf-8")) == []


def test_every_reason_that_the_program_gives_is_documented():
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "archiver").rglob("*.py"))
    given = r'(?:FetchFailed|BadUrl|ExtractionFailed)\([\w.\[\]]+, "(\w+)"|Failure\(reason="(\w+)"|reason = "(\w+)"'
    words = {word for match in re.findall(given, source) for word in match if word}
    assert {"timeout", "bad_url", "blocked_address"} <= words
    words |= NEVER_ASKED
    assert missing(sorted(words), REFERENCE["outcomes.md"]) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_resolves(path: Path):
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path}: {target}"
        if anchor:
            assert anchor in _anchors(file.read_text("utf-8")), f"{path}: {target}"


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_code_blocks_hold_only_commands_that_exist(path: Path):
    known = dict(commands())
    for line in _bash_lines(path.read_text("utf-8")):
        words = shlex.split(line, comments=True)
        if words[:1] != ["archiver"] or words[1:2] == ["--help"] or words[1:2] == ["--version"]:
            continue
        command = known.get(" ".join(words[:2]))
        assert command is not None, f"{path.name}: {line}"
        options = {opt for p in command.params for opt in (*p.opts, *p.secondary_opts)}
        assert {word.partition("=")[0] for word in words if word.startswith("--")} <= options | {"--help"}, line


def test_the_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for path in PAGES:
        for line in _bash_lines(path.read_text("utf-8")):
            if match := re.match(r"make (\w+)", line):
                assert re.search(rf"^{match[1]}:", makefile, re.MULTILINE), f"{path.name}: {line}"


def _bash_lines(text: str) -> list[str]:
    blocks = re.findall(r"```(?:bash|sh)\n(.*?)```", text, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def test_every_environment_variable_of_ours_is_documented():
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "archiver").rglob("*.py"))
    wanted = sorted(set(re.findall(r'"(NEWSVAULT_[A-Z]+)"', source)))
    assert wanted
    assert missing(wanted, REFERENCE["settings.md"]) == []


def test_every_argument_of_the_spiders_is_documented():
    from archiver.crawl.seeded import SeededSpider

    arguments = [
        name for name, p in inspect.signature(SeededSpider.__init__).parameters.items() if p.kind is p.KEYWORD_ONLY
    ]
    assert missing([name for name in arguments if name != "seeds"], REFERENCE["spiders.md"]) == []


def test_every_key_of_the_job_file_is_in_the_section_of_its_table():
    sections = re.split(r"^## ", REFERENCE["job-file.md"], flags=re.MULTILINE)
    for table, keys in {**KEYS, "[seeds]": SEED_KEYS, 'hosts."news.example"': HOST_KEYS}.items():
        heading = f"`[{table}]`" if table else "Top level"
        text = next(part for part in sections if part.splitlines()[0] == heading)
        assert missing(list(keys), text) == [], heading


def test_the_schema_of_the_job_file_is_what_the_code_reads():
    published = (ROOT / "docs" / "reference" / "job-file.schema.json").read_text("utf-8")
    assert published == job_schema.text(), "run: python -m tests.job_schema > docs/reference/job-file.schema.json"


def test_the_job_files_of_the_documentation_can_be_read():
    for path in PAGES:
        for block in re.findall(r"```toml\n(.*?)```", path.read_text("utf-8"), re.DOTALL):
            data = tomllib.loads(block)
            job_of({"seeds": [{"url": "https://news.example/"}], **data}, source=path.name)


@pytest.mark.parametrize("name", ["OpenArchive", "ArchivedSnapshot", "Selected", "AsyncArchive"])
def test_every_member_of_the_python_api_is_documented(name: str):
    text = REFERENCE["python.md"]
    own = [member for member in vars(getattr(archiver, name)) if not member.startswith("_")]
    assert [member for member in own if not re.search(rf"`{member}(?!\w)", text)] == []
