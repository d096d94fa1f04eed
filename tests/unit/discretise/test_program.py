"""Formulas as programs of one compiled kernel: the values and derivatives of tree.evaluate, shared parts once, skipped where silent."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.discretise.program import Program, compose
from invasio.solver.kernels.program import OPERATIONS, run
from invasio.solver.scenario.derivative import derivative
from invasio.solver.scenario.parser import parse
from invasio.solver.scenario.tree import evaluate

FORMULAS = [
    "k*a*b - 0.1*k*c",
    "a/(0.1 + b) + x*c",
    "-exp(-a)*log(1 + b)/sqrt(1 + c)",
    "(a + b)^2.5 - c^3",
    "min(a, b, c)*max(a, 1, b)",
    "where(a < b, sin(a) + cos(b), tan(c))",
    "abs(a - b) + tanh(a)*sinh(b)*cosh(c) + erf(a)",
    "(a <= b) + (a > b) + (a >= b) + (a == b) + (a != b) + (a < 1 and b < 1) + (a < 0.1 or not (b < 1))",
    "where(x > 0.5, a*b, 0)*t",
    "2^a + noise(0.1, 3)*b",
    "floor(3*a) + ceil(3*b) + mod(c, 0.3) + mod(-c, 0.3)",
]


def values(program: Program, densities: dict[str, float], known: dict[str, float]) -> tuple[list[float], np.ndarray]:
    """Rates and Jacobian at one node."""
    registers = np.zeros(program.first + len(program.code))
    given = [float(np.ravel(evaluate(part, known))[0]) for part in program.outer]
    registers[: program.first] = [*densities.values(), *given, *program.constants]
    run(program.code, len(program.code), program.first, registers)
    slopes = np.zeros((len(densities),) * 2)
    for i, j, register in program.slopes:
        slopes[i, j] = registers[register]
    return [float(registers[k]) for k in program.rates], slopes


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("densities", [{"a": 0.3, "b": 1.2, "c": 0.7}, {"a": 1.1, "b": 0.2, "c": 0.4}])
def test_values_and_derivatives(text: str, densities: dict[str, float]) -> None:
    known = {"x": 0.6, "y": 0.2, "z": 0.1, "t": 2.0, "k": 3.0}
    rates = {"a": parse(text), "b": parse(f"-({text})"), "c": parse("a*b")}
    found, slopes = values(compose(rates, {"k": 3.0}), densities, {**known, **densities})
    for i, expr in enumerate(rates.values()):
        np.testing.assert_allclose(found[i], float(np.ravel(evaluate(expr, {**known, **densities}))[0]), rtol=1e-14)
        for j, name in enumerate(densities):
            right = float(np.ravel(evaluate(derivative(expr, name), {**known, **densities}))[0])
            np.testing.assert_allclose(slopes[i, j], right, rtol=1e-14, atol=1e-15, err_msg=f"{i} by {name}")


def test_every_operation_is_tried() -> None:
    used = {OPERATIONS[k] for text in FORMULAS for k in compose({n: parse(text) for n in "abc"}, {"k": 3.0}).code[:, 0]}
    assert used == set(OPERATIONS)


@pytest.mark.parametrize(("text", "right"), [("a/b", np.nan), ("1/a", np.inf), ("-1/a", -np.inf), ("log(a)", -np.inf), ("a^(-1)", np.inf)])
def test_what_is_not_finite_raises_nothing(text: str, right: float) -> None:
    found, _ = values(compose({"a": parse(text), "b": parse("0*a")}, {}), {"a": 0.0, "b": 0.0}, {})
    np.testing.assert_equal(found[0], right)


def test_a_product_is_one_line_whatever_its_order() -> None:
    """So that what one loses and the other gains cancels exactly."""
    program = compose({"a": parse("-(k*b)*a"), "b": parse("-k*a*b"), "c": parse("a*b*k")}, {"k": 3.0})
    products = [line for line in program.code[: program.short] if OPERATIONS[line[0]] == "*"]
    assert len(products) == 2


@pytest.mark.parametrize(("text", "silent"), [("a*b", True), ("a*b + x", False), ("a*x", True), ("exp(a)", False)])
def test_silence(text: str, silent: bool) -> None:
    assert compose({"a": parse(text), "b": parse("a")}, {}).silent is silent
