"""Arrays of mesh files as given fields: functions of DOLFINx, point and cell arrays of VTK and of formats that meshio reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
from dolfinx import fem, io, mesh
from mpi4py import MPI

from invasio.meshes.structured import lattice
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import refused

pytestmark = pytest.mark.mpi

MESHES = {
    1: "{kind: interval, from: 0, to: 2, cells: 11}",
    2: "{kind: rectangle, from: [0, 0], to: [2, 1], cells: [7, 5]}",
    3: "{kind: box, from: [0, 0, 0], to: [2, 1, 1], cells: [5, 3, 3]}",
}
SHAPES = {1: "line", 2: "triangle", 3: "tetra"}


def scenario(dim: int, field: str) -> str:
    """A species that begins as the field."""
    return (
        f"fields: {{given: {{{field}}}}}\nmesh: {MESHES[dim]}\nspecies: {{u: {{initial: given}}}}\n"
        "time: {end: 0.1, step: 0.1}\noutput: {figures: false}\n"
    )


def linear(x: np.ndarray) -> np.ndarray:
    """1 + x + 2 y - z/2 of points (n, 1 to 3)."""
    return np.asarray(1.0 + x @ np.array([1.0, 2.0, -0.5])[: x.shape[1]])


def body(comm: Any, dim: int) -> Any:
    """DOLFINx's mesh of the tissue."""
    if dim == 1:
        return mesh.create_interval(comm, 8, [0.0, 2.0])
    if dim == 2:
        return mesh.create_rectangle(comm, [[0.0, 0.0], [2.0, 1.0]], [6, 4])
    return mesh.create_box(comm, [[0.0, 0.0, 0.0], [2.0, 1.0, 1.0]], [4, 3, 2])


def by_dolfinx(comm: Any, dim: int, path: Path) -> None:
    """P1 and DG0 functions at two times; those of the second are right."""
    tissue = body(comm, dim)
    at_points = fem.Function(fem.functionspace(tissue, ("Lagrange", 1)), name="line")
    on_cells = fem.Function(fem.functionspace(tissue, ("DG", 0)), name="half")
    writer = io.VTKFile if path.suffix == ".pvd" else io.XDMFFile
    options = {"encoding": io.XDMFFile.Encoding.ASCII} if path.stem == "text" else {}
    with writer(comm, path, "w", **options) as file:
        if path.suffix == ".xdmf":
            file.write_mesh(tissue)
        for time in (0.0, 2.0):
            at_points.interpolate(lambda x, t=time: t * 0.5 * linear(x[:dim].T))
            on_cells.interpolate(lambda x, t=time: t * 0.5 * np.where(x[0] < 1.0, 1.0, 3.0))
            if path.suffix == ".pvd":
                file.write_function([at_points, on_cells], time)
            else:
                file.write_function(at_points, time)
                file.write_function(on_cells, time)


def by_meshio(dim: int, path: Path) -> None:
    """Arrays of one and of several numbers."""
    points, cells = lattice((0.0,) * dim, (2.0, 1.0, 1.0)[:dim], (6, 4, 3)[:dim])
    half = np.where(points[cells].mean(axis=1)[:, 0] < 1.0, 1.0, 3.0)
    padded = np.zeros((len(points), 3))
    padded[:, :dim] = points
    meshio.Mesh(
        padded,
        [(SHAPES[dim], cells)],
        point_data={"line": linear(points), "both": np.stack([-linear(points), linear(points), linear(points)], axis=1)},
        cell_data={"half": [half], "line": [half]},
    ).write(path, **({"file_format": "gmsh"} if path.suffix == ".msh" else {}))


def check(comm: Comm, path: Path, dim: int, what: str, times: float = 1.0) -> None:
    """The linear values at every node; of a step on cells each side at its nodes, the mean between, and the whole amount."""
    with Simulation(path, comm=comm) as simulation:
        x, u = simulation.points[:, :dim], simulation["u"]
        total = simulation.row()["u.total"]
    if what == "line":
        off = float(np.abs(u - times * linear(x)).max(initial=0.0))
        parallel_assert(comm, off < 1e-6 * times, f"off by {off:.1e}")
        return
    clear = np.abs(x[:, 0] - 1.0) > 0.41
    off = float(np.abs(u - times * np.where(x[:, 0] < 1.0, 1.0, 3.0))[clear].max(initial=0.0))
    least = float(np.minimum(u - times, 3.0 * times - u).min(initial=0.0))
    parallel_assert(comm, off < 1e-12 and least > -1e-12, f"off by {off:.1e}, beyond by {-least:.1e}")
    parallel_assert(comm, abs(total / (4.0 * times) - 1.0) < 2e-2, f"{total} in all")


@pytest.mark.parametrize("dim,name", [(1, "m.xdmf"), (2, "text.xdmf"), (2, "m.pvd"), (3, "m.xdmf")])
def test_functions_of_dolfinx(comm: Comm, shared_tmp: Path, dim: int, name: str) -> None:
    """Written by all ranks, P1 and DG0, at the last time and at another one."""
    if name != "text.xdmf":
        by_dolfinx(comm, dim, shared_tmp / name)
    elif comm.rank == 0:  # text is written by one rank only
        by_dolfinx(MPI.COMM_SELF, dim, shared_tmp / name)
    comm.barrier()
    for field, what, times in (("array: line", "line", 1.0), ("array: half", "half", 1.0)):
        path = shared_tmp / "a.yaml"
        if comm.rank == 0:
            path.write_text(scenario(dim, f"mesh: {name}, {field}"), encoding="utf-8")
        comm.barrier()
        check(comm, path, dim, what, times)
    if comm.rank == 0:
        path.write_text(scenario(dim, f"mesh: {name}, array: line, at: 0, keep: amount"), encoding="utf-8")
    comm.barrier()
    with Simulation(path, comm=comm) as simulation:
        parallel_assert(comm, bool((simulation["u"] == 0.0).all()), "at time 0")


@pytest.mark.parametrize(
    "dim,name,field,what",
    [
        (1, "m.vtu", "array: line, on: points", "line"),
        (2, "m.vtu", "array: half", "half"),
        (3, "m.vtu", "array: both, component: 1", "line"),
        (3, "m.vtk", "array: half", "half"),
        (2, "m.xdmf", "array: both, component: 2", "line"),
        (3, "m.xdmf", "array: half", "half"),
        (2, "m.msh", "array: half", "half"),
    ],
)
def test_arrays_of_other_files(comm: Comm, shared_tmp: Path, dim: int, name: str, field: str, what: str) -> None:
    if comm.rank == 0:
        by_meshio(dim, shared_tmp / name)
        (shared_tmp / "a.yaml").write_text(scenario(dim, f"mesh: {name}, {field}"), encoding="utf-8")
    comm.barrier()
    check(comm, shared_tmp / "a.yaml", dim, what)


@pytest.mark.parametrize("array", ["half", "line, on: points"])
def test_the_amount_of_an_array(comm: Comm, shared_tmp: Path, array: str) -> None:
    """Kept to rounding, in the length of the scenario; and moved."""
    field = f"mesh: m.vtu, array: {array}, keep: amount, unit: 10, shift: [-10, 5]"
    text = scenario(2, field).replace("from: [0, 0], to: [2, 1]", "from: [-10, 5], to: [10, 15]")
    if comm.rank == 0:
        by_meshio(2, shared_tmp / "m.vtu")
        (shared_tmp / "a.yaml").write_text(text, encoding="utf-8")
    comm.barrier()
    with Simulation(shared_tmp / "a.yaml", comm=comm) as simulation:
        total = simulation.row()["u.total"]
    parallel_assert(comm, abs(total / (400.0 if array == "half" else 600.0) - 1.0) < 1e-12, f"{total}")


@pytest.mark.parametrize(
    "field,code,place,says",
    [
        ("mesh: m.vtu", "missing-option", "m.vtu", ["line on points", "half on cells"]),
        ("mesh: m.vtu, array: line", "missing-option", "m.vtu", ["`on`"]),
        ("mesh: m.vtu, array: both", "missing-option", "m.vtu", ["3 numbers", "`component`"]),
        ("mesh: m.vtu, array: both, component: 3", "out-of-bounds", "m.vtu", ["0 to 2"]),
        ("mesh: m.vtu, array: none", "no-array", "m.vtu", ["both on points"]),
        ("mesh: m.vtu, array: half, shift: [1]", "wrong-length", "m.vtu", ["`shift`"]),
        ("mesh: m.vtu, array: half, shift: [1, 0]", "outside-tissue", "fields.given", ["m.vtu"]),
        ("mesh: m.vtu, array: half, unit: 2, keep: amount", "wrong-amount", "fields.given", ["m.vtu"]),
        ("mesh: line.vtu, array: half", "wrong-length", "line.vtu", ["1 dimensions"]),
        ("mesh: nan.vtu", "out-of-bounds", "nan.vtu", ["not finite"]),
        ("mesh: turned.vtu", "flat-cells", "turned.vtu", ["area in x and y"]),
        ("mesh: empty.vtu", "no-array", "empty.vtu", ["no arrays"]),
        ("mesh: cut.vtu", "unreadable-file", "cut.vtu", []),
        ("mesh: m.xdmf, array: line, at: 3", "unreadable-file", "m.xdmf", ["no time 3", "nearest is 2"]),
    ],
)
def test_arrays_that_are_refused(comm: Comm, shared_tmp: Path, field: str, code: str, place: str, says: list[str]) -> None:
    if comm.rank == 0:
        by_meshio(2, shared_tmp / "m.vtu")
        by_meshio(1, shared_tmp / "line.vtu")
        if place == "m.xdmf":
            by_dolfinx(MPI.COMM_SELF, 2, shared_tmp / "m.xdmf")
        points, cells = lattice((0.0, 0.0), (2.0, 1.0), (2, 2))
        for name, data in (("nan", {"a": np.full(len(points), np.nan)}), ("empty", {})):
            meshio.Mesh(np.pad(points, ((0, 0), (0, 1))), [("triangle", cells)], point_data=data).write(shared_tmp / f"{name}.vtu")
        turned = np.insert(points, 1, 0.0, axis=1)
        meshio.Mesh(turned, [("triangle", cells)], point_data={"a": points[:, 0]}).write(shared_tmp / "turned.vtu")
        (shared_tmp / "cut.vtu").write_bytes((shared_tmp / "m.vtu").read_bytes()[:300])
        (shared_tmp / "a.yaml").write_text(scenario(2, field), encoding="utf-8")
    comm.barrier()
    with refused(code, place, says=says):
        Simulation(shared_tmp / "a.yaml", comm=comm)
