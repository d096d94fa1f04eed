r"""Pools: numbers A of the whole problem that formulas name, with dA/dt = p - k A.

Over a step A = A_0 exp(-k dt) + p dt (1 - exp(-k dt))/(k dt), with the means of p and k over it: exact where these depend on the time
alone and do not change within the step, else of second order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from ..accounts import Account, Accounts
from ..discretise.evaluate import Evaluator
from ..discretise.problem import Problem
from ..model.balance import Pool
from .protocol import Component, Phase


class Pooled(Component):
    """One pool. Its value is a scalar of the state, the same bits on all ranks; rank 0 books it."""

    phases = frozenset({Phase.WHOLE})

    def __init__(self, law: Pool, problem: Problem) -> None:
        self.name, self._law, self.amount = law.name, law, problem.state.scalars[law.name]
        self._counts = problem.graph.comm.rank == 0
        parameters, scalars = problem.evaluator.parameters, problem.state.numbers
        self._evaluator = Evaluator(np.zeros((1, 3)), {}, parameters, scalars, times=problem.times)
        self._evaluator.at(problem.times.jumps.start)
        self._inflow, self._loss = (self._evaluator.compile_clipped(expr) for expr in (law.inflow, law.loss))
        self._p, self._k = np.zeros(1), np.zeros(1)

    def accounts(self) -> Iterable[Account]:
        """What came and what went."""
        yield Account(self.name, "came", 1, "came", self._law.unit)
        yield Account(self.name, "went", -1, "went", self._law.unit)

    def contents(self) -> Mapping[str, float]:
        """A, once."""
        return {self.name: float(self.amount.new[0]) if self._counts else 0.0}

    def predict(self, phase: Phase, dt: float) -> None:
        """What moves sees A in the middle of the step, and what is advanced in halves A at both ends."""
        if phase is Phase.WHOLE:
            self.amount.predict(0.5 * dt)
        elif phase is Phase.SECOND:
            self.amount.show()

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """One step."""
        self._evaluator.over(time, time + dt)
        self._inflow(self._p)
        self._loss(self._k)
        before, came, x = float(self.amount.new[0]), float(self._p[0]) * dt, float(self._k[0]) * dt
        if not (math.isfinite(came) and math.isfinite(x)):
            return f"{self.name} is not finite"
        after = before * math.exp(-x) + came * (-math.expm1(-x) / x if x > 0.0 else 1.0)
        self.amount.new[0] = after
        if self._counts:
            page = book.page(self.name)
            page.add("came", came)
            page.add("went", before + came - after)
        return ""

    def row(self, time: float) -> Mapping[str, float]:
        """A."""
        return {f"{self.name}.level": float(self.amount.new[0])}
