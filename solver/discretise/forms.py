"""The few integrals of linear elements, once, before the time loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...meshes.named_facets import Facets
from ...meshes.simplices import Simplices
from ..kernels import elements
from .halo import Halo

Floats = NDArray[np.float64]


class Forms:
    """P1 integrals on one mesh, at its local nodes. Matrices are values (nnz) on the ``stencil``, whose rows are the owned nodes."""

    def __init__(self, mesh: Simplices) -> None:
        self.mesh = mesh
        self._room = np.zeros((mesh.dim + 1, 3))
        self._stencil: tuple[NDArray[np.uint32], NDArray[np.uint32]] | None = None

    @property
    def stencil(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """indptr (n_owned + 1) and indices (nnz), which ascend in each row, of the nodes with a cell in common."""
        if self._stencil is None:
            cells, n = self.mesh.cells, self.mesh.n_owned
            start, around = np.zeros(n + 2, dtype=np.int64), np.empty(cells.size, dtype=np.int32)
            elements.surroundings(cells, start, around)
            indptr, indices = np.zeros(n + 1, dtype=np.uint32), np.empty(0, dtype=np.uint32)
            seen = np.empty(len(self.mesh.nodes), dtype=np.int32)
            elements.neighbours(cells, around, start, seen, indptr, indices)  # counts
            indices = np.empty(int(indptr[-1]), dtype=np.uint32)
            elements.neighbours(cells, around, start, seen, indptr, indices)
            self._stencil = indptr, indices
        return self._stencil

    def forget(self) -> None:
        """Free the stencil; it is made again, the same, when it is asked for."""
        self._stencil = None

    def stiffness(self, cell_values: Floats | float = 1.0) -> Floats:
        """K_ij = -int w grad phi_i . grad phi_j, the weight w by cell."""
        values, upper = np.zeros(len(self.stencil[1])), np.empty(self.mesh.n_owned, dtype=np.uint32)
        elements.stiffness(*self.stencil, self.mesh.points, self.mesh.cells, np.atleast_1d(cell_values), self._room, upper, values)
        return values

    def directed_stiffness(self, tensors: Floats) -> Floats:
        """K_ij = -int (T grad phi_j) . grad phi_i for symmetric tensors (n_cells, d, d)."""
        values = np.zeros(len(self.stencil[1]))
        elements.directed(*self.stencil, self.mesh.points, self.mesh.cells, np.ascontiguousarray(tensors), self._room, values)
        return values

    def midpoints(self) -> Floats:
        """Centres (n_cells, 3) of all cells of this rank, ghosts included."""
        return np.asarray(self.mesh.points[self.mesh.cells].mean(axis=1))

    def at_midpoints(self, nodal: Floats) -> Floats:
        """Values (n_cells,) at the centres of all cells of this rank, ghosts included, of values at the owned nodes. Collective."""
        mesh, values = self.mesh, np.zeros(len(self.mesh.nodes))
        values[: mesh.n_owned] = nodal[: mesh.n_owned]
        halo = Halo(mesh.comm, mesh.n_owned, mesh.ghosts)
        halo.update(values)
        halo.free()
        return np.asarray(values[mesh.cells].mean(axis=1))

    def gathered(self, corners: Floats) -> Floats:
        """Sums at the owned nodes of values (owned cells, dim+1) at the corners of the owned cells of all ranks. Collective."""
        mesh = self.mesh
        sums: Floats = np.bincount(mesh.owned_cells.ravel(), corners.ravel(), minlength=len(mesh.nodes)).astype(float)
        ends = np.cumsum(mesh.comm.allgather(mesh.n_owned))
        owner = np.searchsorted(ends, mesh.ghosts, side="right")
        sent = [(mesh.ghosts[owner == r], sums[mesh.n_owned :][owner == r]) for r in range(mesh.comm.size)]
        for numbers, values in mesh.comm.alltoall(sent):
            sums[numbers - mesh.first] += values
        return sums[: mesh.n_owned]

    def mass(self, cell_values: Floats | float = 1.0) -> Floats:
        """Lumped mass m_i = int w phi_i of the owned nodes."""
        values = np.zeros(self.mesh.n_owned)
        elements.masses(self.mesh.points, self.mesh.cells, np.atleast_1d(cell_values), values)
        return values

    def mass_in(self, cell_region: NDArray[np.int32], regions: int) -> Floats:
        """The part of m_i in each region (regions, n_owned)."""
        values = np.zeros((regions, self.mesh.n_owned))
        elements.masses_in(self.mesh.points, self.mesh.cells, cell_region, values)
        return values

    def boundary_mass(self, facets: Facets) -> Floats:
        """sigma_i = int over the facets of phi_i, for the owned nodes."""
        values = np.zeros(self.mesh.n_owned)
        elements.sides(self.mesh.points, self.mesh.cells, facets.cell, facets.opposite, self._room, values)
        return values

    def boundary_gradient(self, facets: Facets) -> Floats:
        """B_ij = int over the facets of phi_i grad phi_j . n."""
        values = np.zeros(len(self.stencil[1]))
        elements.outward(*self.stencil, self.mesh.points, self.mesh.cells, facets.cell, facets.opposite, self._room, values)
        return values
