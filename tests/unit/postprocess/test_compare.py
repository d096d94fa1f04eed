"""Two runs that differ by known amounts at known places."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess.compare import compare, report
from invasio.postprocess.run import open_run
from invasio.solver.cli import main
from tests.lib.messages import printed, refused
from tests.unit.postprocess.folders import make


def plane(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    return {"tumour": 2.0 - points[:, 0] + time, "ecm": 1.0 + 0 * points[:, 0]}


def moved(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    """The plane, with 0.25 x time more at the corner (1, 1, 1) and nothing else changed."""
    corner = (np.linalg.norm(points - points.max(axis=0), axis=1) < 1e-12).astype(float)
    return {**plane(points, time), "tumour": plane(points, time)["tumour"] + 0.25 * time * corner}


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_difference_and_its_place(comm: Any, shared_tmp: Path, dim: int) -> None:
    n = 4
    a = open_run(make(shared_tmp / "a", comm, dim, n, [0.0, 1.0], plane, "name: a\ntime: {end: 1}\n"))
    b = open_run(make(shared_tmp / "b", comm, dim, n, [0.0, 1.0], moved, "name: a\ntime: {end: 2}\n"))
    found = compare(a, b)
    assert (found.meshes, found.missing, found.options) == ("", [], ["  time.end: was 1, is 2"])
    assert [(row.field, row.time) for row in found.rows] == [("ecm", 0.0), ("ecm", 1.0), ("tumour", 0.0), ("tumour", 1.0)]
    worst = found.rows[-1]
    assert worst.largest == pytest.approx(0.25) and worst.place == (1.0,) * dim and worst.region == "right" and worst.scale == 3.0
    cells_there = (a.cells == np.argmax(a.points.sum(axis=1))).any(axis=1)
    mass = a.measures[cells_there].sum() / (dim + 1)
    assert worst.l2 == pytest.approx(0.25 * np.sqrt(mass))
    exact = np.sqrt(((3 - np.linspace(0, 1, n + 1)) ** 2 * np.r_[0.5, np.ones(n - 1), 0.5] / n).sum())  # lumped in x, 1 across
    assert worst.size == pytest.approx(exact, rel=1e-12 if dim < 3 else 0.02)
    assert not found.within(0.08) and found.within(0.09)
    assert "tumour  1  2.500e-01           8.33e-02" in report(found)
    assert report(found).endswith("largest, relative to the field's maximum: tumour at t = 1, 0.0833")


def test_the_same_and_what_one_lacks(comm: Any, shared_tmp: Path) -> None:
    a = open_run(make(shared_tmp / "a", comm, 2, 5, [0.0, 1.0, 2.0], plane))
    b = open_run(make(shared_tmp / "b", comm, 2, 5, [0.0, 2.0], lambda p, t: {"tumour": plane(p, t)["tumour"]}))
    assert report(compare(a, a)) == "options: the same\nfields: the same in every bit: ecm, tumour at 3 times"
    found = compare(a, b)
    assert found.missing == [f"only {a.path} has ecm", "3 and 2 outputs, 2 times in both"]
    assert not found.within(1.0) and compare(a, b, ["tumour"], [2.0]).within(0.0)
    with refused("no-field", str(b.path), "there are: tumour", ("'ecm'",)):
        compare(a, b, ["ecm"])
    with refused("no-time", str(b.path), "nearest: ", ("t = 1 ",)):
        compare(a, b, ["tumour"], [1.0])


def test_different_meshes_are_interpolated(comm: Any, shared_tmp: Path) -> None:
    a = open_run(make(shared_tmp / "a", comm, 2, 7, [0.0, 1.0], plane))
    b = open_run(make(shared_tmp / "b", comm, 2, 4, [0.0, 1.0], plane))
    found = compare(a, b)
    assert found.meshes == "the meshes differ (64 and 25 nodes): the second run is interpolated to the first's nodes"
    assert all(row.largest < 1e-13 for row in found.rows)  # a plane is exact on any mesh
    with refused("not-comparable", f"{a.path} and {shared_tmp / 'c'}", says=("2-D and 1-D",)):
        compare(a, open_run(make(shared_tmp / "c", comm, 1, 4, [0.0], plane)))


def test_exit_codes(comm: Any, shared_tmp: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = (str(make(shared_tmp / name, comm, 2, 4, [0.0, 1.0], state)) for name, state in (("a", plane), ("b", moved)))
    assert main(["compare", a, a]) == 0
    assert main(["compare", a, b]) == 1
    assert main(["compare", a, b, "--tolerance", "0.1"]) == 0
    assert main(["compare", a, b, "--field", "ecm"]) == 0
    capsys.readouterr()
    assert main(["compare", a, b, "--field", "emc"]) == 2
    printed(capsys.readouterr().err, "no-field", f"{a}: ", "did you mean 'ecm'? there are: ecm, tumour", ("'emc'",))
