"""Random step data, almost no diffusion, steps far beyond the explicit limit, bad meshes; and the same case without the limiter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.meshes.domain import MeshData
from tests.bad_meshes import obtuse_rectangle, shaken, sliver_box
from tests.lib.comm import Comm
from tests.lib.everywhere import everywhere
from tests.lib.fields import least
from tests.lib.march import advance
from tests.lib.models import lattice, problem_of, species
from tests.verification import studies

MESHES = {
    "line": lambda: lattice(1, 100),
    "square": lambda: lattice(2, 24),
    "obtuse": lambda: obtuse_rectangle(12),
    "sliver": lambda: sliver_box(7),
}


@pytest.mark.parametrize("diffusion", [1e-3, 1e-6])
@pytest.mark.parametrize("over", [1.0, 100.0])
@pytest.mark.parametrize("mesh", MESHES)
def test_limited_holds_where_unlimited_fails(comm: Comm, mesh: str, diffusion: float, over: float) -> None:
    """Minimum >= 0 exactly, drift <= 1e-12, ECM within its bound; unlimited: a minimum below -1e-3, or no solution."""
    for seed in (1, 20):
        limited = studies.stress(comm, MESHES[mesh](), diffusion, over, seed, "positivity")
        assert limited["least"] >= 0.0, limited
        assert limited["drift"] <= 1e-12, limited
        assert limited["ecm"] <= 1.0, limited
        unlimited = studies.stress(comm, MESHES[mesh](), diffusion, over, seed, "none")
        assert unlimited["least"] < -1e-3, unlimited


@pytest.mark.slow
def test_ten_thousand_steps_at_loose_tolerance(comm: Comm) -> None:
    """rtol 1e-4: the amount drifts by at most 1e-13 over 1e4 steps."""
    drift, problem = studies.drift(comm, 30, 0.002, 10000, 1e-4)
    assert drift <= 1e-13 and least(problem) >= 0.0


def mirrored(data: MeshData) -> MeshData:
    """The mesh seen in a mirror at x = 1/2: same nodes, same cells, sides exchanged."""
    points = data.points.copy()
    points[:, 0] = 1.0 - points[:, 0]
    cells = data.cells.copy()
    cells[:, [0, 1]] = cells[:, [1, 0]]
    sides = {**data.boundaries, "left": data.boundaries["right"], "right": data.boundaries["left"]}
    return replace(data, points=points, cells=cells, boundaries=sides)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_a_mirrored_mesh_gives_the_mirrored_answer(comm: Comm, dim: int) -> None:
    """Neither the order of nodes in a cell nor the direction of an axis is in the scheme; step data, limited."""
    data = shaken(dim, {1: 60, 2: 14, 3: 6}[dim], 0.25)
    states = []
    for mesh, x in ((data, "x"), (mirrored(data), "(1 - x)")):
        laws = (
            species("n", f"where({x} < 0.4, 1, 0)", "cells", diffusion="1e-4", taxis=(("f", "f", "0.05"),)),
            species("m", "0", "soluble", diffusion="1e-2", production="n"),
            species("f", f"1 - 0.5*{x}", "ecm", loss="5*m"),
        )
        problem = problem_of(laws, mesh, comm)
        assert advance(problem, 0.05, 10).limited("n") > 0
        states.append(everywhere(problem, "n"))
    assert np.abs(states[0] - states[1]).max() < 1e-7


@pytest.mark.parametrize(("dim", "counts"), [(1, (40, 80, 160, 320)), (2, (20, 40, 80))])
def test_barenblatt_in_one_and_two_dimensions(comm: Comm, dim: int, counts: tuple[int, ...]) -> None:
    """Degenerate diffusion with a moving edge: order above 1.5 over the whole range, never negative."""
    found, lowest = studies.barenblatt(comm, dim, counts)
    assert found.overall("c") > 1.5, found
    assert lowest >= 0.0
