"""`invasio schema`: the JSON Schema of scenarios, or a reference page: of all options, codes of messages, or commands."""

from __future__ import annotations

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("--markdown", action="store_true", help="print the reference page of all options instead")
    parser.add_argument("--messages", action="store_true", help="print the page of all codes of messages instead")
    parser.add_argument("--commands", action="store_true", help="print the page of all commands instead")


def main(args: argparse.Namespace) -> int:
    """Print the schema."""
    if args.messages:
        from ..codes import markdown as messages

        print(messages(), end="")
        return 0
    if args.commands:
        from ..cli import COMMANDS, parser
        from ..reference import markdown as commands

        print(commands({name: _own(parser(name), name) for name in COMMANDS}, COMMANDS), end="")
        return 0
    if args.markdown:
        from ..scenario.reference import markdown

        print(markdown(), end="")
        return 0
    from ..scenario.schema import Scenario

    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Scenario.model_json_schema(by_alias=True)}
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0


def _own(top: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    found = next(action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    one: argparse.ArgumentParser = found.choices[name]
    return one
