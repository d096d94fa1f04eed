"""Two passes over the edges give what the passes one by one give: the bits of all but the residual, which is right to rounding."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.kernels import edges, krylov, plain

N, HALO, UNIT, TAU, DT = 40, 7, 0.25, 0.3, 1.0


@pytest.fixture(params=[1, N + HALO], ids=["diffusing", "drifting"])
def law(request: pytest.FixtureRequest) -> edges.EdgeLaw:
    """On a graph whose rows end in ghosts, with stiffness of both signs."""
    rng = np.random.default_rng(3)
    columns = [np.unique(np.append(rng.integers(0, N + HALO, 6), i)) for i in range(N)]
    indptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.uint32)
    indices = np.concatenate(columns).astype(np.uint32)
    stiffness, none = rng.normal(0.3, 1.0, len(indices)), np.zeros(1)
    terms = np.zeros((0, N + HALO))
    arrays = (stiffness, 2.0 * stiffness, rng.random(1), none, none, rng.random(request.param), terms, terms)
    return edges.EdgeLaw(indptr, indices, *arrays, edges.ARITHMETIC)


def rows_of(law: edges.EdgeLaw) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row, whether it is owned, and place of the diagonal, by entries and rows."""
    row = np.repeat(np.arange(N), np.diff(law.indptr))
    owned = law.indices < N
    return np.bincount(row, owned, N).astype(np.int32), owned, np.flatnonzero(law.indices == row).astype(np.int32)


def target_of(own: int, ghost: int) -> edges.Target:
    """Memory for a matrix with so many entries."""
    return edges.Target(
        np.zeros(own), np.zeros(ghost), np.zeros(own + ghost, np.float32), np.zeros(N, np.float32), np.zeros(N, np.float32), UNIT
    )


def same(one: edges.Target, other: edges.Target) -> bool:
    """Whether both hold the same bits."""
    return all(np.array_equal(getattr(one, name), getattr(other, name)) for name in ("own", "ghost", "c", "d", "e"))


def test_one_pass_opens_a_step(law: edges.EdgeLaw) -> None:
    """Weights, Peclet number, right side, both matrices and the residual, and again with a matrix that is there already."""
    rng = np.random.default_rng(5)
    n_own, owned, diagonal = rows_of(law)
    mass, made, sinks, old, x = rng.random((5, N + HALO)) + 0.1
    apart = edges.Edges(law.indptr, law.indices, mass, *np.zeros((2, len(law.indices))))
    peclet = edges.central_weights(law, apart.u, apart.lower)
    sizes = (int(owned.sum()), int((~owned).sum()))
    apart_in, once_in = (target_of(*sizes) for _ in range(2))
    (b, r), (b_apart, r_apart) = np.zeros((2, 2, N))
    edges.explicit_side(apart, made, sinks, old, TAU, b_apart)
    own, ghost, c, d, e, _ = apart_in
    args = (diagonal, n_own, sinks, np.zeros(N + HALO, bool), 1.0, TAU, False, edges.double_only(own, ghost), edges.NOT_KEPT)
    number, _ = edges.fill(apart, *args)
    fits = krylov.rounded(law.indptr, diagonal, n_own, own, ghost, UNIT, c, d, e)
    sums = krylov.residual(law.indptr, law.indices, n_own, own, ghost, x, b_apart, d, UNIT, r_apart)

    kernel = plain.open_drifting if len(law.psi) > 1 else plain.open_diffusing
    rows = (law, mass, made, sinks, old, x, TAU, diagonal, n_own)
    found = kernel(*rows, once_in, b, r)
    assert found[:4] == (*(peclet if len(law.psi) > 1 else (0.0, -1)), number, fits) and number > 0.0
    assert same(apart_in, once_in) and np.array_equal(b, b_apart)
    assert found[4:] == pytest.approx(sums, rel=1e-12)
    assert np.allclose(r, r_apart, rtol=1e-12, atol=1e-12 * np.abs(r).max())

    again = kernel(*rows, edges.Target(edges.NONE, edges.NONE, edges.NO_SINGLES, once_in.d, edges.NO_SINGLES, UNIT), *np.zeros((2, N)))
    assert again[4:] == found[4:]
    for name, where in (("mass", 0), ("sinks", 2)):
        spoilt = [mass, made, sinks]
        spoilt[where] = np.where(np.arange(N + HALO) == 3, np.nan, spoilt[where])
        assert np.isnan(kernel(law, spoilt[0], spoilt[1], spoilt[2], old, x, TAU, diagonal, n_own, once_in, b, r)[2]), name
    sinks[3] = 1e13
    assert not kernel(*rows, once_in, b, r)[3]


def test_another_closes_it(law: edges.EdgeLaw) -> None:
    """The new density, where sinks turn it over within the step too."""
    rng = np.random.default_rng(5)
    mass, made, sinks, old, w, last = rng.random((6, N + HALO)) + 0.1
    sinks[::3] *= 20.0
    apart = edges.Edges(law.indptr, law.indices, mass, *np.zeros((2, len(law.indices))))
    edges.central_weights(law, apart.u, apart.lower)
    found, expected = np.zeros((2, 2, N))
    kernel = plain.close_drifting if len(law.psi) > 1 else plain.close_diffusing
    least = kernel(law, mass, made, sinks, old, w, last, DT, *found)
    assert least == edges.conservative_update(apart, made, sinks, np.zeros(N + HALO, bool), old, w, last, DT, *expected)
    assert np.array_equal(found, expected) and least == found[0].min()
    w[5] = np.nan
    assert np.isnan(kernel(law, mass, made, sinks, old, w, last, DT, *found))
