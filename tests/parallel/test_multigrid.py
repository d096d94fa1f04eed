"""PETSc's own multigrid on several ranks: the same bits each time, however the messages come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from invasio.solver.components.options import SchemeOptions
from invasio.solver.linalg import linear
from invasio.solver.linalg.linear import LinearOptions
from invasio.solver.model.balance import Fibres
from invasio.solver.scenario.parser import parse
from tests.bad_meshes import obtuse_rectangle
from tests.lib.comm import Comm
from tests.lib.everywhere import parallel_assert
from tests.lib.march import March
from tests.lib.models import boundary, lattice, problem_of, species

pytestmark = pytest.mark.mpi
ORDER = "matptap_via"  # of the sums in coarse matrices


def test_gamg_adds_in_one_order(comm: Comm) -> None:
    """The option stands in PETSc's database while it solves, PETSc reads it, and afterwards it is gone; solves agree bit by bit."""
    from petsc4py import PETSc

    seen: set[tuple[bool, bool]] = set()

    def look(*_: Any) -> None:
        options = PETSc.Options()
        used = options.used if hasattr(options, "used") else options.hasName  # since 3.23
        seen.add((options.hasName(ORDER), bool(used(ORDER))))

    ends = {"left": boundary("fixed", "1"), "right": boundary("fixed", "0")}
    law = species("c", "exp(-20*x)*(1 + y)", diffusion="1", boundaries=ends)
    march = March(problem_of((law,), lattice(2, 40), comm), SchemeOptions(linear=LinearOptions(preconditioner="gamg", rtol=1e-10)))
    assert march.step(1.0)
    system = march.system("c")
    system.ksp.setMonitor(look)
    found = set()
    for _ in range(5):
        system.x[:] = 0.0
        system.changed()
        assert system.solve()
        found.add(system.x.tobytes())
    assert len(found) == 1
    assert seen == {(comm.size > 1, comm.size > 1)}
    assert not PETSc.Options().hasName(ORDER)


def test_a_choice_of_the_user_stays(comm: Comm) -> None:
    from petsc4py import PETSc

    PETSc.Options().setValue(ORDER, "scalable")
    try:
        law = species("c", "x", diffusion="1")
        assert March(problem_of((law,), lattice(2, 10), comm), SchemeOptions(linear=LinearOptions(preconditioner="gamg"))).step(1.0)
        assert PETSc.Options().getString(ORDER) == "scalable"
    finally:
        PETSc.Options().delValue(ORDER)


def test_drift_on_obtuse_triangles_without_hypre(comm: Comm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The matrix is not symmetric and dt D/h^2 above 500: few iterations; with SOR on GAMG's levels it did not converge in 500."""
    monkeypatch.setattr(linear, "has_hypre", lambda: False)
    law = species("n", "where(x < 0.4, 1, 0)", "cells", diffusion="1e-4 + 0.1*where(x < 0.6, 1, 0)")
    law = replace(law, fibres=Fibres((parse("sin(8*x) + 1.2"), parse("cos(8*x)")), 1e-3, True))
    march = March(problem_of((law,), obtuse_rectangle(14), comm))
    taken: dict[str, int] = {}
    usual = linear.LinearSystem.solve

    def counted(self: linear.LinearSystem, rtol: float | None = None, first: tuple[float, float] | None = None) -> bool:
        ended = usual(self, rtol, first)
        kind = self.ksp.getPC().getType()
        taken[kind] = max(taken.get(kind, 0), self.taken)
        return ended

    monkeypatch.setattr(linear.LinearSystem, "solve", counted)
    for _ in range(3):
        parallel_assert(comm, march.step(0.2), f"refused; iterations {taken}")
    parallel_assert(comm, 0 < taken.get("gamg", 0) < 40, f"iterations {taken}")
