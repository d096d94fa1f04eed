"""Components from outside, as somebody who extends the solver would write them: a pool behind a wall, and surgery."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from invasio.solver.accounts import Account, Accounts
from invasio.solver.components.protocol import Component, Phase
from invasio.solver.discretise.problem import Problem

Floats = NDArray[np.float64]


class Pool(Component):
    r"""An amount A that what passes a vessel's wall enters, and that is cleared: dA/dt = inflow - k A.

    A is a scalar, which formulas may name; with the inflow of a step taken as constant in time A is exact.
    """

    phases = frozenset({Phase.WHOLE})  # after the species: the inflow of the step is booked by then

    def __init__(self, problem: Problem, name: str, species: str, vessel: str, clearance: float) -> None:
        self.name, self.species, self.k = name, species, clearance
        self.comm, self.amount = problem.graph.comm, problem.state.scalars[name]
        self.account = next(v.account for v in problem.model.vessels if v.name == vessel)

    def accounts(self) -> Iterable[Account]:
        """What came and what was cleared."""
        yield Account(self.name, f"from:{self.species}", 1, f"came from {self.species}", gives=True)
        yield Account(self.name, "cleared", -1, "was cleared")

    def contents(self) -> Mapping[str, float]:
        """A, once."""
        return {self.name: float(self.amount.new[0]) if self.comm.rank == 0 else 0.0}

    def predict(self, phase: Phase, dt: float) -> None:
        """At mid-step what moves sees the extrapolated amount."""
        if phase is Phase.WHOLE:
            self.amount.predict(0.5 * dt)
        elif phase is Phase.SECOND:
            self.amount.show()

    def advance(self, phase: Phase, time: float, dt: float, book: Accounts) -> str:
        """Take what the step has booked through the wall. Collective."""
        mine = book.page(self.species).pending(self.account)
        came, x = float(self.comm.allreduce(mine)), self.k * dt
        before = float(self.amount.new[0])
        after = before * math.exp(-x) + came * (-math.expm1(-x) / x if x > 0.0 else 1.0)
        self.amount.new[0] = after
        page = book.page(self.name)
        page.add(f"from:{self.species}", mine)
        page.add("cleared", before + came - after if self.comm.rank == 0 else 0.0)
        return ""

    def row(self, time: float) -> Mapping[str, float]:
        """The amount."""
        return {f"{self.name}.amount": float(self.amount.new[0])}


class Surgery(Component):
    """At a time, takes a share of one species out of a part of the tissue, and puts another in there."""

    def __init__(
        self, problem: Problem, at: float, where: Callable[[Floats], NDArray[np.bool_]], out: str, share: float, into: str, density: float
    ) -> None:
        self.name, self.at, self.share, self.density = "surgery", at, share, density
        self.out, self.into = problem.species[out], problem.species[into]
        g = problem.graph
        self.mass, self.nodes = g.mass, np.flatnonzero(where(g.points[: g.n_owned]))

    def accounts(self) -> Iterable[Account]:
        """What was cut out and what was put in."""
        yield Account(self.out.name, "resected", -1, "was cut out")
        yield Account(self.into.name, "implanted", 1, "was put in")

    def next_event(self, after: float) -> float:
        """Once."""
        return self.at if self.at > after else math.inf

    def apply(self, time: float, book: Accounts) -> None:
        """Change the densities at this rank's nodes, and book what that takes and brings."""
        taken = self.share * self.out.state[self.nodes]
        self.out.state[self.nodes] -= taken
        self.into.state[self.nodes] += self.density
        mass = self.mass[self.nodes]
        book.page(self.out.name).add("resected", float((mass * taken).sum()))
        book.page(self.into.name).add("implanted", float(self.density * mass.sum()))


class Adding:
    """An extension: scalars with their values at the start, and what makes its components."""

    def __init__(self, scalars: Mapping[str, float], *make: Callable[[Problem], Component]) -> None:
        self._scalars, self._make = dict(scalars), make

    def scalars(self) -> Mapping[str, float]:
        """Names and values at the start."""
        return self._scalars

    def build(self, problem: Problem) -> Iterable[Component]:
        """The components."""
        return [make(problem) for make in self._make]
