"""What the documents for developers name exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import invasio

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "docs" / "architecture.md", *sorted((ROOT / "docs" / "decisions").glob("*.md"))]
FOLDERS = {"benchmarks", "docs", "hpc", "meshes", "postprocess", "scenarios", "solver", "src", "tests"}


def defined(path: Path) -> set[str]:
    """Names of classes, functions and methods (CLASS.METHOD) of a module, and of what it imports or assigns at the top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}.{part.name}" for part in node.body if isinstance(part, ast.FunctionDef)}
        if isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def paths_in(text: str) -> list[str]:
    """What stands between backticks and is a path of this repository."""
    return [word for word in re.findall(r"`([\w./-]+)`", text) if word.partition("/")[0] in FOLDERS and "/" in word]


def functions_in(text: str) -> list[tuple[str, str]]:
    """(name, file) of "`NAME` in `FILE`" and "`NAME`, `NAME` and `NAME` in `FILE`", and of "| `FILE` | `NAME`" in tables."""
    text = re.sub(r"\s+", " ", text)
    found = []
    for names, file in re.findall(r"((?:`[\w.]+`(?:, | and ))*`[\w.]+`) in `([\w./-]+\.py)`", text):
        found += [(name, file) for name in re.findall(r"`([\w.]+)`", names)]
    return found + [(name, file) for file, name in re.findall(r"\| `([\w./-]+\.py)` \| `(\w+)`", text)]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_and_function_that_is_named_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    missing = [path for path in paths_in(text) if not (ROOT / path).exists()]
    links = [link for link in re.findall(r"\]\(([\w./-]+)\)", text) if not (document.parent / link).exists()]
    functions = [f"{name} in {file}" for name, file in functions_in(text) if name not in defined(ROOT / file)]
    assert (missing, links, functions) == ([], [], [])


def test_the_map_names_every_folder_and_what_stands_above_them() -> None:
    text = DOCUMENTS[0].read_text(encoding="utf-8")
    folders = [path for path in (ROOT / "solver").iterdir() if path.is_dir() and (path / "__init__.py").exists()]
    wanted = {f"solver/{path.name}/" for path in folders} | {f"solver/{path.name}" for path in (ROOT / "solver").glob("[!_]*.py")}
    assert wanted and wanted - set(paths_in(text)) == set()
    assert len(functions_in(text)) > 40


def test_the_list_of_decisions_is_whole() -> None:
    decisions = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (decisions / "README.md").read_text(encoding="utf-8")))
    assert listed == {path.name for path in decisions.glob("*.md")} - {"README.md"}


def test_the_python_reference_has_all_that_is_public() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\.\. auto\w+:: invasio\.([\w.]+)$", page, re.MULTILINE))
    assert {*invasio.__all__} - {"__version__"} <= shown
    for path in shown:
        module, _, name = path.rpartition(".")
        is_module = (ROOT / f"{path.replace('.', '/')}.py").exists()
        assert is_module or not module or name in defined(ROOT / f"{module.replace('.', '/')}.py"), path
