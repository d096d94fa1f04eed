"""Every difference between DOLFINx versions (0.9 to 0.11) in one place."""

from __future__ import annotations

import os
from inspect import signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .parallel import Comm


def create_simplex_mesh(comm: Comm, cells: NDArray[np.int64], points: NDArray[np.float64], stay: bool = False) -> Any:
    """A first-order simplex mesh from this rank's cells (M, dim+1) and points (N, dim); collective.

    With ``stay`` each rank keeps the cells that it gives. Otherwise rank 0 gives them all.
    The positional order of create_mesh changed after 0.9, so all arguments go by keyword. Rank 0 partitions
    alone and on one thread: PT-SCOTCH, and SCOTCH with threads, give another result now and then, and a resumed
    run would not repeat its bits.
    """
    from . import petsc_start  # noqa: F401 - before DOLFINx

    os.environ.setdefault("SCOTCH_PTHREAD_NUMBER", "1")  # read by SCOTCH at every partition
    import basix.ufl
    from dolfinx.graph import adjacencylist
    from dolfinx.mesh import GhostMode, create_cell_partitioner
    from mpi4py import MPI

    links = {"max_facet_to_cell_links": 2}  # needed from 0.11 on, unknown before
    known = signature(create_cell_partitioner).parameters
    alone = create_cell_partitioner(GhostMode.none, **{name: value for name, value in links.items() if name in known})

    def partition(comm: Comm, parts: int, kinds: Any, connectivity: Any) -> Any:
        if len(cells) and comm.size > 1 and not stay:
            return alone(MPI.COMM_SELF, parts, kinds, connectivity)
        here = adjacencylist(np.full((len(cells), 1), comm.rank if stay else 0, dtype=np.int32))
        return getattr(here, "_cpp_object", here)  # 0.9 has the C++ object itself

    dim = points.shape[1]
    element = basix.ufl.element("Lagrange", ("interval", "triangle", "tetrahedron")[dim - 1], 1, shape=(dim,), dtype=np.float64)
    return _create_mesh(
        comm, np.ascontiguousarray(cells, dtype=np.int64), np.ascontiguousarray(points, dtype=np.float64), element, partition
    )


def _create_mesh(comm: Comm, cells: NDArray[np.int64], points: NDArray[np.float64], element: Any, partition: Any) -> Any:
    """`dolfinx.mesh.create_mesh` in two thirds of its time: its bindings first take an array for a sequence of rows, and make an array of
    each, several times; a memoryview they take for what it is. Where the bindings are others, as they stand.
    """
    import ufl
    from dolfinx import cpp
    from dolfinx.fem import coordinate_element
    from dolfinx.mesh import Mesh, create_mesh

    try:
        basis = coordinate_element(element.basix_element)  # type: ignore[call-arg]
        made = cpp.mesh.create_mesh(comm, memoryview(cells), basis._cpp_object, points, partition)
    except (AttributeError, TypeError):  # alike on all ranks, before anything is sent
        return create_mesh(comm, cells=cells, x=points, e=element, partitioner=partition)
    return Mesh(made, ufl.Mesh(element))


def cell_corners(mesh: Any) -> NDArray[np.int32]:
    """Nodes (n_cells, dim+1) of all cells of this rank, ghosts included; `dofmap` became a list of them after 0.10."""
    geometry = mesh.geometry
    found = geometry.dofmaps[0] if hasattr(geometry, "dofmaps") else geometry.dofmap
    return np.asarray(found, dtype=np.int32).reshape(-1, mesh.topology.dim + 1)
