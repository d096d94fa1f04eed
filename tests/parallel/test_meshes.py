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
from invasio.meshes.facets import keys
from invasio.meshes.names import check_names
from invasio.meshes.simplices import Simplices
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
    parallel_assert(comm, bool(np.array_equal(mesh.points[:, :dim], data.points[mesh.nodes])), "points")
    parallel_assert(comm, not mesh.points[:, dim:].any(), "no further coordinates")
    parallel_assert(comm, (mesh.n_nodes, mesh.n_cells) == (len(data.points), len(data.cells)), "totals")
    cells = mesh.nodes[mesh.cells]
    parallel_assert(comm, bool(np.array_equal(np.sort(cells, axis=1), np.sort(data.cells[mesh.numbers], axis=1))), "cells")
    parallel_assert(comm, bool(np.array_equal(domain.cell_region, data.cell_region[mesh.numbers])), "regions")
    verify_shares(comm, mesh, data)
    everything = np.sort(np.concatenate(comm.allgather(mesh.numbers[: mesh.n_owned_cells])))
    parallel_assert(comm, bool(np.array_equal(everything, np.arange(len(data.cells)))), "each cell has one owner")
    named, n = {**domain.boundaries, **domain.interfaces}, len(data.points)
    for name, rows in {**data.boundaries, **data.interfaces}.items():
        found = named[name]
        whole = np.unique(keys(rows, n))
        here = keys(mesh.nodes[found.nodes], n)
        gathered = np.concatenate(comm.allgather(here[found.mine]))
        parallel_assert(comm, bool(np.array_equal(np.sort(gathered), whole)), f"facets of {name}, each on one rank")
        owned = np.zeros(n, dtype=bool)
        owned[mesh.nodes[: mesh.n_owned]] = True
        parallel_assert(comm, bool(np.array_equal(np.sort(here), np.unique(keys(rows[owned[rows].any(axis=1)], n)))), "all with own nodes")
        of_cell = np.sort(np.concatenate([found.nodes, mesh.cells[found.cell, found.opposite][:, None]], axis=1), axis=1)
        parallel_assert(comm, bool(np.array_equal(of_cell, np.sort(mesh.cells[found.cell], axis=1))), "a cell of each")


def verify_shares(comm: Comm, mesh: Simplices, data: MeshData) -> None:
    """Each node has one owner, and its owner all cells around it, with their nodes; global numbers are one after the other."""
    owned = np.concatenate(comm.allgather(mesh.nodes[: mesh.n_owned]))  # the canonical number of each global one
    parallel_assert(comm, bool(np.array_equal(np.sort(owned), np.arange(len(data.points)))), "each node has one owner")
    parallel_assert(comm, comm.exscan(mesh.n_owned) in (mesh.first, None), "first")
    parallel_assert(comm, bool(np.array_equal(owned[mesh.ghosts], mesh.nodes[mesh.n_owned :])), "ghosts")
    parallel_assert(comm, bool((np.diff(mesh.ghosts) > 0).all()), "ghosts ascend")
    mine = np.zeros(len(data.points), dtype=bool)
    mine[mesh.nodes[: mesh.n_owned]] = True
    around = np.flatnonzero(mine[data.cells].any(axis=1))
    parallel_assert(comm, bool(np.isin(around, mesh.numbers).all()), "all cells around own nodes")
    ghosts = mesh.numbers[mesh.n_owned_cells :]
    parallel_assert(comm, bool(np.isin(ghosts, around).all()) and len(np.unique(mesh.numbers)) == len(mesh.numbers), "and no others, once")
    parallel_assert(
        comm, bool(np.array_equal(np.unique(mesh.cells[mesh.cells >= mesh.n_owned]), np.arange(mesh.n_owned, len(mesh.nodes)))), "used"
    )


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
    sizes = comm.allgather(domain.mesh.n_owned_cells)
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
    mine = domain.mesh.n_owned_cells
    assert comm.allreduce(mine) == 1
    assert comm.allreduce(int(mine == 0)) == comm.size - 1
    assert comm.allreduce(int(domain.boundaries["left"].mine.sum())) == 1
    assert len(domain.cell_region) >= mine


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
