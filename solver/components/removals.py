"""What takes a share of species away at instants: c becomes (1 - a + a s) c, a the share of a node that lies there, s what stays."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..accounts import Account, Accounts
from ..discretise.problem import Problem
from ..errors import SolverError
from ..model.balance import Removal
from ..parallel import agreed
from .protocol import Component


class Removals(Component):
    """One kind of removal, as often as it happens. It has no state: the time says how often it has been."""

    def __init__(self, law: Removal, problem: Problem) -> None:
        self.name, self.law, self._problem = f"{law.kind} {law.name}", law, problem
        g = problem.graph
        self._mass = g.mass[: g.n_owned]
        self._stays = problem.evaluator.compile(law.stays)
        self._share: NDArray[np.float64] = np.ones(g.n_owned)
        if law.region:
            self._share = problem.region_mass[law.region][: g.n_owned] / self._mass
        if law.where is not None:
            found = np.zeros(g.n_local)
            problem.evaluator.compile(law.where)(found)
            self._share = (found[: g.n_owned] != 0.0).astype(float)
        self._left = np.zeros(g.n_local)

    def accounts(self) -> Iterable[Account]:
        """What was taken of each species."""
        for name in self.law.species:
            yield Account(name, f"{self.law.kind}:{self.law.name}", -1, f"{self.law.kind} {self.law.name}")

    def next_event(self, after: float) -> float:
        """The next of its instants."""
        return self.law.train.next(after)

    def apply(self, time: float, book: Accounts) -> None:
        """Take it, and book that. What stays depends on what there is now. Collective."""
        problem = self._problem
        problem.state.show()
        problem.evaluator.at(time)
        self._stays(self._left)
        with agreed(problem.graph.comm):
            left = self._left[: len(self._mass)]
            if not ((left >= 0.0) & (left <= 1.0)).all():
                what = f"a share of {float(left.min()):.6g} to {float(left.max()):.6g} stays at {problem.times.said(time)}"
                raise SolverError(what, code="bad-rate", place=self.name, remedy="write alpha and beta so that they are never negative")
            kept = 1.0 - self._share * (1.0 - left)
            for name in self.law.species:
                c = problem.species[name].state[: len(self._mass)]
                book.page(name).add(f"{self.law.kind}:{self.law.name}", float((self._mass * c * (1.0 - kept)).sum()))
                c *= kept
