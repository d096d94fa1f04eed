"""What the documents for developers name exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import invasio
from invasio.solver.scenario.shipped import folder, scenario_files
from tests.verification import halved

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


def test_the_verification_book_is_its_template_with_tables() -> None:
    """A line that is added to the one is added to the other; what is measured stands in between."""
    template = (ROOT / "tests" / "verification" / "book.md").read_text(encoding="utf-8")
    tables = {"halved": halved.TABLE.read_text(encoding="utf-8").strip(), "absent": halved.absent()}
    pieces = re.split(r"(?<!\{)\{(\w+)\}", template)
    pattern = "".join(re.escape(p) if k % 2 == 0 else re.escape(tables[p]) if p in tables else r"[^#]*?" for k, p in enumerate(pieces))
    text = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    lost = [line for k, p in enumerate(pieces) if k % 2 == 0 for line in p.splitlines() if line not in text]
    assert not lost
    assert re.fullmatch(pattern, text), "other lines in docs/verification.md than in tests/verification/book.md"


def test_every_shipped_scenario_is_in_the_table_of_halved_meshes() -> None:
    """Or it is said why not; no headline number changes by 3 % or more."""
    shipped = {str(path.relative_to(folder())).removesuffix(".yaml") for path in scenario_files()}
    absent = {name for name in shipped if name.startswith(tuple(halved.ABSENT))}
    assert shipped - absent == set(halved.HEADLINES)
    rows = [line.split(" | ") for line in halved.TABLE.read_text(encoding="utf-8").splitlines()[2:]]
    assert [(row[0].removeprefix("| "), row[1].partition(" (")[0]) for row in rows] == [
        (name, column) for name, columns in halved.HEADLINES.items() for column in columns
    ]
    assert not [row for row in rows if abs(float(row[-1].removesuffix(" % |"))) >= 100 * halved.MOST]


def test_the_python_reference_has_all_that_is_public() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\.\. auto\w+:: invasio\.([\w.]+)$", page, re.MULTILINE))
    assert {*invasio.__all__} - {"__version__"} <= shown
    for path in shown:
        module, _, name = path.rpartition(".")
        is_module = (ROOT / f"{path.replace('.', '/')}.py").exists()
        assert is_module or not module or name in defined(ROOT / f"{module.replace('.', '/')}.py"), path
