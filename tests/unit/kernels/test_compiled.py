"""Compiled functions are kept from run to run, and never beyond a change of what they were made of."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from invasio import solver
from invasio.solver.kernels import compiled

ROOT = Path(next(iter(solver.__path__))).resolve()
KERNELS = "invasio.solver.kernels"
CALLEE = """
from typing import NamedTuple
from .compiled import compiled

class {name}(NamedTuple):
    a: float

@compiled(inline={inline})
def inner(x: {name}) -> float:
    return {factor} * x.a
"""
CALLER = """
import sys
from kernels.callee import {name}, inner
from kernels.compiled import compiled

@compiled
def outer(x):
    return inner(x) + 1.0

print(outer({name}(2.0)), int("numba" not in sys.modules))
"""


@pytest.mark.parametrize("inline", [True, False])
def test_a_change_of_what_is_called_reaches_the_caller(tmp_path: Path, inline: bool) -> None:
    """Where the caller stands in a file that has not changed; and where a class has gone that the kept function names."""
    package = tmp_path / "kernels"
    package.mkdir()
    (package / "__init__.py").touch()
    for name in ("compiled.py", "native.py", "linking.py", "caller.c", "memory.c"):
        (package / name).write_bytes(Path(compiled.__file__).with_name(name).read_bytes())

    def result(factor: float, name: str = "Pair") -> list[float]:
        (package / "callee.py").write_text(CALLEE.format(factor=factor, name=name, inline=inline))
        caller = tmp_path / "caller.py"
        if (text := CALLER.format(name=name)) != (caller.read_text(encoding="utf-8") if caller.exists() else ""):
            caller.write_text(text)
        environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run([sys.executable, str(caller)], env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    assert result(3.0) == [7.0, 0]
    assert result(3.0) == [7.0, 1]
    assert result(5.0) == [11.0, 0]
    assert result(3.0) == [7.0, 1]
    assert result(5.0, "Two") == [11.0, 0]


def modules() -> list[str]:
    """All of the solver that compile something."""
    paths = sorted(path for path in ROOT.rglob("*.py") if "@compiled" in path.read_text(encoding="utf-8"))
    return [".".join(("invasio.solver", *path.relative_to(ROOT).with_suffix("").parts)) for path in paths]


@pytest.mark.parametrize("name", modules())
def test_compiled_functions_name_only_their_own_file_and_the_kernels(name: str) -> None:
    """The digest knows no others. Annotations of arrays may come from anywhere: they are no part of what is compiled."""
    module = importlib.import_module(name)
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    package = name.rpartition(".")[0]
    origin = {
        alias.asname or alias.name: importlib.util.resolve_name("." * node.level + (node.module or ""), package)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    compiled_ones = [function for function in functions if any("compiled" in ast.unparse(d) for d in function.decorator_list)]
    assert compiled_ones
    for function in compiled_ones:
        for node in (found for statement in function.body for found in ast.walk(statement)):
            if isinstance(node, ast.Name) and node.id in origin:
                source = origin[node.id]
                assert not source.startswith("invasio") or source.startswith(KERNELS), f"{name}.{function.name}: {node.id} from {source}"


def test_numba_is_called_in_one_place() -> None:
    """Else its cache would know nothing of the digest."""
    found = [path.relative_to(ROOT) for path in ROOT.rglob("*.py") if "njit" in path.read_text(encoding="utf-8")]
    assert sorted(found) == [Path("kernels/compiled.py"), Path("kernels/linking.py")]
