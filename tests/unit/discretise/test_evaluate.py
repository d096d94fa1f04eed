"""The buffered evaluator against the plain one, on random expressions and on empty ranks."""

from __future__ import annotations

import random

import numpy as np
import pytest

from invasio.solver.discretise.evaluate import Evaluator
from invasio.solver.scenario.noise import value_noise
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.tree import evaluate
from tests.lib.comm import Comm
from tests.lib.models import lattice, problem_of, species

NAMES = ("n", "f", "x", "y", "t", "k", "2.5", "0.3")
ONE = ("exp(-abs({a}))", "sqrt(abs({a}))", "tanh({a})", "-({a})", "sin({a})", "erf({a})", "abs({a})", "log(1 + abs({a}))")
TWO = ("{a} + {b}", "{a} - ({b})", "({a})*({b})", "({a})/(1 + abs({b}))", "min({a}, {b})", "max({a}, {b}, 0.1)", "where({a} < {b}, {a}, 1)")


def formula(rng: random.Random, depth: int) -> str:
    """A random formula, finite for all real values."""
    if depth == 0:
        return rng.choice(NAMES)
    pattern = rng.choice(ONE + TWO + TWO)
    return "(" + pattern.format(a=formula(rng, depth - 1), b=formula(rng, depth - 1)) + ")"


@pytest.mark.parametrize("n", [0, 1, 7])
def test_agrees_with_plain_evaluation(n: int) -> None:
    rng = random.Random(1)
    points = np.random.default_rng(1).random((n, 3))
    fields = {"n": np.linspace(0.1, 1, n, dtype=np.float64), "f": np.linspace(1, 2, n, dtype=np.float64)}
    evaluator = Evaluator(points, fields, {"k": 0.7})
    for _ in range(150):
        text = formula(rng, 3)
        write, out = evaluator.compile(parse(text)), np.full(n, np.nan)
        for time in (0.0, 1.5):  # the compiled expression sees what is in the arrays when it is called
            evaluator.moment.times.jumps.freeze(time)
            evaluator.at(time)
            fields["n"][:] = fields["n"] + time
            write(out)
            values = {**fields, "x": points[:, 0], "y": points[:, 1], "z": points[:, 2], "t": time, "k": 0.7}
            np.testing.assert_allclose(out, np.broadcast_to(evaluate(parse(text), values), (n,)), rtol=1e-13, atol=1e-14, err_msg=text)


def test_static_means_without_fields_and_time() -> None:
    evaluator = Evaluator(np.zeros((2, 3)), {"n": np.zeros(2)}, {"k": 1.0})
    assert evaluator.is_static(parse("k*x + noise(0.1, 3)"))
    assert not evaluator.is_static(parse("k*n"))
    assert not evaluator.is_static(parse("sin(t)"))


def test_noise_in_motility_and_sensitivity_varies_in_space(comm: Comm) -> None:
    """A formula of noise alone names no coordinate, and is a function of position all the same."""
    text = "1e-3*noise(0.1, 3)"
    laws = (species("n", "1", diffusion=text, taxis=(("f", "f", text),)), species("f", "x"))
    problem = problem_of(laws, lattice(1, 10), comm)
    law = problem.species["n"].flux_law(np.zeros(problem.graph.n_local), np.zeros(problem.graph.n_local))
    expected = 1e-3 * value_noise(problem.graph.points, 0.1, 3)
    assert np.ptp(expected) > 1e-4
    np.testing.assert_allclose(law.motility, expected, rtol=1e-14)
    np.testing.assert_allclose(law.factors[0], expected, rtol=1e-14)
