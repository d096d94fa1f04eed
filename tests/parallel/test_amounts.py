"""A stated amount at the start: exact on every mesh and any number of ranks, in 1-D, 2-D, 3-D, across membranes, after a restart."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from mpi4py import MPI

from invasio.meshes.domain import MeshData
from invasio.postprocess.run import open_run
from invasio.solver.errors import ScenarioError
from invasio.solver.run import run
from invasio.solver.scenario.loader import load
from invasio.solver.scenario.parser import parse
from invasio.solver.setup import Ground
from invasio.solver.simulation import Simulation
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.everywhere import everywhere, parallel_assert
from tests.lib.fields import amount
from tests.lib.messages import check
from tests.lib.models import lattice, membrane, passage, problem_of, species
from tests.unit.meshes.build import make

pytestmark = pytest.mark.mpi

NARROW = "exp(-((x - 0.31)^2 + (y - 0.4)^2 + (z - 0.2)^2)/0.01)"  # as wide as a cell: interpolation misses the integral


def seeded(initial: Any, stated: str, data: MeshData | None, comm: Comm, membranes: Any = ()) -> Any:
    """A problem whose cells have a stated amount."""
    law = replace(species("n", initial, "cells", diffusion="1e-3"), amount=parse(stated))
    return problem_of((law,), data, comm, membranes)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_exact_on_any_mesh_and_the_same_on_one_rank(comm: Comm, dim: int) -> None:
    """The lumped integral is the amount to rounding; the density is the shape times one number, everywhere the same on one rank."""
    for cells in (5, 6, 11):
        data = lattice(dim, cells)
        together, alone = seeded(NARROW, "(pi/400)^1.5", data, comm), seeded(NARROW, "(pi/400)^1.5", data, MPI.COMM_SELF)
        wanted = (math.pi / 400) ** 1.5
        parallel_assert(comm, abs(amount(together, "n") / wanted - 1) < 1e-14, f"{amount(together, 'n')} instead of {wanted}")
        plain = everywhere(problem_of((species("n", NARROW, "cells", diffusion="1e-3"),), data, MPI.COMM_SELF), "n")
        found, expected = everywhere(together, "n"), everywhere(alone, "n")
        parallel_assert(comm, np.allclose(found, expected, rtol=1e-14, atol=0), "not the same on one rank")
        parallel_assert(comm, np.allclose(found / found.max(), plain / plain.max(), rtol=1e-14, atol=1e-300), "another shape")


def test_regions_and_both_sides_of_a_membrane_count(comm: Comm) -> None:
    """By region, on a mesh cut along the border: the amount is that of all regions and both sides together."""
    data = make("interval", cells=10, regions={"inner": {"kind": "interval", "from": 0.0, "to": 0.5}})
    data = replace(data, interfaces={"k": plane(data, 0, 0.5)})
    problem = seeded({"inner": "3", "tissue": "1"}, "7", data, comm, (membrane("k", passage("n", "1")),))
    parallel_assert(comm, abs(amount(problem, "n") / 7 - 1) < 1e-14, str(amount(problem, "n")))
    found = np.unique(np.round(everywhere(problem, "n"), 12))
    parallel_assert(comm, np.array_equal(found, [3.5, 10.5]), str(found))  # 3:1 over two halves


@pytest.mark.parametrize(
    ("initial", "code", "remedy", "says"),
    [
        ("exp(-(x - 40)^2/1e-3)", "wrong-amount", "must be above 0 at some nodes", "has the integral 0 over the mesh"),
        ("1e308", "wrong-amount", "to values around 1", "has the integral inf over the mesh"),
        ("x - 0.5", "wrong-initial", "max(0, ...)", "its initial value is -0.5 at x = 0, 0, 0"),
        ("1/x", "wrong-initial", "max(0, ...)", "its initial value is inf at x = 0, 0, 0"),
        ("1e-310", "wrong-amount", "to values around 1", ""),
    ],
)
def test_a_shape_without_a_usable_integral_is_refused_on_all_ranks(comm: Comm, initial: str, code: str, remedy: str, says: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        seeded(initial, "1", lattice(1, 10, upper=10.0), comm)
    check(caught.value, code, "species ", remedy, (says,))
    parallel_assert(comm, caught.value.code == code, str(caught.value))


@pytest.mark.parametrize("dim", [2, 3])
def test_an_amount_with_a_unit_on_a_picture(comm: Comm, shared_tmp: Path, monkeypatch: pytest.MonkeyPatch, dim: int) -> None:
    """How many dimensions the picture has is told by the unit, and checked when it is read."""
    monkeypatch.setenv("INVASIO_CACHE", str(shared_tmp / "cache"))
    path = shared_tmp / f"picture{dim}.yaml"
    if comm.rank == 0:
        np.save(shared_tmp / f"labels{dim}.npy", np.ones((8,) * dim, dtype=np.uint8))
        mesh = f"{{kind: image, image: labels{dim}.npy, pixel: 10 um, regions: {{tissue: 1}}}}"
        text = f"scales: {{length: 1 um, time: 1 h, cells: 1e5 /cm^2}}\nmesh: {mesh}\ntime: {{end: 1, step: 0.5}}\n"
        cells = "model: {cells: {tumour: {initial: 1, amount: 5000 cells, motility: 1}}}\n"
        path.write_text(text + cells, encoding="utf-8")
    comm.barrier()
    scenario = load(path)
    if dim == 3:
        with pytest.raises(ScenarioError) as caught:
            Ground(scenario, comm)
        check(caught.value, "wrong-dimension", "picture3", "plain number", ("2-D", "'5000 cells'", "3 dimensions"))
        parallel_assert(comm, caught.value.code == "wrong-dimension", str(caught.value))
        return
    found = amount(Ground(scenario, comm).problem(scenario), "tumour")
    parallel_assert(comm, abs(found * 1e-3 / 5000 - 1) < 1e-13, str(found))  # 1e5 /cm^2 is 1e-3 /um^2


MESHES = {
    1: ("{kind: interval, to: 700, cells: 14}", "1e8 /cm^3, depth: 20 um"),
    2: ("{kind: rectangle, to: [700, 500], cells: [14, 10]}", "1e5 /cm^2"),
    3: ("{kind: box, to: [700, 500, 300], cells: [7, 5, 3]}", "1e8 /cm^3"),
    0: ("{kind: image, image: skimage:immunohistochemistry, size: 20, regions: {epithelium: brown, stroma: blue}}", "1e5 /cm^2"),
}


def counting(comm: Comm, folder: Path, dim: int) -> Path:
    """A scenario that starts with 5000 cells; 0: on a picture."""
    path = folder / f"seeded{dim}.yaml"
    if comm.rank == 0:
        mesh, scale = MESHES[dim]
        path.write_text(
            f"scales: {{length: 1 um, time: 1 h, cells: {scale}}}\nmesh: {mesh}\n"
            "model: {cells: {tumour: {initial: 'exp(-((x - 300)^2 + (y - 40)^2)/9000)', amount: 5000 cells, motility: 200}}}\n"
            "time: {end: 4, step: 1}\noutput: {every: 1, figures: false}\n",
            encoding="utf-8",
        )
    comm.barrier()
    return path


@pytest.mark.parametrize("dim", [1, 2, 3, 0])
def test_a_run_and_its_resumption_count_cells(comm: Comm, shared_tmp: Path, dim: int) -> None:
    """5000 cells are 5000 in series.csv, with their unit in the manifest, also in a run that was resumed."""
    scenario, out = load(counting(comm, shared_tmp, dim)), shared_tmp / f"out{dim}"
    parallel_assert(comm, run(load(scenario.path or "", ["time.end=2"]), comm, out).reason == "done")
    parallel_assert(comm, run(load(scenario.path or "", ["time.end=2"]), comm, out, resume=True).reason == "done")
    fault = ""
    if comm.rank == 0:
        found = open_run(out)
        cells = found.series["tumour.total"]
        fault = "" if np.allclose(cells, 5000, rtol=1e-12) else str(cells)
        fault += "" if found.units["tumour.total"] == "cells" and found.units["tumour.front.xmax"] == "um" else str(found.units)
        fault += "" if "starts with 5,000 cells" in (out / "run.log").read_text(encoding="utf-8") else "not said"
        with h5py.File(out / "fields.vtkhdf", "r") as h5:
            fault += "" if h5["VTKHDF/FieldData/tumour.total"].attrs["units"] == "cells" else "no unit in VTKHDF"
    parallel_assert(comm, not fault, fault)


def test_a_run_of_before_goes_on_in_the_scenarios_scales(comm: Comm, shared_tmp: Path) -> None:
    """A manifest without units: the rows that are added mean what the earlier ones do, and that is said."""
    path, out = counting(comm, shared_tmp, 2), shared_tmp / "old"
    with Simulation(path, comm=comm, out=out) as sim:
        sim.step()
        sim.checkpoint()
    if comm.rank == 0:
        manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
        del manifest["units"], manifest["factors"]
        (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    comm.barrier()
    run(load(path), comm, out, resume=True)
    fault = ""
    if comm.rank == 0:
        found = open_run(out)
        fault = "" if np.allclose(found.series["tumour.total"][2:], 5e6, rtol=1e-12) else str(found.series["tumour.total"])
        fault += str(found.units)[:-2] and "units are stated"
        fault += "" if "begun by an earlier version" in (out / "run.log").read_text(encoding="utf-8") else "not said"
    parallel_assert(comm, not fault, fault)
