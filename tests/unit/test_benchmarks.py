"""The benchmarks count what they say; no times are asserted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from mpi4py import MPI
from numba import njit

from benchmarks.metastasis.__main__ import FIELDS, HERE
from benchmarks.metastasis.__main__ import table as table_beside_metaspread
from benchmarks.output.__main__ import share
from benchmarks.output.__main__ import table as of_output
from benchmarks.output.measure import Case as Written
from benchmarks.output.measure import measure as write
from benchmarks.reactions.__main__ import measure as measure_reactions
from benchmarks.real import measure as real
from benchmarks.real.__main__ import table as compared
from benchmarks.step.access import access, arrays
from benchmarks.step.instruments import MODULES, Instruments, kernels
from benchmarks.step.measure import Case, bounds, march, measure
from benchmarks.step.report import table
from benchmarks.step.setup import Setup
from benchmarks.step.traffic import NumpyCount, kernel_bytes
from tests.lib.comm import Comm


@njit
def smoothed(edges: tuple[np.ndarray, np.ndarray | None], c: np.ndarray, out: np.ndarray, total: np.ndarray) -> None:
    """Reads edges[0] and c, writes out, reads and writes total."""
    indices, unused = edges
    for i in range(len(out)):
        out[i] = 0.5 * (c[i] + c[indices[i]])
        total[i] += out[i] if unused is None else c[i]


def test_kernel_bytes_follow_the_source() -> None:
    """A load and a store are 8 bytes a double; an array that is written unread is loaded too; aliased memory counts once."""
    n = 100
    c, total = np.ones(n), np.ones(n)
    edges = (np.zeros(n, dtype=np.uint32), np.ones(n))
    assert access(smoothed.py_func)["edges[0]"] == (True, False)
    assert access(smoothed.py_func)["total"] == (True, True)
    assert kernel_bytes(smoothed.py_func, (edges, c, np.ones(n), total)) == 4 * n + 8 * n + (8 + 8) * n + 16 * n
    assert len(arrays(smoothed.py_func, (edges, c, total, total))) == 3


def test_numpy_passes_are_counted() -> None:
    """In-place, into another array, by assignment of a slice, and copies."""
    count = NumpyCount()
    with count.watch():
        a, b = np.zeros(50), np.empty(50)
    np.add(a, 1.0, out=b)
    assert (count.passes, count.bytes) == (1, 50 * (8 + 16))
    b *= 2.0
    assert (count.passes, count.bytes) == (2, 50 * (24 + 16))
    a[:] = b
    assert (count.passes, count.bytes) == (3, 50 * (40 + 24))
    np.copyto(a, b)
    assert (count.passes, count.bytes) == (4, 50 * (64 + 24))
    assert (np.asarray(a) == 2.0).all()


@pytest.mark.parametrize("dim", [2, 3])
def test_step_benchmark(comm: Comm, dim: int) -> None:
    """Counts of a small case agree with the algorithm and with the sizes of the arrays."""
    case = Case(dim, 700, 0.05, 3)
    result = measure(case, comm)
    n, z = result["nodes"], result["z"]
    assert n == (case.cells + 1) ** dim
    fields, counts, per_node = result["fields"], result["petsc_counts"], result["bytes_per_node"]
    for field in fields.values():
        assert field["solves_per_step"] == 2.0  # the two stages
        assert field["iterations_per_solve"] >= 0.5
    # conjugate gradients and GMRES multiply once per iteration, BiCGStab twice; each solve once more, for its first residual
    products = 0.0
    for field in fields.values():
        factor = {"cg": 1, "gmres": 1, "bicgstab": 2}[field["solver"][0]]
        for kind in ("", "low_"):
            solves = field[f"{kind}solves_per_step"]
            products += solves * (1 + factor * field[f"{kind}iterations_per_solve"])
    assert counts["MatMult"] == pytest.approx(products)
    assert counts["KSPSolve"] == pytest.approx(sum(f["solves_per_step"] + f["low_solves_per_step"] for f in fields.values()))
    assert per_node["PETSc"] > counts["MatMult"] * (12 * z + 28)
    # old, stage, x read and w written, for two fields that move; m, old, x, P read, x updated, b and stage written
    assert per_node["weighted"] == pytest.approx(2 * 40)
    assert per_node["second_stage"] == pytest.approx(2 * 88)
    assert bounds(result)["traffic"] > 0.0
    axis = np.exp(-(np.linspace(-0.5, 0.5, case.cells + 1) ** 2) / 0.0025)  # conserved: what the lattice holds at the start
    assert result["amounts"]["tumour"] == pytest.approx((axis.sum() / case.cells) ** dim, rel=1e-9)
    assert f"{n} nodes" in table([result])


def test_passes_of_our_own_solvers_are_counted(comm: Comm) -> None:
    """No event of PETSc; a step opens and closes in one pass each, with the residual of its first solve; that of the second is with the
    matrix in double, and products are with the one in single precision.
    """
    result = measure(Case(3, 700, 0.05, 3, ("numerics.linear.preconditioner=jacobi",)), comm)
    z, fields, per_node = result["z"], result["fields"], result["bytes_per_node"]
    assert per_node["PETSc"] == 0.0 and result["petsc_counts"] == {}
    solves = sum(f["solves_per_step"] + f["low_solves_per_step"] for f in fields.values())
    # rows, own columns, entries and columns; x, b, d read, r written
    assert per_node["residual"] == pytest.approx(solves / 2 * (4 + 4 + 12 * z + 8 + 8 + 4 + 16), rel=0.01)
    # three of rows, stiffness and columns, mass, P, s, c, guess (and potential) read; b, r (and both matrices, d and e) written
    opened = 3 * 4 + 12 * z + 5 * 8 + 2 * 16
    assert per_node["open_diffusing"] == pytest.approx(
        opened + 8, rel=0.01
    )  # a matrix that stays: only its d is read (and counted as written)
    assert per_node["open_drifting"] == pytest.approx(opened + 8 + 2 * (12 * z + 8), rel=0.01)
    closed = 4 + 12 * z + 6 * 8 + 2 * 16
    assert per_node["close_diffusing"] == pytest.approx(closed, rel=0.01)
    assert per_node["close_drifting"] == pytest.approx(closed + 8, rel=0.01)
    assert not per_node.keys() & {"central_weights", "explicit_side", "fill", "rounded", "conservative_update"}
    (symmetric,) = (f for f in fields.values() if f["solver"][0] == "cg")
    products = symmetric["solves_per_step"] * symmetric["iterations_per_solve"]
    assert symmetric["low_solves_per_step"] == 0.0 and products >= 1.0
    # rows, entries and columns; d, e and two earlier directions, which a first iteration has not, and z read, one vector written
    first = symmetric["solves_per_step"]
    assert per_node["times"] == pytest.approx(products * (4 + 8 * z + 2 * 4 + 3 * 8 + 16) - first * 2 * 8, rel=0.01)


def test_reactions_are_counted() -> None:
    """Twelve of them; where cells are on a few of the nodes only these go by stages; what is counted of a step is less than the step."""
    few, all_ = (measure_reactions(active, 24, 0.05, 1, []) for active in (0.01, 2.0))
    for found in (few, all_):
        assert (found["nodes"], found["reactions"]) == (625, 12)
        assert 0.0 < found["at nodes"] < found["share"] < 1.0
        assert found["passes"] in (1.0, 2.0) and (found["again"] > 0.0) == (found["passes"] == 2.0)
    assert few["reacting"] < 0.05 and all_["reacting"] == 1.0


def test_the_table_beside_metaspread_is_that_of_the_kept_results() -> None:
    """results.md and the README hold it; deviations are those from the mean of its histories, times are extrapolated by steps."""
    kept = json.loads((HERE / "results.json").read_text(encoding="utf-8"))
    text = table_beside_metaspread(kept)
    for page in (HERE / "results.md", HERE.parent / "README.md"):
        assert text in page.read_text(encoding="utf-8")
    last = {"seed": 1, "steps": 6000, "seconds": 1.0, "epithelial": 100, "mesenchymal": 50, "ecm_degraded": 10}
    fields = {name: {"epithelial": 110.0, "mesenchymal": 45.0, "ecm_degraded": 10.0} for name in FIELDS}
    peer = {"block": [[last], [last | {"epithelial": 120}]], "whole": {"steps": 40, "seconds": 12.0}}
    rows = table_beside_metaspread({"metaspread": peer, "invasio": fields | {"tissue": 14.0, "histories": 5.0}}).splitlines()
    assert "| 110 (+0%) | 45 (-10%) | 10 (+0%) |" in rows[5] and rows[4].endswith("mean of 2 | 110 | 50 | 10 |")
    assert any(row.endswith("| 2.0 h |") for row in rows)  # 12 s for 40 of 24,000 steps


def test_a_step_of_what_neither_limits_itself_nor_reacts_calls_few_kernels() -> None:
    """Anderson's model, two species that move and one that stays: so many calls of compiled functions, none for what it lacks."""
    instruments = Instruments()
    with instruments.attached():
        setup = Setup(2, 4, (), MPI.COMM_SELF)
        march(setup.stepper, 0.02, 0, 4)
        instruments.clear()
        march(setup.stepper, 0.02, 4, 8)
    found = {name: instruments.calls[name] / 4 for module in MODULES for name in kernels(module) if name in instruments.calls}
    moving = ("central_weights", "explicit_side", "guess", "second_stage", "weighted", "conservative_update", "predict", "middle")
    booked = ("amount", "exact", "changes")
    assert found == {name: 2 for name in (*moving, *booked)} | {"fill": 1, "difference_quotient": 3}


def test_real_runs_are_counted_and_compared(comm: Comm) -> None:
    """A small box: nodes, steps and solves of the run itself, without those that compiled it; the table shows the least of the turns."""
    settings = {"mesh.cells": [5, 4, 3], "time": {"end": 0.4, "step": 0.1}, "output": {"every": 0.2}}
    result = real.measure(real.Case("box", "benchmarks/step/box.yaml", settings, {}), False)
    assert (result["nodes"], result["steps"], result["ranks"]) == (6 * 5 * 4, 4, comm.size)
    assert result["solves"] == 2 * 2 * (4 + 1)  # two species, two stages; the first step is done twice
    assert result["iterations"] >= result["solves"] / 2 and result["set-up"] > 0.0 and result["run"] > 0.0
    turns = [{"version": who, **result, "run": run} for who, run in (("base", 8.0), ("here", 3.0), ("base", 6.0), ("here", 5.0))]
    lines = compared(turns).splitlines()
    assert [line.split("|")[7].strip() for line in lines[2:]] == ["", "0.50"]
    assert "-0.0 |" not in compared([{**turns[0], "memory": -40.0}])
    assert all(f"| {result['steps']} |" in line for line in lines[2:])


def test_bytes_and_parts_of_an_output(comm: Comm, tmp_path: Path) -> None:
    """An output writes its rows and little more, a checkpoint its arrays; the parts make up the whole; the share of a run."""
    found = write(Written(6, fields=2, outputs=2, arrays=3), comm, tmp_path / "run")
    assert (found["nodes"], found["cells"]) == (343, 6 * 216)
    rows, mesh = 2 * 8 * 343, 343 * 24 + 1296 * (4 * 8 + 8 + 1 + 4)
    assert rows <= found["one"]["bytes"] < rows + 60_000 and found["first"]["bytes"] > rows + mesh
    assert found["checkpoint"]["bytes"] > 3 * 8 * 343
    for kind in ("first", "one", "checkpoint"):
        whole = sum(wall for wall, _ in found[kind]["parts"].values())
        assert 0.9 * whole <= found[kind]["seconds"] and {"rows to their blocks", "writing rows", "room"} <= found[kind]["parts"].keys()
    assert "writing the mesh" in found["first"]["parts"] and not (tmp_path / "run").exists()
    times = {name: {"seconds": seconds} for name, seconds in (("first", 3.0), ("one", 0.5), ("checkpoint", 1.0))}
    assert share(times, 1.0, 40, 10) == 6.0 / 46.0
    assert "| checkpoint |" in of_output(found) and "below 5 % from" in of_output(found, 1.0)
