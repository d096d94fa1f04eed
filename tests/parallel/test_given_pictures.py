"""Fields from pictures and volumes: values at the right places, amounts, the same on any number of ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from invasio.solver.errors import InvasioError
from invasio.solver.simulation import Simulation
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.messages import check

pytestmark = pytest.mark.mpi

MESHES = {
    2: "{kind: rectangle, from: [0, 0], to: [80, 60], cells: [8, 6]}",
    3: "{kind: box, from: [0, 0, 0], to: [40, 30, 20], cells: [4, 3, 2]}",
}


def planes(n: int, dim: int) -> np.ndarray:
    """x + 10 y (+ 100 z) at the centres of pixels of edge 1, rows first."""
    shape = {2: (60 * n, 80 * n), 3: (20, 30, 40)}[dim]
    grid = np.meshgrid(*(np.arange(k) + 0.5 for k in shape), indexing="ij")[::-1]
    return np.asarray(sum(10.0**k * axis / (n if dim == 2 else 1) for k, axis in enumerate(grid)))


def scenario(comm: Comm, folder: Path, dim: int, field: str, initial: str = "given", mesh: str = "", more: str = "") -> Path:
    """A scenario whose species starts from a formula of the field."""
    comm.barrier()
    path = folder / "given.yaml"
    if comm.rank == 0:
        text = f"scales: {{length: 1 um, time: 1 h, cells: 1e5 /cm^2}}\nfields: {{given: {{{field}}}}}\nmesh: {mesh or MESHES[dim]}\n"
        cells = f"model: {{cells: {{tumour: {{initial: '{initial}', motility: 1e-3{more}}}}}}}\n"
        path.write_text(text + cells + "time: {end: 1, step: 0.5}\noutput: {figures: false}\n", encoding="utf-8")
    comm.barrier()
    return path


def written(comm: Comm, path: Path, array: Any) -> None:
    """An array as a file, on all ranks."""
    comm.barrier()
    if comm.rank == 0:
        np.save(path, array)
    comm.barrier()


@pytest.mark.parametrize("dim", [2, 3])
def test_values_lie_where_they_are_in_the_picture(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """A linear picture is met exactly at nodes that lie at least half a pixel from its edge: x to the right, y down, z along slices."""
    written(comm, shared_tmp / "p.npy", planes(2, dim))
    pixel = "0.5" if dim == 2 else "1"
    path = scenario(comm, shared_tmp, dim, f"image: p.npy, take: stored, pixel: {pixel}, smooth: 0", initial="given")
    with Simulation(path, comm=comm) as simulation:
        found, points = simulation["tumour"], simulation.points[:, :dim]
        inner = ((points > 1) & (points < np.array([80, 60] if dim == 2 else [40, 30, 20]) - 1)).all(axis=1)
        wanted = points @ (10.0 ** np.arange(dim))
        parallel_assert(comm, bool(np.allclose(found[inner], wanted[inner], rtol=1e-6)), "not where it is")


def test_an_amount_is_exact_whatever_the_picture(comm: Comm, shared_tmp: Path) -> None:
    """Grey as density: the shape from the picture, the number stated."""
    rng = np.random.default_rng(2)
    written(comm, shared_tmp / "p.npy", rng.integers(0, 255, (60, 80), dtype=np.uint8))
    path = scenario(comm, shared_tmp, 2, "image: p.npy", "max(0, given - 0.2)", more=", amount: 5000 cells")
    with Simulation(path, comm=comm) as simulation:
        total = simulation.row()["tumour.total"]
        parallel_assert(comm, abs(total / 5000 - 1) < 1e-12, f"{total}")


def test_a_coarse_mesh_misses_no_pixels(comm: Comm, shared_tmp: Path) -> None:
    """Without `smooth` pixels between nodes count: a chessboard of single pixels is its mean everywhere."""
    board = (np.indices((60, 80)).sum(axis=0) % 2).astype(np.uint8) * 255
    written(comm, shared_tmp / "p.npy", board)
    with Simulation(scenario(comm, shared_tmp, 2, "image: p.npy"), comm=comm) as simulation:
        found = simulation["tumour"]
        parallel_assert(comm, bool(np.allclose(found, 0.5, atol=0.01)), f"{found.min()} to {found.max()}")


def test_sizes_come_from_the_file_and_shift_moves_it(comm: Comm, shared_tmp: Path) -> None:
    import tifffile

    comm.barrier()
    if comm.rank == 0:
        given = {"axes": "YX", "PhysicalSizeX": 1000.0, "PhysicalSizeXUnit": "nm", "PhysicalSizeY": 1.0, "PhysicalSizeYUnit": "\u00b5m"}
        tifffile.imwrite(shared_tmp / "p.ome.tif", planes(1, 2).astype(np.float32), metadata=given)
    comm.barrier()
    mesh = "{kind: rectangle, from: [100, 200], to: [180, 260], cells: [8, 6]}"
    path = scenario(comm, shared_tmp, 2, "image: p.ome.tif, take: stored, smooth: 0, shift: [100, 200]", mesh=mesh)
    with Simulation(path, comm=comm) as simulation:
        points, found = simulation.points[:, :2] - [100, 200], simulation["tumour"]
        inner = ((points > 1) & (points < np.array([80, 60]) - 1)).all(axis=1)
        parallel_assert(comm, bool(np.allclose(found[inner], points[inner] @ [1.0, 10.0], rtol=1e-6)), "not shifted")


@pytest.mark.parametrize(
    ("dim", "field", "code", "says"),
    [
        (2, "image: p.npy, pixel: 0.5", "outside-tissue", ("lies outside the picture", "40 x 30 long", "`outside: nearest`")),
        (3, "image: p.npy", "picture-axes", ("a picture for a mesh of 3 dimensions",)),
        (2, "image: p.npy, shift: [1, 2, 3]", "picture-axes", ("`shift` has 3 numbers",)),
    ],
)
def test_what_does_not_fit_is_refused_on_all_ranks(
    comm: Comm, shared_tmp: Path, dim: int, field: str, code: str, says: tuple[str, ...]
) -> None:
    written(comm, shared_tmp / "p.npy", np.ones((60, 80), dtype=np.uint8))
    with pytest.raises(InvasioError) as caught, Simulation(scenario(comm, shared_tmp, dim, field), comm=comm):
        pass
    check(caught.value, code, "p.npy", says=says)
    parallel_assert(comm, caught.value.code == code, str(caught.value))


@pytest.mark.parametrize(("outside", "value"), [("zero", 0.0), ("nearest", 1.0)])
def test_outside_of_the_picture(comm: Comm, shared_tmp: Path, outside: str, value: float) -> None:
    written(comm, shared_tmp / "p.npy", np.full((60, 80), 255, dtype=np.uint8))
    with Simulation(scenario(comm, shared_tmp, 2, f"image: p.npy, pixel: 0.5, outside: {outside}"), comm=comm) as simulation:
        far = (simulation.points[:, :2] > [41, 31]).any(axis=1)
        found = simulation["tumour"]
        parallel_assert(comm, bool((found[far] == value).all() and (found[~far] == 1.0).all()), str(found))
