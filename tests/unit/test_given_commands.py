"""What commands that compute nothing say of given fields, of the run that another starts from, and of another end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI

import invasio
from invasio.meshes.structured import lattice
from invasio.solver.cli import main
from tests.lib.messages import printed

FIRST = """\
mesh: {kind: interval, cells: 8}
model: {cells: {tumour: {initial: 1, motility: 1e-3}}}
time: {end: 1, step: 0.5}
output: {figures: false}
"""
SECOND = """\
fields: {single: {cells: cells.csv, unit: 1, kernel: 0.1}, then: {run: first, of: tumour, at: 0.5}}
mesh: {kind: interval, cells: 5}
model: {cells: {tumour: {initial: single, motility: 1e-3*then}}}
time: {end: 1, step: 0.5}
output: {figures: false}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A run, a table, and a scenario that takes fields from both."""
    return _written(tmp_path)


def _written(tmp_path: Path) -> Path:
    for name, text in (("first.yaml", FIRST), ("second.yaml", SECOND), ("cells.csv", "y,x\n0,0.25\n0,0.5\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    invasio.run(tmp_path / "first.yaml", comm=MPI.COMM_SELF, out=tmp_path / "first")
    return tmp_path


def test_validate_reads_what_is_given(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(files / "second.yaml")]) == 0
    text = capsys.readouterr().out
    assert "single: 2 cells, x 0.25 to 0.5" in text
    assert "then: tumour of the run" in text
    (files / "cells.csv").write_text("x\none\n", encoding="utf-8")
    assert main(["validate", str(files / "second.yaml")]) == 3
    printed(capsys.readouterr().err, "not-a-number", f"{files / 'cells.csv'}:2:1", says=["'one'"])


def test_explain_names_sources(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(files / "second.yaml"), "--set", f"start={files / 'first'}"]) == 0
    text = capsys.readouterr().out
    assert "single: single cells of cells.csv, each spread by 0.1" in text
    assert f"Start: the last state of the run {files / 'first'}: species of the same names" in text
    assert main(["validate", str(files / "first.yaml"), "--set", f"start={files / 'first'}"]) == 0
    assert "it has 11 outputs" in capsys.readouterr().out


def test_run_until_and_from(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, scenario = str(files / "out"), str(files / "first.yaml")
    assert main(["run", scenario, "--out", out, "--from", str(files / "first"), "--until", "0.5"]) == 0
    assert main(["run", scenario, "--out", out, "--set", f"start.run={files / 'first'}", "--resume", "--until", "1.5"]) == 0
    assert "done: t = 1.5" in capsys.readouterr().out
    assert main(["retry", out, "--until", "2"]) == 0
    assert "done: t = 2," in capsys.readouterr().out
    assert main(["retry", out, "--until", "1"]) == 2
    printed(capsys.readouterr().err, "wrong-order", "until 1", "later end", says=["t = 2"])


BESIDE = """\
fields: {{given: {{{field}}}}}
mesh: {mesh}
species: {{u: {{initial: given}}}}
time: {{end: 0.1, step: 0.1}}
output: {{figures: false}}
"""
INTERVAL, SQUARE = "{kind: interval, cells: 5}", "{kind: rectangle, cells: [5, 5]}"
WIDE = "{kind: interval, from: 0, to: 2, cells: 5}"
REFUSED = [
    ("cells: cells.csv, unit: 5", INTERVAL, "outside-tissue"),
    ("cells: cells.csv, unit: 5, outside: left_out", INTERVAL, "outside-tissue"),
    ("cells: cells.csv", INTERVAL, "missing-option"),
    ("cells: cells.csv, unit: 3", "{kind: disc, size: 0.5}", "outside-tissue"),
    ("run: first, of: tumour, at: 0.77", INTERVAL, "no-time"),
    ("run: first, of: other", INTERVAL, "no-field"),
    ("run: first, of: tumour", SQUARE, "wrong-length"),
    ("run: first, of: tumour", WIDE, "outside-tissue"),
    ("run: first, of: tumour", "{kind: interval, from: 0.2, to: 0.8, cells: 5}", "wrong-amount"),
    ("mesh: m.vtu, array: none", SQUARE, "no-array"),
    ("mesh: m.vtu, array: a, unit: 0.5", SQUARE, "outside-tissue"),
    ("mesh: m.vtu, array: a", INTERVAL, "wrong-length"),
    ("mesh: cells.csv, array: a", SQUARE, "unreadable-file"),
    ("image: cells.csv", SQUARE, "unreadable-file"),
    ("image: p.png, pixel: 0.1", SQUARE, "outside-tissue"),
    ("image: p.png", INTERVAL, "picture-axes"),
    ("image: p.png, orientation: structure_tensor", SQUARE, "picture-axes"),
    ("regions: {core: 1}", SQUARE, "no-region"),
]


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mesh file with an array and a picture besides."""
    import imageio.v3 as imageio
    import meshio

    files = _written(tmp_path_factory.mktemp("beside"))
    points, cells = lattice((0.0, 0.0), (1.0, 1.0), (2, 2))
    meshio.Mesh(np.pad(points, ((0, 0), (0, 1))), [("triangle", cells)], point_data={"a": points[:, 0]}).write(files / "m.vtu")
    imageio.imwrite(files / "p.png", np.arange(25, dtype=np.uint8).reshape(5, 5))
    return files


@pytest.mark.parametrize(("field", "mesh", "code"), REFUSED)
def test_validate_refuses_what_run_refuses(beside: Path, capsys: pytest.CaptureFixture[str], field: str, mesh: str, code: str) -> None:
    """The same message."""
    path = beside / "a.yaml"
    path.write_text(BESIDE.format(field=field, mesh=mesh), encoding="utf-8")
    said = []
    for command in (["validate", str(path)], ["run", str(path), "--out", str(beside / "out"), "--overwrite"]):
        assert main(command) in (2, 3)
        said.append(capsys.readouterr().err)
    assert f"[{code}]" in said[0]
    assert said[0] == said[1]


def test_validate_passes_what_run_takes(beside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A hair of the outline, what lies outside where that is allowed, and a start."""
    path = beside / "a.yaml"
    for field, mesh in (
        ("cells: cells.csv, unit: 2, outside: left_out", INTERVAL),
        ("run: first, of: tumour, outside: nearest", WIDE),
        ("run: first, of: tumour", "{kind: interval, from: -0.001, to: 1, cells: 5}"),
        ("mesh: m.vtu, array: a, keep: amount", SQUARE),
        ("image: p.png, pixel: 0.2", SQUARE),
    ):
        path.write_text(BESIDE.format(field=field, mesh=mesh), encoding="utf-8")
        assert main(["validate", str(path)]) == 0, field
        assert main(["run", str(path), "--out", str(beside / "out"), "--overwrite"]) == 0, field
    capsys.readouterr()
    for start, code in (("{run: first, at: 0.77}", "no-time"), ("{run: first, species: [tumour]}", "")):
        path.write_text((beside / "first.yaml").read_text(encoding="utf-8") + f"start: {start}\n", encoding="utf-8")
        said = []
        for command in (["validate", str(path)], ["run", str(path), "--out", str(beside / "out"), "--overwrite"]):
            assert (main(command) == 0) == (not code)
            said.append(capsys.readouterr().err)
        assert f"[{code}]" in said[0] or not code
        assert not code or said[0] == said[1]
