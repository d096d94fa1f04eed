"""The graph of a lattice by counting, with the edges along its axes alone: all others conduct nothing, to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...meshes.lattice_boxes import Boxes
from ...meshes.simplices import Simplices
from ..kernels import lattices
from ..parallel import Comm
from .graph import Graph, Stencil, agree, diagonal_of
from .halo import Halo

Floats = NDArray[np.float64]
Indices = NDArray[np.uint32]


class LatticeForms:
    """P1 integrals at the nodes of a rank's part of a lattice, on the stencil of its axes."""

    def __init__(self, mesh: Simplices, boxes: Boxes) -> None:
        self._mesh, self._boxes, dim = mesh, boxes, mesh.dim
        self._sizes = np.array([*boxes.sizes] + [1] * (3 - dim))
        self._total = int(self._sizes.prod())
        self._axes = np.array([1 << axis for axis in range(dim)] + [0])  # steps along the edges that conduct, and none

    def mass(self, cell_values: Floats | float = 1.0) -> Floats:
        """Lumped mass m_i = int w phi_i of the owned nodes."""
        return self._integrals(cell_values, np.empty((0, 0)))

    def stencil(self) -> tuple[Indices, Indices]:
        """indptr (n_owned + 1) and indices (nnz), which ascend in each row, along the axes."""
        return self._neighbours(self._axes)

    def others(self) -> Stencil | None:
        """All other edges of the mesh; None in 1-D."""
        steps = [step for step in range(1 << self._mesh.dim) if step.bit_count() > 1]
        return Stencil(*self._neighbours(np.array(steps))) if steps else None

    def stiffness(
        self, indptr: NDArray[np.uint32], indices: NDArray[np.uint32], cell_values: Floats | float = 1.0
    ) -> tuple[Floats, Floats]:
        """K_ij = -int w grad phi_i . grad phi_j (nnz) on the stencil, the weight w by cell, and the mass."""
        values, entries = np.zeros((self._mesh.dim + 1, self._total)), np.empty(len(indices))
        mass = self._integrals(cell_values, values)
        lattices.neighbours(self._sizes, self._boxes.places, self._mesh.n_owned, self._axes, values, indptr, indices, entries)
        return entries, mass

    def _neighbours(self, steps: NDArray[np.int64]) -> tuple[Indices, Indices]:
        n, none = self._mesh.n_owned, np.empty((0, 0))
        indptr, indices = np.zeros(n + 1, dtype=np.uint32), np.empty(0, dtype=np.uint32)
        lattices.neighbours(self._sizes, self._boxes.places, n, steps, none, indptr, indices, none[0:0].ravel())
        indices = np.empty(int(indptr[-1]), dtype=np.uint32)
        lattices.neighbours(self._sizes, self._boxes.places, n, steps, none, indptr, indices, none[0:0].ravel())
        return indptr, indices

    def _integrals(self, cell_values: Floats | float, values: Floats) -> Floats:
        """Fill values, if there are any, and return the mass of the owned nodes."""
        boxes, dim, template = self._boxes, self._mesh.dim, self._boxes.lattice.template()
        widths = [np.diff(axis) for axis in boxes.axes] + [np.zeros(1)] * (3 - dim)
        kinds, kind = np.unique(widths[0], return_inverse=True)
        across = np.zeros((2, max(len(w) for w in widths[1:])))
        for row, width in zip(across, widths[1:], strict=True):
            row[: len(width)] = width
        start, entries = _entries(template)
        strides = np.concatenate([[1], np.cumprod(self._sizes)])[:3]
        offset = sum(((np.arange(8) >> axis) & 1) * stride for axis, stride in enumerate(strides))
        room = np.zeros(2), np.zeros((8, 3)), np.zeros((dim + 1, 3)), np.zeros((len(kinds), len(template)))
        product, mass = np.zeros((len(kinds), len(entries))), np.zeros(self._total)
        before = np.array([*boxes.before] + [0] * (3 - dim))
        where: Any = (self._sizes, before, boxes.places, self._mesh.n_owned, kinds, kind.astype(np.int32), across)
        what: Any = (template, start, entries, offset, *room, product, np.atleast_1d(cell_values), values, mass)
        lattices.integrals(*where, *what)
        if not len(boxes.places):
            return mass
        owned = (boxes.places >= 0) & (boxes.places < self._mesh.n_owned)
        return mass[owned]


def _entries(template: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which products of gradients of each cell are not 0: where those of a cell begin, and k, m, axis or dim, lower corner of each."""
    dim = template.shape[1] - 1
    found, start = [], [0]
    cells: Any = template.tolist()
    for corners in cells:
        for k, a in enumerate(corners):
            for m, b in enumerate(corners[: k + 1]):
                if (a ^ b).bit_count() < 2:
                    found.append((k, m, (a ^ b).bit_length() - 1 if a != b else dim, a & b))
        start.append(len(found))
    return np.array(start), np.array(found)


def lattice_graph(mesh: Simplices, boxes: Boxes, comm: Comm) -> tuple[Graph, Stencil | None]:
    """What ``build_graph`` and ``conducting`` find on a lattice, to the last bit, without the list of cells. Collective."""
    forms, n = LatticeForms(mesh, boxes), mesh.n_owned
    indptr, indices = forms.stencil()
    stiffness, own_mass = forms.stiffness(indptr, indices)
    halo = Halo(comm, n, mesh.ghosts)
    mass = np.zeros(n + len(mesh.ghosts))
    mass[:n] = own_mass
    halo.update(mass)
    diagonal, n_own_columns = diagonal_of(indptr, indices)
    graph = Graph(
        comm=comm,
        n_owned=n,
        n_global=mesh.n_nodes,
        first=mesh.first,
        ghosts=mesh.ghosts,
        indptr=indptr,
        indices=indices,
        diagonal=diagonal,
        n_own_columns=n_own_columns,
        stiffness=stiffness,
        mass=mass,
        points=mesh.points,
        halo=halo,
        nodes=mesh.nodes[:n],
        order=np.empty(0, dtype=np.int32),
        weighted=lambda cell_values: forms.stiffness(indptr, indices, cell_values)[0],
    )
    agree(graph, graph.stiffness)
    return graph, forms.others()
