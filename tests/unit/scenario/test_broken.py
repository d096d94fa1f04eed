"""Every broken scenario gives its exact message, exit code 2 and no traceback."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.biology import Cells


def _broken() -> ModuleType:
    """The table beside this file (tests are no package)."""
    spec = importlib.util.spec_from_file_location("broken_scenarios", Path(__file__).with_name("broken.py"))
    if spec is None or spec.loader is None:
        raise ImportError("broken.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


TABLE = _broken()


def _written(name: str, folder: Path) -> tuple[list[str], str]:
    """The command line for a broken scenario, and the message expected."""
    case = TABLE.CASES[name]
    file = f"{name}.yaml"
    for other, text in case.beside.items():
        (folder / other).write_text(text.replace("{file}", file), encoding="utf-8")
    (folder / file).write_text(case.text, encoding="utf-8")
    sets = [word for text in case.overrides for word in ("--set", text)]
    count = f"{len(case.lines)} error{'s' if len(case.lines) != 1 else ''}"
    known = {"{file}": file, "{folder}": str(folder), "{options of cells}": ", ".join(Cells.model_fields)}
    lines = list(case.lines)
    for mark, text in known.items():
        lines = [line.replace(mark, text) for line in lines]
    return ["validate", file, *sets], f"invasio: {count} in {file}:\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize("name", TABLE.CASES)
def test_message_and_exit_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, message = _written(name, tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err == message
    assert captured.out == ""


@pytest.mark.parametrize("name", ["all_at_once", "tab", "set_unknown"])
def test_from_outside(name: str, tmp_path: Path) -> None:
    arguments, message = _written(name, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "invasio.solver.cli", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr, done.stdout) == (2, message, "")


def test_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "nothing.yaml"]) == 2
    assert capsys.readouterr().err == "invasio: 1 error in nothing.yaml:\nnothing.yaml: file not found\n"
