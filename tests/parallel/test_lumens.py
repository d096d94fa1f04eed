"""Vessels cut out of mesh files and pictures: the wall has the area that it should have, and cells enter it as on one rank."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.build import build_data, build_domain
from invasio.meshes.files.writing import write
from invasio.meshes.hdf5 import write as convert
from invasio.solver.components.options import SchemeOptions
from invasio.solver.discretise.problem import discretise
from invasio.solver.errors import InvasioError
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.build import build_model
from invasio.solver.scenario.loader import load
from invasio.solver.words import in_steps
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_densities, same_sites
from tests.lib.march import advance
from tests.lib.messages import check
from tests.unit.meshes.build import options

pytestmark = pytest.mark.mpi

RADIUS = 0.2


def gmsh_file(path: Path, dim: int, wall: str) -> None:
    """A square with a disc, or a box with a tube through it, by gmsh; ``wall``: name of the facet group between the two, if any."""
    import gmsh

    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        occ = gmsh.model.occ
        whole = occ.addRectangle(0, 0, 0, 1, 1) if dim == 2 else occ.addBox(0, 0, 0, 1, 1, 1)
        lumen = occ.addDisk(0.5, 0.5, 0, RADIUS, RADIUS) if dim == 2 else occ.addCylinder(0.5, 0.5, 0, 0, 0, 1, RADIUS)
        occ.fragment([(dim, whole)], [(dim, lumen)])
        occ.synchronize()
        parts = {tag: abs(occ.getMass(dim, tag) - math.pi * RADIUS**2) < 1e-6 for _, tag in gmsh.model.getEntities(dim)}
        gmsh.model.addPhysicalGroup(dim, [tag for tag, inside in parts.items() if inside], name="artery")
        gmsh.model.addPhysicalGroup(dim, [tag for tag, inside in parts.items() if not inside], name="tissue")
        around = [abs(tag) for _, tag in gmsh.model.getBoundary([(dim, lumen)])]
        around = [tag for tag in around if abs(occ.getMass(dim - 1, tag) - 2 * math.pi * RADIUS) < 1e-6]
        outer = [tag for _, tag in gmsh.model.getEntities(dim - 1) if tag not in around]
        gmsh.model.addPhysicalGroup(dim - 1, outer, name="outer")
        if wall:
            gmsh.model.addPhysicalGroup(dim - 1, around, name=wall)
        gmsh.option.setNumber("Mesh.MeshSizeMax", 0.07 if dim == 2 else 0.17)
        gmsh.model.mesh.generate(dim)
        gmsh.write(str(path))
    finally:
        gmsh.finalize()


def picture(path: Path, dim: int) -> None:
    """The same as labels: 1 tissue, 2 the vessel, and 3, in 2-D, a vein at the left edge."""
    n = 100 if dim == 2 else 16
    x, y = np.meshgrid(*[(np.arange(n) + 0.5) / n] * 2)
    labels = np.where((x - 0.5) ** 2 + (y - 0.5) ** 2 < RADIUS**2, 2, 1).astype(np.uint8)
    if dim == 3:
        np.save(path, np.broadcast_to(labels, (n, n, n)).copy())
        return
    from PIL import Image

    labels[x**2 + (y - 0.8) ** 2 < 0.01] = 3
    Image.fromarray(labels).save(path)


BODY = """\
mesh: {MESH}
model:
  cells: {n: {initial: {tissue: 1}, motility: 0.05, secretes: {m: 1}}}
  solubles: {m: {diffusion: 0.02}}
  vessels: {v: {carries: blood, at: {region: REGION}, entry: {n: 1}, wall: {degraded_by: {m: 2}}}}
time: {end: 1}
"""
LABELS = "kind: image, image: labels.png, pixel: 0.01, smallest: 20, regions: {tissue: 1, artery: 2, vein: 3}"
VOLUME = "kind: image, image: labels.npy, pixel: 0.0625, regions: {tissue: 1, artery: 2}"
AROUND = 2 * math.pi * RADIUS
CASES = {
    "gmsh": ("kind: file, path: plain.msh", "artery", AROUND, 0.01),
    "gmsh, wall named as the lumen": ("kind: file, path: same.msh", "artery", AROUND, 0.01),
    "gmsh, renamed": ("kind: file, path: wall.msh, regions: {hole: artery}, interfaces: {k: [hole, tissue]}", "hole", AROUND, 0.01),
    "vtu": ("kind: file, path: wall.vtu", "artery", AROUND, 0.01),
    "converted": ("kind: file, path: wall.h5", "artery", AROUND, 0.01),
    "tube": ("kind: file, path: tube.msh", "artery", AROUND, 0.05),
    "labels, at the edge too": (LABELS, "[artery, vein]", math.pi * (2 * RADIUS + 0.1), 0.01),
    "labels in 3-D": (VOLUME, "artery", AROUND, 0.05),
    "labels in 3-D, on a lattice": (VOLUME + ", surfaces: lattice", "artery", AROUND, 1.1),  # in steps, see docs/vessels.md
}


@pytest.fixture(scope="module")
def files(comm: Comm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All mesh files and pictures, made once."""
    folder: Path = tmp_path_factory.mktemp("lumens")
    folder = Path(comm.bcast(str(folder)))
    if comm.rank == 0:
        gmsh_file(folder / "plain.msh", 2, "")
        gmsh_file(folder / "wall.msh", 2, "wall")
        gmsh_file(folder / "same.msh", 2, "artery")
        gmsh_file(folder / "tube.msh", 3, "endothelium")
        data = build_data(options("file", path=str(folder / "wall.msh")))
        write(data, folder / "wall.vtu")
        convert(data, folder / "wall.h5")
        picture(folder / "labels.png", 2)
        picture(folder / "labels.npy", 3)
    comm.barrier()
    return folder


@pytest.fixture(autouse=True)
def own_cache(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meshes of pictures do not go into the user's cache."""
    monkeypatch.setenv("INVASIO_CACHE", str(files / "cache"))


def problem_of(comm: Comm, path: Path) -> Any:
    """The discretised scenario, on any communicator."""
    scenario = load(path)
    lumens = list(scenario.model.vessels["v"].at.names)
    return discretise(build_model(scenario), build_domain(scenario.mesh, comm, list(scenario.model.membranes), lumens))


def written(comm: Comm, files: Path, mesh: str, region: str, name: str) -> Path:
    path = files / f"{name}.yaml"
    if comm.rank == 0:
        path.write_text(BODY.replace("MESH", mesh).replace("REGION", region), encoding="utf-8")
    comm.barrier()
    return path


@pytest.mark.parametrize("name", CASES)
def test_wall_and_entry(comm: Comm, files: Path, name: str) -> None:
    """Area of the wall; tissue and vessel together keep all cells; the same on one rank, the integrity of the wall included."""
    mesh, region, area, tolerance = CASES[name]
    path = written(comm, files, mesh, region, name.replace(" ", "_").replace(",", ""))
    together, alone = problem_of(comm, path), problem_of(MPI.COMM_SELF, path)
    vessel = together.vessels["v"]
    found = float(vessel.area.sum())
    parallel_assert(comm, abs(found / area - 1) < tolerance, f"area {found} instead of {area}")
    tight = SchemeOptions(linear=LinearOptions(rtol=1e-12))
    march, single = (advance(problem, 0.1, 4, tight, balanced=True) for problem in (together, alone))
    parallel_assert(comm, march.worst < 1e-12, f"ledger {march.worst:.1e}")
    entered = march.account("n", "blood:v")
    parallel_assert(comm, entered > 0.01 and abs(entered - single.account("n", "blood:v")) < 1e-9, f"{entered} entered")
    same_densities(together, alone, 1e-9)
    same_sites(together, alone, "v", 1e-9)
    parallel_assert(comm, not set(vessel.part_names) & set(together.grid.regions), "the lumen is still a region")


ROUND = "kind: rectangle, cells: [9, 9], regions: {left: {kind: disc, centre: [0.5, 0.5], radius: 0.2}}"


@pytest.mark.parametrize(
    ("mesh", "region", "start", "code", "place", "says"),
    [
        ("kind: file, path: plain.msh", "atery", "tissue", "no-region", "plain.msh", ("'atery'", "artery, tissue; did you mean")),
        ("kind: file, path: plain.msh", "artery", "tisue", "no-region", "species n", ("'tisue'", "it has: tissue")),
        (ROUND, "left", "tissue", "repeated-name", "rectangle", ("'left'", "a boundary has this name already")),
    ],
)
def test_what_cannot_be_a_lumen(
    comm: Comm, files: Path, mesh: str, region: str, start: str, code: str, place: str, says: tuple[str, ...]
) -> None:
    """Refused on all ranks, with what there is."""
    path = written(comm, files, mesh, region, "wrong")
    if comm.rank == 0:
        path.write_text(path.read_text(encoding="utf-8").replace("{tissue: 1}", f"{{{start}: 1}}"), encoding="utf-8")
    comm.barrier()
    with pytest.raises(InvasioError) as caught:
        problem_of(comm, path)
    check(caught.value, code, place, says=says)
    parallel_assert(comm, caught.value.code == code, str(caught.value))


def test_walls_in_steps_are_named(comm: Comm, files: Path) -> None:
    """Round shapes on lattices and labels in volumes are; what gmsh or an outline follows is not."""
    lattice = "kind: rectangle, cells: [9, 9], regions: {artery: {kind: disc, radius: 0.2}}, interfaces: {k: [artery, tissue]}"
    for number, (mesh, expected) in enumerate(
        [
            (lattice, ["wall of v"]),
            (lattice.replace("cells: [9, 9]", "structured: false, size: 0.1"), []),
            (lattice.replace("{kind: disc, radius: 0.2}", "{kind: rectangle, from: [0, 0], to: [1, 0.5]}"), []),
            (VOLUME, []),
            (VOLUME + ", surfaces: lattice", ["wall of v"]),
            (LABELS, []),
        ]
    ):
        scenario = load(written(comm, files, mesh, "artery", f"steps{number}"))
        assert in_steps(scenario, 3 if mesh.startswith(VOLUME) else 2) == expected
