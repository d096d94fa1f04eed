"""A matrix in single precision, for products that correct a solution; where it is written with the matrix it needs no pass of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..kernels import krylov
from .petsc_values import Values

if TYPE_CHECKING:
    from .krylov import Memory

Singles = NDArray[np.float32]


class Rounded:
    """c (nnz, in the order of the graph), d, e (n_owned) of kernels.krylov, in the unit of the memory. fits: whether d is in range."""

    def __init__(self, memory: Memory, values: Values) -> None:
        g = memory.graph
        self._memory, self._values = memory, values
        self.c = np.zeros(len(g.indices), dtype=np.float32)
        self.d, self.e = np.zeros(g.n_owned, dtype=np.float32), np.zeros(g.n_owned, dtype=np.float32)
        self.fits = False
        self.changed(None)

    def changed(self, fits: bool | None) -> None:
        """The matrix is new; fits: whether d is in range on this rank, if c and d are new too."""
        self._fits_here, self._agreed = fits, False

    def renew(self) -> None:
        """Bring c, d and ``fits`` to the values of now. Collective."""
        if self._agreed:
            return
        if self._fits_here is None:
            m, v, g = self._memory, self._values, self._memory.graph
            self._fits_here = krylov.rounded(g.indptr, g.diagonal, g.n_own_columns, v.own, v.ghost, m.unit, self.c, self.d, self.e)
        (bad,) = self._memory.total((float(not self._fits_here),))
        self.fits, self._agreed = bad == 0.0, True
