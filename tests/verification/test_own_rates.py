"""Species that limit themselves: resting states kept and reached for any step, second order, non-negative."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.lib.comm import Comm
from tests.lib.fields import owned
from tests.lib.march import March, advance
from tests.lib.models import lattice, problem_of, species
from tests.lib.orders import orders

SPEEDS = [0.1, 1.0, 1.25, 2.0, 2.5, 4.0, 20.0, 100.0, 1e3, 1e4, 1e6]


def steps_to_rest(dt: float) -> int:
    """Enough to grow e^40 times, and to go round in what may be left."""
    return max(30, math.ceil(40.0 / dt))


@pytest.mark.parametrize("dt", SPEEDS)
@pytest.mark.parametrize("start", ["1e-6", "0.5", "1", "7"])
def test_what_stays_comes_to_rest(comm: Comm, start: str, dt: float) -> None:
    laws = (
        species("logistic", start, growth="1 - logistic"),
        species("remade", start, growth="2*(1 - remade - 0.25*x)"),
        species("fed", start, production="0.5", growth="1 - fed"),
        species("written", start, production="written*(1 - written)"),
        species("filled", start, production="3*(1 - filled)"),
        species("gompertz", start, growth="-log(gompertz)"),
        species("half", start, production="0.2", loss="1/(1 + half)"),
    )
    problem = problem_of(laws, lattice(1, 2), comm)
    march = advance(problem, dt, steps_to_rest(dt) * (20 if dt < 1 else 5), balanced=False)
    march.balance()
    x = problem.graph.points[: problem.graph.n_owned, 0]
    rest = {
        "logistic": 1.0 + 0 * x, "remade": 1.0 - 0.25 * x, "fed": (1 + math.sqrt(3.0)) / 2 + 0 * x, "written": 1.0 + 0 * x,
        "filled": 1.0 + 0 * x, "gompertz": 1.0 + 0 * x, "half": 0.25 + 0 * x,
    }  # fmt: skip
    for name, expected in rest.items():
        np.testing.assert_allclose(owned(problem, name), expected, rtol=2e-9, err_msg=name)
    kept = {name: owned(problem, name).copy() for name in rest}
    advance_more(march, dt, 20)
    for name in rest:
        np.testing.assert_allclose(owned(problem, name), kept[name], rtol=1e-9, err_msg=name)


def advance_more(march: March, dt: float, count: int) -> None:
    march.steps(dt, count, balanced=True)
    assert march.worst < 1e-12


def test_what_stays_is_of_second_order(comm: Comm) -> None:
    """y' = .5 + y - y^2 is exact for any step; saturating loss and growth by Gompertz are second order."""
    found: dict[str, list[float]] = {"still": [], "hill": [], "gompertz": []}
    for count in (20, 40, 80, 1280):
        laws = (
            species("still", "0.2", production="0.5", growth="1 - still"),
            species("hill", "0.2", production="hill^2/(0.3 + hill^2)", loss="1/(0.5 + hill)"),
            species("gompertz", "0.2", growth="-log(gompertz)"),
        )
        problem = problem_of(laws, lattice(1, 2), comm)
        advance(problem, 2.0 / count, count)
        for name, values in found.items():
            values.append(float(problem.graph.sum(problem.graph.mass * problem.species[name].state)[0]))
    assert abs(found["still"][0] - 1.2611063) < 1e-7
    assert abs(found["gompertz"][-1] - math.exp(math.log(0.2) * math.exp(-2.0))) < 1e-6
    for name in ("hill", "gompertz"):
        errors = [abs(v - found[name][-1]) for v in found[name][:-1]]
        assert min(orders(errors)) > 1.9, (name, errors)
