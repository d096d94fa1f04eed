"""Which arrays a compiled kernel reads and writes, taken from its source, so that the count follows the code."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from invasio.solver.kernels.edges import EXACT, EdgeLaw

Access = dict[str, tuple[bool, bool]]  # parameter, or parameter[k] of a tuple -> (read, written)


@functools.cache
def access(function: Callable[..., Any]) -> Access:
    """Reads and writes by element, per array parameter; components of a tuple parameter are called ``name[k]``."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(definition, ast.FunctionDef)
    alias: dict[str, str] = {}
    found: Access = {}

    def note(node: ast.AST, read: bool, written: bool) -> None:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            name = alias.get(node.value.id, node.value.id)
            before = found.get(name, (False, False))
            found[name] = (before[0] or read, before[1] or written)

    for node in ast.walk(definition):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Name):
            for k, part in enumerate(node.targets[0].elts):
                if isinstance(part, ast.Name):
                    alias[part.id] = f"{node.value.id}[{k}]"
    for node in ast.walk(definition):
        if isinstance(node, ast.AugAssign):
            note(node.target, read=True, written=True)
        elif isinstance(node, ast.Subscript):
            note(node, read=isinstance(node.ctx, ast.Load), written=isinstance(node.ctx, ast.Store))
    return found


def arrays(function: Callable[..., Any], arguments: Sequence[Any]) -> list[tuple[str, np.ndarray, bool, bool]]:
    """(name, array, read, written) of the arrays of one call, each piece of memory once.

    The branches of a kernel are not told apart, with one exception: a law's own density is read for the exact mean only.
    """
    flags = access(function)
    merged: dict[tuple[int, int], tuple[str, np.ndarray, bool, bool]] = {}
    for parameter, argument in zip(inspect.signature(function).parameters, arguments, strict=False):
        parts = [(f"{parameter}[{k}]", part) for k, part in enumerate(argument)] if isinstance(argument, tuple) else [(parameter, argument)]
        unread = argument.density if isinstance(argument, EdgeLaw) and argument.mean != EXACT else None
        for name, part in parts:
            if part is not unread and isinstance(part, np.ndarray) and name in flags:
                key = (part.__array_interface__["data"][0], part.nbytes)
                _, _, read, written = merged.get(key, (name, part, False, False))
                merged[key] = (name, part, read or flags[name][0], written or flags[name][1])
    return list(merged.values())
