"""Balances keep their multigrid while it is good, also over a restart; the answer is that of a new one in each solve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg import linear
from invasio.solver.linalg.linear import LinearOptions, LinearSystem
from invasio.solver.model.balance import Species
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert, same_bits, same_densities
from tests.lib.fields import density
from tests.lib.march import March, advance
from tests.lib.models import boundary, lattice, problem_of, species

HELD = {"left": boundary("fixed", "1"), "right": boundary("exchange", "0.5", "2")}
LOSSES = {"itself": "10*n/(o + 0.1)", "linear": "10*n"}


def model(loss: str) -> tuple[Species, ...]:
    cells = species("n", "0.1*(1 + x)", "cells", diffusion="1e-2", growth="0.5")
    return cells, species("o", "1", "soluble", diffusion="1", loss=loss, quasi_steady=True, boundaries=HELD)


@pytest.mark.parametrize("hypre", [True, False], ids=["hypre", "gamg"])
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_restart_goes_on_with_the_multigrid_of_before(comm: Comm, monkeypatch: pytest.MonkeyPatch, loss: str, hypre: bool) -> None:
    if hypre and not linear.has_hypre():
        pytest.skip("this PETSc has no hypre")
    monkeypatch.setattr(linear, "has_hypre", lambda: hypre)
    laws, cells = model(loss), 5 if hypre else 8  # GAMG is for more than 500 nodes
    march = advance(problem_of(laws, lattice(3, cells), comm), 0.1, 4)
    kept = march.snapshot()
    march.steps(0.1, 4)
    parallel_assert(comm, 1 <= march.multigrids("o") <= 2, f"{march.multigrids('o')} multigrids in 8 steps")
    again = problem_of(laws, lattice(3, cells), comm)
    March.restored(again, kept).steps(0.1, 4)
    same_bits(march.problem, again)
    earlier = replace(kept, arrays={name: a for name, a in kept.arrays.items() if name != "o/multigrid"})
    without = problem_of(laws, lattice(3, cells), comm)
    March.restored(without, earlier).steps(0.1, 4)
    same_densities(without, march.problem, 1e-8)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_multigrid_that_has_become_bad_is_made_anew(comm: Comm, monkeypatch: pytest.MonkeyPatch, loss: str) -> None:
    """Uptake that rises by 1e5 within ten steps; compared with a new multigrid in each solve."""
    rising = loss.replace("10*n", "10*n*exp(12*t)")
    cells = 6 if linear.has_hypre() else 8
    march = advance(problem_of(model(rising), lattice(3, cells), comm), 0.1, 10)
    made = march.multigrids("o")
    parallel_assert(comm, made >= 2, f"{made} multigrids")
    march.balance()
    monkeypatch.setattr(LinearSystem, "precondition_apart", lambda self: None)
    new = problem_of(model(rising), lattice(3, cells), comm)
    advance(new, 0.1, 10)
    same_densities(march.problem, new, 1e-8)


@pytest.mark.parametrize("solver", [LinearOptions("direct"), LinearOptions(preconditioner="jacobi")], ids=["direct", "jacobi"])
def test_what_is_cheap_to_set_up_is_not_kept(comm: Comm, solver: LinearOptions) -> None:
    if solver.solver == "direct" and comm.size > 1:
        pytest.skip("PETSc's own LU is of one rank")
    found = []
    for options in (LinearOptions(), solver):
        problem = problem_of(model(LOSSES["itself"]), lattice(2, 8), comm)
        march = advance(problem, 0.1, 4, SchemeOptions(linear=options))
        found.append(density(problem, "o").copy())
    parallel_assert(comm, march.multigrids("o") == 0)
    parallel_assert(comm, bool(np.abs(found[0] - found[1]).max() < 1e-7))
