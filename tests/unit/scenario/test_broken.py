"""Every broken scenario gives its exact message, exit code 2 and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.biology import Cells
from tests.unit.scenario import broken as TABLE
from tests.unit.scenario import slips as SLIPS


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


@pytest.mark.parametrize("name", SLIPS.SLIPS)
def test_slips_of_the_pen(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a biologist would write by mistake: the place, what is wrong, and what to write instead."""
    monkeypatch.chdir(tmp_path)
    old, new, lines = SLIPS.SLIPS[name]
    assert SLIPS.GLAND.count(old) == 1
    Path("gland.yaml").write_text(SLIPS.GLAND.replace(old, new), encoding="utf-8")
    assert main(["validate", "gland.yaml"]) == 2
    count = f"{len(lines)} error{'s' if len(lines) != 1 else ''}"
    expected = f"invasio: {count} in gland.yaml:\n" + "".join(f"{line}\n" for line in lines)
    assert capsys.readouterr().err == expected.replace("{file}", "gland.yaml")


def test_the_gland_without_slips_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gland.yaml").write_text(SLIPS.GLAND, encoding="utf-8")
    assert main(["validate", "gland.yaml"]) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(range(256)), "gland.yaml: this is no text; a scenario is a YAML file [not-text]"),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), "gland.yaml: this is no text; a scenario is a YAML file [not-text]"),
        (
            "name: a\ntitle: caf\u00e9\n".encode("latin-1"),
            "gland.yaml:2:11: the text is not in UTF-8; save it as UTF-8 "
            "(some editors call the other one Latin-1, ANSI or Windows-1252) [not-text]",
        ),
        ("name: a\n".encode("utf-16"), "gland.yaml:1:1: the text is UTF-16; save it as UTF-8 [not-text]"),
        (b"name: a\ntitle: b\x07\n", "gland.yaml:2:9: a control character (U+0007); delete it [not-text]"),
        (b"a: " + b"[" * 3000, "gland.yaml:1:1: the text is nested too deep"),
        (None, "gland.yaml: this is a folder; name a scenario file (in it: a.yaml)"),
        (b"extends: bsae.yaml\n", "gland.yaml:1:10: extends: file not found (given 'bsae.yaml'); did you mean 'base.yaml'?"),
        (b"extends: ..\n", "gland.yaml:1:10: extends: this is a folder; name a file (given '..')"),
    ],
)
def test_files_that_are_no_scenarios(
    content: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Binary files, other encodings, folders, and files that are not there."""
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text("name: base\n", encoding="utf-8")
    if content is None:
        Path("gland.yaml").mkdir()
        Path("gland.yaml/a.yaml").touch()
    else:
        Path("gland.yaml").write_bytes(content)
    assert main(["validate", "gland.yaml"]) == 2
    assert capsys.readouterr().err == f"invasio: 1 error in gland.yaml:\n{message}\n"
