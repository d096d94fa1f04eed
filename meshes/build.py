"""From mesh options to a Domain."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np

from ..solver.errors import MeshError
from ..solver.parallel import Comm, agreed
from ..solver.scenario.mesh import BallMesh, BoxMesh, DiscMesh, FileMesh, ImageMesh, IntervalMesh, MeshOptions, RectangleMesh
from ..solver.scenario.network import Network as NetworkOptions
from .cut import cut, faced
from .distribute import distribute
from .domain import Domain, MeshData
from .lumen import cut_out
from .network import Network, read_network

_QUICK_CELLS, _QUICK_FILE = 20_000, 5_000_000  # of a lattice, and bytes: what is made and read in less than a second


def build_domain(options: MeshOptions, comm: Comm, membranes: Sequence[str] = (), lumens: Sequence[str] = ()) -> Domain:
    """Make the mesh on rank 0 and spread it over the ranks, or, of a lattice, a part on each; or read a converted one; collective.

    Regions that are lumens of vessels are cut out of it, and it is cut along the interfaces that are membranes: then
    rank 0 holds a converted mesh as well.

    Raises MeshError on all ranks alike.
    """
    if _is_converted(options) and not membranes and not lumens:
        from .hdf5 import read_distributed

        return read_distributed(options, comm)
    if not membranes and not lumens:
        from .lattice_parts import build_in_parts, comes_in_parts

        if comes_in_parts(options):
            return build_in_parts(options, comm)
    if isinstance(options, (FileMesh, ImageMesh)):
        from .kept import build

        return build(options, comm, membranes, lumens, lambda: parted(build_data(options), options, membranes, lumens))
    data: MeshData | None = None
    with agreed(comm):
        if comm.rank == 0:
            data = parted(build_data(options), options, membranes, lumens)
    return distribute(data, comm)


def foreseen(options: MeshOptions) -> MeshData | None:
    """The mesh before anything is cut, where it takes but a moment: lattices of few cells, files that are not large.

    None: only the run will tell. Raises MeshError for what is wrong with it.
    """
    if isinstance(options, FileMesh):
        return build_data(options) if Path(options.path).stat().st_size <= _QUICK_FILE else None
    counts = options.cells if isinstance(options, (IntervalMesh, RectangleMesh, BoxMesh)) else None
    quick = counts is not None and getattr(options, "structured", True) and math.prod(map(int, np.atleast_1d(counts))) <= _QUICK_CELLS
    return build_data(options) if quick else None


def parted(data: MeshData, options: MeshOptions, membranes: Sequence[str], lumens: Sequence[str]) -> MeshData:
    """The mesh without lumens and cut along membranes, with the facets that it has then. Raises MeshError."""
    return faced(cut(cut_out(data, lumens), membranes), getattr(options, "interfaces", {}))


def build_networks(options: Mapping[str, NetworkOptions], dim: int, comm: Comm) -> dict[str, Network]:
    """The networks of vessels by name, read on rank 0 and the same everywhere; collective. Raises MeshError on all ranks alike."""
    networks: dict[str, Network] = {}
    with agreed(comm):
        if comm.rank == 0:
            networks = {name: read_network(each, dim) for name, each in options.items()}
    return dict(comm.bcast(networks))


def build_data(options: MeshOptions) -> MeshData:
    """Make the whole mesh on this rank, without MPI; raises MeshError."""
    if isinstance(options, IntervalMesh) or (isinstance(options, (RectangleMesh, BoxMesh)) and options.structured):
        from .structured import structured

        return structured(options)
    if isinstance(options, (RectangleMesh, BoxMesh, DiscMesh, BallMesh)):
        from .unstructured import unstructured

        return unstructured(options)
    if _is_converted(options):
        from .hdf5 import read_whole
        from .overlap import refuse_overlaps

        return refuse_overlaps(read_whole(options))
    if isinstance(options, FileMesh):
        from .importer import import_mesh
        from .overlap import refuse_overlaps

        return refuse_overlaps(import_mesh(options))
    if isinstance(options, ImageMesh):
        from .image.build import image_mesh

        return image_mesh(options)
    raise MeshError(
        f"meshes of kind {options.kind!r} cannot be built", code="unknown-kind", place="mesh.kind", remedy="choose another kind"
    )


def _is_converted(options: MeshOptions) -> TypeGuard[FileMesh]:
    return isinstance(options, FileMesh) and options.path.endswith(".h5")
