"""The Domain: a distributed mesh with the names the scenario uses for its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dolfinx.mesh import Mesh


@dataclass(frozen=True)
class MeshData:
    """A whole simplex mesh on one rank, before it is distributed. All arrays are in canonical order.

    points (N, dim) float64 with dim = 1, 2 or 3 (the tissue's own dimension, no padding);
    cells (M, dim+1) int64; cell_region (M,) int32 indices into ``regions``;
    boundaries and interfaces: name -> (F, dim) int64 node numbers of each facet (a point in 1-D).
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    cell_region: NDArray[np.int32]
    regions: tuple[str, ...]
    boundaries: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    interfaces: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    source: str = ""  # how it was made, for the manifest
    notes: tuple[str, ...] = ()  # what was cleaned up or left out on the way, for the user


@dataclass(frozen=True)
class Domain:
    """A mesh distributed over the ranks of ``mesh.comm`` with named regions, boundaries and interfaces.

    cell_region: (n_cells owned + ghost,) int32 indices into ``regions``.
    boundaries, interfaces: name -> local facet indices, each facet listed on the rank that owns a cell of it.
    The canonical number of a node is ``mesh.geometry.input_global_indices``, of a cell
    ``mesh.topology.original_cell_index``: both index the MeshData arrays, whatever the partition.
    """

    mesh: "Mesh"
    dim: int
    regions: tuple[str, ...]
    cell_region: NDArray[np.int32]
    boundaries: Mapping[str, NDArray[np.int32]]
    interfaces: Mapping[str, NDArray[np.int32]]
    hash: str  # sha256 of points, cells and tags in canonical order
    source: str = ""
