"""Multigrid without hypre: the same solution to the tolerance, and the log says what was taken."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg import linear
from invasio.solver.linalg.linear import LinearOptions
from tests.cut_meshes import plane
from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import March, advance
from tests.lib.models import boundary, lattice, membrane, passage, problem_of, species
from tests.unit.meshes.build import make


@pytest.mark.parametrize("preconditioner", ["auto", "hypre", "gamg"])
def test_gamg_where_there_is_no_hypre(
    comm: Comm, preconditioner: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """In steps of dt D/h^2 = 1600, for which `auto` chooses multigrid; compared with Jacobi, to the tolerance 1e-12 times that number."""
    monkeypatch.setattr(linear, "has_hypre", lambda: False)
    ends = {"left": boundary("fixed", "1"), "right": boundary("fixed", "0")}
    found = []
    for one in ("jacobi", preconditioner):
        problem = problem_of((species("c", "exp(-20*x)*(1 + y)", diffusion="1", boundaries=ends),), lattice(2, 40), comm)
        with caplog.at_level(logging.INFO, logger="invasio.linalg"):
            advance(problem, 3.0, 3, SchemeOptions(linear=LinearOptions(preconditioner=one, rtol=1e-12)))
        found.append(density(problem, "c").copy())
    assert np.abs(found[0] - found[1]).max() < 5 * 1600 * 1e-12
    told = [record for record in caplog.records if "this PETSc has no hypre" in record.getMessage()]
    assert len(told) == (1 if preconditioner != "gamg" and comm.rank == 0 else 0)


@pytest.mark.parametrize("cells", [8, 48])
def test_an_open_membrane_without_hypre(comm: Comm, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 = o'' + 1 - o with 1e9 across a wall in the middle is o = 1: few iterations, on few nodes (without multigrid) and on many."""
    monkeypatch.setattr(linear, "has_hypre", lambda: False)
    data = make("rectangle", cells=[cells, cells // 2])
    data = replace(data, interfaces={"b": plane(data, 0, 0.5)})
    law = species("o", "x", diffusion="1 + x", production="1", loss="1", quasi_steady=True)
    problem = problem_of((law,), data, comm, (membrane("b", passage("o", "1e9")),))
    taken = []
    usual = linear.LinearSystem.solve

    def counted(self: linear.LinearSystem, rtol: float | None = None, first: tuple[float, float] | None = None) -> bool:
        ended = usual(self, rtol, first)
        taken.append(self.ksp.getIterationNumber())
        return ended

    monkeypatch.setattr(linear.LinearSystem, "solve", counted)
    March(problem)
    assert np.abs(density(problem, "o") - 1.0).max() < 1e-7
    assert 0 < max(taken) < 40


def test_two_nodes_without_hypre(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    """GAMG cannot be set up again for so few: steps of dt D/h^2 = 4e4 do not fail."""
    monkeypatch.setattr(linear, "has_hypre", lambda: False)
    march = March(problem_of((species("c", "x", diffusion="1e5"),), lattice(1, 1), comm)).steps(0.4, 8)
    assert np.abs(density(march.problem, "c") - 0.5).max() < 1e-7
