"""What commands that compute nothing say of given fields, of the run that another starts from, and of another end."""

from __future__ import annotations

from pathlib import Path

import pytest
from mpi4py import MPI

import invasio
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
