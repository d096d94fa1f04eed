"""The largest mesh Peclet number, against NumPy: the first of equal ones, none where nothing diffuses."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.kernels.edges import Edges, peclet


@pytest.mark.parametrize("nodes", [1, 7, 9, 10, 64, 1000])  # fewer and more entries than are looked at together
def test_peclet_is_the_largest_ratio(nodes: int) -> None:
    rng = np.random.default_rng(nodes)
    ends = np.concatenate([[0], np.cumsum(rng.integers(1, 12, nodes))]).astype(np.uint32)
    for kind in range(4):
        spread = np.round(rng.random(ends[-1]), 1) * (kind > 0)  # some edges do not diffuse, and ratios repeat; kind 0: none does
        drift = np.round(rng.normal(size=ends[-1]), 1)
        if kind == 2:
            drift[rng.integers(ends[-1])] = np.nan
        edges = Edges(ends, np.zeros(ends[-1], np.uint32), np.ones(nodes), spread, drift)
        ratios = np.divide(np.abs(drift), 2.0 * spread, out=np.zeros(ends[-1]), where=spread > 0.0)
        ratios[np.isnan(ratios)] = 0.0
        largest, node = peclet(edges)
        assert largest == ratios.max()
        if largest == 0.0:
            assert node == -1
        else:
            entry = next(k for k in range(int(ends[node]), int(ends[node + 1])) if ratios[k] == largest)
            assert entry == int(ratios.argmax())
