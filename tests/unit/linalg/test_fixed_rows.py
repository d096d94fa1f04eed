"""Rows of fixed values make a matrix unsymmetric: the preconditioner must not mind."""

from __future__ import annotations

import pytest

from tests.models import advance, boundary, lattice, problem_of, species


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize("diffusion", ["1", "0.3 + 0.2*c"])
def test_medium_diffusion_numbers_with_fixed_values(comm, dim: int, diffusion: str) -> None:
    """10 <= dt D/h^2 < 500, fixed values on one side: incomplete Cholesky would search for a shift for ever here."""
    held = {"left": boundary("fixed", "2 + t")}
    problem = problem_of((species("c", "1 + x", diffusion=diffusion, boundaries=held),), lattice(dim, 32), comm)
    stepper = advance(problem, 0.1, 5)
    system = stepper.transports[0].high
    assert system.ksp.getType() == "cg" and system.ksp.getPC().getType() == "sor"
    assert system.iterations < 60 * system.solves
