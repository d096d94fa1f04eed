"""The time loop allocates nothing, creates no PETSc object and assembles nothing."""

from __future__ import annotations

import ctypes
import tracemalloc

import pytest

from invasio.solver.discretise.forms import Forms
from invasio.solver.linalg.petsc_values import library
from tests.lib.comm import Comm
from tests.lib.march import March
from tests.lib.models import anderson, boundary, lattice, problem_of, species

HELD = {"left": boundary("exchange", "1", "0.1"), "top": boundary("fixed", "0.5")}


def new_object_id() -> int:
    """PETSc numbers its objects: the number that the next one gets."""
    from petsc4py import PETSc

    vector = PETSc.Vec().createSeq(1)
    number = ctypes.c_int64()
    library().PetscObjectGetId(ctypes.c_void_p(vector.handle), ctypes.byref(number))
    vector.destroy()
    return number.value


@pytest.mark.parametrize("case", ["smooth", "limited", "boundaries"])
def test_steps_allocate_nothing_and_create_nothing(comm: Comm, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    """Ten steps after eight: less memory than a third of one nodal array at the peak; no PETSc object; no integral."""
    laws = {
        "smooth": anderson(square="x^2 + y^2"),
        "limited": (species("n", "where(x < 0.3, 1, 0)", diffusion="1e-6", taxis=(("f", "f", "0.05"),)), species("f", "x", loss="n")),
        "boundaries": (species("c", "x", diffusion="0.1 + 0.1*c", growth="1 - c", boundaries=HELD),),
    }[case]
    problem = problem_of(laws, lattice(2, 150), comm)
    march = March(problem)
    march.steps(0.01, 8)  # the low-order solver is made when it is first needed

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("an integral was assembled in the time loop")

    for integral in ("stencil", "stiffness", "directed_stiffness", "mass", "boundary_mass", "boundary_gradient"):
        monkeypatch.setattr(Forms, integral, forbidden)
    before = new_object_id()
    tracemalloc.start()
    march.steps(0.01, 10)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert new_object_id() - before == 1  # the probe itself
    assert peak < 8 * problem.graph.n_local / 3, f"{peak} bytes for {problem.graph.n_local} nodes"
    assert (march.limited(laws[0].name) > 0) == (case == "limited")
