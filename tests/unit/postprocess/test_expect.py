"""Every kind of expectation against a state whose numbers are known in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.postprocess.expect import Result, check, table
from invasio.postprocess.run import Run, open_run
from tests.unit.postprocess.folders import make


def ring(points: np.ndarray, time: float) -> dict[str, np.ndarray]:
    """A shell at distance 0.3 around the centre, and a plane."""
    r = np.linalg.norm(points - np.where(points.max(axis=0) > 0, 0.5, 0.0), axis=1)
    return {"tumour": np.exp(-((r - 0.3) ** 2) / 0.01), "ecm": 1.0 - points[:, 0] * time}


@pytest.fixture(params=[(1, 200), (2, 60), (3, 24)])
def run(request: pytest.FixtureRequest, comm: Any, shared_tmp: Path) -> Run:
    dim, n = request.param
    return open_run(make(shared_tmp / "run", comm, dim, n, [0.0, 1.0], ring))


def measure(run: Run, **item: Any) -> Result:
    return check(run, [{"at": 1.0, "of": "tumour", "value": 0.0, "tolerance": 1.0, **item}])[0]


def test_linear_quantities_are_exact(run: Run) -> None:
    middle = [0.25] * run.dim
    for item, expected in (
        ({"what": "integral"}, 0.5),
        ({"what": "integral", "region": "left"}, 0.375),
        ({"what": "minimum"}, 0.0),
        ({"what": "maximum"}, 1.0),
        ({"what": "value", "point": middle}, 0.75),
        ({"what": "position", "level": 0.3, "along": "x"}, 0.7),
        ({"what": "position", "level": 0.3, "along": "x", "origin": [0.2] * run.dim}, 0.5),
    ):
        assert measure(run, of="ecm", **item).measured == pytest.approx(expected, abs=1e-9), item


def test_round_quantities(run: Run) -> None:
    h = {1: 1 / 200, 2: 1 / 60, 3: 1 / 24}[run.dim]
    outer = 0.3 + 0.1 * np.sqrt(np.log(2))
    assert measure(run, what="position", level=0.5, along="radius").measured == pytest.approx(outer, abs=20 * h**2)
    assert measure(run, what="peak_position", along="radius").measured == pytest.approx(0.3, abs=6 * h**2 + 1e-4)
    assert measure(run, what="peak_value", along="radius").measured == pytest.approx(1.0, abs=60 * h**2)
    assert 0 <= measure(run, what="anisotropy", level=0.5).measured < 40 * h**2
    if run.dim > 1:
        assert measure(run, what="position", level=0.5, along=[1.0] * run.dim).measured == pytest.approx(outer, abs=40 * h**2)


def test_bounds_and_what_cannot_be_measured(run: Run) -> None:
    assert measure(run, of="ecm", what="integral", value=0.51, tolerance=0.011).passed
    assert not measure(run, of="ecm", what="integral", value=0.51, tolerance=0.009).passed
    assert measure(run, of="ecm", what="integral", value=0.51, tolerance=None, relative=0.02).passed
    for item, code, says in (
        ({"what": "integral", "at": 0.5}, "no-time", ("t = 0.5 ", "nearest: 0")),
        ({"what": "integral", "of": "oxygen"}, "no-field", ("'oxygen'", "there are: ecm, tumour")),
        ({"what": "integral", "region": "bone"}, "no-region", ("'bone'", "there are: left, right")),
        ({"what": "value", "point": [2.0] * run.dim}, "not-measurable", ("the point lies outside the mesh",)),
        ({"what": "value", "point": [0.1] * 4}, "wrong-length", ("the point has 4 ", f"the mesh has {run.dim} ")),
        ({"what": "position", "level": 7.0, "along": "x"}, "not-measurable", ("the level is not passed",)),
        ({"what": "peak_value", "of": "ecm", "along": "x"}, "not-measurable", ("no local maximum",)),
    ):
        result = measure(run, **item)
        assert not result.passed and result.fault.endswith(f" [{code}]"), result.fault
        assert all(text in result.fault for text in says), result.fault


def test_columns_of_the_series(run: Run) -> None:
    assert measure(run, what="series", of="tumour.front.xmax").measured == pytest.approx(0.1)
    assert measure(run, what="series", of="tumour.in:left", at=0.0, value=0.51, tolerance=0.011).passed
    assert measure(run, what="series", of="dt").label == "dt"
    known = "time, step, dt, ecm.total, tumour.total, tumour.in:left, tumour.in:right, tumour.front.xmax, tumour.front.distance, ecm.ledger"
    for item, code, says in (
        ({"of": "tumour.in:rigth"}, "no-column", ("'tumour.in:rigth'", "did you mean 'tumour.in:right'? there are: ")),
        ({"of": "oxygen"}, "no-column", ("'oxygen'", "; there are: ")),
        ({"of": "tumour.total", "at": 0.4}, "no-time", ("t = 0.4", "nearest: 0")),
    ):
        result = measure(run, what="series", **item)
        assert not result.passed and result.fault.endswith(f" [{code}]"), result.fault
        assert all(text in result.fault for text in says), result.fault
        assert set(known.split(", ")) <= set(run.series)


def test_a_column_without_a_number_says_why(comm: Any, shared_tmp: Path) -> None:
    """The time of first breach is nan before it."""
    path = make(shared_tmp / "run", comm, 1, 10, [0.0, 1.0], ring)
    if comm.rank == 0:
        lines = (path / "series.csv").read_text(encoding="utf-8").splitlines()
        table_ = [f"{line},{'m.first_breach' if k == 0 else 'nan'}" for k, line in enumerate(lines)]
        (path / "series.csv").write_text("\n".join(table_) + "\n", encoding="utf-8")
    comm.barrier()
    result = measure(open_run(path), what="series", of="m.first_breach")
    assert not result.passed and result.fault.endswith(" [not-measurable]")
    assert "no number at t = 1" in result.fault


def test_the_scenario_holds_them_and_the_table_says_it(comm: Any, shared_tmp: Path) -> None:
    scenario = """name: a
expect:
  - {at: 1.0, what: integral, of: ecm, value: 0.5, tolerance: 0.001, relative: null, region: null}
  - {at: 1.0, what: position, of: ecm, level: 0.3, value: 0.71, tolerance: 0.001, along: x, origin: null, after: 0.0}
  - {at: 0.3, what: minimum, of: ecm, value: 0.0, tolerance: 0.001}
"""
    results = check(open_run(make(shared_tmp / "run", comm, 1, 50, [0.0, 1.0], ring, scenario)))
    assert [r.passed for r in results] == [True, False, False]
    lines = table(results).splitlines()
    assert lines[0].split() == ["t", "quantity", "expected", "measured", "error", "allowed"]
    assert lines[1].endswith("ok") and lines[1].startswith("1    integral of ecm")
    assert lines[2].split()[-3:] == ["-1.0e-02", "1.0e-03", "WRONG"]
    assert "WRONG: " in lines[3]
    assert lines[3].endswith("t = 0.3 is no output time; nearest: 0 [no-time]")
