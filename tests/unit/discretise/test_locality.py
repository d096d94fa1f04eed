"""Nodes are numbered for locality, however the mesh file numbers them: neighbours in the mesh are neighbours in memory."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lib.comm import Comm
from tests.lib.models import lattice, problem_of, species


@pytest.mark.parametrize(("dim", "cells"), [(2, 60), (3, 14)])
def test_a_shuffled_mesh_has_a_narrow_band(comm: Comm, dim: int, cells: int) -> None:
    """Mean distance of neighbours' numbers below twice n^((d - 1)/d), the width of a lattice counted line by line; shuffled: n/3."""
    data = lattice(dim, cells)
    n = len(data.points)
    new = np.random.default_rng(1).permutation(n)
    points = np.empty_like(data.points)
    points[new] = data.points
    order = np.random.default_rng(2).permutation(len(data.cells))
    boundaries = {name: np.sort(new[facets], axis=1) for name, facets in data.boundaries.items()}
    shuffled = replace(data, points=points, cells=new[data.cells][order], cell_region=data.cell_region[order], boundaries=boundaries)
    g = problem_of((species("c", "1", diffusion="1"),), shuffled, comm).graph
    rows = np.repeat(np.arange(g.n_owned), np.diff(g.indptr)).astype(np.int64)
    assert np.abs(rows - g.indices).mean() < 2 * n ** ((dim - 1) / dim)
