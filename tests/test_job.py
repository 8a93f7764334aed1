"""A job file: what it sets, and what it refuses with a cure."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from archiver import cli
from archiver.errors import BadInput
from archiver.job import KEYS, job_of, read_job
from tests import job_schema

SCHEMA = jsonschema.Draft202012Validator(job_schema.schema())
SEED = {"seeds": [{"url": "https://news.example/", "spider": "site"}]}


def test_a_job_is_sorted_into_seeds_options_store_and_arguments():
    job = job_of(
        {
            **SEED, "name": "press", "archive": "s3://press", "politeness": {"delay_seconds": 2},
            "storage": {"endpoint_url": "http://127.0.0.1:1", "patience_seconds": 5},
            "scope": {"exclude": ["*/print/*"]},
        }
    )  # fmt: skip
    assert [(seed.url, seed.spider) for seed in job.seeds] == [("https://news.example/", "site")]
    assert job.options == {"job": "press", "uri": "s3://press", "delay_seconds": 2, "patience_seconds": 5}
    assert job.store == {"endpoint_url": "http://127.0.0.1:1"}
    assert job.arguments == {"exclude": ["*/print/*"]}


def test_urls_of_a_seed_file_are_pages(tmp_path):
    (tmp_path / "urls.txt").write_text("# mine\nhttps://news.example/a\n\nhttps://news.example/b\n")
    (tmp_path / "job.toml").write_text('[[seeds]]\nfile = "urls.txt"\nspider = "urls"\n')
    job = read_job(tmp_path / "job.toml")
    assert [(seed.url, seed.spider) for seed in job.seeds] == [
        ("https://news.example/a", "page"),
        ("https://news.example/b", "page"),
    ]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({**SEED, "polite": {}}, "did you mean 'politeness'"),
        ({**SEED, "politeness": {"delay_second": 1}}, "did you mean 'delay_seconds'"),
        ({**SEED, "colection": "x"}, "did you mean 'collection'"),
        ({**SEED, "limits": {"max_pages": "many"}}, "must be a whole number"),
        ({**SEED, "limits": {"max_pages": -1}}, "must be a whole number"),
        ({**SEED, "hosts": {"a.example": {"max_page": 1}}}, "did you mean 'max_pages'"),
        ({**SEED, "hosts": {"a.example": {"max_pages": "2"}}}, "must be a whole number"),
        ({**SEED, "hosts": {"a b/": {"max_pages": 2}}}, "names no host"),
        ({**SEED, "hosts": {"depth": 2}}, "write .hosts"),
        ({**SEED, "collection": "Not a name!"}, "collection name"),
        ({"seeds": [{"url": "https://a.example/", "spider": "sites"}]}, "none of site, feed"),
        ({"seeds": [{"uri": "https://a.example/"}]}, "did you mean 'url'"),
        ({"seeds": [{}]}, "url or file"),
        ({}, "names no seeds"),
    ],
)
def test_what_a_job_cannot_say_is_refused_with_a_cure(data, words):
    with pytest.raises(BadInput, match=words):
        job_of(data)
    assert not SCHEMA.is_valid(data) or words == "names no host", "the schema knows it too, but for what a host is"


def test_the_schema_takes_what_the_code_takes():
    template = Path(cli.__file__).parent / "job.toml"
    pages = [path.read_text("utf-8") for path in (template.parent.parent.parent / "docs").rglob("*.md")]
    blocks = [block for text in pages for block in re.findall(r"```toml\n(.*?)```", text, re.DOTALL)]
    assert len(blocks) > 2
    for text in (template.read_text("utf-8"), *blocks):
        SCHEMA.validate({**SEED, **tomllib.loads(text)})
    for table, keys in KEYS.items():
        for key, kind in keys.items():
            value = {"text": "never", "number": 0.5, "whole number": 1, "true or false": True}.get(kind, [])
            value = "packs" if key == "layout" else value
            data = {**SEED, **({table: {key: value}} if table else {key: value})}
            SCHEMA.validate(data)
            job_of(data)


def test_a_host_has_a_table_of_its_own_by_the_name_that_urls_give_it():
    job = job_of({**SEED, "hosts": {"B\u00fccher.Example": {"max_pages": 5}, "a.example:80": {"depth": 1}}})
    assert job.options["hosts"] == {"xn--bcher-kva.example": {"max_pages": 5}, "a.example": {"depth": 1}}


def test_a_file_that_is_no_toml_or_not_there_is_one_line(tmp_path):
    bad = tmp_path / "job.toml"
    bad.write_text("name = [")
    with pytest.raises(BadInput, match="is not TOML"):
        read_job(bad)
    with pytest.raises(BadInput, match="archiver init"):
        read_job(tmp_path / "none.toml")


def test_the_template_of_init_is_a_job_with_every_table(tmp_path):
    text = (Path(cli.__file__).parent / "job.toml").read_text(encoding="utf-8")
    (tmp_path / "job.toml").write_text(text)
    job = read_job(tmp_path / "job.toml")
    assert job.options["job"] == "press"
    for table in filter(None, KEYS):
        assert f"[{table}]" in text
