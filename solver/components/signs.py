"""What must not be negative is not: checked at the start, after each step and after events.

A step that ends with a negative rate is tried again with a shorter one: long steps overshoot where the solution does not. A rate
that is negative whatever the step ends the run.
"""

from __future__ import annotations

from mpi4py import MPI

from ..accounts import Accounts
from ..discretise.problem import Problem
from ..discretise.signs import Signed, signed
from .protocol import Component

SHORTEST = 2.0**-8  # of the first step that failed: if the rate is negative after so short a one, it is so whatever the step


class Signs(Component):
    """All formulas that could be negative. It has no state but how long the step was that failed first."""

    name = "signs"

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.formulas = signed(problem)
        self._moving = [f for f in self.formulas if not f.static]
        used = frozenset().union(*(f.fields for f in self._moving))
        self._shown = [s.variable for name, s in problem.species.items() if name in used]
        self._began = self._until = 0.0  # the size of the first step that failed, and where it would have ended

    def settle(self, time: float, dt: float, book: Accounts) -> str:
        """Raise SolverError, on all ranks alike, for what is negative for sure; fail where a shorter step might help. Collective.

        What depends on place and time alone is exact, and looked at in the middle of the step as well.
        """
        formulas = self._moving if dt else self.formulas
        if not formulas:
            return ""
        for variable in self._shown:
            variable.show()
        count = len(formulas)
        first = next((k for k, f in enumerate(formulas) if self._when(f, time, dt) is not None), count)
        first = self._problem.graph.comm.allreduce(first, MPI.MIN)
        if first == count:
            if time >= self._until:
                self._began = 0.0
            return ""
        formula = formulas[first]
        if dt and not self._began:
            self._began, self._until = dt, time
        if dt <= SHORTEST * self._began or formula.timed:
            self._refuse(formula, time, dt)
        return f"{formula.law.what} is negative, {formula.law.place}"

    def _when(self, formula: Signed, time: float, dt: float) -> float | None:
        """When within the step it is negative on this rank; None: never."""
        times = (time - 0.5 * dt, time) if dt and formula.timed else (time,)
        return next((t for t in times if formula.negative(t)), None)

    def _refuse(self, formula: Signed, time: float, dt: float) -> None:
        comm = self._problem.graph.comm
        when = self._when(formula, time, dt)
        earliest = min(t for t in comm.allgather(when) if t is not None)
        found = [f for f in comm.allgather(formula.find(earliest)) if f is not None]
        raise formula.error(found, earliest)
