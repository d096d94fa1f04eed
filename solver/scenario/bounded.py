"""YAML nodes of a text that may be anything: how much of it is read, and how deep, is bounded."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import Node

MAX_BYTES = 4_000_000  # of a file
MAX_NODES = 100_000  # keys and values, those that an alias repeats counted again (reader.py)
MAX_DEPTH = 100


class TooLarge(Exception):
    """The text has too many values, too deep, or too many bytes; the message says which."""


class TooDeep(TooLarge):
    """The text is nested too deep."""


class _Composer(Composer):
    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader)
        self.count = self.depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self.count += 1
        self.depth += 1
        if self.count > 2 * MAX_NODES:
            raise TooLarge(f"more than {MAX_NODES} values")
        if self.depth > MAX_DEPTH:
            raise TooDeep
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


def read_bytes(path: Path) -> bytes:
    """A whole file; raises OSError, and TooLarge for one without an end, such as a device."""
    with path.open("rb") as stream:
        found = stream.read(MAX_BYTES + 1)
    if len(found) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES / 1e6:g} MB")
    return found


def compose(text: str) -> Node | None:
    """The root node of a YAML text; raises YAMLError, and TooLarge."""
    if len(text) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES / 1e6:g} million characters")
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is set again
            node: Node | None = yaml.compose(text)
    except RecursionError:
        raise TooDeep from None
    except (ValueError, OverflowError, AttributeError, AssertionError, IndexError) as error:
        # directives and escapes that ruamel trips over
        raise YAMLError(str(error).splitlines()[0] if str(error) else type(error).__name__) from None
    return node
