"""archiver demo: serves the demo site, crawls it, shows what was kept. In: a folder. Out: an archive, a table."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from archiver.demo import DemoSite
from archiver.demo.trial import Kept, check_folder, earlier_port, kept, record_keys


@click.command()
@click.option("--into", default="demo-archive", show_default=True, type=click.Path(path_type=Path), help="The folder.")
@click.option("--keep-serving", is_flag=True, help="Go on serving the site until Ctrl-C, to look at it in a browser.")
def demo(into: Path, keep_serving: bool) -> None:
    """Try it: serve a small news site on loopback, crawl it into a folder, show what was kept.

    Nothing leaves this machine. A second run finds the same site with one article changed.
    """
    check_folder(into)
    before = record_keys(into)
    with DemoSite(port=earlier_port(into), edition=2 if before else 1) as site:
        command = crawl_arguments(site.url, into, again=bool(before))
        click.echo(f"The Harbour Courier is served at {site.url}\n$ archiver {shlex.join(command)}", err=True)
        code = subprocess.run([sys.executable, "-m", "archiver", *command], stdin=subprocess.DEVNULL).returncode
        if code:
            raise click.exceptions.Exit(code)
        found = kept(into, before)
        _show(found, into, next((url for url in site.articles if url in found.urls), None))
        if keep_serving:
            _wait(site.url)


def crawl_arguments(url: str, into: Path, *, again: bool) -> list[str]:
    """What a user would type behind `archiver`. The site is our own: it needs no pause between two requests."""
    more = ["--recrawl", "always"] if again else []
    return ["crawl", url, "--archive", str(into), "--allow-private", "--delay", "0", *more]


def _show(what: Kept, into: Path, example: str | None) -> None:
    console = Console()
    console.print(_table(what))
    archive = click.format_filename(into)
    console.print("\nLook at it:", highlight=False)
    for command in ("list", f"show {example}" if example else "stats", "verify"):
        click.echo(f"  {_program()} {command} --archive {shlex.quote(archive)}")


def _program() -> str:
    """How this very command is called from here: by name, or by path where it is not on PATH, as after `make demo`."""
    beside = Path(sys.executable).with_name("archiver")
    found = shutil.which("archiver")
    if not beside.is_file() or (found is not None and Path(found).samefile(beside)):
        return "archiver"
    return shlex.quote(str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside))


def _table(what: Kept) -> Table:
    table = Table(title="Kept in this run", title_justify="left", show_header=False)
    table.add_row("articles", str(what.articles))
    table.add_row("duplicates and revisits", str(what.repeats))
    table.add_row("articles that changed since", str(len(what.changed)))
    table.add_row("other pages", str(what.other_pages))
    for reason, count in sorted(what.failures.items()):
        table.add_row(f"failures: {reason}", str(count))
    return table


def _wait(url: str) -> None:
    click.echo(f"\nStill serving {url}; Ctrl-C ends it.", err=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        click.echo("", err=True)
