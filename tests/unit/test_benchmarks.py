"""The benchmarks count what they say; no times are asserted."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from benchmarks.reactions.__main__ import measure as measure_reactions
from benchmarks.step.access import access, arrays
from benchmarks.step.measure import Case, bounds, measure
from benchmarks.step.report import table
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
    # conjugate gradients multiply once per iteration, BiCGStab twice; each solve once more, for its first residual
    products = 0.0
    for field in fields.values():
        factor = {"cg": 1, "bicgstab": 2}[field["solver"][0]]
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


def test_reactions_are_counted() -> None:
    """Twelve of them; where cells are on a few of the nodes only these go by stages; what is counted of a step is less than the step."""
    few, all_ = (measure_reactions(active, 24, 0.05, 1, []) for active in (0.01, 2.0))
    for found in (few, all_):
        assert (found["nodes"], found["reactions"]) == (625, 12)
        assert 0.0 < found["at nodes"] < found["share"] < 1.0
        assert found["passes"] in (1.0, 2.0) and (found["again"] > 0.0) == (found["passes"] == 2.0)
    assert few["reacting"] < 0.05 and all_["reacting"] == 1.0
