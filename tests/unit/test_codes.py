"""The codes of messages: each that is used is in the registry with its exit codes, each in the registry is used."""

from __future__ import annotations

import ast
import functools
import re
from importlib import import_module
from pathlib import Path

import pytest

import invasio.solver as solver
from invasio.solver.codes import CODES, FAMILIES, markdown
from invasio.solver.errors import InvasioError

ROOT = Path(next(iter(solver.__path__))).resolve().parent
PARTS = ("solver", "meshes", "hpc", "postprocess")
FAULTS = ("wrong", "Finding", "Fault", "unknown", "fault", "ParseError", "UnitError", "Found")  # what becomes a fault of a scenario
READERS = ("scenario/reader.py", "scenario/syntax.py")  # networks of vessels are read with these too, and are meshes' affair


# Not at import: each worker of pytest imports all tests, one alone runs these.
@functools.cache
def sources() -> list[tuple[Path, ast.Module]]:
    paths = [path for part in PARTS for path in sorted((ROOT / part).rglob("*.py")) if path.name != "codes.py"]
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in paths]


@functools.cache
def kinds() -> dict[str, int]:
    """Exit code by the name of each class of errors."""
    for path, tree in sources():
        if any(isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("Error") for base in node.bases) for node in tree.body):
            import_module("invasio." + ".".join(path.relative_to(ROOT).with_suffix("").parts))
    found, todo = dict[str, int](), [InvasioError]
    while todo:
        kind = todo.pop()
        found[kind.__name__] = kind.exit_code
        todo += kind.__subclasses__()
    return found


@functools.cache
def calls() -> list[tuple[Path, str, ast.Call]]:
    found = [(path, node) for path, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [(path, ast.unparse(node.func).rpartition(".")[2], node) for path, node in found]


def constants(node: ast.AST | None) -> set[str]:
    """Codes that an expression can be."""
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value else set()


@functools.cache
def used() -> dict[str, set[int]]:
    """Exit codes by code: from the keyword ``code`` and its defaults, tables called CODES, and what translates pydantic's errors."""
    found: dict[str, set[int]] = {}
    for path, name, call in calls():
        exits = {kinds()[name]} if name in kinds() else {3} if name == "Refused" else {2}  # a picture's Refused becomes a MeshError
        exits |= {3} if path.as_posix().endswith(READERS) else set()
        for keyword in call.keywords:
            if keyword.arg == "code":
                for code in constants(keyword.value):
                    found.setdefault(code, set()).update(exits)
    for path, tree in sources():
        exits = {3} if ROOT / "meshes" in path.parents else {2}
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
                    for code in constants(default) if argument.arg == "code" else ():
                        found.setdefault(code, set()).update(exits)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith("CODES") and isinstance(node.value, ast.Dict):
                for value in node.value.values:
                    for code in constants(value):
                        found.setdefault(code, set()).update(exits)
        if path.as_posix().endswith("scenario/faults.py"):
            for text in {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)} & CODES.keys():
                found.setdefault(str(text), set()).add(2)
    return found


def test_every_error_says_code_place_and_remedy() -> None:
    for path, name, call in calls():
        if name in kinds() and not any(isinstance(arg, ast.Starred) for arg in call.args):
            given = {keyword.arg for keyword in call.keywords}
            assert {"code", "place", "remedy"} <= given, f"{path}:{call.lineno}: {ast.unparse(call)}"


def test_codes_used_are_in_the_registry_with_their_exit_codes_and_the_other_way_round() -> None:
    assert {code: sorted(exits) for code, exits in used().items()} == {code: sorted(entry.exits) for code, entry in CODES.items()}


def test_codes_are_unique_words_with_hyphens_and_meanings_are_sentences() -> None:
    assert sum(len(family) for family in FAMILIES.values()) == len(CODES)
    assert len({entry.meaning for entry in CODES.values()}) == len(CODES)
    for code, entry in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code), code
        assert entry.meaning[0].isupper() and entry.meaning.endswith("."), code
        assert entry.exits == tuple(sorted(set(entry.exits))), code
    for family in FAMILIES.values():
        assert list(family) == sorted(family)


def test_the_page_is_up_to_date_and_printed_by_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    from invasio.solver.cli import main

    assert main(["schema", "--messages"]) == 0
    printed = capsys.readouterr().out
    assert printed == markdown()
    page = Path(__file__).resolve().parents[2] / "docs" / "messages.md"
    assert page.read_text(encoding="utf-8") == printed
    for code, entry in CODES.items():
        assert f"| `{code}` | {entry.meaning} | {', '.join(map(str, entry.exits))} |" in printed
