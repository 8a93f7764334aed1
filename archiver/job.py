"""Job: what a crawl job file says. In: TOML. Out: crawl options, spider arguments, seeds; and back. Never: Scrapy.

Every key is documented in docs/reference/job-file.md; an unknown one is refused with the nearest known one.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.errors import BadInput, BadUrl
from archiver.keys import checked_name
from archiver.model import Seed
from archiver.urls import authority, without_credentials

SPIDERS = ("site", "feed", "sitemap", "urls")
ROLES = {"site": "site", "feed": "feed", "sitemap": "sitemap", "urls": "page"}
TEXT, NUMBER, WHOLE, YES = "text", "number", "whole number", "true or false"
TEXTS, WHOLES = "list of texts", "list of numbers"
CHECKS: Mapping[str, Any] = {
    TEXT: lambda value: isinstance(value, str),
    NUMBER: lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value >= 0,
    WHOLE: lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 0,
    YES: lambda value: isinstance(value, bool),
    TEXTS: lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    WHOLES: lambda value: isinstance(value, list) and all(isinstance(one, int) for one in value),
}
KEYS: Mapping[str, Mapping[str, str]] = {
    "": {
        "name": TEXT, "archive": TEXT, "collection": TEXT, "state": TEXT, "frontier": TEXT,
        "lease_seconds": NUMBER, "workers": WHOLE, "recrawl": TEXT,
        "requisites": TEXTS, "layout": TEXT,
    },
    "scope": {
        "hosts": TEXTS, "domains": TEXTS, "prefixes": TEXTS, "include": TEXTS, "exclude": TEXTS, "narrow": YES,
        "anywhere": YES, "depth": WHOLE,
    },
    "dates": {"since": TEXT, "until": TEXT},
    "politeness": {
        "user_agent": TEXT, "robots": YES, "delay_seconds": NUMBER, "max_delay_seconds": NUMBER, "per_host": WHOLE,
        "concurrency": WHOLE, "park_seconds": NUMBER, "tries": WHOLE, "busy_tries": WHOLE,
    },
    "limits": {
        "max_pages": WHOLE, "max_bytes": WHOLE, "max_seconds": NUMBER, "max_barren_pages": WHOLE,
        "max_barren_bytes": WHOLE,
        "max_host_pages": WHOLE, "max_host_bytes": WHOLE, "max_host_seconds": NUMBER,
        "url_seconds": NUMBER, "connect_seconds": NUMBER, "idle_seconds": NUMBER,
        "body_bytes": WHOLE, "head_bytes": WHOLE, "max_redirects": WHOLE, "extract_seconds": NUMBER,
        "worker_memory_mb": WHOLE,
    },
    "network": {"allow_private": YES, "allow": TEXTS, "ports": WHOLES, "insecure_hosts": TEXTS, "ca_file": TEXT},
    "storage": {
        "endpoint_url": TEXT, "region": TEXT, "profile": TEXT, "addressing_style": TEXT, "anonymous": YES, "sse": TEXT,
        "sse_kms_key_id": TEXT, "storage_class": TEXT, "object_lock_days": WHOLE, "object_lock_mode": TEXT,
        "put_threads": WHOLE, "patience_seconds": NUMBER, "min_free_bytes": WHOLE, "pack_bytes": WHOLE,
    },
}  # fmt: skip
OF_THE_CRAWL = frozenset(
    {"put_threads", "patience_seconds", "min_free_bytes", "pack_bytes"}
)  # in [storage], but not the store's own
HOST_KEYS: Mapping[str, str] = {
    "max_pages": WHOLE, "max_bytes": WHOLE, "max_seconds": NUMBER, "depth": WHOLE, "delay_seconds": NUMBER,
}  # fmt: skip
_SPIDER = {role: spider for spider, role in ROLES.items()}
SEED_KEYS: Mapping[str, str] = {"url": TEXT, "file": TEXT, "spider": TEXT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the crawl takes it: seeds, CrawlOptions' fields, the store's options, the spider's arguments."""

    seeds: tuple[Seed, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    store: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)


def read_job(path: Path) -> Job:
    """Read a job file. Raises BadInput, with the place and the cure."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BadInput(str(path), "no such file; `archiver init` writes one to start from") from error
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(path), f"is not TOML: {error}") from error
    return job_of(data, source=str(path), folder=path.parent)


def job_of(data: Mapping[str, Any], *, source: str = "job", folder: Path = Path()) -> Job:
    """Check a job's tables and sort them into what the crawl takes. Raises BadInput."""
    tables = {name: value for name, value in data.items() if isinstance(value, dict)}
    plain = {name: value for name, value in data.items() if name not in tables and name != "seeds"}
    hosts = tables.pop("hosts", {})
    _known(source, tables, [*(name for name in KEYS if name), "hosts"], "table")
    for table, values in {"": plain, **tables}.items():
        _checked(source, table, values, KEYS[table])
    options: dict[str, Any] = {
        {"name": "job", "archive": "uri"}.get(name, name): value for name, value in plain.items()
    }
    for table in ("politeness", "limits", "network"):
        options.update(tables.get(table, {}))
    if hosts:
        options["hosts"] = _hosts(source, hosts)
    storage = tables.get("storage", {})
    options.update({name: value for name, value in storage.items() if name in OF_THE_CRAWL})
    if "collection" in options:
        checked_name(options["collection"])
    if "job" in options:
        checked_name(options["job"], what="job")
    return Job(
        seeds=_seeds(source, data.get("seeds"), folder),
        options=options,
        store={name: value for name, value in storage.items() if name not in OF_THE_CRAWL},
        arguments={**tables.get("scope", {}), **tables.get("dates", {})},
    )


def job_text(job: Job) -> str:
    """A job as a file that `read_job` takes, without secrets: what stands before an `@` in a URL is left out.

    For the archive: so that years later it is still known what a crawl was told.
    """
    names = {"job": "name", "uri": "archive"}
    options = {names.get(name, name): value for name, value in job.options.items() if name != "hosts"}
    said = options | {**job.store} | {**job.arguments}
    lines = []
    for table, keys in KEYS.items():
        given = [f"{key} = {_toml(said[key])}" for key in keys if key in said and said[key] is not None]
        if given:
            lines += ([f"\n[{table}]"] if table else []) + given
        if not table:
            lines += [f'\n[[seeds]]\nurl = {_toml(seed.url)}\nspider = "{_SPIDER[seed.spider]}"' for seed in job.seeds]
    for host, own in job.options.get("hosts", {}).items():
        lines += [f"\n[hosts.{_toml(host)}]", *(f"{key} = {_toml(value)}" for key, value in own.items())]
    return "\n".join(lines).lstrip("\n") + "\n"


def _toml(value: Any) -> str:
    """A value as TOML has it; its strings are JSON's, but for one control character."""
    if isinstance(value, str):
        return json.dumps(without_credentials(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _seeds(source: str, given: Any, folder: Path) -> tuple[Seed, ...]:
    if not isinstance(given, list) or not given:
        raise BadInput(source, 'names no seeds; add [[seeds]] with url = "https://…" and spider = "site"')
    seeds: list[Seed] = []
    for one in given:
        if not isinstance(one, dict):
            raise BadInput(source, "each of [[seeds]] is a table with url (or file) and spider")
        _known(source, one, list(SEED_KEYS), "key in [[seeds]]")
        spider = one.get("spider", "site")
        if spider not in SPIDERS:
            raise BadInput(source, f"spider {spider!r} is none of {', '.join(SPIDERS)}")
        urls = [one["url"]] if one.get("url") else []
        if one.get("file"):
            urls += _lines(source, folder / one["file"])
        if not urls:
            raise BadInput(source, "a seed needs url or file")
        seeds += [Seed(url=url, spider=ROLES[spider]) for url in urls]
    return tuple(seeds)


def _lines(source: str, path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(source, f"seed file {path} cannot be read ({error})") from error
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _hosts(source: str, hosts: Mapping[str, Any]) -> dict[str, Mapping[str, float]]:
    """The tables [hosts."news.example"], by the host as a URL's authority has it."""
    found: dict[str, Mapping[str, float]] = {}
    for host, own in hosts.items():
        if not isinstance(own, dict):
            raise BadInput(source, f'write [hosts."news.example"] and below it {", ".join(HOST_KEYS)}')
        _checked(source, f'hosts."{host}"', own, HOST_KEYS)
        try:
            found[authority(f"http://{host}/")] = own
        except BadUrl as error:
            raise BadInput(source, f"[hosts.{json.dumps(host)}] names no host; write host or host:port") from error
    return found


def _checked(source: str, table: str, values: Mapping[str, Any], keys: Mapping[str, str]) -> None:
    where = f"key in [{table}]" if table else "key"
    _known(source, values, list(keys), where)
    for name, value in values.items():
        kind = keys[name]
        if not CHECKS[kind](value):
            raise BadInput(source, f"{name} = {value!r} must be a {kind}")


def _known(source: str, given: Mapping[str, Any], known: list[str], what: str) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            raise BadInput(source, f"unknown {what} {name!r}{hint}")
