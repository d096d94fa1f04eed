"""DOLFINx as the independent witness: the mesh of a domain, and its integrals in canonical numbers, whole on every rank."""

from __future__ import annotations

from typing import Any

import numpy as np
from mpi4py import MPI
from numpy.typing import NDArray

from invasio.meshes.domain import Domain
from invasio.meshes.named_facets import Facets
from invasio.solver.compat import cell_corners, create_simplex_mesh
from tests.lib.comm import Comm

Floats = NDArray[np.float64]


class ByDolfinx:
    """Cells stay on the rank that owns them. canonical (dofs,): of each degree of freedom of P1."""

    def __init__(self, comm: Comm, domain: Domain) -> None:
        import ufl
        from dolfinx import fem

        mine = domain.mesh
        whole = np.zeros((mine.n_nodes, mine.dim))
        whole[mine.nodes[: mine.n_owned]] = mine.points[: mine.n_owned, : mine.dim]
        comm.Allreduce(MPI.IN_PLACE, whole, MPI.SUM)
        part = slice(mine.n_nodes * comm.rank // comm.size, mine.n_nodes * (comm.rank + 1) // comm.size)
        self.comm, self.domain = comm, domain
        self.mesh = create_simplex_mesh(comm, mine.nodes[mine.owned_cells], whole[part], stay=True)
        self.space = fem.functionspace(self.mesh, ("Lagrange", 1))
        self.weight = fem.Function(fem.functionspace(self.mesh, ("Discontinuous Lagrange", 0)))
        dofs, count = self.space.dofmap.list, self.space.dofmap.index_map
        self.canonical = np.zeros(count.size_local + count.num_ghosts, dtype=np.int64)
        self.canonical[dofs.ravel()] = np.asarray(self.mesh.geometry.input_global_indices)[cell_corners(self.mesh).ravel()]
        firsts = comm.allgather(mine.n_owned_cells)  # cells were given as one list, rank by rank
        self.given = np.asarray(self.mesh.topology.original_cell_index, dtype=np.int64) - sum(firsts[: comm.rank])
        self.u, self.v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)

    def weigh(self, owned_cells: Floats) -> Any:
        """A function that has these values in the owned cells."""
        self.weight.x.array[self.weight.function_space.dofmap.list[:, 0]] = owned_cells[self.given]
        return self.weight

    def tensor(self, owned_cells: Floats) -> Any:
        """The same for values (n, dim, dim)."""
        from dolfinx import fem

        dim = self.domain.dim
        found = fem.Function(fem.functionspace(self.mesh, ("Discontinuous Lagrange", 0, (dim, dim))))
        found.x.array.reshape(-1, dim, dim)[found.function_space.dofmap.list[:, 0]] = owned_cells[self.given]
        return found

    def measure(self, facets: Facets) -> Any:
        """ds over named facets."""
        import ufl
        from dolfinx.mesh import meshtags

        mine = self.domain.mesh
        rows = np.concatenate(self.comm.allgather(np.sort(mine.nodes[facets.nodes[facets.mine]], axis=1)))
        topology, dim = self.mesh.topology, self.domain.dim
        for a, b in ((dim - 1, 0), (dim, dim - 1), (dim - 1, dim)):
            topology.create_connectivity(a, b)
        corners = np.zeros(topology.index_map(0).size_local + topology.index_map(0).num_ghosts, dtype=np.int64)
        to_vertex = topology.connectivity(dim, 0).array
        corners[to_vertex] = np.asarray(self.mesh.geometry.input_global_indices)[cell_corners(self.mesh).ravel()]
        every = corners[topology.connectivity(dim - 1, 0).array.reshape(-1, dim)] if dim > 1 else corners[:, None]
        wanted = {tuple(row) for row in rows.tolist()}
        found = np.array([k for k, row in enumerate(np.sort(every, axis=1).tolist()) if tuple(row) in wanted], dtype=np.int32)
        tags = meshtags(self.mesh, dim - 1, found, np.ones(len(found), dtype=np.int32))
        return ufl.Measure("ds", domain=self.mesh, subdomain_data=tags)(1)

    def vector(self, form: Any) -> Floats:
        """A linear form (n_nodes,)."""
        from dolfinx import fem

        values = fem.assemble_vector(fem.form(form)).array
        whole = np.zeros(self.domain.mesh.n_nodes)
        np.add.at(whole, self.canonical, values)
        self.comm.Allreduce(MPI.IN_PLACE, whole, MPI.SUM)
        return whole

    def matrix(self, form: Any) -> Floats:
        """A bilinear form (n_nodes, n_nodes)."""
        from dolfinx import fem

        found = fem.assemble_matrix(fem.form(form))
        found.scatter_reverse()
        owned, columns = found.index_map(0), found.index_map(1)
        n, end = owned.size_local, int(found.indptr[owned.size_local])
        every = np.concatenate(self.comm.allgather(self.canonical[:n]))  # by global number
        numbers = every[np.concatenate([np.arange(n) + owned.local_range[0], np.asarray(columns.ghosts, dtype=np.int64)])]
        whole = np.zeros((self.domain.mesh.n_nodes,) * 2)
        rows = np.repeat(np.arange(n), np.diff(found.indptr[: n + 1]))
        whole[numbers[rows], numbers[found.indices[:end]]] = found.data[:end]
        self.comm.Allreduce(MPI.IN_PLACE, whole, MPI.SUM)
        return whole
