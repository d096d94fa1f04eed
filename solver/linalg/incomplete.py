"""Incomplete factors as a preconditioner of PETSc: kernels.factors on the overlapping blocks of the ranks.

Each rank solves on its own rows and some layers of its neighbours', and keeps what it found for its own: restricted additive Schwarz (Cai
and Sarkis 1999, doi:10.1137/S106482759732678X). On one rank it is a relaxed ILU(0), symmetric where the matrix is.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kernels import factors
from .overlap import Overlap
from .petsc_values import Values

Floats = NDArray[np.float64]


class Incomplete:
    """Context of a PC of type python, for the matrix with these values; ``relaxed`` counts when they are factored."""

    def __init__(self, overlap: Overlap, values: Values) -> None:
        self._overlap, self._values, self.relaxed = overlap, values, factors.RELAXED
        block = overlap.block
        self._factors = factors.Factors(np.zeros(len(block.indices), dtype=np.float32), np.zeros(len(block.order)))

    def setUp(self, pc: Any) -> None:
        """Factor the values of now; PETSc calls it. Collective."""
        o, v = self._overlap, self._values
        o.rows(v.own, v.ghost, o.values)
        factors.factorise(o.block, v.own, v.ghost, o.values, o.where, o.row, o.exact, self.relaxed, self._factors)

    def apply(self, pc: Any, residual: Any, result: Any) -> None:
        """Solve with the factors; PETSc calls it. Collective."""
        np.copyto(self._residual, residual.array_r)  # PETSc's is read-only: a type for which the kernel would be compiled anew
        self.solve(self._residual, result.array_w)

    @functools.cached_property
    def _residual(self) -> Floats:
        return np.zeros(len(self._overlap.y) - len(self._overlap.beyond))

    def solve(self, residual: Floats, result: NDArray[Any]) -> None:
        """The same on arrays of owned nodes. Collective."""
        o = self._overlap
        o.nodes(residual, residual[:0], o.beyond)
        factors.solve(o.block, self._factors, residual, o.beyond, o.y, result)
