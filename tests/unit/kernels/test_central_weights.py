"""The pass that makes fluxes at once gives the bits of the passes one by one."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.kernels import edges


@pytest.mark.parametrize("motility", [1, 40])
@pytest.mark.parametrize("drift", [1, 40])
def test_one_pass_gives_the_bits_of_three(motility: int, drift: int) -> None:
    rng, n = np.random.default_rng(3), 40
    columns = [np.unique(np.append(rng.integers(0, n, 6), i)) for i in range(n)]
    indptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])]).astype(np.uint32)
    indices = np.concatenate(columns).astype(np.uint32)
    stiffness = rng.normal(0.3, 1.0, len(indices))  # of both signs
    none = np.zeros(1)
    law = edges.EdgeLaw(
        indptr, indices, stiffness, 2.0 * stiffness, rng.random(motility), none, none, rng.random(drift),
        np.zeros((0, n)), np.zeros((0, n)), edges.ARITHMETIC,
    )  # fmt: skip
    once, apart = (edges.Edges(indptr, indices, np.ones(n), *np.zeros((2, len(indices)))) for _ in range(2))
    worst = edges.central_weights(law, once.u, once.lower)
    edges.weights(law, apart.u, apart.lower)
    assert worst == edges.peclet(apart)
    assert (worst[0] > 0.0) == (drift > 1)
    edges.central(apart.u, apart.lower)
    assert np.array_equal(once.u, apart.u) and np.array_equal(once.lower, apart.lower)
