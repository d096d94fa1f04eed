"""The order of elimination: what is put elsewhere, what stays, and that factors do not change."""

import numpy as np
import pytest
from mpi4py import MPI
from scipy.sparse import csr_array, diags_array, eye_array, kron

from invasio.solver.kernels import elimination, factors
from invasio.solver.linalg import overlap
from tests.parallel.test_incomplete import graph_of
from tests.unit.kernels.test_factors import some_matrix


def interleaved(matrix: csr_array, base: np.ndarray, run: int) -> tuple[np.ndarray, np.ndarray]:
    """An order and the places in it, from one that is given."""
    order, place = base.astype(np.uint32), np.empty(len(base), dtype=np.uint32)
    place[order] = np.arange(len(base), dtype=np.uint32)
    memory = (np.empty(run + more, dtype=np.uint32) for more in (0, 1, 0))
    elimination.interleave(matrix.indptr.astype(np.uint32), matrix.indices.astype(np.uint32), order, place, *memory)
    return order, place


@pytest.mark.parametrize("run", [1, 7, 60, 100])
def test_neighbours_stay_before_and_behind_each_other(run: int) -> None:
    matrix = some_matrix(0.0)
    n = matrix.shape[0]
    base = np.random.default_rng(3).permutation(n)
    order, place = interleaved(matrix, base, run)
    rank = np.argsort(base)
    for start in range(0, n, run):
        assert set(order[start : start + run].tolist()) == set(base[start : start + run].tolist()), "nodes stay in their run"
    assert np.array_equal(order[place], np.arange(n))
    row, column = matrix.nonzero()
    assert ((rank[row] < rank[column]) == (place[row] < place[column])).all()


def test_on_a_lattice_nodes_do_not_wait_for_the_one_before() -> None:
    n = 40
    chain = diags_array([np.ones(n - 1), np.ones(n), np.ones(n - 1)], offsets=[-1, 0, 1])
    matrix = csr_array(kron(chain, eye_array(n)) + kron(eye_array(n), chain))
    base = np.arange(n * n)
    order, _ = interleaved(matrix, base, 8 * n)

    def waiting(nodes: np.ndarray) -> int:
        return int((np.abs(np.diff(nodes.astype(int))) == 1).sum())

    assert waiting(base) == n * n - 1
    assert waiting(order) <= 3 * n // 8, "but for the corners of a run"
    assert np.abs(np.argsort(order).astype(int) - base).max() < 8 * n


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_factors_are_the_same_to_the_last_bit(drift: float, monkeypatch: pytest.MonkeyPatch) -> None:
    matrix = some_matrix(drift)
    matrix.sort_indices()
    r, results = np.random.default_rng(2).standard_normal(matrix.shape[0]), []
    for run in (1, 64, 10_000):
        monkeypatch.setattr(overlap, "RUN", run)
        o = overlap.Overlap(graph_of(matrix, MPI.COMM_SELF))
        found = factors.Factors(np.zeros(len(o.block.indices), dtype=np.float32), np.zeros(len(r)))
        factors.factorise(o.block, matrix.data, np.zeros(0), np.zeros(0), o.where, o.row, o.exact, factors.RELAXED, found)
        assert not o.where.any()
        z = np.zeros(len(r))
        factors.solve(o.block, found, r, np.zeros(0), o.y, z)
        results.append(z)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
