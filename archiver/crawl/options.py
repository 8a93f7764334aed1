"""CrawlOptions: everything a crawl can be told, read once. In: Scrapy settings. Out: one frozen value. Never: I/O."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from archiver.crawl.schedule import POLICIES
from archiver.errors import BadInput
from archiver.extraction.requisites import KINDS
from archiver.frontier.addresses import checked
from archiver.keys import LAYOUTS, PACK_BYTES, Layout
from archiver.logs import FORMATS as LOG_FORMATS

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

PREFIX = "ARCHIVE_"
HOST_OPTIONS = ("max_pages", "max_bytes", "max_seconds", "depth", "delay_seconds")
MiB = 1024 * 1024
SMALLEST_PACK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlOptions:
    """A crawl's knobs. Each field is the Scrapy setting `ARCHIVE_<FIELD>`; docs/reference/settings.md lists them."""

    uri: str = "archive"  # where snapshots go: a folder, or s3://bucket/prefix
    store: Mapping[str, Any] = field(default_factory=dict)  # options of the store: endpoint_url, region, profile …
    layout: Layout = "objects"  # an object for each body and record, or packs: many captures in one WARC file
    pack_bytes: int = PACK_BYTES  # when a pack is full
    collection: str = "default"
    job: str = ""  # the job's name; by default made from archive, collection and seeds
    crawl: str = ""  # the crawl's name; by default the job's name and the time
    state: str = ""  # folder of the job's ledger; by default inside a folder archive, else in the user's state folder
    frontier: str = field(default="", repr=False)  # postgresql://… of a ledger that workers share; "" = one of our own
    lease_seconds: float = 60.0  # how long a worker of a shared ledger may be silent before others take its hosts

    recrawl: str = "never"  # when a URL is asked for again: never, always, adaptive (archiver/crawl/schedule.py)

    requisites: tuple[str, ...] = ()  # what to fetch besides, so that a replay looks as the page did: css, images

    user_agent: str = ""  # filled from USER_AGENT
    robots: bool = True
    delay_seconds: float = 1.0  # between two requests to one host
    max_delay_seconds: float = 60.0  # a Crawl-delay above this is capped here, and said in the log
    concurrency: int = 16  # URLs in flight, from request to stored record
    per_host: int = 1  # requests to one host at the same time
    park_seconds: float = 300.0  # a Retry-After above this parks the host; its URLs end as deferred
    tries: int = 3  # attempts at a URL that fails in a way that may pass
    busy_tries: int = 8  # attempts at a URL whose server says 429 or 503 with Retry-After

    allow_private: bool = False  # any private or loopback address, any port
    allow: tuple[str, ...] = ()  # exceptions: host-or-network[:port]
    ports: tuple[int, ...] = (80, 443)
    insecure_hosts: tuple[str, ...] = ()  # hosts whose TLS certificate is not verified; recorded in each capture
    ca_file: str = ""  # a CA bundle beside the system's

    url_seconds: float = 45.0  # one deadline for one attempt at a URL
    connect_seconds: float = 10.0
    idle_seconds: float = 15.0  # silence
    body_bytes: int = 16 * MiB  # decoded
    head_bytes: int = 256 * 1024
    max_redirects: int = 20

    max_pages: int = 0  # pages asked for in this crawl; 0 = no limit
    max_bytes: int = 0  # body bytes kept in this crawl; 0 = no limit
    max_seconds: float = 0.0  # of this run; 0 = no limit
    max_barren_pages: int = 1000  # pages in a row without a new article
    max_barren_bytes: int = 250_000_000  # and their bytes: 250 KB for each of 1,000 pages, or 40 pages of 6 MB
    max_host_pages: int = 0  # pages of one host; 0 = no limit
    max_host_bytes: int = 0  # body bytes kept of one host; 0 = no limit
    max_host_seconds: float = 0.0  # since the first request to a host in this run; 0 = no limit
    hosts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # host → what is its own, see HOST_OPTIONS

    workers: int = 0  # extraction processes; 0 = one per core but one, at least one
    extract_seconds: float = 20.0
    worker_memory_mb: int = 448  # RLIMIT_DATA; a 16 MiB page then peaks at 393 MB
    put_threads: int = 8

    patience_seconds: float = 1800.0  # how long to wait for a store that is down
    metrics: str = ""  # a file that says where the job stands, for Prometheus's node_exporter; "" = none
    log_format: str = "text"  # of the log on stderr: text, or json with one object a line
    min_free_bytes: int = 32 * MiB  # below this much room on the disk of state or archive the crawl pauses

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.requisites) - set(KINDS)):
            raise BadInput(PREFIX + "REQUISITES", f"{unknown[0]!r} is none of {', '.join(KINDS)}")
        if self.recrawl not in POLICIES:
            raise BadInput(PREFIX + "RECRAWL", f"{self.recrawl!r} is none of {', '.join(POLICIES)}")
        if self.layout not in LAYOUTS:
            raise BadInput(PREFIX + "LAYOUT", f"{self.layout!r} is none of {', '.join(LAYOUTS)}")
        if self.pack_bytes < SMALLEST_PACK:
            raise BadInput(PREFIX + "PACK_BYTES", f"must be {SMALLEST_PACK:,} or more; 8 to 64 MiB is usual")
        if self.log_format not in LOG_FORMATS:
            raise BadInput(PREFIX + "LOG_FORMAT", f"{self.log_format!r} is none of {', '.join(LOG_FORMATS)}")
        for name in ("concurrency", "per_host", "put_threads", "tries", "busy_tries"):
            if getattr(self, name) < 1:
                raise BadInput(PREFIX + name.upper(), "must be 1 or more")
        if self.frontier:
            checked(self.frontier)
        if self.lease_seconds <= 0:
            raise BadInput(PREFIX + "LEASE_SECONDS", "must be more than 0")
        for name in ("delay_seconds", "url_seconds", "body_bytes", "head_bytes", "patience_seconds", "extract_seconds"):
            if getattr(self, name) < 0:
                raise BadInput(PREFIX + name.upper(), "must not be negative")

        for host, own in self.hosts.items():
            if unknown := sorted(set(own) - set(HOST_OPTIONS)):
                raise BadInput(f"{PREFIX}HOSTS, {host}, {unknown[0]!r}", f"known are {', '.join(HOST_OPTIONS)}")

    def of_host(self, host: str, name: str, default: float) -> float:
        """What the job says of this host alone, or the default of all."""
        return self.hosts.get(host, {}).get(name, default)

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> CrawlOptions:
        """Read the ARCHIVE_* settings; strings from a command line are turned into the field's type."""
        given: dict[str, Any] = {}
        for one in fields(cls):
            value = settings.get(PREFIX + one.name.upper())
            if value is not None and value != "":
                given[one.name] = _typed(one.name, str(one.type), value)
        given.setdefault("user_agent", settings.get("USER_AGENT") or "")
        return cls(**given)

    @property
    def worker_count(self) -> int:
        """How many extraction processes to run."""
        return self.workers or max(1, (os.cpu_count() or 2) - 1)


def _typed(name: str, kind: str, value: Any) -> Any:
    try:
        if kind == "bool":
            return value if isinstance(value, bool) else str(value).lower() in ("1", "true", "yes", "on")
        if kind == "int":
            return int(value)
        if kind == "float":
            return float(value)
        if kind.startswith("Mapping"):
            return json.loads(value) if isinstance(value, str) else value
        if kind.startswith("tuple"):
            parts = value.split(",") if isinstance(value, str) else value
            return tuple(int(part) if "int" in kind else str(part).strip() for part in parts if str(part).strip())
    except (TypeError, ValueError) as error:
        raise BadInput(PREFIX + name.upper(), f"{value!r} is not a valid {kind}") from error
    return value
