"""What differs between two scenarios, named by the path of each option."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

_MISSING = object()
_SHOWN = 20
_SCHEME = ("numerics",)  # blocks of which resolved.yaml has every option
_FORMER = {"numerics.linear.rtol": 1e-8}  # defaults of earlier versions, where resolved.yaml now has nothing unless one is given


def differences(before: str, now: str, free: Sequence[str] = (), usual: Collection[str] = ()) -> list[str]:
    """One line per option that differs between two YAML texts (at most 20, then how many more); empty when equal.

    free: paths of options that may differ. usual: paths of options that are now as they are without being given, and may be new.
    """
    if before == now:
        return []
    try:
        reader = YAML(typ="safe", pure=True)
        old, new = dict(leaves("", reader.load(before))), dict(leaves("", reader.load(now)))
    except (YAMLError, ValueError, RecursionError, AttributeError, AssertionError, IndexError) as error:
        return [f"  resolved.yaml cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}"]
    lines = [
        f"  {path}: was {_show(old.get(path, _MISSING))}, is {_show(new.get(path, _MISSING))}"
        for path in {**old, **new}
        if old.get(path, _MISSING) != new.get(path, _MISSING) and path not in free and not _is_of_later(path, old, new, usual)
    ]
    return lines if len(lines) <= _SHOWN else [*lines[:_SHOWN], f"  and {len(lines) - _SHOWN} more"]


def _is_of_later(path: str, old: Mapping[str, Any], new: Mapping[str, Any], usual: Collection[str]) -> bool:
    """Whether an option is one that an earlier version did not know: it has its default, or is one of the numbers of a scheme.

    So is one that had the default of then, and has that of now. resolved.yaml holds every option of these blocks: one that is not
    there was not known.
    """
    if path in _FORMER and path not in new:
        return bool(old[path] == _FORMER[path])
    if path in old or any(other.startswith((f"{path}.", f"{path}[")) for other in old):
        return False
    block, _, option = path.partition(".")
    return path in usual or new.get(path, _MISSING) in ({}, [], None) or (block in _SCHEME and path in new and "." not in option)


def leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each option under a path, with its value."""
    if isinstance(value, dict) and value:
        for key, below in value.items():
            yield from leaves(f"{path}.{key}" if path else str(key), below)
    elif isinstance(value, list) and any(isinstance(v, (dict, list)) for v in value):
        for index, below in enumerate(value):
            yield from leaves(f"{path}[{index}]", below)
    else:
        yield path, value


def _show(value: Any) -> str:
    return "not there" if value is _MISSING else str(value)
