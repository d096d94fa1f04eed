r"""One time step of the whole model, second order by symmetric splitting.

    half step of what does not move, then of the membranes' integrity, with the moving species as they are,
    full step of each moving species in turn, fluxes and rates at mid-step,
    half step of the integrity, then of what does not move.

Mid-step densities are extrapolated from the last step, c + (dt/2) dc/dt, clipped at 0; a species already
advanced contributes the mean of its old and new density. The first step, which has no history, is done twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..diagnostics.ledger import empty_accounts
from ..discretise.problem import Problem
from ..discretise.species import NodalSpecies
from ..errors import SolverError
from ..kernels import stages
from ..linalg.linear import LinearSystem
from .boundaries import hold
from .options import SchemeOptions
from .reactions import Reactions
from .steady import Steady, check_solvable
from .transfers import Transfers
from .transport import Transport, iterations
from .workspace import Workspace

Floats = NDArray[np.float64]


@dataclass
class History:
    """Sizes of the last two accepted steps; 0 where there was none."""

    last: float = 0.0
    before: float = 0.0


class Stepper:
    """Advances a problem; ``amounts`` collects per species what each account has gained, on this rank."""

    def __init__(self, problem: Problem, options: SchemeOptions) -> None:
        self.problem, self.history = problem, History()
        self.work = Workspace(problem.graph)
        self.transports = [Transport(s, self.work, options) for s in problem.mobile]
        self.steady = [Steady(s, self.work, options) for s in problem.steady]
        for steady in self.steady:
            check_solvable(steady.species)
        self._moving: list[Transport | Steady] = [*self.transports, *self.steady]
        self.reactions = Reactions(problem.immobile, problem.fields, problem.graph.n_owned)
        self.integrities = list(problem.integrities.values())
        self.transfers = Transfers(problem.species, problem.fields, problem.evaluator, problem.graph.n_owned)
        self._switching = {s.name for s in self.transfers.species}
        self._before = np.zeros(problem.graph.n_local if self._switching else 0)
        self.failure = ""  # why the last attempt failed
        self.amounts = empty_accounts(problem)
        self.earlier: dict[str, float] = {}  # what ``info`` had counted when the run was stopped
        for s in problem.species.values():
            problem.fields[s.name][:] = s.state

    def attempt(self, time: float, dt: float) -> bool:
        """Try a step from ``time``; the states then hold the new densities, or the old ones again if it fails.

        Nothing is booked until ``accept``. Collective; the same answer on all ranks.
        """
        species = self.problem.species.values()
        for s in species:
            s.old[:] = s.state
            if s.log is not None:
                s.log_old[:] = s.log
        for b in self.integrities:
            b.begin()
        self._start = time
        first = self.history.last == 0.0
        for again in (False, True) if first else (True,):
            self._pending: dict[str, dict[str, float]] = {s.name: {} for s in species}
            if not self._pass(time, dt):
                self.reject()
                return False
            if first and not again:  # the guess of the rate is the outcome of the first pass
                for s in species:
                    np.subtract(s.state, s.old, out=s.rate)
                    s.rate /= dt
                self._restore()
                for b in self.integrities:
                    b.reject()
        return True

    def _pass(self, time: float, dt: float) -> bool:
        fields, evaluator = self.problem.fields, self.problem.evaluator
        for t in self._moving:
            fields[t.species.name][:] = t.species.old
        for r in self.reactions.species:
            fields[r.name][:] = r.state
        evaluator.time[0] = time + 0.25 * dt
        if not self._transfer(time, 0.5 * dt):
            return False
        self.reactions.advance(0.5 * dt, self._pending)
        for b in self.integrities:
            b.advance(time + 0.25 * dt, 0.5 * dt)
        evaluator.time[0] = time + 0.5 * dt
        for t in self._moving:
            self._extrapolate(t.species, 0.5 * dt)
        for t in self.transports:
            s = t.species
            before = s.old
            if s.name in self._switching:  # half of what is transferred has happened: the middle of the transport is meant
                before = self._before
                before[:] = s.state
            t.history = (self.history.last, self.history.before)
            if not t.advance(time, dt, fields[s.name], self._pending[s.name]):
                self.failure = t.failure
                return False
            np.add(before, s.state, out=fields[s.name])
            fields[s.name] *= 0.5
        for t in self.transports:
            fields[t.species.name][:] = t.species.state
        if any(t.stiff for t in self.transports):
            self._follow(time + dt, dt)
        for t in self.steady:
            self._extrapolate(t.species, dt)
        for b in self.integrities:
            b.advance(time + 0.75 * dt, 0.5 * dt)
        evaluator.time[0] = time + 0.75 * dt
        self.reactions.advance(0.5 * dt, self._pending)
        return self._transfer(time + dt, 0.5 * dt) and self._balance(time + dt, dt)

    def _follow(self, time: float, dt: float) -> None:
        """Let what has stiff sources see their change up to the end of the step; what is not there yet is extrapolated. Collective."""
        fields = self.problem.fields
        self.problem.evaluator.time[0] = time
        for s in self.problem.species.values():
            if not s.law.mobile or s.law.quasi_steady or s.name in self._switching:
                self._extrapolate(s, dt)
        for t in self.transports:
            if t.stiff:
                t.follow(dt, fields[t.species.name], self._pending[t.species.name])
        for s in (*(t.species for t in self.transports), *self.reactions.species):
            fields[s.name][:] = s.state

    def _transfer(self, time: float, h: float) -> bool:
        """What turns into other species during h; fixed values are those of ``time``. Collective where there are transfers."""
        if not self._switching:
            return True
        for s in self.transfers.species:
            s.boundary_values(time, fixed=True)
        self.failure = "a rate of transfer is negative or not finite"
        if not self.problem.graph.comm.allreduce(self.transfers.advance(h, self._pending), MPI.LAND):
            return False
        for s in self.transfers.species:
            if s.fixed_conditions:
                hold(s, self._pending[s.name])
                self.problem.fields[s.name][:] = s.state
        return True

    def _balance(self, time: float, dt: float) -> bool:
        """Solve the steady species at a time, with all others as they are in the fields."""
        self.problem.evaluator.time[0] = time
        fields = self.problem.fields
        for t in self.steady:
            if not t.solve(time, dt, fields[t.species.name], self._pending[t.species.name]):
                self.failure = t.failure
                return False
        return True

    def settle(self, time: float) -> None:
        """Bring the steady species into balance with the initial state. Collective; raises SolverError if that fails."""
        self._pending = {name: {} for name in self.problem.species}
        if not self._balance(time, 0.0):
            names = ", ".join(t.species.name for t in self.steady)
            raise SolverError(f"the initial balance of the quasi-steady species ({names}) could not be solved; check their rates")

    def _extrapolate(self, s: NodalSpecies, ahead: float) -> None:
        stages.predict(s.old, s.rate, ahead, self.problem.fields[s.name])

    def reject(self) -> None:
        """Put the densities back to where the attempt began."""
        self._restore()
        for s in self.problem.species.values():
            if self.history.last == 0.0:
                s.rate[:] = 0.0
        for b in self.integrities:
            b.reject()

    def _restore(self) -> None:
        for s in self.problem.species.values():
            s.state[:] = s.old
            if s.log is not None:
                s.log[:] = s.log_old

    def accept(self, dt: float) -> None:
        """Book the attempt's amounts and remember its difference quotients."""
        for name, booking in self._pending.items():
            account = self.amounts[name]
            for key, amount in booking.items():
                account[key] = account.get(key, 0.0) + amount
        for s in self.problem.species.values():
            stages.difference_quotient(s.state, s.old, dt, s.rate, s.rate_before)
            for wall in s.walls:
                wall.accept()
        for t in self.transports:
            if t.packing is not None:
                t.packing.note(self._start + dt)
        for b in self.integrities:
            b.accept(self._start, dt)
        self.history.before, self.history.last = self.history.last, dt

    def error(self, dt: float) -> float:
        """Estimated local error of the attempt, the largest over species (relative) and integrities; inf without history. Collective.

        The densities are compared with their quadratic extrapolation from the last two steps, whose error is
        c''' dt (dt + dt1) (dt + dt1 + dt2)/6; that of a step is taken as c''' dt^3/12.
        """
        dt1, dt2 = self.history.last, self.history.before
        if not dt1 or not dt2:
            return float("inf")
        g = self.problem.graph
        bend = (dt + dt1) / (dt1 + dt2)
        squares: list[float] = []
        for s in self.problem.species.values():
            squares += stages.surprise(g.mass, s.state, s.old, s.rate, s.rate_before, dt, bend, g.n_owned)
        for b in self.integrities:
            squares += b.surprise(dt, bend)
        sums = g.comm.allreduce(np.array(squares))
        factor = 0.5 * dt * dt / ((dt + dt1) * (dt + dt1 + dt2))
        return float(max((np.sqrt(e / c) * factor for e, c in zip(sums[::2], sums[1::2], strict=True) if c > 0.0), default=0.0))

    def info(self) -> dict[str, float]:
        """Cheap numbers about the work so far: iterations, limited steps, antidiffusion kept, amount clipped."""
        return {
            "iterations": self.earlier.get("iterations", 0.0) + iterations(self._systems()),
            "limited": self.earlier.get("limited", 0.0) + sum(t.limited for t in self.transports),
            "kept": min((t.kept for t in self.transports), default=1.0),
            "clipped": self.earlier.get("clipped", 0.0) + sum(t.clipped for t in self._moving),
        }

    def free(self) -> None:
        """Free the solvers. Collective."""
        for system in self._systems():
            if system is not None:
                system.destroy()

    def _systems(self) -> list[LinearSystem | None]:
        return [x for t in self.transports for x in (t.high, t.low)] + [t.system for t in self.steady]
