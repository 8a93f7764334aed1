"""archiver crawl: fetches articles and keeps them. In: URLs or a job file. Out: snapshots, an exit code."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import click

from archiver.cli.output import log_format_option, note
from archiver.errors import BadInput
from archiver.job import ROLES, SPIDERS, Job, read_job
from archiver.keys import LAYOUTS, checked_name
from archiver.model import Seed


@click.command(epilog="Example:  archiver crawl https://news.example/ --archive ./press --max-pages 500")
@click.argument("what", nargs=-1, metavar="[JOB.toml | URL …]")
@click.option("--spider", type=click.Choice(SPIDERS), default=None, help="How articles are found; for a URL `site`.")
@click.option("--file", "-i", type=click.Path(allow_dash=True), help="A file with one URL a line; - is stdin.")
@click.option(
    "--archive", envvar="NEWSVAULT_ARCHIVE", metavar="URI", help="A folder or s3://bucket/prefix.  [default: archive]"
)
@click.option("--collection", help="The collection the records go to.  [default: default]")
@click.option("--job", "name", help="The job's name; the same name (or the same seeds) resumes the same job.")
@click.option("--state", type=click.Path(file_okay=False), help="Folder for the job's ledger.")
@click.option(
    "--frontier",
    envvar="NEWSVAULT_FRONTIER",
    metavar="URL",
    help="postgresql://…: a ledger that any number of workers share, each started with this same command.",
)
@click.option(
    "--recrawl",
    type=click.Choice(["never", "always", "adaptive"]),
    help="Articles of earlier rounds: leave, ask again, or ask 1 h, 1 d and 7 d after their capture.",
)
@click.option(
    "--requisites",
    metavar="KINDS",
    help="Fetch what a replay needs to look as the page did: css, images, or both with a comma.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="An object for each body and record, or packs: many captures in one WARC file.  [default: objects]",
)
@click.option("--from", "since", metavar="TIME", help="Leave out what is dated before: 2026, 20261102, 2026-11-02.")
@click.option("--to", "until", metavar="TIME", help="Leave out what is dated after.")
@click.option("--domain", "domains", multiple=True, help="A further domain in scope, with all under it. Repeatable.")
@click.option("--include", multiple=True, metavar="GLOB", help="Only URLs that match one of these. Repeatable.")
@click.option("--exclude", multiple=True, metavar="GLOB", help="No URL that matches one of these. Repeatable.")
@click.option("--narrow", is_flag=True, help="Stay under each seed's folder.")
@click.option("--anywhere", is_flag=True, help="Items of feeds and sitemaps may lie on any host.")
@click.option("--depth", type=click.IntRange(0), help="Links to follow from a seed.  [default: 20]")
@click.option("--max-pages", type=click.IntRange(0), help="End after so many URLs; 0 = no limit.")
@click.option("--max-seconds", type=click.FloatRange(0), help="End after so many seconds; 0 = no limit.")
@click.option(
    "--delay", type=click.FloatRange(0), metavar="SECONDS", help="Between two requests to one host.  [default: 1]"
)
@click.option("--per-host", type=click.IntRange(1), help="Requests to one host at a time.  [default: 1]")
@click.option("--concurrency", type=click.IntRange(1), help="URLs in flight.  [default: 16]")
@click.option("--workers", type=click.IntRange(0), help="Processes that read pages; 0 = one per core but one.")
@click.option("--user-agent", help="Who we are; put a contact in it.")
@click.option("--no-robots", is_flag=True, help="Do not ask robots.txt: only for sites of your own.")
@click.option(
    "--allow-private", is_flag=True, help="Private and loopback addresses, and any port: tests and intranets."
)
@click.option("--allow", multiple=True, metavar="HOST[:PORT]", help="An exception to the network guard. Repeatable.")
@click.option(
    "--insecure-host", "insecure_hosts", multiple=True, help="Do not verify this host's certificate. Repeatable."
)
@click.option(
    "--patience", type=click.FloatRange(0), metavar="SECONDS", help="How long to wait for a store that is down."
)
@click.option("--endpoint-url", help="S3 endpoint, for MinIO, SeaweedFS, R2 ….")
@click.option("--region", help="S3 region.")
@click.option("--profile", help="AWS profile.")
@click.option(
    "--set", "-s", "settings", multiple=True, metavar="NAME=VALUE", help="Any Scrapy or ARCHIVE_* setting. Repeatable."
)
@click.option("--dry-run", is_flag=True, help="Show what the job would do, and ask nobody.")
@click.option(
    "--url", "urls", multiple=True, help="With --dry-run: what would become of it; - reads stdin. Repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="With --dry-run: as JSON.")
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False),
    metavar="FILE",
    help="Keep where the job stands in FILE, for Prometheus's node_exporter: its textfile collector reads *.prom.",
)
@log_format_option
@click.option("--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]), help="[default: INFO]")
@click.option("--quiet", "-q", is_flag=True, help="Warnings only, no summary.")
def crawl(
    what: tuple[str, ...], quiet: bool, dry_run: bool, urls: tuple[str, ...], as_json: bool, **given: Any
) -> None:
    """Crawl articles into an archive: from URLs, or as a job file says.

    Run the same command again to resume after a stop, a crash or a full disk; after a complete crawl it looks for what
    is new. Ends with 0 only when every URL has its outcome.
    """
    job = _job(what, given)
    spider = given["spider"] or _spider_of(job)
    if dry_run:
        from archiver.cli.dry_run import show

        show(spider, _arguments(job, given), _settings(job, given, quiet), urls=_judged(urls), as_json=as_json)
        return
    if urls or as_json:
        raise BadInput("--url" if urls else "--json", "is for --dry-run")
    from archiver.crawl import run  # Scrapy loads here, and only for crawls
    from archiver.project import find

    ended = run.crawl(find(), spider, _arguments(job, given), _settings(job, given, quiet))
    if not quiet:
        _summary(ended)
    run.leave(ended.code)


def _job(what: tuple[str, ...], given: dict[str, Any]) -> Job:
    files = [one for one in what if one.endswith(".toml") and "://" not in one]
    if files:
        if len(what) > 1 or given["file"]:
            raise BadInput(files[0], "give either one job file or URLs")
        return read_job(Path(files[0]))
    spider = given["spider"] or ("urls" if given["file"] else "site")
    urls = [*what, *(_lines(given["file"]) if given["file"] else [])]
    if not urls:
        raise BadInput("nothing to crawl", "give URLs, --file, or a job file; `archiver init` writes one")
    for url in urls:
        if "://" not in url:
            raise BadInput(url, f"is no URL and no job file; did you mean https://{url} ?")
    return Job(seeds=tuple(Seed(url=url, spider=ROLES[spider]) for url in urls))


def _judged(urls: tuple[str, ...]) -> list[str]:
    return [one for url in urls for one in (_lines("-") if url == "-" else [url])]


def _lines(file: str) -> list[str]:
    try:
        with click.open_file(file, encoding="utf-8", errors="replace") as stream:
            lines = [line.strip() for line in stream]
    except OSError as error:
        raise BadInput(file, f"cannot be read ({error.strerror})") from error
    return [line for line in lines if line and not line.startswith("#")]


def _spider_of(job: Job) -> str:
    """The spider whose role the seeds have; with mixed seeds any will do, since each seed brings its own role."""
    roles = {seed.spider for seed in job.seeds}
    return next((name for name in SPIDERS if ROLES[name] in roles), "site")


def _arguments(job: Job, given: dict[str, Any]) -> dict[str, Any]:
    arguments: dict[str, Any] = {**job.arguments, "seeds": job.seeds}
    for name in ("since", "until", "depth"):
        if given[name] is not None:
            arguments[name] = given[name]
    for name in ("domains", "include", "exclude"):
        if given[name]:
            arguments[name] = [*arguments.get(name, ()), *given[name]]
    for name in ("narrow", "anywhere"):
        if given[name]:
            arguments[name] = True
    return arguments


OPTIONS = {
    "archive": "uri", "collection": "collection", "name": "job", "state": "state", "frontier": "frontier",
    "recrawl": "recrawl",
    "max_pages": "max_pages", "max_seconds": "max_seconds", "delay": "delay_seconds", "per_host": "per_host",
    "concurrency": "concurrency", "workers": "workers", "user_agent": "user_agent", "patience": "patience_seconds",
    "allow": "allow", "insecure_hosts": "insecure_hosts", "layout": "layout", "metrics": "metrics",
    "log_format": "log_format",
}  # fmt: skip


def _settings(job: Job, given: dict[str, Any], quiet: bool) -> dict[str, Any]:
    options = dict(job.options)
    for name, option in OPTIONS.items():
        if given[name] not in (None, (), ""):
            options[option] = given[name]
    if given["requisites"]:
        options["requisites"] = given["requisites"].split(",")
    if given["no_robots"]:
        options["robots"] = False
    if given["allow_private"]:
        options["allow_private"] = True
    if "collection" in options:
        checked_name(options["collection"])
    store = dict(job.store) | {name: given[name] for name in ("endpoint_url", "region", "profile") if given[name]}
    settings: dict[str, Any] = {f"ARCHIVE_{name.upper()}": value for name, value in options.items()}
    if store:
        settings["ARCHIVE_STORE"] = store
    if "user_agent" in options:
        settings["USER_AGENT"] = options["user_agent"]
    if quiet or given["log_level"]:
        settings["LOG_LEVEL"] = "WARNING" if quiet else given["log_level"]
    for one in given["settings"]:
        name, equals, value = one.partition("=")
        if not equals:
            raise BadInput(f"--set {one}", "write NAME=VALUE, for example --set DEFAULT_REQUEST_HEADERS='{…}'")
        settings[name] = value
    return settings


def _summary(ended: Any) -> None:
    counts = ended.counts
    if counts is not None:
        note(f"crawl {ended.crawl}: {_words(counts.outcomes) or 'nothing fetched'}")
        if counts.reasons:
            note(f"  reasons: {_words(counts.reasons)}")
        if counts.dropped:
            note(f"  links left out: {_words(counts.dropped)}")
        if counts.pending + counts.leased:
            note(f"  {counts.pending + counts.leased} URLs are left; run the same command again to go on")
    if ended.problem is not None:
        note(f"archiver: {ended.problem}", logging.ERROR)


def _words(numbers: Any) -> str:
    return ", ".join(f"{n} {name}" for name, n in sorted(numbers.items(), key=lambda pair: (-pair[1], pair[0])))
