"""A matrix in both precisions from one pass; where only sinks are new, its diagonal alone."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.kernels import edges, krylov
from tests.unit.kernels.test_plain import HALO, TAU, UNIT, N, law, rows_of, same, target_of

__all__ = ["law"]


@pytest.mark.parametrize("low_order", [False, True])
def test_a_new_diagonal_gives_the_bits_of_a_new_matrix(law: edges.EdgeLaw, low_order: bool) -> None:
    """With fixed nodes among owned ones and ghosts; and single precision is that of the pass that rounds."""
    rng = np.random.default_rng(5)
    n_own, owned, diagonal = rows_of(law)
    mass, *sinks = rng.random((3, N + HALO)) + 0.1
    e = edges.Edges(law.indptr, law.indices, mass, *rng.normal(1.5, 0.5, (2, len(law.indices))))
    fixed = np.isin(np.arange(N + HALO), (4, N + 2))

    def filled(*which: int) -> tuple[edges.Target, tuple[float, bool]]:
        target, left = target_of(int(owned.sum()), int((~owned).sum())), np.zeros((2, N))
        found = edges.fill(e, diagonal, n_own, sinks[which[0]], fixed, 1.0, TAU, low_order, target, left)
        for new in which[1:]:
            assert edges.refill(e, diagonal, n_own, sinks[new], fixed, TAU, target, left) == (True, True)
        return target, found

    (at_once, number), (later, of_first) = filled(1), filled(0, 1)
    assert same(at_once, later)
    assert number == of_first and number[0] > 0.0 and number[1]
    c, d, less = (np.zeros(size, np.float32) for size in (len(owned), N, N))
    assert krylov.rounded(law.indptr, diagonal, n_own, at_once.own, at_once.ghost, UNIT, c, d, less)
    assert np.array_equal(c, at_once.c) and np.array_equal(d, at_once.d) and np.array_equal(less, at_once.e)
    row = np.repeat(np.arange(N), np.diff(law.indptr))
    exact = (np.bincount(row[owned], later.own, N) + np.bincount(row[~owned], later.ghost, N)) / UNIT
    sums = np.bincount(row, c.astype(float), N) + less
    assert np.abs(sums - exact).max() < 1e-13 * np.abs(later.own).max() / UNIT, "a smooth vector sees the sums of rows alone"
    double = edges.double_only(np.zeros_like(later.own), np.zeros_like(later.ghost))
    edges.fill(e, diagonal, n_own, sinks[1], fixed, 1.0, TAU, low_order, double, edges.NOT_KEPT)
    assert np.array_equal(double.own, at_once.own) and np.array_equal(double.ghost, at_once.ghost)

    for value, expected in ((np.nan, (False, False)), (1e13, (True, False)), (np.inf, (False, False))):
        sinks[0][7] = value
        assert edges.refill(e, diagonal, n_own, sinks[0], fixed, TAU, later, np.zeros((2, N))) == expected
        largest, fits = edges.fill(e, diagonal, n_own, sinks[0], fixed, 1.0, TAU, low_order, later, edges.NOT_KEPT)
        assert (bool(np.isfinite(largest)), fits) == expected
