"""The command line: one file per command, thin over the library. In: words. Out: data on stdout, an exit code.

Only the module of the command that runs is imported. Data goes to stdout, everything else to stderr; an error is one
line, and `docs/reference/exit-codes.md` says what each exit code means.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from typing import Any, NoReturn

import click

from archiver.errors import ArchiveError

INTERRUPTED = 130
COMMANDS = {
    "crawl": ("archiver.cli.crawl", "crawl"),
    "init": ("archiver.cli.init", "init"),
    "demo": ("archiver.cli.demo", "demo"),
    "list": ("archiver.cli.list", "list_"),
    "show": ("archiver.cli.show", "show"),
    "get": ("archiver.cli.get", "get"),
    "verify": ("archiver.cli.verify", "verify"),
    "stats": ("archiver.cli.stats", "stats"),
}


class LazyGroup(click.Group):
    """Imports a command when it is asked for: `archiver list` never loads Scrapy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(COMMANDS)}"
            raise click.UsageError(f"no such command {args[0]!r}; {hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]}, invoke_without_command=False)
@click.version_option(package_name="newsvault", prog_name="archiver")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
def cli(debug: bool) -> None:
    """Archive news articles, and prove that nothing was lost.

    Begin with `archiver demo`, then `archiver crawl URL --archive FOLDER`.
    """


def main() -> NoReturn:
    """Run the command line and exit: the console entry."""
    sys.exit(_run(sys.argv[1:]))


def _run(words: list[str]) -> int:
    debug = "--debug" in words
    try:
        code: Any = cli.main(args=words, prog_name="archiver", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except ArchiveError as error:
        if debug:
            raise
        click.echo(f"archiver: {error}", err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.UsageError as error:
        error.show()
        return 2
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("archiver: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has seen enough, so have we
        return 0
