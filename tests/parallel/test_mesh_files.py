"""Mesh files and networks that people have, from a scenario, on several ranks: read once, the same on all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dolfinx import io

from invasio.meshes.build import build_domain
from invasio.meshes.domain import Domain
from invasio.postprocess.run import open_run
from invasio.solver import run as recipe
from invasio.solver.scenario.loader import load
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.unit.meshes.build import options
from tests.unit.meshes.network_writers import swc
from tests.unit.meshes.writers import dolfinx_mesh, gmsh_overlapping, two_files, vtu

pytestmark = pytest.mark.mpi

SCENARIO = """\
schema_version: 1
name: files
mesh: {mesh}
model:
  cells:
    tumour: {{initial: 1, motility: 0.01}}
  vessels:
    tree:
      carries: blood
      at: {{network: {{file: n.swc, loose_ends: tip}}}}
      entry: {{tumour: 1}}
time: {{end: 0.1, step: 0.05}}
output: {{every: 0.1, figures: false}}
"""


@pytest.fixture(scope="module")
def folder(comm: Comm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all ranks."""
    return Path(comm.bcast(str(tmp_path_factory.mktemp("files"))))


def volumes(comm: Comm, domain: Domain) -> list[float]:
    """The volume of each region."""
    region = domain.cell_region[: domain.mesh.n_owned_cells]
    return [comm.allreduce(float(domain.mesh.sizes()[region == k].sum() / 6.0)) for k in range(len(domain.regions))]


def test_what_dolfinx_writes_on_these_ranks(comm: Comm, folder: Path) -> None:
    """XDMF with tags, and pieces of every rank with copies of their neighbours' cells."""
    body, cells, sides = dolfinx_mesh(comm)
    with io.XDMFFile(comm, folder / "m.xdmf", "w") as file:
        file.write_mesh(body)
        body.topology.create_connectivity(2, 3)
        file.write_meshtags(cells, body.geometry)
        file.write_meshtags(sides, body.geometry)
    with io.VTKFile(comm, folder / "m.pvd", "w") as pieces:
        pieces.write_mesh(body, 0.0)
    comm.barrier()
    named = build_domain(options("file", path=str(folder / "m.xdmf"), regions={"bed": 0, "stroma": 3}, boundaries={"skin": 5}), comm)
    parallel_assert(comm, named.regions == ("bed", "stroma") and list(named.boundaries) == ["skin"], "names")
    parallel_assert(comm, bool(np.allclose(volumes(comm, named), 1.0)), "volumes")
    bare = build_domain(options("file", path=str(folder / "m.pvd")), comm)
    parallel_assert(comm, bare.regions == ("tissue",) and bool(np.allclose(volumes(comm, bare), 2.0)), "pieces")
    parallel_assert(comm, bare.mesh.n_nodes == 45, "nodes that pieces share are one")
    parallel_assert(comm, "no tags in the file: all cells are region 'tissue'" in bare.notes, "notes")


@pytest.mark.parametrize("name", ["vtu", "two-files", "msh"])
def test_a_run_from_a_scenario(comm: Comm, folder: Path, name: str) -> None:
    """The mesh in one of three formats and the network in SWC, by name in a scenario."""
    path = folder / name
    if comm.rank == 0:
        path.mkdir()
        write = {"vtu": vtu("Raw", "LZ4", 64), "two-files": two_files("xdmf"), "msh": gmsh_overlapping(4.1, True)}[name]
        file = write(path)
        swc(path)
        given = {key: Path(value).name if key == "facets" else value for key, value in file.options.items()}
        text = SCENARIO.format(mesh={"kind": "file", "path": file.path.name, **given})
        (path / "s.yaml").write_text(text, encoding="utf-8")
    comm.barrier()
    outcome = recipe.run(load(path / "s.yaml"), comm, path / "out")
    parallel_assert(comm, outcome.reason == "done", outcome.reason)
    run = open_run(path / "out")
    entered = float(run.series["tree/segment2.entered:tumour"][-1])
    parallel_assert(comm, "bed" in run.regions and 0.0 < entered < 1.0, f"{run.regions} {entered}")
