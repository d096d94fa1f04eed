"""Every difference between DOLFINx versions (0.9 to 0.11) in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def create_simplex_mesh(comm: Any, cells: NDArray[np.int64], points: NDArray[np.float64]) -> Any:
    """A first-order simplex mesh from this rank's cells (M, dim+1) and points (N, dim); collective.

    The positional order of create_mesh changed after 0.9, so all arguments go by keyword.
    """
    import basix.ufl
    from dolfinx.mesh import GhostMode, create_cell_partitioner, create_mesh

    dim = points.shape[1]
    element = basix.ufl.element("Lagrange", ("interval", "triangle", "tetrahedron")[dim - 1], 1, shape=(dim,), dtype=np.float64)
    return create_mesh(comm, cells=cells, x=points, e=element, partitioner=create_cell_partitioner(GhostMode.none))
