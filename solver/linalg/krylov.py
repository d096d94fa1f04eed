"""CG and BiCGStab with a matrix in single precision, corrected by residuals in double until those are small enough.

Iterative refinement (Carson and Higham 2018, doi:10.1137/17M1140819): corrections need few digits, x and b - A x all of them.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from ..kernels import krylov
from .incomplete import Incomplete
from .petsc_values import Values
from .rounded import Rounded, Singles

Floats = NDArray[np.float64]
Squares = tuple[float, float]

DEPTH = 1e-6  # share of a residual down to which corrections by the rounded matrix follow it
ROUNDING = 4.0 * 2.0**-24  # of A y, relative to |D y|: two roundings, of C and d, times |A| |y| <= 2 |D y| or so
LESS = 0.5  # of the residual is left at most by a round of corrections
ROUNDS = 12
ORTHOGONAL = 1e-8  # cosine below which a residual tells BiCGStab nothing: it begins a new round
PEAK = 1e4  # times its first residual, from which on it will not come back

CONVERGED, BREAKDOWN, NOT_FINITE, TOO_MANY = "CONVERGED_RTOL", "DIVERGED_BREAKDOWN", "DIVERGED_NANORINF", "DIVERGED_MAX_IT"


class Memory:
    """Vectors for all systems on a graph in turn, and the sums over ranks. Collective.

    unit: of diagonals, about the mean mass of a node; a power of two, so that it changes no digit.
    """

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        n = graph.n_owned
        self.alone, self._sums = graph.comm.size == 1, np.zeros(4)
        (mass,) = self.total((float(graph.mass[:n].sum()),))
        self.unit = 2.0 ** round(math.log2(mass / graph.n_global))
        self.vectors = [np.zeros(n + len(graph.ghosts)) for _ in range(8)]

    @cached_property
    def double(self) -> Floats:
        """A vector in double precision."""
        return np.zeros(self.graph.n_owned)

    def total(self, values: tuple[float, ...]) -> tuple[float, ...]:
        """Sums over all ranks. Collective."""
        if self.alone:
            return values
        sums = self._sums[: len(values)]
        sums[:] = values
        self.graph.comm.Allreduce(MPI.IN_PLACE, sums)
        found: Any = sums.tolist()
        return tuple(found)


class Krylov:
    """Solver of one system, preconditioned by its diagonal or by incomplete factors; symmetric: the matrix.

    x (n_local): guess and solution, with room for ghosts. ``taken``: iterations of the last solve; ``outcome``: how that ended, as PETSc
    says it.
    """

    def __init__(
        self, rounded: Rounded, memory: Memory, values: Values, x: Floats, b: Floats, incomplete: Incomplete | None, symmetric: bool
    ) -> None:
        g = memory.graph
        self._memory, self._rounded, self._incomplete = memory, rounded, incomplete
        self._symmetric = symmetric
        self._local, self._x, self._d = x, x[: g.n_owned], rounded.d
        self._rows: tuple[Any, Any, Singles, Singles, Singles] = (g.indptr, g.indices, rounded.c, self._d, rounded.e)
        self._residual_of: tuple[Any, Any, Any, Floats, Floats, Floats, Floats, Singles] = (
            g.indptr,
            g.indices,
            g.n_own_columns,
            values.own,
            values.ghost,
            x,
            b,
            self._d,
        )
        self._stale = True
        self._moved = 0.0  # |D y| of the corrections of a round
        self.taken = 0
        self.outcome = ""

    def changed(self) -> None:
        """The values of the matrix are new."""
        self._stale = True

    def solve(self, rtol: float, most: int, first: Squares | None = None) -> bool:
        """Solve from the guess in ``x`` to |b - A x| <= rtol |b|, or rtol of the guess's residual where b is 0. Collective.

        first: |b|^2 and |b - A x|^2 on this rank, where D^-1 (b - A x) is in the first vector already.
        """
        self.taken = 0
        self.outcome = self._rounds(rtol, most, first)
        return self.outcome == CONVERGED

    def _rounds(self, rtol: float, most: int, first: Squares | None) -> str:
        m = self._memory
        self._renew()
        before, goal = math.inf, -1.0
        for _ in range(ROUNDS):
            size, left = self._residual(first)
            first = None
            if goal < 0.0:
                goal = rtol * (size or left)
            if not math.isfinite(left + goal):
                return NOT_FINITE
            if left <= goal:
                return CONVERGED
            if not self._rounded.fits or left > LESS * before:
                return BREAKDOWN
            before = left
            unit = 1.0 / m.unit
            self._moved = 0.0
            target = max(goal, DEPTH * left) * unit
            found = (self._cg if self._symmetric else self._bicgstab)(left * unit, target, most)
            if not found >= 0.0:
                return BREAKDOWN
            if found + ROUNDING * self._moved <= goal * unit:
                return CONVERGED
            if self.taken >= most and found > target:
                return TOO_MANY
        return BREAKDOWN

    def _renew(self) -> None:
        """Matrix and preconditioner of the values of now. Collective."""
        self._rounded.renew()
        if self._stale and self._incomplete is not None:
            self._incomplete.setUp(None)
        self._stale = False

    def _residual(self, known: Squares | None) -> tuple[float, float]:
        """|b| and |b - A x|; leaves D^-1 (b - A x) in the first vector, unless that is known. Collective."""
        m = self._memory
        if known is None:
            if not m.alone:
                m.graph.halo.update(self._local)
            known = krylov.residual(*self._residual_of, m.unit, m.vectors[0])
        size, left = m.total(known)
        return math.sqrt(size), math.sqrt(left)

    def _hat(self, vector: Floats, into: Floats) -> Floats:
        """What the preconditioner makes of a vector, with its ghosts. Collective."""
        m = self._memory
        if self._incomplete is None:
            if m.alone:
                return vector
            into = vector
        else:
            krylov.unscaled(m.unit, self._d, vector, m.double)
            self._incomplete.solve(m.double, into)
        if not m.alone:
            m.graph.halo.update(into)
        return into

    def _cg(self, left: float, target: float, most: int) -> float:
        """Conjugate gradients in the form of Chronopoulos and Gear (1989, doi:10.1016/0377-0427(89)90045-9), directions made orthogonal
        by what the preconditioner did, so that it need not be symmetric; the norm of what is left, NaN where that breaks down.
        """
        m = self._memory
        r, z, other, u, s, *_ = m.vectors
        z = self._hat(r, z)
        q, old = z, u
        curve = 0.0
        while True:
            reached, curved, across, back = m.total(krylov.times(*self._rows, z, r, q, old, u))
            beta = -across / curve if curve else 0.0
            curve = curved + beta * (across + back) + beta * beta * curve
            if not (curve > 0.0 and reached > 0.0):
                return math.nan
            alpha = reached / curve
            if q is z:
                new = other if z is r else r
                sums = krylov.first_direction(alpha, self._d, z, u, r, self._x, new)
                q, old, u = z, u, s
                r, z = new, (new if z is r else other)
            else:
                sums = krylov.next_direction(alpha, beta, self._d, z, u, self._x, q, old, r)
            squared, moved = m.total(sums)
            self._moved += math.sqrt(moved)
            self.taken += 1
            left = math.sqrt(squared)
            if left <= target or self.taken >= most:
                return left
            z = self._hat(r, z)

    def _bicgstab(self, left: float, target: float, most: int) -> float:
        """BiCGStab (van der Vorst 1992, doi:10.1137/0913035), which may end after half an iteration; as ``_cg``."""
        m = self._memory
        shadow, p, s, s_hat, p_hat, v, t, other = m.vectors
        r, along = shadow, shadow
        first, rho = left, left * left
        moved, parts = 0.0, 0  # here; the norm of a sum of corrections is at most sqrt(parts * sum of squares)
        if rho == 0.0:
            return math.nan
        while self.taken < most:
            toward = self._hat(along, p_hat)
            one, two, size, squared = m.total(krylov.times_with(*self._rows, toward, shadow, r, v))
            alpha = rho / one if one else math.nan
            self.taken += 1
            half = squared - alpha * (2.0 * two - alpha * size)
            if not math.isfinite(half):
                return math.nan
            left = math.sqrt(max(0.0, half))
            if left <= target:
                moved, parts = moved + krylov.half_a_step(alpha, self._d, toward, self._x), parts + 1
                break
            krylov.difference(r, alpha, v, s, len(self._x))
            further = self._hat(s, s_hat)
            of_shadow, two, size, squared = m.total(krylov.times_with(*self._rows, further, shadow, s, t))
            omega = two / size if size > 0.0 else math.nan
            before, rho = rho, -omega * of_shadow
            beta = rho / before * alpha / omega if omega else math.nan
            if not math.isfinite(beta):
                return math.nan
            vectors = (toward, further, s, t, v, self._x, along, other, p)
            moved, parts = moved + krylov.stabilised(alpha, omega, beta, self._d, *vectors), parts + 1
            r, along = other, p
            left = math.sqrt(max(0.0, squared - omega * two))
            if left <= target or abs(rho) < ORTHOGONAL * first * left:
                break
            if left > PEAK * first:
                return math.nan
        (moved,) = m.total((moved,))
        self._moved = math.sqrt(parts * moved)
        return left
