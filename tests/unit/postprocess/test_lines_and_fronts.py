"""Lines through a tissue and fronts against closed forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess import style
from invasio.postprocess.fronts import Front, fit, front, sentence
from invasio.postprocess.lines import Line
from invasio.postprocess.run import Run, open_run
from invasio.solver.diagnostics import observables
from tests.lib.messages import refused
from tests.unit.postprocess.folders import make

SCENARIO = "name: a\nscales: {length: 200 um, time: 6 h}\nmodel: {cells: {tumour: {}}, ecm: {initial: 1}}\n"
TIMES = [0.0, 1.0, 2.0, 3.0, 4.0]


def linear(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    """A plane that moves along x at speed 0.1: P1 is exact."""
    return {"tumour": 1.0 - points[:, 0] + 0.1 * time, "ecm": points.sum(axis=1)}


@pytest.fixture(params=[1, 2, 3])
def run(request: pytest.FixtureRequest, comm: Any, shared_tmp: Path) -> Run:
    return open_run(make(shared_tmp / "run", comm, request.param, {1: 20, 2: 10, 3: 4}[request.param], TIMES, linear, SCENARIO))


def test_along_an_axis(run: Run) -> None:
    line = Line(run, "x")
    assert (line.position[0], line.position[-1]) == (0.0, 200.0) and line.label == "x (µm)"
    middle = 0.5 * (run.dim - 1)
    np.testing.assert_allclose(line.values(run.field("ecm")), line.position / 200 + middle, atol=1e-12)
    np.testing.assert_allclose(line.over_time("tumour"), 1 - line.position / 200 + 0.1 * np.array(TIMES)[:, None], atol=1e-12)
    assert line.borders == pytest.approx([100.0], abs=1.0)  # left and right of x = 1/2


def test_from_point_to_point_and_out_of_the_tissue(run: Run) -> None:
    start, end = [0.5] * run.dim, [0.5] * (run.dim - 1) + [2.0]
    line = Line(run, ":".join(",".join(map(str, p)) for p in (start, end)))
    assert line.label == "distance (µm)" and line.position[-1] == pytest.approx(300.0)
    values = line.values(run.field("ecm"))
    inside = line.s <= 0.5
    np.testing.assert_allclose(values[inside], 0.5 * run.dim + line.s[inside], atol=1e-12)
    assert np.isnan(values[~inside]).all() and inside.any()


def test_lines_that_make_no_sense(run: Run) -> None:
    far = ":".join([",".join(["5"] * run.dim), ",".join(["6"] * run.dim)])
    for along, code, says in (
        ("w", "wrong-line", "give x, y, z, or two points such as"),
        ("0:1:2", "wrong-line", "give x, y, z, or two points such as"),
        ("1,2,3,4:1,2,3,5", "wrong-length", f"a point of this mesh has {run.dim} coordinate"),
        (f"{far.split(':')[0]}:{far.split(':')[0]}", "wrong-line", "the two points are the same"),
        (far, "wrong-line", "the tissue is within 0 to 1"),
        *([("z", "wrong-dimension", "and no z")] if run.dim < 3 else []),
    ):
        with refused(code, str(run.path) if along == "z" else f"--along {along}", says=(says,)):
            Line(run, along)


def test_a_level_moves_at_its_speed(run: Run) -> None:
    found = front(run, "tumour", level=0.75)
    np.testing.assert_allclose(found.positions, 200 * (0.25 + 0.1 * np.array(TIMES)), atol=1e-9)
    np.testing.assert_allclose(found.times, 6 * np.array(TIMES))
    line = fit(found)
    assert line.speed == pytest.approx(20 / 6, rel=1e-10) and line.error < 1e-10
    assert (line.first, line.last, line.count) == (12.0, 24.0, 3)
    assert sentence(found, line).startswith("x where tumour = 0.75: 3.333333")
    assert fit(found, first=6.0).count == 4 and fit(found, last=12.0, first=0.0).count == 3
    with refused("too-few-outputs", "--fit", says=("there are 1 between t = 23 and 24",)):
        fit(found, first=23.0)


def test_the_front_of_the_series(run: Run) -> None:
    found = front(run)
    np.testing.assert_allclose(found.positions, 20 * np.array(TIMES))
    assert found.what == ("front of tumour, x" if run.dim == 1 else "front of tumour, distance from the centre")
    with refused("no-column", str(run.path), "give a level", ("ecm.front",)):
        front(run, "ecm")
    with refused("no-field", str(run.path), "did you mean 'tumour'", ("'tumor'",)):
        front(run, "tumor")
    with refused("wrong-arguments", "--along", "give --level"):
        front(run, along="x")


def test_the_error_of_a_speed_is_the_standard_error_of_a_slope() -> None:
    dice = np.random.default_rng(5)
    t = np.linspace(0, 1, 11, dtype=np.float64)
    errors, speeds = [], []
    for _ in range(2000):
        line = fit(Front(t, 2 * t + 0.1 * dice.standard_normal(11), "n", "x", "", ""), first=0.0)
        speeds.append(line.speed)
        errors.append(line.error)
    exact = 0.1 / np.sqrt(((t - t.mean()) ** 2).sum())
    assert np.mean(speeds) == pytest.approx(2.0, abs=4 * exact / np.sqrt(2000))
    assert np.std(speeds) == pytest.approx(exact, rel=0.05) and np.sqrt(np.mean(np.square(errors))) == pytest.approx(exact, rel=0.05)


def test_the_level_of_the_front_is_that_of_the_series() -> None:
    assert style.FRONT == observables.FRONT
