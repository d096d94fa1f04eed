"""Every broken scenario gives the codes, places and remedies of its faults, exit code 2 and no traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from invasio.solver.cli import main
from invasio.solver.scenario.biology import Cells
from invasio.solver.scenario.schema import Scenario
from tests.lib.messages import Said, printed_faults, said
from tests.unit.scenario import broken as TABLE
from tests.unit.scenario import slips as SLIPS


def _written(name: str, folder: Path) -> tuple[list[str], dict[str, str]]:
    """The command line for a broken scenario, and what stands for the names in braces."""
    case = TABLE.CASES[name]
    file = f"{name}.yaml"
    for other, text in case.beside.items():
        (folder / other).write_text(text.replace("{file}", file), encoding="utf-8")
    (folder / file).write_text(case.text, encoding="utf-8")
    sets = [word for text in case.overrides for word in ("--set", text)]
    options = ", ".join(field.alias or key for key, field in Scenario.model_fields.items())
    names = {"{file}": file, "{options of scenario}": options, "{folder}": str(folder), "{options of cells}": ", ".join(Cells.model_fields)}
    return ["validate", file, *sets], names


@pytest.mark.parametrize("name", TABLE.CASES)
def test_faults_and_exit_code(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    arguments, names = _written(name, tmp_path)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    printed_faults(captured.err, f"{name}.yaml", TABLE.CASES[name].faults, names)
    assert captured.out == ""


@pytest.mark.parametrize("name", ["all_at_once", "tab", "set_unknown"])
def test_from_outside(name: str, tmp_path: Path) -> None:
    arguments, names = _written(name, tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "invasio.solver.cli", *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=180, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    printed_faults(done.stderr, f"{name}.yaml", TABLE.CASES[name].faults, names)


def test_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "nothing.yaml"]) == 2
    printed_faults(capsys.readouterr().err, "nothing.yaml", [said("nothing.yaml", "file-not-found", "check the name")], {})


@pytest.mark.parametrize("name", SLIPS.SLIPS)
def test_slips_of_the_pen(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What a biologist would write by mistake: the place, what is wrong, and what to write instead."""
    monkeypatch.chdir(tmp_path)
    old, new, faults = SLIPS.SLIPS[name]
    assert SLIPS.GLAND.count(old) == 1
    Path("gland.yaml").write_text(SLIPS.GLAND.replace(old, new), encoding="utf-8")
    assert main(["validate", "gland.yaml"]) == 2
    printed_faults(capsys.readouterr().err, "gland.yaml", faults, {"{file}": "gland.yaml"})


def test_the_gland_without_slips_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("gland.yaml").write_text(SLIPS.GLAND, encoding="utf-8")
    assert main(["validate", "gland.yaml"]) == 0


LATIN = "save it as UTF-8 (some editors call the other one Latin-1, ANSI or Windows-1252)"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (bytes(range(256)), said("gland.yaml", "not-text", "a scenario is a YAML file")),
        (b"\x89PNG\r\n\x1a\n" + bytes(20), said("gland.yaml", "not-text", "a scenario is a YAML file")),
        ("name: a\ntitle: caf\u00e9\n".encode("latin-1"), said("gland.yaml:2:11", "not-text", LATIN)),
        ("name: a\n".encode("utf-16"), said("gland.yaml:1:1", "not-text", "save it as UTF-8", "UTF-16")),
        (b"name: a\ntitle: b\x07\n", said("gland.yaml:2:9", "not-text", "delete it", "(U+0007)")),
        (b"a: " + b"[" * 3000, said("gland.yaml:1:1", "not-yaml", "write it with fewer brackets", "nested too deep")),
        (None, said("gland.yaml", "not-a-file", "name a scenario file (in it: a.yaml)")),
        (b"extends: bsae.yaml\n", said("gland.yaml:1:10: extends", "file-not-found", "did you mean 'base.yaml'?", "(given 'bsae.yaml')")),
        (b"extends: ..\n", said("gland.yaml:1:10: extends", "not-a-file", "name a file", "(given '..')")),
    ],
)
def test_files_that_are_no_scenarios(
    content: bytes | None, fault: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    printed_faults(capsys.readouterr().err, "gland.yaml", [fault], {})
