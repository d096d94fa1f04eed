"""Meshes on several ranks: the same mesh, names and numbers whatever the partition; errors on all ranks; empty ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from invasio.meshes import hdf5
from invasio.meshes.build import build_data, build_domain
from invasio.meshes.distribute import distribute, mesh_hash
from invasio.meshes.domain import Domain, MeshData
from invasio.meshes.facets import cell_facets, keys
from invasio.meshes.names import check_names
from invasio.solver.compat import cell_corners
from invasio.solver.errors import MeshError
from invasio.solver.scenario.mesh import FileMesh
from tests.bad_meshes import sliver_box
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused
from tests.unit.meshes.build import options

pytestmark = pytest.mark.mpi

HALF = {"bed": {"kind": "interval", "from": 0, "to": 0.5}}
CORNER = {"bed": {"kind": "disc", "radius": 0.5}}
SLAB = {"bed": {"kind": "box", "from": [0, 0, 0], "to": [0.5, 1, 1]}}
CUT = {"m": ["bed", "tissue"]}
MESHES: list[tuple[str, dict[str, Any]]] = [
    ("interval", {"cells": 30, "regions": HALF, "interfaces": CUT}),
    ("interval", {"cells": 1}),
    ("rectangle", {"cells": [1, 1]}),
    ("rectangle", {"size": 0.1, "structured": False, "regions": CORNER, "interfaces": CUT}),
    ("disc", {"size": 0.2}),
    ("box", {"cells": [4, 5, 3], "regions": SLAB, "interfaces": CUT}),
    ("interval", {"from": 1.1, "to": 3.7, "size": 0.3, "regions": {"bed": {"kind": "interval", "from": 1.1, "to": 2}}}),
    ("rectangle", {"from": [0.1, -0.3], "to": [1.37, 0.9], "cells": [7, 5], "regions": {"bed": {"kind": "disc", "radius": 0.5}}}),
    ("box", {"cells": [4, 5, 3], "regions": SLAB}),
]


def verify(comm: Comm, domain: Domain, data: MeshData) -> None:
    """Compare a distributed mesh with the whole one, which every rank has made for itself."""
    mesh, dim = domain.mesh, domain.dim
    nodes = np.asarray(mesh.geometry.input_global_indices)
    parallel_assert(comm, bool(np.array_equal(mesh.geometry.x[:, :dim], data.points[nodes])), "points")
    owned = mesh.topology.index_map(dim).size_local
    cells = nodes[cell_corners(mesh)]
    number = np.asarray(mesh.topology.original_cell_index)
    parallel_assert(comm, bool(np.array_equal(np.sort(cells, axis=1), np.sort(data.cells[number], axis=1))), "cells")
    parallel_assert(comm, bool(np.array_equal(domain.cell_region, data.cell_region[number])), "regions")
    everything = np.sort(np.concatenate(comm.allgather(number[:owned])))
    parallel_assert(comm, bool(np.array_equal(everything, np.arange(len(data.cells)))), "each cell has one owner")
    named = {**domain.boundaries, **domain.interfaces}  # which numbers the facets
    mesh.topology.create_connectivity(dim, dim - 1)
    to_facet = mesh.topology.connectivity(dim, dim - 1).array.reshape(-1, dim + 1)
    facets = cell_facets(cells)[:, ::-1] if dim == 1 else cell_facets(cells)
    n = len(data.points)
    for name, rows in {**data.boundaries, **data.interfaces}.items():
        here = [np.unique(keys(facets[to_facet == f], n)) for f in named[name]]
        gathered = np.concatenate([np.concatenate(part) if part else np.empty(0, dtype=np.int64) for part in comm.allgather(here)])
        parallel_assert(comm, bool(np.array_equal(np.sort(gathered), np.sort(keys(rows, n)))), f"facets of {name}, each on one rank")


@pytest.mark.parametrize(("kind", "given"), MESHES, ids=[f"{k}{n}" for n, (k, _) in enumerate(MESHES)])
def test_the_distributed_mesh_is_the_whole_mesh(comm: Comm, kind: str, given: dict[str, Any]) -> None:
    domain = build_domain(options(kind, **given), comm)
    data = build_data(options(kind, **given))
    parallel_assert(comm, domain.hash == mesh_hash(data), "hash")
    verify(comm, domain, data)


@pytest.mark.parametrize(("kind", "given"), MESHES, ids=[f"{k}{n}" for n, (k, _) in enumerate(MESHES)])
def test_a_converted_mesh_is_read_in_parts(comm: Comm, shared_tmp: Path, kind: str, given: dict[str, Any]) -> None:
    """Every rank reads its block; nobody holds more than its cells, and what is read is the mesh that was written."""
    data = build_data(options(kind, **given))
    path = shared_tmp / "mesh.h5"
    if comm.rank == 0:
        hdf5.write(data, path)
    comm.barrier()
    converted = FileMesh.model_validate({"kind": "file", "path": str(path)})
    domain, whole = build_domain(converted, comm), build_data(converted)
    parallel_assert(comm, domain.hash == mesh_hash(whole), "hash")
    verify(comm, domain, whole)
    assert np.array_equal(whole.points, data.points) and whole.regions == data.regions
    assert np.array_equal(np.unique(keys(whole.cells, len(data.points))), np.unique(keys(data.cells, len(data.points))))
    sizes = comm.allgather(domain.mesh.topology.index_map(domain.dim).size_local)
    assert max(sizes) - min(sizes) <= 1


def test_what_is_no_converted_mesh_is_refused_on_all_ranks(comm: Comm, shared_tmp: Path) -> None:
    path = shared_tmp / "mesh.h5"
    given: dict[str, Any] = {"kind": "file", "path": str(path)}
    for text, more, code, remedy in (
        ("not HDF5", {}, "unreadable-file", "invasio mesh convert MESH mesh.h5"),
        ("", {}, "no-converted-mesh", "make one with: invasio mesh convert MESH mesh.h5"),
        ("", {"unit": 2.0, "regions": {"a": 1}}, "converted-mesh", "give regions, unit before converting it"),
    ):
        if comm.rank == 0:
            path.write_text(text)
            if not text:
                with h5py.File(path, "w"):
                    pass
        comm.barrier()
        with refused(code, str(path), remedy):
            build_domain(FileMesh.model_validate(given | more), comm)
        comm.barrier()


@pytest.mark.parametrize(("deed", "code"), [("fold", "overlapping-cells"), ("node", "undefined-nodes"), ("nan", "bad-coordinates")])
def test_a_converted_mesh_that_was_changed_is_refused(comm: Comm, shared_tmp: Path, deed: str, code: str) -> None:
    """Also a fold that only one rank sees in its part."""
    path = shared_tmp / "mesh.h5"
    if comm.rank == 0:
        data = build_data(options("rectangle", cells=[4, 4], structured=True))
        hdf5.write(data, path)
        with h5py.File(path, "r+") as h5:
            root = h5["invasio-mesh"]
            inner = int(np.argmin(np.abs(root["points"][:] - 0.25).sum(axis=1)))
            if deed == "node":
                root["cells"][3, 1] = 10**6
            else:
                root["points"][inner] = [2.5, 2.5] if deed == "fold" else [0.2, np.nan]
    comm.barrier()
    changed = FileMesh.model_validate({"kind": "file", "path": str(path)})
    with refused(code, str(path), "mesh"):
        build_domain(changed, comm)
    comm.barrier()


def test_any_whole_mesh_can_be_distributed(comm: Comm) -> None:
    data = sliver_box(4)
    verify(comm, distribute(data if comm.rank == 0 else None, comm), data)


def test_fewer_cells_than_ranks_leave_ranks_empty(comm: Comm) -> None:
    domain = build_domain(options("interval", cells=1), comm)
    mine = domain.mesh.topology.index_map(1).size_local
    assert comm.allreduce(mine) == 1
    assert comm.allreduce(int(mine == 0)) == comm.size - 1
    assert comm.allreduce(len(domain.boundaries["left"])) == 1
    assert len(domain.cell_region) >= mine


def test_measures_and_boundaries_through_forms(comm: Comm) -> None:
    """What DOLFINx integrates over the named facets: the sides of a box and the area of a cut through it."""
    import ufl
    from dolfinx import fem
    from dolfinx.mesh import meshtags

    domain = build_domain(options("box", cells=[4, 5, 3], regions=SLAB, interfaces=CUT), comm)
    for name, area in (("left", 1.0), ("top", 1.0), ("back", 1.0)):
        found = np.asarray(domain.boundaries[name])
        tags = meshtags(domain.mesh, 2, found, np.full(len(found), 1, dtype=np.int32))
        ds = ufl.Measure("ds", domain=domain.mesh, subdomain_data=tags)
        assert comm.allreduce(fem.assemble_scalar(fem.form(1.0 * ds(1)))) == pytest.approx(area)


def test_errors_are_raised_on_all_ranks_alike(comm: Comm) -> None:
    far = {"kind": "rectangle", "from": [5, 5], "to": [6, 6]}
    message = ""
    try:
        build_domain(options("rectangle", cells=[3, 3], regions={"far": far}), comm)
    except MeshError as error:
        message = str(error)
    assert set(comm.allgather(message)) == {
        "structured rectangle 3 x 3: region 'far' is empty: no cell lies in it; move or enlarge it, or use smaller cells [empty-region]"
    }
    domain = build_domain(options("rectangle", cells=[3, 3]), comm)
    with refused("no-boundary", "structured rectangle 3 x 3", "right, top", ("'skin'",)):
        check_names(domain, "boundary", ["skin"])
