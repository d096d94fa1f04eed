"""One species' own law R(c) = P + (g - L) c as a function of its own density at the nodes, all others as they are shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..kernels import own_law
from ..model.balance import Species, Term
from ..model.walk import names_in
from ..scenario.derivative import derivative
from ..scenario.expressions import Binary, Expr, Name, Number
from ..scenario.tree import names, simplify
from .evaluate import Evaluator, total

Floats = NDArray[np.float64]

BISECTIONS = 60


class OwnLaw:
    """R and its slope dR/dc. ``shown`` (n_local): what formulas read as the density; evaluation overwrites its owned entries.

    rate, slope (n_local): as evaluated last.
    """

    def __init__(self, law: Species, evaluator: Evaluator, shown: Floats) -> None:
        self.law, self._shown = law, shown
        rate = own_rate(law)
        self._write_rate, self._write_slope = evaluator.compile(rate), evaluator.compile(derivative(rate, law.name))
        self.rate, self.slope = np.zeros(evaluator.n), np.zeros(evaluator.n)

    def evaluate(self, density: Floats) -> None:
        """R and R' at max(0, density), of owned nodes."""
        n = len(density)
        np.maximum(density, 0.0, out=self._shown[:n])
        self._write_rate(self.rate)
        self._write_slope(self.slope)

    def tangent(self, density: Floats, production: Floats, sinks: Floats) -> None:
        """P and s >= 0 with R(c) = P - s c to first order, where R falls with c (owned nodes)."""
        self.evaluate(density)
        own_law.tangent(self._shown[: len(density)], self.rate, self.slope, production[: len(density)], sinks[: len(density)])

    def chord(self, density: Floats, production: Floats, sinks: Floats) -> None:
        """As ``tangent``, with P >= 0 as well."""
        self.tangent(density, production, sinks)
        n = len(density)
        own_law.chord(self._shown[:n], self.rate, production[:n], sinks[:n])

    def stay_before_rest(self, old: Floats, new: Floats) -> None:
        """Where R changes its sign between the old and the new density (n_local), put the new one to rest in between, by bisection."""
        self.evaluate(old)
        before = self.rate.copy()
        self.evaluate(new)
        found = np.zeros(len(new), dtype=bool)
        if not own_law.crossed(before, self.rate, True, found):
            return
        here, there, middle, beyond = old.copy(), new.copy(), np.zeros(len(new)), np.zeros(len(new), dtype=bool)
        for _ in range(BISECTIONS):
            np.add(here, there, out=middle)
            middle *= 0.5
            self.evaluate(middle)
            own_law.crossed(before, self.rate, False, beyond)
            own_law.halve(here, there, middle, beyond)
        np.copyto(new, there, where=found)


def _sum(terms: Sequence[Term]) -> Expr:
    return total([t.expr for t in terms]) or Number(0.0)


def own_rate(law: Species) -> Expr:
    """R = P + (g - L) c."""
    return simplify(Binary("+", own_production(law), Binary("*", per_capita(law), Name(law.name))))


def own_production(law: Species) -> Expr:
    """P."""
    return _sum(law.production)


def per_capita(law: Species) -> Expr:
    """a = g - L."""
    return simplify(Binary("-", _sum(law.growth), _sum(law.loss)))


def loss_rate(law: Species) -> Expr:
    """L."""
    return _sum(law.loss)


def uptake(law: Species) -> Expr:
    """L c."""
    return Binary("*", loss_rate(law), Name(law.name))


def limits_itself(law: Species) -> bool:
    """Whether production, growth or loss depend on the own density, beyond the c that growth and loss are multiplied by."""
    return law.name in names_in(law.production, law.growth, law.loss)


def is_quadratic(law: Species) -> bool:
    """Whether P is seen to be at most quadratic and g - L linear in the own density, so that the law is Riccati's equation."""
    bend = derivative(derivative(own_production(law), law.name), law.name)
    return law.name not in names(bend) | names(derivative(per_capita(law), law.name))
