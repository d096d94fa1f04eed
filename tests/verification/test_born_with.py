"""What cells bring along where they become others, or secrete, and what binds it at once: few steps, right against SciPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import invasio

CELLS = 12
TEXT = """\
schema_version: 1
mesh: {kind: interval, to: 1, cells: 12}
model:
  cells:
    early: {initial: "1 + 0.8*cos(pi*x)", motility: 2e-3, becomes: {late: 0.02}}
    late: {initial: 0, motility: 4e-3}
  bound:
    receptor: {on: late, per_cell: 5, at_birth: per_cell}
    bound: {on: late, per_cell: 0}
    passed: {on: early, per_cell: 0, becomes: {late: receptor}}
  solubles: {ligand: {initial: 10, diffusion: 0.05}}
  reactions: {binding: {equation: "receptor + ligand <-> bound", forward: 20, backward: 0.5}}
time: {end: 8}
output: {every: 8, figures: false}
"""


def bending() -> np.ndarray[Any, Any]:
    """The second derivative with lumped linear elements."""
    n = CELLS + 1
    second = np.diag(np.full(n - 1, 1.0), 1) + np.diag(np.full(n - 1, 1.0), -1) - 2.0 * np.eye(n)
    second[0, 1] = second[-1, -2] = 2.0
    second *= CELLS**2
    return second


def exact(each: float, passed: float) -> list[np.ndarray[Any, Any]]:
    """Densities of early, late, receptor, bound, passed, ligand at t = 8 on the same nodes, by stiff integration."""
    n, second = CELLS + 1, bending()
    moves = np.array([2e-3, 4e-3, 4e-3, 4e-3, 2e-3, 0.05])

    def rates(_: float, y: Any) -> Any:
        e, _late, r, b, p, t = by = y.reshape(6, n)
        v = 20 * r * t - 0.5 * b
        brought = 0.02 * p if passed else 0.02 * each * e
        made = [-0.02 * e, 0.02 * e, brought - v, v, -0.02 * p, -v]
        return (moves[:, None] * (by @ second.T) + np.array(made)).ravel()

    start = np.zeros((6, n))
    start[0] = 1 + 0.8 * np.cos(np.pi * np.linspace(0, 1, n))
    start[4], start[5] = passed * start[0], 10
    done = solve_ivp(rates, (0, 8), start.ravel(), method="BDF", rtol=1e-9, atol=1e-13)
    return list(done.y[:, -1].reshape(6, n))


@pytest.mark.parametrize("passed", [0, 3])
def test_what_comes_with_new_cells_and_binds_at_once(passed: int, tmp_path: Path) -> None:
    """Brought by those that are new or had as what they were: what is fast is at rest (to t = 24: 16,708 and 17,409 steps before)."""
    path = tmp_path / "born.yaml"
    path.write_text(TEXT, encoding="utf-8")
    given: dict[str, Any] = {"model.bound.passed.per_cell": passed} if passed else {"model.bound.passed": None}
    done = invasio.run(path, set=given, out=None)
    names = ("early", "late", "receptor", "bound", "passed", "ligand")
    for name, value in zip(names, exact(5, passed), strict=True):
        if name != "passed" or passed:
            np.testing.assert_allclose(done.field(name, 8), value, rtol=0, atol=2e-3 * value.max(), err_msg=name)
    series = done.series
    assert series["step"][-1] < 120
    assert max(series[column].max() for column in series if column.endswith(".ledger")) < 1e-12


SECRETED = """\
schema_version: 1
mesh: {kind: interval, to: 1, cells: 12}
model:
  cells: {n: {initial: "exp(-20*(x - 0.3)^2)", motility: 1e-3, growth: {kind: exponential, rate: 0.1}, secretes: {a: 1}}}
  solubles: {a: {diffusion: 1e-3}, b: {initial: 1000, diffusion: 1e-3}, c: {diffusion: 1e-3}}
  reactions: {bind: {equation: "a + b -> c", rate: 0.1}}
time: {end: 12}
output: {every: 12, figures: false}
"""


def test_what_is_used_up_at_once_follows_its_source(tmp_path: Path) -> None:
    """Cells that secrete ever more: what is there at the end is that of the end, not of the middle of the last step.

    589 steps when it was late by half a step, 89 now.
    """
    path = tmp_path / "secreted.yaml"
    path.write_text(SECRETED, encoding="utf-8")
    done = invasio.run(path, out=None)
    second, n = bending(), CELLS + 1

    def rates(_: float, y: Any) -> Any:
        cells, a, b, _c = by = y.reshape(4, n)
        v = 0.1 * a * b
        return (1e-3 * (by @ second.T) + np.array([0.1 * cells, cells - v, -v, v])).ravel()

    start = np.zeros((4, n))
    start[0], start[2] = np.exp(-20 * (np.linspace(0, 1, n) - 0.3) ** 2), 1000
    right = solve_ivp(rates, (0, 12), start.ravel(), method="BDF", rtol=1e-9, atol=1e-13).y[:, -1].reshape(4, n)
    for name, value in zip(("n", "a", "b", "c"), right, strict=True):
        np.testing.assert_allclose(done.field(name, 12), value, rtol=0, atol=2e-3 * value.max(), err_msg=name)
    series = done.series
    assert series["step"][-1] < 130
    assert max(series[column].max() for column in series if column.endswith(".ledger")) < 1e-12
