"""archiver init: writes a job file to start from. In: a folder. Out: a commented TOML file. Never: overwriting."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from archiver.errors import BadInput


@click.command(epilog="Example:  archiver init press && archiver crawl press/job.toml")
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--name", default="press", show_default=True, help="The job's name.")
@click.option("--url", default="https://news.example/", show_default=True, help="Where the crawl starts.")
def init(folder: Path, name: str, url: str) -> None:
    """Write a commented job file, FOLDER/job.toml."""
    path = folder / "job.toml"
    if path.exists():
        raise BadInput(str(path), "exists already; give another folder")
    template = resources.files("archiver.cli").joinpath("job.toml").read_text(encoding="utf-8")
    text = template.replace('name = "press"', f'name = "{name}"').replace("https://news.example/", url)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BadInput(str(path), f"cannot be written ({error.strerror})") from error
    click.echo(f"{path} is written; read it through, then:  archiver crawl {path}")
