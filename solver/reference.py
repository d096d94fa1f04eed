"""The page of all commands with their options, made from their parsers."""

from __future__ import annotations

import argparse
import io
import re
from collections.abc import Iterator

_WIDTH = 10_000  # of usage lines: tables wrap by themselves


def markdown(commands: dict[str, argparse.ArgumentParser], meanings: dict[str, str]) -> str:
    """A section per command: usage, and a table of its arguments; of commands with commands of their own, these below."""
    out = io.StringIO()
    out.write("# Commands\n\nMade by `invasio schema --commands`. `invasio COMMAND --help` says the same. Commands of the launcher itself ")
    out.write("(`test`, `env`, `shell`, `bits`): `./invasio --help`.\n\n| command | does |\n|---|---|\n")
    out.writelines(f"| [`{name}`](#invasio-{name}) | {_cell(meanings[name])} |\n" for name in commands)
    for name, parser in commands.items():
        out.write(f"\n## `invasio {name}`\n\n{parser.description}\n")
        for one in [parser, *_below(parser)]:
            out.writelines(_section(one))
    return out.getvalue()


def _below(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.values()


def _section(parser: argparse.ArgumentParser) -> Iterator[str]:
    formatter = argparse.HelpFormatter(parser.prog, width=_WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups)
    usage = re.sub(r"\s+", " ", formatter.format_help().removeprefix("usage: ")).strip().replace(" [-h]", "")
    yield f"\n    {usage}\n\n"
    rows = [action for action in parser._actions if action.help not in (None, argparse.SUPPRESS) and action.dest != "help"]
    if rows:
        yield "| argument | meaning |\n|---|---|\n"
    for action in rows:
        yield f"| {_name(action)} | {_cell(str(action.help) % {**vars(action), 'prog': parser.prog})} |\n"


def _name(action: argparse.Action) -> str:
    value = action.metavar or ("{" + ",".join(map(str, action.choices)) + "}" if action.choices else action.dest.upper())
    word = " ".join(value) if isinstance(value, tuple) else str(value)
    if not action.option_strings:
        return f"`{_cell(word)}`"
    takes = "" if action.nargs == 0 else f" {word}"
    return ", ".join(f"`{_cell(option + takes)}`" for option in action.option_strings)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
