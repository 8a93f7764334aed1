"""The page docs/reference/cli.md, made of the commands' own help. In: the click tree. Out: Markdown. Never: files.

python -m tests.cli_reference > docs/reference/cli.md    after a change of a command
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import click

from archiver import cli

HEAD = """\
# Command line

Made of the commands' own `--help` by `python -m tests.cli_reference`.

Data goes to standard output, progress and errors to standard error. Errors are one line that says how to mend it, and
an [exit code](exit-codes.md). `archiver --help` lists the commands, `archiver --version` prints the version.
"""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command of the command line: `archiver`, `archiver crawl` and so on."""
    yield from _below("archiver", cli.cli)


def page() -> str:
    """The whole page."""
    return HEAD + "".join(_section(name, command) for name, command in commands() if name != "archiver")


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            found = command.get_command(context, word)
            assert found is not None, word
            if not found.hidden:
                yield from _below(f"{name} {word}", found)


def _section(name: str, command: click.Command) -> str:
    arguments = [p.make_metavar(click.Context(command)) for p in command.params if isinstance(p, click.Argument)]
    parts = [f"\n## {name}\n", f"`{' '.join([name, *arguments])}`\n", f"{_text(command.help)}\n"]
    options = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    if options:
        parts.append("| option | meaning |\n|---|---|\n" + "\n".join(map(_row, options)) + "\n")
    if command.epilog:
        parts.append(_text(command.epilog) + "\n")
    return "\n".join(parts)


def _row(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in sorted((*option.opts, *option.secondary_opts), key=len, reverse=True))
    meaning = (option.help or "").replace("  ", " ").strip()
    if isinstance(option.type, click.Choice):
        meaning = f"{meaning} One of {', '.join(f'`{one}`' for one in option.type.choices)}."
    if option.show_default and option.default not in (None, False, ()):
        meaning += f" [default: {option.default}]"
    if isinstance(option.envvar, str):
        meaning += f" Without it: the variable `{option.envvar}`."
    return f"| {names} | {_cell(meaning)} |"


def _cell(text: str) -> str:
    return text.strip().replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;").replace("\n", " ")


def _text(help_text: str | None) -> str:
    paragraphs = re.split(r"\n\s*\n", textwrap.dedent(help_text or "").strip())
    shown = []
    for one in paragraphs:
        if one.startswith("\b"):
            shown.append("```\n" + one.removeprefix("\b").strip("\n") + "\n```")
        else:
            shown.append(" ".join(one.split()).replace("<", "&lt;"))
    return "\n\n".join(shown)


if __name__ == "__main__":
    print(page(), end="")
