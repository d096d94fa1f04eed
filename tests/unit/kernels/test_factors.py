"""Incomplete factors: against dense elimination, units, symmetry, and pivots where drift is strong."""

import numpy as np
import pytest
from mpi4py import MPI
from scipy.sparse import csr_array, random_array

from invasio.solver.kernels import factors
from invasio.solver.linalg.overlap import Overlap
from tests.parallel.test_incomplete import graph_of


def some_matrix(drift: float, seed: int = 1) -> csr_array:
    """Rows of an M-matrix with positive column sums on a pattern with triangles; drift 0: symmetric."""
    rng = np.random.default_rng(seed)
    n = 60
    pattern = random_array((n, n), density=0.06, rng=rng, format="csr").toarray() + np.diag(np.ones(n - 1), 1)
    weight = np.triu(pattern + pattern.T, 1)
    toward = weight * rng.uniform(1.0 - drift, 1.0 + drift, (n, n))
    off = -(toward + weight.T * rng.uniform(1.0 - drift, 1.0 + drift, (n, n)) * (drift > 0.0) + weight.T * (drift == 0.0))
    if drift == 0.0:
        off = -(weight + weight.T)
    return csr_array(np.diag(1e-2 + np.abs(off).sum(axis=0)) + off)


def factored(matrix: csr_array) -> tuple[Overlap, factors.Factors]:
    """Its factors on one rank."""
    matrix.sort_indices()
    overlap = Overlap(graph_of(matrix, MPI.COMM_SELF))
    found = factors.Factors(np.zeros(len(overlap.block.indices), dtype=np.float32), np.zeros(matrix.shape[0]))
    factors.factorise(
        overlap.block, matrix.data, np.zeros(0), np.zeros(0), overlap.where, overlap.row, overlap.exact, factors.RELAXED, found
    )
    return overlap, found


def solved(matrix: csr_array, r: np.ndarray) -> np.ndarray:
    """M^-1 r."""
    overlap, found = factored(matrix)
    z = np.zeros(len(r))
    factors.solve(overlap.block, found, r, np.zeros(0), overlap.y, z)
    return z


def dense(matrix: csr_array) -> np.ndarray:
    """(L + D) D^-1 (D + U) by elimination of a dense matrix, what leaves the pattern taken off the diagonal times RELAXED."""
    a = matrix.toarray()
    inside = a != 0.0
    n = len(a)
    for i in range(n):
        dropped = 0.0
        for j in np.flatnonzero(inside[i, :i]):
            a[i, j] /= a[j, j]
            change = a[i, j] * np.where(inside[j], a[j], 0.0)
            change[: j + 1] = 0.0
            dropped += change[~inside[i]].sum()
            a[i] -= np.where(inside[i], change, 0.0)
        a[i, i] -= factors.RELAXED * dropped
    return np.asarray((np.tril(a, -1) + np.eye(n)) @ np.triu(a))


@pytest.mark.parametrize("drift", [0.0, 0.3])
def test_solves_with_the_factors_of_elimination(drift: float) -> None:
    matrix = some_matrix(drift)
    r = np.random.default_rng(2).standard_normal(matrix.shape[0])
    wanted = np.linalg.solve(dense(matrix), r)
    assert np.abs(solved(matrix, r) - wanted).max() < 1e-5 * np.abs(wanted).max()
    assert np.abs(wanted - np.linalg.solve(matrix.toarray(), r)).max() > 1e-2 * np.abs(wanted).max(), "the factors are incomplete here"


@pytest.mark.parametrize("bound", [1e4, 1e7, 1e9])
def test_a_pair_that_is_bound_tightly(bound: float) -> None:
    """Single precision keeps 7 digits of the pair's entries, and what matters are those behind: pivots are as of double."""
    a = np.diag([1.0, 2.0, 3.0]) + bound * np.array([[1.0, -1.0, 0.0], [-1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    z = solved(csr_array(a), np.array([1.0, 0.0, 3.0]))
    assert np.abs(z - np.linalg.solve(a, np.array([1.0, 0.0, 3.0]))).max() < 1e-5


@pytest.mark.parametrize("unit", [2.0**-600, 2.0**600])
def test_units_do_not_matter(unit: float) -> None:
    matrix = some_matrix(0.3)
    usual, other = factored(matrix)[1], factored(csr_array(matrix * unit))[1]
    assert np.array_equal(usual.entries, other.entries)
    assert np.array_equal(usual.inverse, other.inverse * unit)


def test_symmetric_on_one_rank() -> None:
    matrix = some_matrix(0.0)
    x, y = np.random.default_rng(3).standard_normal((2, matrix.shape[0]))
    one, other = x @ solved(matrix, y), y @ solved(matrix, x)
    assert abs(one - other) < 1e-5 * abs(one)


def test_pivots_stay_positive_where_drift_outweighs_the_rows() -> None:
    """Column sums stay positive with drift, row sums do not: what is dropped could take a pivot below zero."""
    n = 12
    size = n * n
    a = np.zeros((size, size))
    for i in range(size):
        for j, inward in ((i + 1, 30.0 if (i + 1) % n else 0.0), (i + n, 30.0)):
            if j < size and inward:
                a[i, j], a[j, i] = -inward, -0.01
    a += np.diag(1e-3 - a.sum(axis=0))
    assert (a.sum(axis=1) < -1.0).any()
    found = factored(csr_array(a))[1]
    assert (found.inverse > 0.0).all()
    assert np.isfinite(found.entries).all()
