"""Multigrid without hypre: the same solution to the tolerance, and the log says what was taken."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg import linear
from invasio.solver.linalg.linear import LinearOptions
from tests.lib.comm import Comm
from tests.lib.fields import density
from tests.lib.march import advance
from tests.lib.models import boundary, lattice, problem_of, species


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
