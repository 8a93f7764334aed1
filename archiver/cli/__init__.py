"""The command line: one file per command, thin over the library. In: words. Out: data on stdout, an exit code.

Only the module of the command that runs is imported. Data goes to stdout, everything else to stderr; an error is one
line, and `docs/reference/exit-codes.md` says what each exit code means.
"""

from __future__ import annotations

import difflib
import errno
import importlib
import os
import sys
from typing import Any, NoReturn

import click

from archiver.errors import ArchiveError, StoreError, StoreFull

INTERRUPTED = 130
COMMANDS = {
    "crawl": ("archiver.cli.crawl", "crawl"),
    "status": ("archiver.cli.status", "status"),
    "report": ("archiver.cli.report", "report"),
    "pause": ("archiver.cli.orders", "pause"),
    "resume": ("archiver.cli.orders", "resume"),
    "stop": ("archiver.cli.orders", "stop"),
    "frontier": ("archiver.cli.frontier", "frontier"),
    "init": ("archiver.cli.init", "init"),
    "demo": ("archiver.cli.demo", "demo"),
    "search": ("archiver.cli.search", "search"),
    "list": ("archiver.cli.list", "list_"),
    "show": ("archiver.cli.show", "show"),
    "get": ("archiver.cli.get", "get"),
    "verify": ("archiver.cli.verify", "verify"),
    "stats": ("archiver.cli.stats", "stats"),
    "export": ("archiver.cli.export", "export"),
    "publish": ("archiver.cli.publish", "publish"),
    "serve": ("archiver.cli.serve", "serve"),
    "import": ("archiver.cli.import_", "import_"),
    "duplicates": ("archiver.cli.duplicates", "duplicates"),
    "diff": ("archiver.cli.diff", "diff"),
    "reindex": ("archiver.cli.reindex", "reindex"),
    "compact": ("archiver.cli.compact", "compact"),
    "cite": ("archiver.cli.cite", "cite"),
    "takedown": ("archiver.cli.takedown", "takedown"),
    "reextract": ("archiver.cli.reextract", "reextract"),
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

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:  # the reader has seen enough, so have we; click itself would exit with 1
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise click.exceptions.Exit(0) from None


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
    debug = "--debug" in words  # taken at any place
    try:
        code: Any = cli.main(
            args=[word for word in words if word != "--debug"], prog_name="archiver", standalone_mode=False
        )
        return code if isinstance(code, int) else 0
    except ArchiveError as error:
        if debug:
            raise
        return _fail(str(error), error.exit_code)
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return error.exit_code
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        where = context.command_path if context else "archiver"
        return _fail(f"{error.format_message().rstrip('.')}; see `{where} --help`", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", INTERRUPTED)
    except OSError as error:  # of what we write to: a full disk, a folder that is a file
        if debug:
            raise
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return _fail(
            f"{error.filename or 'output'}: {error.strerror}", (StoreFull if is_full else StoreError).exit_code
        )


def _fail(why: str, code: int) -> int:
    """Say in one line what is wrong; what a page or a file name puts into it cannot drive a terminal."""
    import logging

    from archiver.cli.output import note

    note(f"archiver: {' '.join(why.split())}", logging.ERROR)
    return code
