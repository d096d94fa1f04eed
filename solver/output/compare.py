"""What differs between two scenarios, named by the path of each option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_MISSING = object()
_SHOWN = 20


def differences(before: str, now: str, free: Sequence[str] = ()) -> list[str]:
    """One line per option that differs between two YAML texts (at most 20, then how many more); empty when equal.

    free: paths of options that may differ.
    """
    if before == now:
        return []
    try:
        reader = YAML(typ="safe", pure=True)
        old, new = dict(_leaves("", reader.load(before))), dict(_leaves("", reader.load(now)))
    except (YAMLError, ValueError, RecursionError, AttributeError, AssertionError, IndexError) as error:
        return [f"  resolved.yaml cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"]
    lines = [
        f"  {path}: was {_show(old.get(path, _MISSING))}, is {_show(new.get(path, _MISSING))}"
        for path in {**old, **new}
        if old.get(path, _MISSING) != new.get(path, _MISSING) and path not in free and not _is_new_and_empty(path, old, new)
    ]
    return lines if len(lines) <= _SHOWN else [*lines[:_SHOWN], f"  and {len(lines) - _SHOWN} more"]


def _is_new_and_empty(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether an option is one that an earlier version did not know, and nothing is given for it."""
    return path not in old and new[path] in ({}, [], None) and not any(other.startswith((f"{path}.", f"{path}[")) for other in old)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), below)
    elif isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        for index, below in enumerate(value):
            yield from _leaves(f"{path}[{index}]", below)
    else:
        yield path, value


def _show(value: Any) -> str:
    return "not there" if value is _MISSING else str(value)
