"""The Domain: a distributed mesh with the names the scenario uses for its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .named_facets import Facets
    from .simplices import Simplices


@dataclass(frozen=True)
class Membrane:
    """An interface along which the mesh is cut: its nodes exist once per side and the two sides meet in pairs only.

    Side 0 is the side of the region that comes first in ``regions``, or in the pair that names the interface; inside one
    region see ``orientation.py``.
    facets (F, 2, dim): node numbers of each facet on side 0 and on side 1, in the same order, so that
    ``facets[k, 0, j]`` and ``facets[k, 1, j]`` lie at the same place. They are equal at a free rim only.
    pairs (p, 2): each pair of nodes (i on side 0, i' on side 1) once, ascending by (min(i, i'), max(i, i')).
    sigma (p,) [length^(dim-1)]: sum of |F|/dim over the facets between the two nodes (a point counts 1), so that
    sum(sigma) + rim = measure. rim: the shares of nodes on a free rim, where both sides have the same node and
    nothing is crossed. measure: of all facets. rim, measure, n_facets and n_pairs are those of the whole mesh.
    facet_numbers (F,), pair_numbers (p,): positions in the lists of the whole mesh (0, 1, ... in a MeshData).
    A pair of nodes in which two membranes meet is a pair of both, each with its own share of sigma.
    """

    facets: NDArray[np.int64]
    pairs: NDArray[np.int64]
    sigma: NDArray[np.float64]
    rim: float
    measure: float
    facet_numbers: NDArray[np.int64]
    pair_numbers: NDArray[np.int64]
    n_facets: int
    n_pairs: int


@dataclass(frozen=True)
class Section:
    """The plane picture a mesh was made from, and where it lies.

    pixels: (rows, columns, 3) colours, 0 to 255; of a label picture (rows, columns) the region's number + 1, 0 where there is none.
    extent: left, right, bottom, top of the picture in the mesh's lengths, y downwards.
    """

    pixels: NDArray[np.uint8]
    extent: tuple[float, float, float, float]
    labels: bool


@dataclass(frozen=True)
class MeshData:
    """A whole simplex mesh on one rank, before it is distributed. All arrays are in canonical order.

    points (N, dim) float64 with dim = 1, 2 or 3 (the tissue's own dimension, no padding);
    cells (M, dim+1) int64; cell_region (M,) int32 indices into ``regions``;
    boundaries and interfaces: name -> (F, dim) int64 node numbers of each facet (a point in 1-D).
    membranes: the interfaces along which ``cut`` has parted the mesh; in ``interfaces`` these list each facet
    twice, once per side, and both are sides of one cell only.
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    cell_region: NDArray[np.int32]
    regions: tuple[str, ...]
    boundaries: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    interfaces: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    source: str = ""  # how it was made, for the manifest
    notes: tuple[str, ...] = ()  # what was cleaned up or left out on the way, for the user
    membranes: Mapping[str, Membrane] = field(default_factory=dict)
    section: Section | None = None


@dataclass(frozen=True)
class Domain:
    """A mesh distributed over the ranks of ``mesh.comm`` with named regions, boundaries and interfaces.

    cell_region: (n_cells owned + ghost,) int32 indices into ``regions``.
    boundaries, interfaces: name -> facets, found when they are asked for.
    The canonical numbers of nodes and cells, ``mesh.nodes`` and ``mesh.numbers``, index the MeshData arrays, whatever the
    partition.
    membranes: this rank's part of each membrane in canonical node numbers: the pairs of which it holds at least one
    node, owned or ghost, so that a pair may be listed on several ranks; and the facets whose first node on
    side 0 it owns, each on exactly one rank.
    """

    mesh: "Simplices"
    dim: int
    regions: tuple[str, ...]
    cell_region: NDArray[np.int32]
    boundaries: Mapping[str, "Facets"]
    interfaces: Mapping[str, "Facets"]
    digest: Callable[[], str]  # makes the hash
    source: str = ""
    membranes: Mapping[str, Membrane] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what was cleaned up or left out when the mesh was read, for the log
    section: Section | None = None  # on rank 0
    listed: Callable[[int, int], tuple[NDArray[np.int64], NDArray[np.int32]]] | None = None  # see output.layout.Grid

    @cached_property
    def hash(self) -> str:
        """sha256 of points, cells, tags and cuts in canonical order; of a lattice each rank that asks for it makes it for itself."""
        return self.digest()
