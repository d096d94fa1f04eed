"""Integrity of membranes and walls against closed forms, one-sided and two-sided."""

from __future__ import annotations

import numpy as np
import pytest

from invasio.solver.discretise.integrity import Integrity
from invasio.solver.discretise.site_values import Known
from invasio.solver.discretise.sites import build_sites
from invasio.solver.kernels.stages import surprise
from invasio.solver.model.balance import IntegrityLaw
from invasio.solver.state import State
from tests.lib.comm import Comm
from tests.lib.messages import refused
from tests.lib.models import integrity_law

FIELDS = {"m": np.array([1.0, 3.0, 0.0, 2.0]), "n": np.array([0.5, 0.25, 0.0, 1.0])}


def surface(comm: Comm, law: IntegrityLaw, nodes: list[list[int]]) -> Integrity:
    """Sites with the given nodes, whole on every rank: rank 0 owns them all."""
    count = len(nodes)
    owned = np.full(count, comm.rank == 0)
    points = np.zeros((count, 3))
    points[:, 0] = np.arange(count)
    sites = build_sites(comm, np.arange(count)[::-1].copy(), owned, count, np.array(nodes), points, np.full(count, 0.5))
    return Integrity("membrane", "w", law, sites, Known(FIELDS, {}, {"k": 0.3, "r": 0.2}))


@pytest.mark.parametrize("h", [0.1, 5.0, 1e4])
def test_two_sides_mean_of_enzymes_and_sum_of_cells(comm: Comm, h: float) -> None:
    """db/dt = r (1 - b) - (k (m0 + m1)/2 + n0 + n1) b, exactly over any time; sites come out ascending by number."""
    b = surface(comm, integrity_law(("k*m", "mean"), ("n", "sum"), repair="r", initial="1 - x/10"), [[0, 1], [2, 3]])
    assert list(b.sites.numbers) == [0, 1]
    b.advance(0.0, h)
    loss = 0.3 * np.array([1.0, 2.0]) + np.array([1.0, 0.75])  # number 0 is the second given
    steady = 0.2 / (0.2 + loss)
    assert b.b == pytest.approx(steady + (np.array([0.9, 1.0]) - steady) * np.exp(-(0.2 + loss) * h), rel=1e-13)


def test_one_side_decays_exponentially_and_says_when_it_broke(comm: Comm) -> None:
    """b = exp(-k m t); the first breach is found inside the step."""
    b = surface(comm, integrity_law(("k*m", "mean"), breach="0.5"), [[0], [1]])
    state = State()
    state.add(b.variable)
    for step in range(100):
        state.begin()
        b.advance(0.01 * step, 0.01 * step + 0.005)
        b.advance(0.01 * step + 0.005, 0.01 * step + 0.01)
        v = b.variable
        error = surprise(b.sites.measure, v.new, v.old, v.rate, v.rate_before, 0.01, 1.0, v.n_owned)
        b.note_breach(0.01 * step, 0.01)
        state.commit(0.01)
    assert b.b == pytest.approx(np.exp([-0.9, -0.3]), rel=1e-12)
    first = comm.allreduce(b.first_breach if comm.rank == 0 else np.inf, min)
    assert first == pytest.approx(np.log(2) / 0.9, abs=1e-5)
    miss = 1e-6 * np.array([0.9**3 * np.exp(-0.9), 0.3**3 * np.exp(-0.3)])  # b''' dt^3
    assert error == pytest.approx(0.5 * (miss**2).sum() if comm.rank == 0 else 0.0, rel=0.05)


def test_opening_is_closed_above_the_threshold(comm: Comm) -> None:
    b = surface(comm, integrity_law(threshold="0.8", sharpness="2", initial="0.2*x"), [[0]] * 6)
    g = np.empty(6)
    b.opening(g)
    assert g == pytest.approx(np.maximum(0.0, 1 - b.b / 0.8) ** 2)
    assert g[b.b >= 0.8].max() == 0.0
    assert b.static


def test_a_rejected_step_leaves_the_integrity_as_it_was(comm: Comm) -> None:
    b = surface(comm, integrity_law(("k*m", "mean"), initial="1 - x/10"), [[0, 1], [2, 3]])
    state = State()
    state.add(b.variable)
    state.begin()
    b.advance(0.0, 1.0)
    assert (b.b < [0.9, 1.0]).all()
    state.rollback()
    assert list(b.b) == [0.9, 1.0]


def test_initial_integrity_out_of_range_is_named(comm: Comm) -> None:
    with refused("wrong-initial", "membrane w", "between 0 (gone) and 1 (whole)", ("1.5 at x = 3, 0, 0",)):
        surface(comm, integrity_law(initial="x/2"), [[0]] * 4)
