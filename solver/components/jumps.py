"""Jumps of formulas in time as events: steps end at them, and begin again with what holds afterwards."""

from __future__ import annotations

from ..accounts import Accounts
from ..discretise.problem import Problem
from .boundaries import hold
from .protocol import Component


class Jumps(Component):
    """The jumps of all formulas of a problem. After one, fixed values are those that hold from now on."""

    name = "jumps"

    def __init__(self, problem: Problem) -> None:
        self.species, self.jumps = problem.mobile, problem.times.jumps

    def next_event(self, after: float) -> float:
        """The next jump; one at the very start of the run is none."""
        return self.jumps.next(max(after, self.jumps.start))

    def kind(self, after: float, until: float) -> str:
        """Which formulas jump, and in which direction."""
        return self.jumps.kind(max(after, self.jumps.start), until)

    def apply(self, time: float, book: Accounts) -> None:
        """Put fixed values to what they are after the jump. Collective."""
        for s in self.species:
            s.boundary_values(time, time, fixed=True)
            if s.fixed_conditions:
                hold(s, book.page(s.name))
