r"""One time step of the whole model, second order by symmetric splitting; which parts there are is not known here.

    FIRST    half a step of transfers, of what does not move, of integrities, with the moving species as they are
    WHOLE    each moving species in turn, fluxes and rates at mid-step
    END      where sources turn a density over within the step: a second look at what they have become
    SECOND   the second halves, in reverse order
    then quasi-steady balances at the end of the step.

Mid-step values are those of the quadratic in time through the last three states, clipped at 0; what is already advanced
contributes the mean of its old and new values. The first step, which has no history, is done twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from mpi4py import MPI

from ..accounts import Accounts
from ..components.build import build_components
from ..components.options import SchemeOptions
from ..components.protocol import Component, Extension, Phase
from ..discretise.evaluate import quiet
from ..discretise.problem import Problem
from ..errors import SolverError
from .trial import Trial

RATES_OVER = {Phase.FIRST: (0.0, 0.5), Phase.WHOLE: (0.0, 1.0), Phase.END: (1.0, 1.0), Phase.SECOND: (0.5, 1.0)}  # parts of the step


class Stage(NamedTuple):
    """A phase, over which part of the step its rates are taken, and the components that advance in it, in their order."""

    phase: Phase
    over: tuple[float, float]
    components: list[Component]


class Stepper:
    """Advances a problem by its components. Collective, as all of its methods are, except ``info``."""

    def __init__(self, problem: Problem, options: SchemeOptions, extensions: Iterable[Extension] = ()) -> None:
        self.problem, self.state = problem, problem.state
        self.components = build_components(problem, options, extensions)
        owners_first = sorted(self.components, key=lambda c: not c.contents())  # then what others book of the same
        self.accounts = Accounts((a for c in owners_first for a in c.accounts()), problem.species)
        self.state.keep_accounts(self.accounts)
        self._first, self._whole, self._end, self._second = (
            Stage(phase, over, [c for c in self.components if phase in c.phases]) for phase, over in RATES_OVER.items()
        )
        self._second.components.reverse()
        self._accepting = [c for c in self.components if type(c).accept is not Component.accept]
        self._predicting = [c for c in self.components if type(c).predict is not Component.predict]
        self._eventful = [c for c in self.components if type(c).next_event is not Component.next_event]
        self._settling = [c for c in self.components if type(c).settle is not Component.settle]
        self.failure = ""  # why the last attempt failed
        self.trial = Trial(self.state, self._go, problem.graph.comm)
        self._start = 0.0
        self._earlier: dict[str, float] = {}  # what ``info`` had counted when the run was stopped
        self.state.show()

    @property
    def comm(self) -> MPI.Intracomm:
        """The communicator of the problem."""
        return self.problem.graph.comm

    def attempt(self, time: float, dt: float) -> bool:
        """Try a step from ``time``; the state then holds the new values, or the old ones again if it fails.

        Nothing is booked until ``accept``. The same answer on all ranks.
        """
        self._start = time
        self.state.begin()
        if not self._go(time, dt):
            self.reject()
            return False
        return True

    def _go(self, time: float, dt: float) -> bool:
        """A step from OLD; without history a second time, with the rates that the first time found."""
        with quiet:
            if self.state.history.last == 0.0:
                if not self._pass(time, dt):
                    return False
                self.state.guess(dt)
            return self._pass(time, dt)

    def _pass(self, time: float, dt: float) -> bool:
        self.problem.times.jumps.freeze(time + 0.5 * dt)
        self.state.show()
        forth = self._stage(self._first, time, dt) and self._stage(self._whole, time, dt) and self._stage(self._end, time, dt)
        return forth and self._stage(self._second, time, dt) and self._balance(time + dt, dt)

    def _stage(self, stage: Stage, time: float, dt: float) -> bool:
        phase, (begin, end), taking = stage
        if phase is Phase.END:
            taking = [c for c in taking if c.looks_again()]
            if not taking:
                return True
        if taking:
            self.problem.evaluator.over(time + begin * dt, time + end * dt)
        for c in self._predicting:
            c.predict(phase, dt)
        here, alone = "", False
        for c in taking:
            reason = c.advance(phase, time, dt, self.accounts)
            if reason and not c.fails_alone:
                self.failure = reason
                return False
            here, alone = here or reason, alone or c.fails_alone
        if alone and self.comm.allreduce(int(bool(here))):
            self.failure = max(self.comm.allgather(here))
            return False
        return True

    def _balance(self, time: float, dt: float) -> bool:
        """Balance the quasi-steady species at a time, with all others as they are."""
        self.problem.evaluator.at(time)
        for c in self._settling:
            reason = c.settle(time, dt, self.accounts)
            if reason:
                self.failure = reason
                return False
        return True

    def settle(self, time: float) -> None:
        """Bring the quasi-steady species into balance with the initial state; raises SolverError if that fails."""
        self.accounts.begin()
        self.problem.times.jumps.freeze_after(time)
        if not self._balance(time, 0.0):
            raise SolverError(
                f"the initial balance could not be solved ({self.failure})",
                code="balance-failed",
                place="quasi-steady species",
                remedy="check their rates",
            )
        self.accounts.begin()

    def next_event(self, after: float) -> float:
        """The first time later than ``after`` at which something happens at once; inf: never."""
        return min((c.next_event(after) for c in self._eventful), default=math.inf)

    def let_happen(self, time: float, after: float, until: float) -> str:
        """Let everything happen at a time that is due later than ``after`` and not later than ``until``, and book it; history is void then.

        Returns what kind of events there were. Raises SolverError where the quasi-steady species find no balance afterwards.
        """
        self.state.begin()
        happening = [c for c in self._eventful if c.next_event(after) <= until]
        kind = ", ".join(f"{c.name} {c.kind(after, until)}" for c in happening)
        self.problem.times.jumps.freeze_after(until)
        for c in happening:
            c.apply(time, self.accounts)
        self.state.update_copies()
        self.state.show()
        if not self._balance(time, 0.0):
            raise SolverError(
                f"after what happened then they found no balance: {self.failure}",
                code="balance-failed",
                place=f"quasi-steady species at {self.problem.times.said(time)}",
                remedy="check their rates",
            )
        self.accounts.commit()
        self.state.void_history()
        return kind

    def reject(self) -> None:
        """Put everything back to where the attempt began."""
        self.trial.made = False
        self.state.rollback()

    def accept(self, dt: float) -> None:
        """Book the attempt's amounts and remember its difference quotients."""
        for c in self._accepting:
            c.accept(self._start, dt)
        self.state.commit(dt)

    def info(self) -> dict[str, float]:
        """Cheap numbers about the work so far: iterations, limited steps, antidiffusion kept, amount clipped."""
        found = {"iterations": 0.0, "limited": 0.0, "kept": 1.0, "clipped": 0.0}
        for c in self.components:
            for name, value in c.info().items():
                found[name] = min(found[name], value) if name == "kept" else found.get(name, 0.0) + value
        return {name: value if name == "kept" else self._earlier.get(name, 0.0) + value for name, value in found.items()}

    def go_on_from(self, info: dict[str, float]) -> None:
        """Count on from what ``info`` had counted in an earlier part of the run."""
        self._earlier = info

    def row(self, time: float) -> dict[str, float]:
        """What the components report at an output, the same on every rank."""
        return {name: value for c in self.components for name, value in c.row(time).items()}

    def free(self) -> None:
        """Free the solvers; nothing can be advanced afterwards."""
        self.trial.free()
        for c in self.components:
            c.free()
