"""A problem advanced in time, as tests want it. This module alone knows how the solver's time stepping is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from invasio.solver.components.mobile import Mobile
from invasio.solver.components.options import SchemeOptions
from invasio.solver.components.packing import Packing
from invasio.solver.components.protocol import Extension
from invasio.solver.components.steady import Steady
from invasio.solver.components.transport import Transport
from invasio.solver.diagnostics.ledger import Ledger
from invasio.solver.discretise.problem import Problem
from invasio.solver.linalg.linear import LinearSystem
from invasio.solver.output import checkpoint
from invasio.solver.output.layout import Rows
from invasio.solver.stepping.clock import Clock
from invasio.solver.stepping.loop import march, one_step
from invasio.solver.stepping.options import ClockOptions
from invasio.solver.stepping.restart import part, restore, snapshot, tables
from invasio.solver.stepping.stepper import Stepper
from invasio.solver.stepping.stop import StopRequest

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Snapshot:
    """All that the next step depends on: arrays in canonical order, whole and the same on every rank, and numbers."""

    arrays: dict[str, Floats]
    numbers: dict[str, Any]
    steps: tuple[float, float, int]  # where equal steps began, their size, and how many there were


@dataclass
class Watched:
    """The sizes of steps and the times of outputs, that of the start among them."""

    sizes: list[float]
    outputs: list[float]


class March:
    """A problem on its way, settled at the time ``start``. Collective, as all of its methods are."""

    def __init__(
        self,
        problem: Problem,
        options: SchemeOptions | None = None,
        start: float = 0.0,
        settle: bool = True,
        extensions: Sequence[Extension] = (),
    ) -> None:
        self.problem = problem
        self._stepper = Stepper(problem, options or SchemeOptions(), extensions)
        self._origin, self._dt, self._taken = start, 0.0, 0
        self._happened: float | None = None
        self.watched = Watched([], [])  # steps and outputs of ``run``
        self.rejected: dict[str, int] = {}  # and its steps that were repeated, by reason
        if settle:
            self._stepper.settle(start)
        self._ledger = Ledger(self._stepper)

    @classmethod
    def restored(
        cls, problem: Problem, before: Snapshot, options: SchemeOptions | None = None, extensions: Sequence[Extension] = ()
    ) -> March:
        """The march that a snapshot was taken of, on a fresh problem, on any number of ranks."""
        new = cls(problem, options, settle=False, extensions=extensions)
        restore(new._stepper, {name: whole[new._rows(name).numbers] for name, whole in before.arrays.items()}, before.numbers)
        new._ledger = Ledger(new._stepper, part(before.numbers, "initial/"))
        new._origin, new._dt, new._taken = before.steps
        new._happened = before.numbers["happened"]
        return new

    def snapshot(self) -> Snapshot:
        """The state of the moment."""
        comm = self.problem.graph.comm
        clock = Clock(ClockOptions(self.time, self.time + 1.0, (self.time + 1.0,), step=self._dt or 1.0), happened=self._happened)
        arrays, numbers = snapshot(self._stepper, clock, self._taken)
        whole = {}
        for name, mine in arrays.items():
            rows = self._rows(name)
            whole[name] = np.full((rows.total, *mine.shape[1:]), np.nan)
            for places, values in comm.allgather((rows.numbers, mine)):
                whole[name][places] = values
        numbers |= {f"initial/{name}": amount for name, amount in self._ledger.initial.items()}
        return Snapshot(whole, numbers, (self._origin, self._dt, self._taken))

    @classmethod
    def loaded(
        cls, problem: Problem, folder: Path, dt: float, options: SchemeOptions | None = None, extensions: Sequence[Extension] = ()
    ) -> March:
        """The march that ``save`` wrote last, in equal steps from time 0; raises SystemExit where there is none."""
        new = cls(problem, options, settle=False, extensions=extensions)
        found = checkpoint.load_latest(folder, problem.grid, tables=tables(new._stepper))
        if found is None:
            raise SystemExit(f"there is no checkpoint in {folder}")
        restore(new._stepper, found.state, found.scalars)
        new._dt, new._taken = dt, int(found.scalars["step"])
        return new

    def save(self, folder: Path) -> None:
        """Write a checkpoint."""
        clock = Clock(ClockOptions(0.0, self.time + 1.0, (self.time + 1.0,), step=self._dt), self.time)
        arrays, numbers = snapshot(self._stepper, clock, self._taken)
        checkpoint.save(folder, self.problem.grid, arrays, numbers, tables=tables(self._stepper))

    def _rows(self, name: str) -> Rows:
        """Which rows of an array of a snapshot are this rank's."""
        grid = self.problem.grid
        found = (rows for beginning, rows in tables(self._stepper).items() if name.startswith(beginning))
        return next(found, Rows(grid.nodes, grid.n_nodes))

    @property
    def taken(self) -> int:
        """How many steps of one size were taken."""
        return self._taken

    @property
    def time(self) -> float:
        """Where the solution is."""
        return self._origin + self._taken * self._dt

    def step(self, dt: float, at: float | None = None) -> bool:
        """One step from the time reached, or another; False, with the densities as before, where it fails."""
        if at is not None or dt != self._dt:
            self._origin, self._dt, self._taken = self.time if at is None else at, dt, 0
        if not self._stepper.attempt(self.time, dt):
            return False
        self._stepper.accept(dt)
        self._taken += 1
        return True

    def each(self, dt: float, count: int, tried: float = 0.0, balanced: bool = False) -> Iterator[float]:
        """Equal steps, one at a time: the time reached.

        tried: each step is first tried with so many times its size, and rejected. balanced: the ledger is balanced after each.
        Raises RuntimeError when a step fails.
        """
        for k in range(count):
            if tried:
                self._try(tried * dt)
                self._stepper.reject()
            if not self.step(dt):
                raise RuntimeError(f"step {k} failed: {self.failure}")
            if balanced:
                self.balance()
            yield self.time

    def steps(self, dt: float, count: int, tried: float = 0.0, balanced: bool = False) -> March:
        """Equal steps, as ``each``."""
        for _ in self.each(dt, count, tried, balanced):
            pass
        return self

    def run(
        self,
        end: float,
        outputs: tuple[float, ...] = (),
        step: float | None = None,
        tolerance: float = 1e-3,
        max_step: float | None = None,
        first_step: float | None = None,
        observe: Callable[[float], object] = lambda time: None,
    ) -> str:
        """To the end, which is an output, as a run goes, with steps of one size or within a tolerance; shown at outputs. How it ended."""
        times = ClockOptions(self.time, end, tuple(dict.fromkeys((*outputs, end))), step, tolerance, first_step, max_step)
        clock = Clock(times, happened=self._happened, next_event=self._stepper.next_event)
        self.rejected = clock.rejected
        self.watched.outputs.append(clock.time)
        try:
            with StopRequest(self.problem.graph.comm) as stop:
                return march(lambda: self._watched_step(clock, observe), clock, stop)
        finally:
            self._origin, self._dt, self._taken, self._happened = clock.time, 0.0, 0, clock.happened

    def _watched_step(self, clock: Clock, observe: Callable[[float], object]) -> None:
        reached = one_step(self._stepper, clock)
        self.watched.sizes.append(clock.dt)
        if reached:
            self.watched.outputs.append(clock.time)
            observe(clock.time)

    def error(self, dt: float) -> float:
        """The estimated error of a step of this size, which is not taken."""
        self._try(dt)
        missed = self._stepper.trial.missed(dt)
        self._stepper.reject()
        assert missed.predicted is not None, "there are no two steps before it"
        return float((missed.predicted / missed.size).max())

    def _try(self, dt: float) -> None:
        if not self._stepper.attempt(self.time, dt):
            raise RuntimeError(f"the step of {dt:g} failed: {self.failure}")

    def scalar(self, name: str) -> float:
        """A number in time."""
        return float(self.problem.state.scalars[name].new[0])

    @property
    def failure(self) -> str:
        """Why the last step that failed did so."""
        return self._stepper.failure

    def balance(self) -> None:
        """Balance the ledger; raises SolverError where it does not balance to 1e-10."""
        self._ledger.balance(self.time)

    @property
    def worst(self) -> float:
        """The largest relative residual of the ledger so far."""
        return self._ledger.worst

    def account(self, species: str, name: str) -> float:
        """An account over all ranks."""
        return self.accounts()[species][name]

    def accounts(self) -> dict[str, dict[str, float]]:
        """All accounts over all ranks, by owner."""
        return self._by_owner(self.problem.graph.comm.allreduce(self._stepper.accounts.totals()))

    def shares(self) -> dict[str, dict[str, float]]:
        """This rank's shares of the accounts, by owner."""
        return self._by_owner(self._stepper.accounts.totals())

    def _by_owner(self, totals: Floats) -> dict[str, dict[str, float]]:
        accounts = self._stepper.accounts
        return {owner: {a.key: float(totals[k]) for k, a in accounts.of(owner)} for owner in accounts.owners}

    def info(self, name: str) -> float:
        """A count of the work so far: iterations, limited, kept, clipped."""
        return self._stepper.info()[name]

    def limited(self, name: str) -> int:
        """In how many solves of a moving species the limiter had something to do."""
        return self._transport(name).limited

    def clipped(self, name: str) -> float:
        """The amount of a quasi-steady species that was set to zero."""
        return next(c.clipped for c in self._stepper.components if isinstance(c, Steady) and c.name == name)

    def multigrids(self, name: str) -> int:
        """How many multigrids of a quasi-steady species were set up."""
        return next(c.kept.made for c in self._stepper.components if isinstance(c, Steady) and c.name == name)

    def packing(self, name: str) -> Packing:
        """What keeps a moving species below its maximum."""
        found = self._transport(name).packing
        assert found is not None, f"{name} has no maximum"
        return found

    def matrix(self, name: str) -> Any:
        """The PETSc matrix of a moving species."""
        return self.system(name).mat

    def system(self, name: str) -> LinearSystem:
        """The linear system of a moving species."""
        return self._transport(name).high

    def free(self) -> None:
        """Free the solvers and the exchange of ghosts, as when a run goes on on another mesh."""
        self._stepper.free()
        self.problem.graph.halo.free()

    def _transport(self, name: str) -> Transport:
        return next(c.transport for c in self._stepper.components if isinstance(c, Mobile) and c.name == name)


def advance(
    problem: Problem, dt: float, steps: int, options: SchemeOptions | None = None, start: float = 0.0, balanced: bool = False
) -> March:
    """A number of equal steps; raises RuntimeError if one fails."""
    return March(problem, options, start).steps(dt, steps, balanced=balanced)
