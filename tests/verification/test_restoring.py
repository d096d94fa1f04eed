"""What fast reactions hold is held by them in the stages of transport too, not by diffusion: few steps, order two, right against SciPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import invasio
from invasio.solver.discretise.problem import Problem
from tests.lib.comm import Comm
from tests.lib.fields import owned
from tests.lib.models import lattice, problem_of, species
from tests.lib.orders import orders
from tests.verification.test_kinetics import advance, reference

CELLS, LUMP = 60, "exp(-200*(x - 0.3)^2)"
TEXT = f"""\
schema_version: 1
mesh: {{kind: interval, to: 1, cells: {CELLS}}}
model:
  cells: {{n: {{initial: "{LUMP}", motility: 1e-3, growth: {{kind: exponential, rate: 0.03}}, secretes: {{a: 0.2}}}}}}
  solubles: {{a: {{diffusion: 0.05}}, b: {{initial: 10, diffusion: 0.05}}, c: {{diffusion: 0.05}}, d: {{diffusion: 0.05}}}}
  reactions:
    binding: {{equation: "a + b <-> c", forward: 20, backward: 2e4}}
    tightening: {{equation: "c -> d", rate: 1e5}}
time: {{end: 6}}
output: {{every: 6, figures: false}}
"""


def test_what_an_inhibitor_holds_at_a_trace_takes_few_steps(tmp_path: Path) -> None:
    """Secreted by a lump of cells, bound within .006 by way of an intermediate that lasts 1e-5; diffusion crosses an element in .006.

    660 steps and 208 that were repeated, with 1388 passes limited, when stages balanced by diffusion what they knew wrong.
    """
    path = tmp_path / "held.yaml"
    path.write_text(TEXT, encoding="utf-8")
    done = invasio.run(path, out=None)
    n = CELLS + 1
    second = np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1) - 2.0 * np.eye(n)
    second[0, 1] = second[-1, -2] = 2.0
    second *= CELLS**2
    moves = np.array([1e-3, 0.05, 0.05, 0.05, 0.05])

    def rates(_: float, y: Any) -> Any:
        cells, a, b, c, _d = by = y.reshape(5, n)
        v, w = 20 * a * b - 2e4 * c, 1e5 * c
        return (moves[:, None] * (by @ second.T) + np.array([0.03 * cells, 0.2 * cells - v, -v, v - w, w])).ravel()

    start = np.zeros((5, n))
    start[0], start[2] = np.exp(-200 * (np.linspace(0, 1, n) - 0.3) ** 2), 10
    right = solve_ivp(rates, (0, 6), start.ravel(), method="BDF", rtol=1e-8, atol=1e-13).y[:, -1].reshape(5, n)
    for name, value in zip(("n", "a", "b", "c", "d"), right, strict=True):
        np.testing.assert_allclose(done.field(name, 6), value, rtol=0, atol=2e-4 * value.max(), err_msg=name)
    series = done.series
    assert series["step"][-1] < 170
    assert max(series[column].max() for column in series if column.endswith(".ledger")) < 1e-12


@pytest.mark.parametrize("hold", [1e2, 1e4, 1e6])
def test_order_two_of_a_trace(comm: Comm, hold: float) -> None:
    """Made where cells are, held by a partner that is used up as it diffuses: errors of the trace itself, in equal steps.

    In each of them diffusion crosses 4 to 32 elements. When stages held it by diffusion alone it was wrong by 20 to 90 %.
    """
    made = "exp(-50*(x - 0.4)^2)"

    def posed() -> Problem:
        held = species("a", f"{1.0 / hold}*{made}", diffusion="0.2", loss=f"{hold}*b", production=made)
        return problem_of((held, species("b", "1", diffusion="0.05", loss=f"{hold}*a")), lattice(1, 40), comm, together="partners")

    def rates(c: Any) -> Any:
        v = hold * c[0] * c[1]
        return np.array([np.exp(-50 * (np.linspace(0.0, 1.0, c.shape[1]) - 0.4) ** 2) - v, -v])

    right, found = reference(posed(), "ab", (0.2, 0.05), rates, 0.5, atol=1e-9 / hold)[0], []
    for count in (5, 10, 20, 40):
        problem = posed()
        march = advance(problem, 0.5 / count, count, balanced=True)
        assert march.worst < 1e-12
        found.append(float(np.abs(owned(problem, "a") - right).max() / right.max()))
    assert found[0] < 3e-3 and found[-1] < 1e-5 and np.mean(orders(found)) > 1.9
