"""The few integrals that DOLFINx assembles, once, before the time loop."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import ufl
from dolfinx import fem, la
from numpy.typing import NDArray

from ..compat import cell_corners
from .jit import clear_stale, options

Floats = NDArray[np.float64]


def _form(expression: Any) -> Any:
    return fem.form(expression, jit_options=options())


class Forms:
    """P1 integrals on one mesh; every array is indexed by the space's own dof numbers."""

    def __init__(self, mesh: Any) -> None:
        self.mesh = mesh
        clear_stale(mesh.comm)
        self.space = fem.functionspace(mesh, ("Lagrange", 1))
        self._directed: tuple[Any, Any] | None = None  # tensor and form, made when asked for
        self._matrix: Any = None  # the last one of stiffness

    @cached_property
    def _weighted(self) -> tuple[Any, Any, Any]:
        """A weight by cell, and the forms of stiffness and mass with it. Collective the first time."""
        weight = fem.Function(fem.functionspace(self.mesh, ("Discontinuous Lagrange", 0)))
        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        return weight, _form(-weight * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx), _form(weight * v * ufl.dx)

    def let_go(self) -> None:
        """Free what has values in every cell; it is made again when it is asked for."""
        self.__dict__.pop("_weighted", None)
        self._directed = None
        self.forget()

    def forget(self) -> None:
        """Free the matrix that was assembled last."""
        self._matrix = None

    def _weigh(self, cell_values: Floats | float) -> tuple[Any, Any, Any]:
        weight = self._weighted[0]
        weight.x.array[weight.function_space.dofmap.list[:, 0]] = cell_values
        return self._weighted

    def stiffness(self, cell_values: Floats | float = 1.0) -> Any:
        """MatrixCSR with K_ij = -int w grad phi_i . grad phi_j; rows of owned dofs are complete. The next call overwrites it."""
        form = self._weigh(cell_values)[1]
        if self._matrix is None:
            self._matrix = fem.create_matrix(form)
        self._matrix.data[:] = 0.0
        fem.assemble_matrix(self._matrix, form)
        self._matrix.scatter_reverse()
        return self._matrix

    def directed_stiffness(self, tensors: Floats) -> Any:
        """MatrixCSR with K_ij = -int (T grad phi_j) . grad phi_i for symmetric tensors (n_cells, d, d)."""
        dim = self.mesh.geometry.dim
        if self._directed is None:
            tensor = fem.Function(fem.functionspace(self.mesh, ("Discontinuous Lagrange", 0, (dim, dim))))
            u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
            self._directed = tensor, _form(-ufl.inner(ufl.dot(tensor, ufl.grad(u)), ufl.grad(v)) * ufl.dx)
        tensor, form = self._directed
        tensor.x.array.reshape(-1, dim, dim)[tensor.function_space.dofmap.list[:, 0]] = tensors
        matrix = fem.assemble_matrix(form)
        matrix.scatter_reverse()
        return matrix

    def midpoints(self) -> Floats:
        """Centres (n_cells, 3) of all cells of this rank, ghosts included."""
        return np.asarray(self.mesh.geometry.x[cell_corners(self.mesh)].mean(axis=1))

    def at_midpoints(self, nodal: Floats) -> Floats:
        """Values (n_cells,) at the centres of all cells of this rank, ghosts included, of values at the owned dofs. Collective."""
        function = fem.Function(self.space)
        n = self.space.dofmap.index_map.size_local
        function.x.array[:n] = nodal[:n]
        function.x.scatter_forward()
        return np.asarray(function.x.array[self.space.dofmap.list].mean(axis=1))

    def gathered(self, corners: Floats) -> Floats:
        """Sums at the owned dofs of values (owned cells, dim+1) at the corners of the owned cells. Collective."""
        function = fem.Function(self.space)
        np.add.at(function.x.array, self.space.dofmap.list[: len(corners)].ravel(), corners.ravel())
        return self._owned_sum(function.x)

    def mass(self, cell_values: Floats | float = 1.0) -> Floats:
        """Lumped mass m_i = int w phi_i of the owned dofs."""
        return self._owned_sum(fem.assemble_vector(self._weigh(cell_values)[2]))

    def boundary_mass(self, facets: NDArray[np.int32]) -> Floats:
        """sigma_i = int over the facets of phi_i, for the owned dofs."""
        v = ufl.TestFunction(self.space)
        return self._owned_sum(fem.assemble_vector(_form(v * self._ds(facets))))

    def boundary_gradient(self, facets: NDArray[np.int32]) -> Any:
        """MatrixCSR with B_ij = int over the facets of phi_i grad phi_j . n."""
        u, v = ufl.TrialFunction(self.space), ufl.TestFunction(self.space)
        normal = ufl.FacetNormal(self.mesh)
        weight = self._weigh(0.0)[0]  # the volume term adds nothing but the sparsity of the graph
        volume = weight * ufl.inner(ufl.grad(u), ufl.grad(v)) * ufl.dx
        matrix = fem.assemble_matrix(_form(v * ufl.inner(ufl.grad(u), normal) * self._ds(facets) + volume))
        matrix.scatter_reverse()
        return matrix

    def points(self) -> Floats:
        """Coordinates (n_owned, 3) of the owned dofs, exactly those of the mesh's nodes."""
        space = self.space
        points = np.zeros((space.dofmap.index_map.size_local + space.dofmap.index_map.num_ghosts, 3))
        points[space.dofmap.list.ravel()] = self.mesh.geometry.x[cell_corners(self.mesh).ravel()]
        return points[: space.dofmap.index_map.size_local]

    def _ds(self, facets: NDArray[np.int32]) -> Any:
        from dolfinx.mesh import meshtags

        facets = np.unique(facets).astype(np.int32)
        tags = meshtags(self.mesh, self.mesh.topology.dim - 1, facets, np.ones(len(facets), dtype=np.int32))
        return ufl.Measure("ds", domain=self.mesh, subdomain_data=tags)(1)

    def _owned_sum(self, vector: Any) -> Floats:
        vector.scatter_reverse(la.InsertMode.add)
        return np.array(vector.array[: self.space.dofmap.index_map.size_local])
