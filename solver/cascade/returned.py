"""Means of the cascade as scalars of the state, which formulas of the tissue and of the cascade itself may name.

They are advanced with every step by what the step has let through the walls, as means.py says; so a step that is tried again, halved or
refused takes them along, and the error control compares them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..accounts import Accounts
from ..circulation import means
from ..circulation.means import Stock
from ..circulation.plan import Plan
from ..circulation.routes import Body
from ..components.protocol import Component, Phase
from ..scenario.feedback import feedback_of
from ..scenario.schema import Scenario
from ..state import Variable
from . import columns
from .arrivals import Arrivals, Drawn, built
from .entered import entries_of, scalars_of
from .grid import Steps, named_of

if TYPE_CHECKING:
    from ..circulation.results import Means
    from ..discretise.problem import Problem
    from .along import Along

Floats = NDArray[np.float64]
NUMBERS = "cascade/"  # what numbers of checkpoints begin with


class Feedback:
    """The extension of a scenario whose formulas name means of the cascade."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario, self._wanted = scenario, feedback_of(scenario)
        self.returned: Returned | None = None
        self.sites: list[Arrivals] = []
        self.drawn: Drawn | None = None

    def scalars(self) -> Mapping[str, float]:
        """Nothing is behind the walls at first."""
        return dict.fromkeys(self._wanted, 0.0)

    def build(self, problem: Problem) -> Iterable[Component]:
        """One component for all of them."""
        self.returned = Returned(self._wanted, problem) if self._wanted else None
        self.sites, self.drawn = built(self._scenario, problem)
        return [c for c in (self.returned, *self.sites, self.drawn) if c is not None]


class Returned(Component):
    """What is where behind the walls, as far as the run has come. Ranks have the same numbers, and one reduction for each step.

    Which of the stocks that are kept belongs to a state, the state says itself: by ``number``, which goes forth and back with it.
    """

    name = "means of the cascade"
    phases = frozenset({Phase.SECOND})  # when all that passes the walls is known

    def __init__(self, wanted: Mapping[str, str], problem: Problem) -> None:
        self._scalars = {name: problem.state.scalars[name] for name in wanted}
        self._wanted, self._others = dict(wanted), dict(problem.state.scalars)
        self._number = problem.state.follow(Variable("cascade/number", np.zeros(1), 1, lambda _: None, differs=False))
        self._kept: dict[int, dict[str, Floats]] = {}
        self._last = 0
        self._restored: Mapping[str, Any] = {}

    def begin(self, scenario: Scenario, along: Along) -> None:
        """Know the plan and the parts that are entered; with what a checkpoint told, if there was one."""
        self._scenario, self._along = scenario, along
        self._named = sorted(named_of(scenario) & self._others.keys())
        self._sample = columns.sample_share(scenario)
        none = {name: [0.0] for name in along.passed(lambda crossing: crossing.entered)}
        self._keys = list(none)
        self._parts = entries_of(scenario, {"time": [scenario.time.start], **none}).parts
        self.stock = self._of(along.plan)
        if self._restored:
            self.stock.recall({name: _array(*value) for name, value in self._restored.items()})
        self._kept = {0: self.stock.numbers()}

    def _of(self, plan: Plan) -> Stock:
        return Stock(Body(plan, self._parts), self._scenario.time.start)

    def predict(self, phase: Phase, dt: float) -> None:
        """What moves sees them in the middle of the step, and what is advanced in halves at both ends."""
        for scalar in self._scalars.values():
            if phase is Phase.WHOLE:
                scalar.predict(0.5 * dt)

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """On by what the step has let through. Collective."""
        number = float(self._number.new[0])
        if number != int(number):  # a last look begins between two steps, and ends where they did
            self._show(self._kept[self._last])
            return ""
        if self._named:
            self.stock = self._of(self._along.plan_with(self._steps(time + dt, dt)))
        self.stock.recall(self._kept[int(number)])
        gained = self._along.passed(lambda crossing: crossing.flow)
        cells = entries_of(self._scenario, {"time": [0.0, 1.0], **{name: [0.0, gained[name]] for name in self._keys}}).cells[-1]
        self.stock.advance(time + dt, self.stock.given + cells)
        self._last += 1
        self._kept[self._last] = self.stock.numbers()
        self._number.new[0] = self._last
        self._show(self._kept[self._last])
        return ""

    def _steps(self, time: float, dt: float) -> Steps:
        """The scalars that rates name, until the end of the step."""
        found = scalars_of(self._along.table)
        ends = {name: self._others[name] for name in self._named}
        last = {name: float(v.old[0] + dt * v.rate[0] if name in self._scalars else v.new[0]) for name, v in ends.items()}
        return {name: (np.append(found[name][0], time), np.append(found[name][1], last[name])) for name in self._named}

    def _show(self, numbers: dict[str, Floats]) -> None:
        self.stock.recall(numbers)
        row = columns.row(self.stock.plan, means.now(self.stock), self._sample)
        for name, scalar in self._scalars.items():
            scalar.new[0] = row[self._wanted[name]]
            scalar.show()

    def accept(self, time: float, dt: float) -> None:
        """Keep what counts."""
        number = int(self._number.new[0])
        self._kept = {number: self._kept[number]}

    def means(self) -> Means:
        """Means now."""
        self.stock.recall(self._kept[int(self._number.new[0])])
        return means.now(self.stock)

    def numbers(self) -> Mapping[str, Any]:
        """The stock, by shapes and values."""
        kept = self._kept[int(self._number.new[0])]
        return {f"{NUMBERS}{name}": [list(values.shape), values.ravel().tolist()] for name, values in kept.items()}

    def restore(self, arrays: Mapping[str, Floats], numbers: Mapping[str, Any]) -> None:
        """Put it back when the plan is known."""
        self._restored = {name.removeprefix(NUMBERS): value for name, value in numbers.items() if name.startswith(NUMBERS)}


def _array(shape: list[int], values: list[float]) -> Floats:
    return np.array(values, dtype=np.float64).reshape(shape)
